"""The formats of an export: what COPY is asked to write, and what is made of it."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from src.modules.warehouse.exporting.copying import Chunk
from src.modules.warehouse.exporting.fields import raw_fields, shown_fields
from src.modules.warehouse.wire import row_json
from src.platform.resources import Resource

Chunks: TypeAlias = AsyncGenerator[Chunk]
# What becomes of the rows of a resource that COPY writes; the text is the mark of what they are.
Encoding: TypeAlias = Callable[[Resource, str, Chunks], Chunks]


@dataclass(frozen=True)
class Format:
    """How a whole resource is written."""

    media_type: str
    suffix: str
    # The select list, of expressions on the row that wire.ROW names, and the options of a COPY that writes CSV.
    selected: Callable[[Resource], str]
    options: str
    encoded: Encoding


async def _as_copied(_: Resource, mark: str, copied: Chunks) -> Chunks:
    async for chunk in copied:
        yield chunk


async def _after_header(_: Resource, mark: str, copied: Chunks) -> Chunks:
    headers = 1
    async for rows, content in copied:
        yield Chunk(rows - headers, content)
        headers = 0


def _columnar(kind: str) -> Encoding:
    async def encoded(resource: Resource, mark: str, copied: Chunks) -> Chunks:
        # Only here: whoever never asks for it pays for it neither in time nor in memory.
        from src.modules.warehouse.exporting.columnar import WRITERS, written

        async for chunk in written(WRITERS[kind], resource, mark, copied):
            yield chunk

    return encoded


DEFAULT = "ndjson"
FORMATS = {
    # JSON has no control characters, so nothing of it is ever quoted, and what is copied are the rows as they are.
    DEFAULT: Format("application/x-ndjson", "ndjson", row_json, r"QUOTE E'\b', DELIMITER E'\t'", _as_copied),
    "csv": Format("text/csv", "csv", shown_fields, "HEADER", _after_header),
    "parquet": Format("application/vnd.apache.parquet", "parquet", raw_fields, "HEADER false", _columnar("parquet")),
    "arrow": Format("application/vnd.apache.arrow.stream", "arrows", raw_fields, "HEADER false", _columnar("arrow")),
}
