"""Operations: health, metrics and run-time settings, for those who run the service."""

from src.modules.operations.controllers import HealthController, MetricsController, SettingController

CONTROLLERS = (HealthController, MetricsController, SettingController)

__all__ = ["CONTROLLERS"]
