"""What carries messages over each channel."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from src.modules.notifications.mail import MailSender
from src.modules.notifications.messages import Channel, Send
from src.modules.notifications.push import PushSender
from src.modules.notifications.webhooks import WebhookSender
from src.platform.database import Database
from src.platform.settings import Settings


class Channels:
    """The senders of a run, made when first asked for; enter it with `async with`, which closes their connections."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._senders: dict[Channel, Send] = {}
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    def send(self, channel: Channel) -> Send | None:
        """What sends over the channel; None for mail without a server, which waits until there is one."""
        if channel == "email" and not self._settings.smtp_url:
            return None
        if channel not in self._senders:
            self._senders[channel] = self._opened(channel)
        return self._senders[channel]

    def _opened(self, channel: Channel) -> Send:
        if channel == "email":
            mail = MailSender(self._settings, self._database)
            return self._kept(mail.send, mail.close)
        if channel == "push":
            push = PushSender(self._settings, self._database)
            return self._kept(push.send, push.close)
        webhooks = WebhookSender(self._settings, self._database)
        return self._kept(webhooks.send, webhooks.close)

    def _kept(self, send: Send, close: Callable[[], Awaitable[None]]) -> Send:
        self._closing.push_async_callback(close)
        return send
