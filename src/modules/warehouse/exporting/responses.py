"""The answer that an export is: as long as the resource, at the speed of whoever reads it."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from litestar import Response

from src.modules.warehouse.exporting.exports import Export, Wanted, begun
from src.modules.warehouse.marks import HIGH_WATER_MARK
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from src.platform.streaming import Begun, StreamedResponse

# An export holds a connection and a snapshot, which shoppers' writes pay for; and it takes a good part of a processor.
EXPORTS_AT_ONCE = 2
COME_BACK_AFTER_S = 5


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


def export_response(exports: Exports, wanted: Wanted) -> Response[bytes]:
    """The answer with the rows that are `wanted`."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Begun]:
        async with exports.begun(wanted) as export, aclosing(export.chunks()) as chunks:
            yield Begun({HIGH_WATER_MARK: export.mark}, (content async for _, content in chunks))

    return StreamedResponse(
        begin,
        name="export",
        about={"resource": wanted.rows.resource.path},
        media_type=wanted.format.media_type,
        headers={"Content-Disposition": f'attachment; filename="{wanted.file_name}"', "Cache-Control": "no-store"},
    )
