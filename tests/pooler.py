"""A pooler by transactions that hides nothing: each transaction gets another session, which then forgets everything.

It speaks PostgreSQL's protocol as PgBouncer does, and refuses what PgBouncer refuses: options of a session. Where
PgBouncer lends whichever session is free, so that one that keeps something often goes unnoticed, this one takes them
in turn and empties each after every transaction.
"""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
PROTOCOL = 196608
AUTHENTICATION_OK = b"R" + struct.pack("!II", 8, 0)
SESSIONS = 4


class Session:
    """A connection to the server, and what it told when it began."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.greeting = b""

    @classmethod
    async def open(cls, socket: str, parameters: bytes) -> "Session":
        """Sign in as who asks, without a password."""
        session = cls(*await asyncio.open_unix_connection(socket))
        try:
            await session._sign_in(parameters)
        except BaseException:
            session.writer.close()
            raise
        return session

    async def _sign_in(self, parameters: bytes) -> None:
        self.writer.write(struct.pack("!II", len(parameters) + 8, PROTOCOL) + parameters)
        async for kind, message in messages(self.reader):
            if kind == b"E":
                raise ConnectionError(message)
            if kind in b"SK":
                self.greeting += message
            if kind == b"Z":
                break

    async def close(self) -> None:
        """Leave the server."""
        await _close(self.writer)

    async def forget(self) -> None:
        """Lose whatever the last transaction left in the session."""
        text = b"DISCARD ALL\0"
        self.writer.write(b"Q" + struct.pack("!I", len(text) + 4) + text)
        async for kind, _ in messages(self.reader):
            if kind == b"Z":
                break


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """Each message with its kind, until the connection ends."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readexactly(5)
            yield head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


class Pooler:
    """Listens in a folder like a server of its own."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._free: dict[bytes, deque[Session]] = {}
        self._sessions: list[Session] = []
        self._returned = asyncio.Condition()
        self.transactions = 0
        self.refused: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lend sessions to one client until it goes."""
        try:
            parameters = await self._greet(reader, writer)
            if parameters is not None:
                await _Client(self, parameters, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            await _close(writer)

    async def close(self) -> None:
        """Leave the server."""
        for session in self._sessions:
            await session.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        while True:
            length, code = struct.unpack("!II", await reader.readexactly(8))
            parameters = await reader.readexactly(length - 8)
            if code == CANCEL_REQUEST:
                return None
            if code not in (SSL_REQUEST, GSS_REQUEST):
                break
            writer.write(b"N")
        told = dict(zip(*[iter(parameters.rstrip(b"\0").split(b"\0"))] * 2, strict=True))
        if b"options" in told:
            self.refused.append(told[b"options"].decode())
            text = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
            writer.write(b"E" + struct.pack("!I", len(text) + 4) + text)
            return None
        told.pop(b"application_name", None)
        return b"".join(name + b"\0" + value + b"\0" for name, value in told.items()) + b"\0"

    async def borrow(self, parameters: bytes) -> Session:
        """The session that was used longest ago."""
        if parameters not in self._free:
            self._free[parameters] = deque()
            opened = [await self._open(parameters) for _ in range(SESSIONS)]
            await self._put(parameters, *opened)
        async with self._returned:
            await self._returned.wait_for(lambda: self._free[parameters])
            return self._free[parameters].popleft()

    async def give_back(self, parameters: bytes, session: Session, *, is_whole: bool) -> None:
        """Empty a session for the next; one that was cut off is replaced."""
        if is_whole:
            self.transactions += 1
            await session.forget()
        else:
            await session.close()
            session = await self._open(parameters)
        await self._put(parameters, session)

    async def _open(self, parameters: bytes) -> Session:
        session = await Session.open(self._socket, parameters)
        self._sessions.append(session)
        return session

    async def _put(self, parameters: bytes, *sessions: Session) -> None:
        async with self._returned:
            self._free[parameters].extend(sessions)
            self._returned.notify_all()


class _Client:
    """A client, and the session that it has for its transaction."""

    def __init__(
        self, pooler: Pooler, parameters: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._pooler, self._parameters = pooler, parameters
        self._reader, self._writer = reader, writer
        self._session: Session | None = None
        self._answers: asyncio.Task[None] | None = None
        # What the server will say that it is ready after.
        self._awaited: deque[bytes] = deque()

    async def run(self) -> None:
        """Pass on what it says until it ends."""
        session = await self._pooler.borrow(self._parameters)
        self._writer.write(AUTHENTICATION_OK + session.greeting + b"Z" + struct.pack("!Ic", 5, b"I"))
        await self._pooler.give_back(self._parameters, session, is_whole=True)
        try:
            async for kind, message in messages(self._reader):
                if kind == b"X":
                    break
                if self._session is None:
                    if self._answers is not None:
                        await self._answers
                    self._session = await self._pooler.borrow(self._parameters)
                    self._answers = asyncio.create_task(self._answer(self._session))
                if kind in b"QSF":
                    self._awaited.append(kind)
                self._session.writer.write(message)
        finally:
            if self._session is not None:
                self._session.writer.close()
            if self._answers is not None:
                await self._answers

    async def _answer(self, session: Session) -> None:
        """Pass on the answers until the transaction ends."""
        async for kind, message in messages(session.reader):
            if kind == b"Z":
                self._awaited.popleft()
                if not self._awaited and message[-1:] == b"I":
                    self._session = None
                    await self._pooler.give_back(self._parameters, session, is_whole=True)
                    self._writer.write(message)
                    return
            elif kind == b"G" and self._awaited[0] == b"S":
                self._awaited.popleft()  # the server ignores it while rows are copied in
            self._writer.write(message)
        await self._pooler.give_back(self._parameters, session, is_whole=False)


@contextlib.asynccontextmanager
async def pooling(folder: Path, upstream: Path) -> AsyncIterator[Pooler]:
    """A pooler in `folder` before the server whose socket is in `upstream`."""
    pooler = Pooler(str(upstream / ".s.PGSQL.5432"))
    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        task.add_done_callback(clients.discard)
        await pooler.serve(reader, writer)

    server = await asyncio.start_unix_server(serve, folder / ".s.PGSQL.5432")
    try:
        yield pooler
    finally:
        server.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await pooler.close()
