"""GET /ops/stream: the parts of the page that changed, as server-sent events."""

import asyncio
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from src.modules.identity import Identity
from src.modules.operations.operators import SCOPE, presented
from src.modules.operations.page.board import Board, Reader
from src.platform.streaming import gone

EVENT_STREAM = "text/event-stream"
# No proxy may keep it back, to compress it or for anything else.
HEADERS = {"Cache-Control": "private, no-cache, no-transform", "X-Accel-Buffering": "no"}
OPENING = b"retry: 2000\n\n"
# Something is sent every two seconds; whoever takes none of it for so long is gone.
STALLED_S = 30.0


class StreamController(Controller):
    """What keeps the page live."""

    path = "/ops/stream"
    include_in_schema = False

    @get()
    async def follow(
        self, request: Request[Any, Any, Any], identity: NamedDependency[Identity], board: NamedDependency[Board]
    ) -> Response[bytes]:
        """Follow the live parts; the first events tell all of them."""
        brought = await presented(request, identity)
        await identity.known(brought, SCOPE)
        return EventStream(board, board.join(brought))


class EventStream(Response[bytes]):
    """An answer that lasts as long as the reader stays."""

    def __init__(self, board: Board, reader: Reader) -> None:
        super().__init__(b"", media_type=EVENT_STREAM, headers=HEADERS)
        self._board = board
        self._reader = reader

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server wants it."""
        return _Events(self._board, self._reader, media_type=EVENT_STREAM, headers=HEADERS)


class _Events(ASGIResponse):
    __slots__ = ("_board", "_reader")
    _should_set_content_length = False

    def __init__(self, board: Board, reader: Reader, **options: Any) -> None:
        super().__init__(**options)
        self._board = board
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell the board when that is over, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._board.leave(self._reader)

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send whatever the board has for the reader, until either side ends it."""
        watching = asyncio.create_task(_wait_until_gone(receive, self._reader))
        try:
            events = OPENING
            while events:
                async with asyncio.timeout(STALLED_S):
                    await send({"type": "http.response.body", "body": events, "more_body": True})
                events = await self._reader.take()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            return
        finally:
            watching.cancel()


async def _wait_until_gone(receive: Receive, reader: Reader) -> None:
    await gone(receive)
    reader.close()
