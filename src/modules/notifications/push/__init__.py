"""Web push (RFC 8030, 8291, 8292): the browsers that users want to be told in, and how they are told."""

from src.modules.notifications.push.controllers import PushController
from src.modules.notifications.push.demo_page import PushDemoController
from src.modules.notifications.push.sender import PushSender

CONTROLLERS = (PushController, PushDemoController)

__all__ = ("CONTROLLERS", "PushSender")
