"""What a worker tells whoever watches it, over a port of its own: its numbers, and that it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from src.platform.errors import SettingsError
from src.platform.metrics import CONTENT_TYPE, exposition
from src.platform.version import VERSION

# A question is one line and a few headers; whoever takes longer or says more wants something else.
QUESTION_S = 5.0
MOST_BYTES = 16 * 1024
LIVES = msgspec.json.encode({"status": "ok", "version": VERSION})


@asynccontextmanager
async def watched(port: int) -> AsyncIterator[None]:
    """Answer `/metrics` and `/health/live` on every address while the block runs; raises SettingsError.

    Nobody has to show who they are: the port is for the inside of a network. Port 0 is none.
    """
    if port == 0:
        yield
        return
    try:
        server = await asyncio.start_server(_serve, port=port, limit=MOST_BYTES)
    except OSError as error:
        raise SettingsError([f"METRICS_PORT {port} cannot be listened at: {error.strerror}"]) from error
    try:
        yield
    finally:
        server.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(QUESTION_S):
            writer.write(_answer(await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


def _answer(question: bytes) -> bytes:
    method, _, rest = question.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if method not in (b"GET", b"HEAD"):
        return _told(b"405 Method Not Allowed", b"text/plain", b"", b"Allow: GET, HEAD\r\n")
    if path == b"/metrics":
        status, kind, body = b"200 OK", CONTENT_TYPE.encode(), exposition()
    elif path == b"/health/live":
        status, kind, body = b"200 OK", b"application/json", LIVES
    else:
        status, kind, body = b"404 Not Found", b"text/plain", b""
    head = _told(status, kind, body, b"")
    return head if method == b"GET" else head[: len(head) - len(body)]


def _told(status: bytes, kind: bytes, body: bytes, more: bytes) -> bytes:
    return (
        b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
        b"X-Content-Type-Options: nosniff\r\nConnection: close\r\n%b\r\n%b" % (status, kind, len(body), more, body)
    )
