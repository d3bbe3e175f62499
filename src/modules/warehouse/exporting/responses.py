"""The answer that an export is: as long as the resource, at the speed of whoever reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import structlog
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from src.modules.warehouse.exporting.exports import Export, Wanted, begun
from src.modules.warehouse.marks import HIGH_WATER_MARK
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable

# An export holds a connection and a snapshot, which shoppers' writes pay for; and it takes a good part of a processor.
EXPORTS_AT_ONCE = 2
COME_BACK_AFTER_S = 5
# Whoever has not taken anything for so long is not there any more.
STALLED_S = 60.0
log = structlog.get_logger(__name__)


class Exports:
    """The exports that this process has under way; one per process and event loop."""

    def __init__(self, database: Database) -> None:
        """`database` may be a replica."""
        self._database = database
        self._free = EXPORTS_AT_ONCE

    @asynccontextmanager
    async def begun(self, wanted: Wanted) -> AsyncIterator[Export]:
        """An export for the time of the block; raises ServiceUnavailable while there are enough of them."""
        if not self._free:
            raise ServiceUnavailable(retry_after_s=COME_BACK_AFTER_S)
        self._free -= 1
        try:
            async with begun(self._database, wanted) as export:
                yield export
        finally:
            self._free += 1


class ExportResponse(Response[bytes]):
    """The answer with the rows that are `wanted`."""

    def __init__(self, exports: Exports, wanted: Wanted) -> None:
        super().__init__(b"")
        self._exports = exports
        self._wanted = wanted

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server wants it."""
        return _Export(self._exports, self._wanted)


class _Export(ASGIResponse):
    __slots__ = ("_exports", "_wanted")
    _should_set_content_length = False

    def __init__(self, exports: Exports, wanted: Wanted) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{wanted.file_name}"',
            "Cache-Control": "no-store",
        }
        super().__init__(media_type=wanted.format.media_type, headers=headers)
        self._exports = exports
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client goes away, which ends everything at once."""
        answering = asyncio.create_task(self._answer(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not answering.done():
                answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self, send: Send) -> None:
        began = False
        try:
            async with self._exports.begun(self._wanted) as export, aclosing(export.chunks()) as chunks:
                self.headers.add(HIGH_WATER_MARK, export.mark)
                async for _, content in chunks:
                    if not began:
                        await self.start_response(send)
                        began = True
                    async with asyncio.timeout(STALLED_S):
                        await send({"type": "http.response.body", "body": content, "more_body": True})
            if not began:
                await self.start_response(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            if began:
                # What the client has got looks whole only if we end in order; so we don't.
                log.warning("export.broken", resource=self._wanted.rows.resource.path, error=str(error))
            raise


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
