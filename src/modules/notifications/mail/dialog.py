"""SMTP after the greeting: commands that travel together where the server allows it (RFC 2920), and their replies.

aiosmtplib opens the connection, with TLS and login. It waits for the reply to each command before it sends the next,
which makes a mail twice as dear, so from then on we speak ourselves.
"""

import asyncio
import re
from collections import deque
from typing import NamedTuple, cast

LONGEST_REPLY = 64 * 1024
GO_ON = 354
CODE = re.compile("[2-5][0-9]{2}")


class Reply(NamedTuple):
    """What the server said: a code, and the text of all its lines."""

    code: int
    text: str

    @property
    def is_yes(self) -> bool:
        """Whether the command was carried out."""
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Dialog(asyncio.Protocol):
    """The rest of a session on a transport that is taken over; after any exception only `close` makes sense."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool) -> None:
        self._transport = transport
        self._pipelining = pipelining
        self._buffer = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        transport.set_protocol(self)

    async def ask(self, *commands: str) -> list[Reply]:
        """The replies to commands, one each; raises OSError when the connection ends before."""
        if self._pipelining:
            self._write("".join(f"{command}\r\n" for command in commands).encode())
            return [await self._reply() for _ in commands]
        replies = []
        for command in commands:
            self._write(f"{command}\r\n".encode())
            replies.append(await self._reply())
            if replies[-1].code >= 400:
                break
        return replies

    async def give(self, content: bytes) -> Reply:
        """The reply to a mail whose DATA the server agreed to; its lines end in CRLF, the last one too."""
        self._write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return await self._reply()

    def close(self) -> None:
        """End the connection; what was written is let out."""
        self._transport.close()

    def abort(self) -> None:
        """End the connection and forget what was written."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: keep whole replies for those who wait for them."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if CODE.match(text) is None:
                self._end(ConnectionError("the mail server does not speak SMTP"))
                return
            self._lines.append(text[4:])
            if text[3:4] != "-":
                self._replies.append(Reply(int(text[:3]), " ".join(self._lines)))
                self._lines = []
        if len(self._buffer) + sum(map(len, self._lines)) > LONGEST_REPLY:
            self._end(ConnectionError("the mail server says too much"))
        elif lines:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._end(exc or ConnectionResetError("the mail server ended the connection"))

    def _write(self, data: bytes) -> None:
        if self._failure is None:
            self._transport.write(data)

    async def _reply(self) -> Reply:
        while not self._replies:
            if self._failure is not None:
                raise ConnectionError(str(self._failure)) from self._failure
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()

    def _end(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def take_over(transport: asyncio.BaseTransport | None, *, pipelining: bool) -> Dialog:
    """The dialog on a transport that somebody else has opened."""
    return Dialog(cast("asyncio.Transport", transport), pipelining=pipelining)
