"""Telling shoppers and other systems what changed: preferences, deliveries, and the channels that carry them."""

from src.modules.notifications import mail, push, webhooks
from src.modules.notifications.channels import Channels
from src.modules.notifications.controllers import FavouriteAlertController, PreferencesController
from src.modules.notifications.deliveries import NewDelivery, enqueue, make_deliveries
from src.modules.notifications.dtos import ReplayFilter
from src.modules.notifications.forgetting import forget_deliveries, make_delivery_partitions
from src.modules.notifications.keys import service_key
from src.modules.notifications.messages import Channel, Kind
from src.modules.notifications.operating import DeliveryController
from src.modules.notifications.personal import IMPERSONAL, PERSONAL
from src.modules.notifications.rules import SOLD_OUT_AGAIN
from src.modules.notifications.running import deliver, deliver_alone
from src.modules.notifications.services import replay_many, wake_channel, wake_deliverers
from src.modules.notifications.standing import Standing, read_standing
from src.modules.notifications.suppressed import is_suppressed

CONTROLLERS = (
    PreferencesController,
    FavouriteAlertController,
    DeliveryController,
    *mail.CONTROLLERS,
    *push.CONTROLLERS,
    *webhooks.CONTROLLERS,
)

__all__ = (
    "CONTROLLERS",
    "IMPERSONAL",
    "PERSONAL",
    "SOLD_OUT_AGAIN",
    "Channel",
    "Channels",
    "Kind",
    "NewDelivery",
    "ReplayFilter",
    "Standing",
    "deliver",
    "deliver_alone",
    "enqueue",
    "forget_deliveries",
    "is_suppressed",
    "make_deliveries",
    "make_delivery_partitions",
    "read_standing",
    "replay_many",
    "service_key",
    "wake_channel",
    "wake_deliverers",
)
