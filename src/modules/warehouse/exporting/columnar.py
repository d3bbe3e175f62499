"""Rows as columns with types: Parquet, and Arrow's stream. Imported only when somebody asks for one of them.

PostgreSQL writes CSV, Arrow reads it, and neither takes a step per row in Python.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Protocol, TypeAlias

import pyarrow as pa
from pyarrow import csv, ipc
from pyarrow import parquet as pq
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric

from src.modules.warehouse.exporting.copying import Chunk
from src.platform.resources import Resource

# What is put into one group of rows: readers skip whole groups, and a group is held in memory.
GROUP_BYTES = 8 * 1024 * 1024
PRECISION, SCALE = 18, 2


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None:
        """Write a group of rows."""

    def close(self) -> None:
        """Write what ends the file."""


Opened: TypeAlias = Callable[[pa.PythonFile, pa.Schema], _Writer]
WRITERS: Mapping[str, Opened] = {
    "parquet": lambda file, schema: pq.ParquetWriter(file, schema, compression="zstd"),
    "arrow": lambda file, schema: ipc.new_stream(file, schema),
}


def schema_of(resource: Resource, mark: str) -> pa.Schema:
    """The types of a resource's fields, with what each means."""
    fields = []
    for known in resource.fields:
        doc = resource.meaning(known)
        about = {"description": doc} if doc else None
        fields.append(pa.field(known.name, _type(known.column), bool(known.column.nullable), about))
    return pa.schema(fields, {"resource": resource.path, "high_water_mark": mark})


def _type(column: Column[Any]) -> pa.DataType:
    match column.type:
        case Integer():
            return pa.int64()
        case Boolean():
            return pa.bool_()
        case Numeric():
            return pa.decimal128(PRECISION, SCALE)
        case DateTime():
            return pa.timestamp("us", "UTC")
        case Date():
            return pa.date32()
    return pa.string()


async def written(
    opened: Opened, resource: Resource, mark: str, copied: AsyncGenerator[Chunk]
) -> AsyncGenerator[Chunk]:
    """The rows of a COPY in CSV as a file in another format, a group of them at a time."""
    schema, file = schema_of(resource, mark), _Taken()
    writer = await asyncio.to_thread(opened, pa.PythonFile(file, "w"), schema)
    rows, size, contents = 0, 0, []
    async for chunk in copied:
        rows += chunk.rows
        size += len(chunk.content)
        contents.append(chunk.content)
        if size >= GROUP_BYTES:
            await asyncio.to_thread(_write, writer, schema, b"".join(contents))
            yield Chunk(rows, file.take())
            rows, size, contents = 0, 0, []
    if contents:
        await asyncio.to_thread(_write, writer, schema, b"".join(contents))
    await asyncio.to_thread(writer.close)
    yield Chunk(rows, file.take())


def _write(writer: _Writer, schema: pa.Schema, content: bytes) -> None:
    table = csv.read_csv(
        io.BytesIO(content),
        read_options=csv.ReadOptions(column_names=schema.names, use_threads=False, block_size=len(content) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            # As PostgreSQL writes them: a null has no quotes, an empty text has.
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    writer.write_table(table.cast(schema))


class _Taken(io.RawIOBase):
    """A file that gives away what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, content: Any) -> int:
        """Keep it until it is taken."""
        self._written.append(bytes(content))
        return len(content)

    def take(self) -> bytes:
        """Everything that was written since the last time."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken
