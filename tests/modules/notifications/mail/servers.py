"""Mail servers on loopback that do as they are told, and messages to send to them."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from src.modules.notifications.messages import Item, Message, Recipient, Told

HOST = "127.0.0.1"
NUMBERS = count(1)


@dataclass
class MailServer:
    """Keeps what it accepts; what it answers to whom is decided by the test."""

    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    # By recipient.
    to_rcpt: dict[str, str] = field(default_factory=dict)
    to_data: dict[str, str] = field(default_factory=dict)
    to_mail: str | None = None
    # Those that never get an answer, or whose connection ends without one.
    hangs_for: frozenset[str] = frozenset()
    drops_for: frozenset[str] = frozenset()
    # How many messages a connection may bring.
    most_per_connection: int | None = None
    brought: Counter[SMTP] = field(default_factory=Counter)
    login: tuple[str, str] | None = None
    # Whether it says that commands may travel together.
    pipelining: bool = False
    connections: list[SMTP] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _method: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        # Not "handled": the server is to say that a password is wrong, instead of nothing at all.
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self.login, handled=False)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(["250-PIPELINING"] if self.pipelining else []), responses[-1]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.most_per_connection is not None:
            self.brought[server] += 1
            if self.brought[server] > self.most_per_connection:
                return "421 4.7.0 Enough for one connection"
        if self.to_mail is not None:
            return self.to_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.hangs_for:
            await asyncio.Event().wait()
        if address in self.drops_for:
            abort(server)
        answer = self.to_rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.to_data.get(envelope.rcpt_tos[0], "250 OK")
        if answer.startswith("250"):
            content = envelope.original_content
            assert content is not None
            self.raw.append(content)
            self.recipients.extend(envelope.rcpt_tos)
            self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
        return answer

    def drop_connections(self) -> None:
        for connection in self.connections:
            abort(connection)


def abort(connection: SMTP) -> None:
    if isinstance(connection.transport, asyncio.WriteTransport):
        connection.transport.abort()


@asynccontextmanager
async def serving(
    server: MailServer, *, smtputf8: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()

    def accept() -> SMTP:
        made = SMTP(
            server,
            loop=loop,
            enable_SMTPUTF8=smtputf8,
            hostname="mail.test",
            authenticator=server.authenticate,
            auth_require_tls=False,
            tls_context=tls,
            require_starttls=tls is not None,
        )
        server.connections.append(made)
        return made

    listening = await loop.create_server(accept, HOST, 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        server.drop_connections()
        await asyncio.sleep(0)


@asynccontextmanager
async def silent(greeting: bytes = b"") -> AsyncIterator[str]:
    """A server that accepts connections, greets with `greeting`, and says no more."""
    over = asyncio.Event()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await over.wait()
        writer.close()

    listening = await asyncio.start_server(accept, HOST, 0)
    try:
        yield f"smtp://{HOST}:{listening.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        listening.close()
        await asyncio.sleep(0)


def product(name: str = "Arc reading lamp", **fields: Any) -> Told:
    number = next(NUMBERS)
    return Told(
        **{
            "id": number,
            "uuid": uuid4(),
            "sku": f"SKU-{number}",
            "name": name,
            "url": f"/p/{number}/",
            "image": f"https://images.example.com/{number}.jpg",
            "price": Decimal("80.00"),
            "currency": "try",
            "in_stock": True,
            **fields,
        }
    )


def drop(told: Told | None = None, **fields: Any) -> Item:
    return Item(
        **{
            "delivery_id": next(NUMBERS),
            "uuid": uuid4(),
            "kind": "price_changed",
            "product": told or product(),
            "old_price": Decimal("100.00"),
            "new_price": Decimal("80.00"),
            "currency": "try",
            **fields,
        }
    )


def item(kind: str, told: Told | None = None, **fields: Any) -> Item:
    return Item(**{"delivery_id": next(NUMBERS), "uuid": uuid4(), "kind": kind, "product": told or product(), **fields})


def message(
    to: str | None = "ada@example.com",
    items: Iterable[Item] | None = None,
    *,
    language: str = "en",
    first_name: str = "Ada",
    user_uuid: UUID | None = None,
    **fields: Any,
) -> Message:
    return Message(
        id=uuid4(),
        channel="email",
        recipient=Recipient(user_id=1, user_uuid=user_uuid, email=to, first_name=first_name, language=language),
        items=[drop()] if items is None else list(items),
        created_at=datetime.now(UTC),
        **fields,
    )


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())
