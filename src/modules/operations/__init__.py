"""Operations: health, metrics and run-time settings, for those who run the service."""

from src.modules.operations.controllers import HealthController, MetricsController, SettingController
from src.modules.operations.dead_letters import GivenUp, bury, forget_letters
from src.modules.operations.figures_controller import FiguresController
from src.modules.operations.overview import Overviews
from src.modules.operations.page import CONTROLLERS as PAGE_CONTROLLERS
from src.modules.operations.page import Board, Desk
from src.modules.operations.personal import IMPERSONAL, PERSONAL
from src.modules.operations.queue_controller import DeadLetterController, QueueController
from src.modules.operations.scraping import Scrapers

CONTROLLERS = (
    HealthController,
    MetricsController,
    SettingController,
    FiguresController,
    QueueController,
    DeadLetterController,
    *PAGE_CONTROLLERS,
)

__all__ = [
    "CONTROLLERS",
    "IMPERSONAL",
    "PERSONAL",
    "Board",
    "Desk",
    "GivenUp",
    "Overviews",
    "Scrapers",
    "bury",
    "forget_letters",
]
