"""Product alerts: telling once that a product is back in stock, also to guests who confirmed their address."""

from src.modules.alerts.commerce import ProductAlertsController
from src.modules.alerts.firing import FIRE_DUE, fire, fire_due, look_again, wake_firing
from src.modules.alerts.pages import ConfirmationController
from src.modules.alerts.personal import IMPERSONAL, PERSONAL
from src.modules.alerts.resources import RESOURCES
from src.modules.alerts.services import Alerts, forget_guests

CONTROLLERS = (ProductAlertsController, ConfirmationController)

__all__ = (
    "CONTROLLERS",
    "FIRE_DUE",
    "IMPERSONAL",
    "PERSONAL",
    "RESOURCES",
    "Alerts",
    "fire",
    "fire_due",
    "forget_guests",
    "look_again",
    "wake_firing",
)
