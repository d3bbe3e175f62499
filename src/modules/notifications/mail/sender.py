"""Sends messages over SMTP: a few connections that are kept, each message judged by its own answers."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from src.modules.notifications.mail import smtp
from src.modules.notifications.mail.composing import NoAddress, compose, mailbox, sender
from src.modules.notifications.mail.line import Line
from src.modules.notifications.mail.rendering import Renderer
from src.modules.notifications.mail.smtp import Address, Connection
from src.modules.notifications.mail.unsubscribing import PATH, Reader, open_cipher, seal
from src.modules.notifications.messages import NO_TIME_LEFT, SEND_LIMIT_S, SENT, Message, Outcome
from src.platform.database import Database
from src.platform.i18n import DEFAULT_LOCALE, LOCALES
from src.platform.settings import Settings
from src.platform.tracing import span

CONNECTIONS = 8
# What is not begun by the first has to wait, so that what is begun has ended, one way or another, by the second.
BEGUN_WITHIN_S = SEND_LIMIT_S / 3
ENDED_WITHIN_S = SEND_LIMIT_S * 0.9
NOT_SET_UP = Outcome("later", "SMTP_URL is not set")
log = structlog.get_logger(__name__)


class MailSender:
    """The mail channel; it connects when there is something to send, and whoever made it closes it."""

    def __init__(self, settings: Settings, database: Database, *, connections: int = CONNECTIONS) -> None:
        public_url = settings.public_url or "http://localhost"
        self._address = smtp.read_address(settings.smtp_url) if settings.smtp_url else None
        self._from = sender(settings.mail_from)
        self._renderer = Renderer(public_url, self._from.name)
        self._database = database
        self._cipher: AESGCM | None = None
        self._local_name = smtp.local_name(public_url)
        self._connections = connections
        self._slots = asyncio.Semaphore(connections)
        self._kept: list[Connection] = []

    async def send(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """What became of each of `messages`, in their order; never raises."""
        if self._address is None:
            return [NOT_SET_UP] * len(messages)
        try:
            if self._cipher is None:
                self._cipher = await open_cipher(self._database)
        except Exception as error:
            log.warning("mail.no_key", error=repr(error))
            return [Outcome("later", "the database is away")] * len(messages)
        run = _Run(messages)
        await asyncio.gather(
            *(self._work(run, self._address, self._cipher) for _ in range(min(self._connections, len(messages))))
        )
        return run.outcomes()

    async def close(self) -> None:
        """Say goodbye to the server."""
        kept, self._kept = self._kept, []
        await asyncio.gather(*(connection.quit() for connection in kept))

    async def _work(self, run: "_Run", address: Address, cipher: AESGCM) -> None:
        """Send one message after the other, until none waits or the server is of no use."""
        async with self._slots:
            line = Line(address, self._local_name, self._kept)
            try:
                while not line.is_useless and (taken := run.take()) is not None:
                    index, message = taken
                    mail = self._mail(message, cipher)
                    if isinstance(mail, Outcome):
                        run.done[index] = mail
                        continue
                    with span("SMTP", "client", {"server.address": address.host, "server.port": address.port}) as doing:
                        outcome = await line.send(self._from.address, *mail, end_by=run.end_by)
                        if outcome != SENT:
                            doing.fail("unsent" if outcome is None else outcome.state)
                    if outcome is None:
                        run.put_back(index, message, line.trouble)
                    else:
                        run.done[index] = outcome
            finally:
                line.put_down()

    def _mail(self, message: Message, cipher: AESGCM) -> tuple[str, bytes] | Outcome:
        """The address and the bytes of a message, or why there are none."""
        recipient = message.recipient
        try:
            to = mailbox(recipient.email)
            language = recipient.language if recipient.language in LOCALES else DEFAULT_LOCALE
            token = seal(cipher, Reader(language, recipient.user_uuid, recipient.email))
            way_out = self._renderer.address(f"{PATH}/{token}")
            rendered = self._renderer.render(message, way_out)
            return to, compose(message, rendered, writer=self._from, to=to, unsubscribe=way_out, now=datetime.now(UTC))
        except NoAddress as error:
            return Outcome("never", str(error))
        except Exception as error:
            # One message that we fail at must not keep the others, and a later release may do better.
            log.exception("mail.not_rendered", message_id=str(message.id))
            return Outcome("later", repr(error)[: smtp.LONGEST_ERROR])


class _Run:
    """The messages of one `send`: those that wait, and what became of the others."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.done: dict[int, Outcome] = {}
        self._waiting = deque(enumerate(messages))
        self._count = len(messages)
        now = asyncio.get_running_loop().time()
        self._begin_by = now + BEGUN_WITHIN_S
        self.end_by = now + ENDED_WITHIN_S
        self._late = smtp.TOO_SLOW
        self._tried: dict[int, Outcome] = {}

    def take(self) -> tuple[int, Message] | None:
        """The next message that nobody sends yet; None when there is none, or it is too late to begin."""
        if self._waiting and asyncio.get_running_loop().time() >= self._begin_by:
            self._late = NO_TIME_LEFT
            return None
        return self._waiting.popleft() if self._waiting else None

    def put_back(self, index: int, message: Message, trouble: str) -> None:
        """Leave a message to those who have a connection."""
        self._waiting.appendleft((index, message))
        self._late = self._tried[index] = Outcome("later", trouble)

    def outcomes(self) -> list[Outcome]:
        """In the order of the messages; what nobody could send has to wait."""
        return [self.done.get(index) or self._tried.get(index, self._late) for index in range(self._count)]
