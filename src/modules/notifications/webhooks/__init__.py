"""Webhooks (Standard Webhooks): other systems' endpoints, and how events are posted to them."""

from src.modules.notifications.webhooks.controllers import WebhookController
from src.modules.notifications.webhooks.sender import WebhookSender

CONTROLLERS = (WebhookController,)

__all__ = ("CONTROLLERS", "WebhookSender")
