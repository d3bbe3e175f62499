"""An answer of any length, at the speed of whoever reads it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Any, NamedTuple, TypeAlias

import structlog
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

# Whoever has not taken anything for so long is not there any more.
STALLED_S = 60.0
log = structlog.get_logger(__name__)


class Begun(NamedTuple):
    """What is being answered: headers that are known only now, and the body in pieces."""

    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes]


Begin: TypeAlias = Callable[[], AbstractAsyncContextManager[Begun]]


class StreamedResponse(Response[bytes]):
    """The answer that `begin` makes for the time of its block; what it raises before the first piece is answered.

    An answer that breaks off later never ends in order, and is logged as `<name>.broken` with what is told `about` it.
    """

    def __init__(
        self, begin: Begin, *, name: str, about: Mapping[str, str], media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=dict(headers))
        self._begin = begin
        self._broken = f"{name}.broken"
        self._about = about

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server wants it."""
        return _Streamed(self._begin, self._broken, self._about, media_type=self.media_type, headers=self.headers)


class _Streamed(ASGIResponse):
    __slots__ = ("_about", "_begin", "_broken")
    _should_set_content_length = False

    def __init__(self, begin: Begin, broken: str, about: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._begin = begin
        self._broken = broken
        self._about = about

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client goes away, which ends everything at once."""
        answering = asyncio.create_task(self._answer(send))
        watching = asyncio.create_task(gone(receive))
        try:
            await asyncio.wait((answering, watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            if not answering.done():
                answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self, send: Send) -> None:
        began = False
        try:
            async with self._begin() as begun, aclosing(begun.pieces) as pieces:
                for name, value in begun.headers.items():
                    self.headers.add(name, value)
                async for piece in pieces:
                    if not began:
                        await self.start_response(send)
                        began = True
                    async with asyncio.timeout(STALLED_S):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not began:
                await self.start_response(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            if began:
                # What the client has got looks whole only if we end in order; so we don't.
                log.warning(self._broken, **self._about, error=repr(error))
            raise


async def gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
