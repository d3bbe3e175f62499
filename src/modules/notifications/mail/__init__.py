"""The mail channel: messages rendered, sent over SMTP, and the way out of them."""

from src.modules.notifications.mail.controllers import UnsubscribeController
from src.modules.notifications.mail.demo import MailPages
from src.modules.notifications.mail.sender import MailSender

CONTROLLERS = (UnsubscribeController, MailPages)

__all__ = ("CONTROLLERS", "MailSender")
