"""SMTP on the wire, against servers that answer in every possible way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from src.modules.notifications.mail.smtp import Connection, Lost, Unconnected, read_address
from src.modules.notifications.messages import SENT, Outcome
from tests.modules.notifications.mail.servers import HOST, MailServer, serving

MAIL = b"Subject: x\r\n\r\n.a\r\n..\r\n.\r\nb\r\n"
EHLO = b"250-mail.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
END = b"\r\n.\r\n"


@dataclass
class Script:
    """A server that says what is in its list, whatever it is told, and remembers what it was told."""

    says: Sequence[bytes]
    told: list[bytes] = field(default_factory=list)
    port: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        for said in (EHLO, *self.says):
            line = await reader.readline()
            if said == b"354 go\r\n":
                self.told.append(line)
                writer.write(said)
                line = await reader.readuntil(b".\r\n")
                said = b"250 OK\r\n"
            self.told.append(line)
            for place in range(0, len(said), 5):
                writer.write(said[place : place + 5])
                await asyncio.sleep(0)
        await reader.read()
        writer.close()


@asynccontextmanager
async def scripted(*says: bytes) -> AsyncIterator[tuple[Connection, Script]]:
    script = Script(says)
    server = await asyncio.start_server(script.talk, HOST, 0)
    script.port = server.sockets[0].getsockname()[1]
    connection = await Connection.connect(read_address(f"smtp://{HOST}:{script.port}"), "test")
    try:
        yield connection, script
    finally:
        connection.close()
        server.close()
        await asyncio.sleep(0)


async def send(connection: Connection) -> Outcome:
    return await connection.send("shop@example.com", "ada@example.com", MAIL)


@pytest.mark.parametrize("pipelining", [False, True])
async def test_what_arrives_is_what_was_sent_dots_and_all(pipelining: bool) -> None:
    async with serving(MailServer(pipelining=pipelining)) as server:
        connection = await Connection.connect(read_address(server.url), "test")
        assert await send(connection) == SENT
        assert await send(connection) == SENT
        await connection.quit()
    assert server.raw == [MAIL, MAIL]


async def test_replies_may_have_many_lines_and_come_in_pieces() -> None:
    async with scripted(
        b"250-one\r\n250-two\r\n250 three\r\n", b"550-5.1.1 Who\r\n550 5.1.1 is that?\r\n", b"503 no\r\n", b"250 OK\r\n"
    ) as (
        connection,
        script,
    ):
        assert await send(connection) == Outcome("never", "550 5.1.1 Who 5.1.1 is that?")
        assert connection.usable
    assert script.told[1:] == [
        b"MAIL FROM:<shop@example.com>\r\n",
        b"RCPT TO:<ada@example.com>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
    ]


async def test_a_refused_recipient_gets_no_empty_mail_from_a_server_that_waits_for_one() -> None:
    async with scripted(b"250 OK\r\n", b"550 Who\r\n", b"354 go\r\n", b"250 OK\r\n") as (connection, script):
        assert await send(connection) == Outcome("never", "550 Who")
        assert connection.usable
    assert script.told[-2:] == [b".\r\n", b"RSET\r\n"]


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\xff\xfe\r\n",
        b"25\r\n",
        b"\r\n",
        b"250-" + b"x" * 100_000 + b"\r\n",
        b"x" * 100_000,
    ],
    ids=["http", "bytes", "short", "empty", "long-line", "no-line"],
)
async def test_a_server_that_speaks_something_else_is_left(said: bytes) -> None:
    async with scripted(said) as (connection, _):
        with pytest.raises(Lost):
            await send(connection)
        assert not connection.usable


async def test_a_server_that_can_not_reset_is_left() -> None:
    async with scripted(b"250 OK\r\n", b"550 Who\r\n", b"503 no\r\n", b"500 What?\r\n") as (connection, _):
        assert (await send(connection)).state == "never"
        assert not connection.usable


async def test_a_server_that_closes_was_given_nothing() -> None:
    async with scripted(b"250 OK\r\n", b"250 OK\r\n", b"421 Later\r\n") as (connection, _):
        with pytest.raises(Lost):
            await send(connection)


async def test_a_connection_that_ends_while_it_is_idle_is_noticed() -> None:
    async with serving(MailServer()) as server:
        connection = await Connection.connect(read_address(server.url), "test")
        assert await connection.is_alive()
        server.drop_connections()
        assert not await connection.is_alive()


async def test_a_server_that_does_not_greet_is_no_server() -> None:
    async with serving(MailServer()) as server:
        url = server.url
    with pytest.raises(Unconnected):
        await Connection.connect(read_address(url), "test")
