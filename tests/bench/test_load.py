"""The load generator against a server that misbehaves on purpose."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat

import pytest

from bench import load as load_module
from bench.load import Load, Slice, request

OK = frozenset({200})
PAUSE_S = 0.002


@asynccontextmanager
async def server(*parts: bytes) -> AsyncIterator[int]:
    """A server that gives the same answer to every request, in the given parts with a pause after each."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for part in parts:
                    writer.write(part)
                    await asyncio.sleep(PAUSE_S)
                if not parts:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def put(port: int, requests: Iterator[bytes], seconds: float) -> Slice:
    load = Load(port)
    await load.open(4, [])
    try:
        return await load.run(requests, seconds=seconds, statuses=OK)
    finally:
        load.close()


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",),
        (b"HTTP/1.1 200 OK\r\nConte", b"nt-Length: 4\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n",),
    ],
    ids=["whole", "in pieces", "chunked", "without a body"],
)
async def test_each_answer_is_counted_once_however_it_arrives(parts: tuple[bytes, ...]) -> None:
    async with server(*parts) as port:
        measured = await put(port, iter([request("GET", "/")] * 21), seconds=5)
    assert measured.answers == 21
    assert not measured.errors
    # The clock stops at the last part, not at the first.
    assert min(measured.latencies_s) >= PAUSE_S * (len(parts) - 1)


async def test_another_status_is_an_error_and_no_answer() -> None:
    async with server(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n") as port:
        measured = await put(port, iter([request("GET", "/")] * 9), seconds=5)
    assert measured.answers == 0
    assert measured.errors == {"503": 9}


async def test_a_server_that_hangs_up_ends_the_stretch_with_errors() -> None:
    async with server() as port:
        measured = await put(port, repeat(request("GET", "/")), seconds=5)
    assert measured.answers == 0
    assert measured.errors == {"connection lost": 4}


async def test_a_server_that_keeps_silent_is_given_up_and_its_connections_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load_module, "GRACE_S", 0.1)
    async with server(b"") as port:
        load = Load(port)
        await load.open(3, [])
        measured = await load.run(repeat(request("GET", "/")), seconds=0, statuses=OK)
        assert measured.errors == {}, "a stretch of no length sends nothing"
        measured = await load.run(repeat(request("GET", "/")), seconds=0.1, statuses=OK)
        assert measured.errors == {"no answer": 3}
        assert load.broken
        load.close()
