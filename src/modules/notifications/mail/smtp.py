"""One connection to the mail server, and what its replies mean for a message."""

import asyncio
import contextlib
import socket
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from src.modules.notifications.mail.dialog import GO_ON, Dialog, Reply, take_over
from src.modules.notifications.messages import SENT, Outcome

CONNECT_S = 8.0
ANSWER_S = 8.0
# A server may scan what it was given before it answers, and giving up too early makes it come twice; what bounds
# it in the end is the time that a sender has.
ACCEPT_S = 30.0
QUIT_S = 1.0
CLOSING = 421
PERMANENT = 500
LONGEST_ERROR = 300
TOO_SLOW = Outcome("later", "the mail server does not answer in time")
NOT_BEYOND_ASCII = Outcome("never", "the mail server takes no addresses beyond ASCII")


class Address(NamedTuple):
    """Where the mail server is, as SMTP_URL says."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str


def read_address(url: str) -> Address:
    """The parts of `smtp://user:password@host:port` or `smtps://…`; raises ValueError."""
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    return Address(
        host=parts.hostname or "localhost",
        port=parts.port or (465 if tls else 587 if user else 25),
        tls=tls,
        user=user,
        password=unquote(parts.password or ""),
    )


class Unconnected(Exception):
    """The server is not there, or does not want us; nothing was said about any message."""


class Lost(Exception):
    """The connection ended before the server was told of a message: another connection may do."""


class Connection:
    """A connection that is ready for messages; make it with `connect`."""

    def __init__(self, dialog: Dialog, *, smtputf8: bool) -> None:
        self._dialog = dialog
        self._smtputf8 = smtputf8
        self.usable = True
        # No message was begun over it yet.
        self.fresh = True
        # The server let us wait for an answer too long.
        self.hung = False

    @classmethod
    async def connect(cls, address: Address, local_name: str) -> "Connection":
        """Raises Unconnected."""
        client = SMTP(
            hostname=address.host,
            port=address.port,
            use_tls=address.tls,
            timeout=CONNECT_S,
            local_hostname=local_name,
        )
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect()
                if address.user is not None:
                    await _log_in(client, address, address.user)
                if client.is_ehlo_or_helo_needed:
                    await client.ehlo()
            dialog = take_over(client.transport, pipelining=client.supports_extension("pipelining"))
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise Unconnected(told(error) or str(TOO_SLOW.error)) from error
        except asyncio.CancelledError:
            client.close()
            raise
        return cls(dialog, smtputf8=client.supports_extension("smtputf8"))

    async def is_alive(self) -> bool:
        """Whether a connection that was kept can still be used."""
        try:
            async with asyncio.timeout(ANSWER_S):
                (reply,) = await self._dialog.ask("NOOP")
        except OSError:
            self.close()
            return False
        if not reply.is_yes:
            self.close()
        return self.usable

    async def send(self, sender: str, to: str, content: bytes) -> Outcome:
        """What the server said to a message; raises Lost when it was not given it.

        The addresses hold nothing that could end a command, and the content's lines end in CRLF.
        """
        if not to.isascii() and not self._smtputf8:
            return NOT_BEYOND_ASCII
        options = "" if to.isascii() else " SMTPUTF8"
        try:
            async with asyncio.timeout(ANSWER_S):
                refusal = await self._announce(f"MAIL FROM:<{sender}>{options}", f"RCPT TO:<{to}>")
        except TimeoutError:
            return self._hanging()
        except OSError as error:
            self.close()
            raise Lost(told(error)) from error
        self.fresh = False
        return await self._give(content) if refusal is None else refusal

    async def quit(self) -> None:
        """Say goodbye, if the server listens."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(QUIT_S):
                await self._dialog.ask("QUIT")
        self.close()

    def close(self) -> None:
        """End it without a word."""
        self.usable = False
        self._dialog.abort()

    async def _announce(self, mail_from: str, rcpt_to: str) -> Outcome | None:
        """Ask for leave to give a message; what speaks against it, None when the server waits for it."""
        replies = await self._dialog.ask(mail_from, rcpt_to, "DATA")
        if any(reply.code == CLOSING for reply in replies):
            # Servers limit how many messages a connection may bring.
            raise ConnectionResetError(str(replies[0]))
        sender, *others = replies
        if sender.is_yes and len(others) == 2 and others[0].is_yes and others[1].code == GO_ON:
            return None
        if replies[-1].code == GO_ON:
            # It said yes to what was refused before: nobody gets an empty message.
            await self._dialog.give(b"")
        if not (await self._dialog.ask("RSET"))[0].is_yes:
            self.close()
        # A sender that is refused is no recipient's fault: whoever runs this has to mend something.
        if not sender.is_yes:
            return Outcome("later", told(sender))
        return _outcome(next(reply for reply in others if not reply.is_yes))

    async def _give(self, content: bytes) -> Outcome:
        try:
            async with asyncio.timeout(ACCEPT_S):
                reply = await self._dialog.give(content)
        except TimeoutError:
            return self._hanging()
        except OSError as error:
            self.close()
            return Outcome("later", told(error))
        if reply.code == CLOSING:
            self.close()
        return _outcome(reply)

    def _hanging(self) -> Outcome:
        self.close()
        self.hung = True
        return TOO_SLOW


def _outcome(reply: Reply) -> Outcome:
    if reply.is_yes:
        return SENT
    return Outcome("never" if reply.code >= PERMANENT else "later", told(reply))


async def _log_in(client: SMTP, address: Address, user: str) -> None:
    if client.get_transport_info("sslcontext") is None and not _is_loopback(client):
        raise ValueError("the mail server offers no TLS, and the password is not sent without")
    await client.login(user, address.password)


def _is_loopback(client: SMTP) -> bool:
    return ip_address(client.get_transport_info("peername")[0]).is_loopback


def local_name(public_url: str) -> str:
    """What we call ourselves to the mail server: the shop's host if it has a name, else this machine's."""
    host = urlsplit(public_url).hostname or ""
    return host if "." in host and host.isascii() and not host.replace(".", "").isdigit() else socket.gethostname()


def told(what: object) -> str:
    """A refusal or a failure in a line, as it is kept with a delivery."""
    text = f"{what.code} {what.message}" if isinstance(what, SMTPResponseException) else str(what)
    return " ".join(text.split())[:LONGEST_ERROR]
