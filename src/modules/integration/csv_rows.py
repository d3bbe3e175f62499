"""Comma-separated values with a header line, told as lines of JSON.

A cell is what its column says. An empty one is null where a row may tell null, the empty text where it may not but
tells a text, and otherwise tells nothing. A product is named by its id here; its code goes into the column `sku`.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Raw

from src.modules.integration.errors import NoCsv
from src.modules.integration.formats import MAX_LINE_BYTES
from src.modules.integration.kinds import kind_of, may_be_null
from src.modules.integration.spool import Spool
from src.platform.resources import Resource

ROWS = 200
WORDS = {"true": b"true", "t": b"true", "1": b"true", "false": b"false", "f": b"false", "0": b"false"}
# What a row is when its cells can't be told: no JSON, so that it is rejected like any other broken line.
BROKEN = b"!"

# A cell's JSON; None when it tells nothing.
Cell = Callable[[str], bytes | None]

csv.field_size_limit(MAX_LINE_BYTES)


def csv_lines(body: Spool, resource: Resource) -> Iterator[bytes]:
    """The rows of a CSV body as lines of JSON objects; raises NoCsv when it can't be taken apart into cells."""
    # What is no UTF-8 becomes what no JSON can hold, so that only its row is lost.
    text = io.TextIOWrapper(body.rewind(), encoding="utf-8", errors="surrogateescape", newline="")
    try:
        records = csv.reader(text, strict=True)
        header = next(records, [])
        if len(set(header)) < len(header) or any(map(_is_broken, header)):
            raise NoCsv
        names = [_quoted(name) + b":" for name in header]
        cells = [_cell(resource, name) for name in header]
        while batch := list(islice(records, ROWS)):
            yield b"\n".join(_object(names, cells, record) for record in batch if record) + b"\n"
    except csv.Error as error:
        raise NoCsv from error
    finally:
        text.detach()


def _is_broken(text: str) -> bool:
    """Whether some of `text` was no UTF-8."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _object(names: Sequence[bytes], cells: Sequence[Cell], record: Sequence[str]) -> bytes:
    if len(record) != len(names):
        return BROKEN
    try:
        told = [(name, cell(value)) for name, cell, value in zip(names, cells, record, strict=True)]
    except UnicodeEncodeError:
        return BROKEN
    return b"{" + b",".join(name + value for name, value in told if value is not None) + b"}"


def _cell(resource: Resource, name: str) -> Cell:
    known = resource.by_name.get(name)
    if known is None:
        return _quoted if name in resource.types else lambda value: _quoted(value) if value else b"null"
    stored = kind_of(resource, known).stored
    as_json: Cell = {"text": _quoted, "boolean": _flag, "uuid": _quoted, "timestamptz": _quoted, "date": _quoted}.get(
        stored, _value
    )
    empty = b"null" if may_be_null(resource, known) else b'""' if stored == "text" else None
    return lambda value: as_json(value) if value else empty


def _quoted(value: str) -> bytes:
    return msgspec.json.encode(value)


def _flag(value: str) -> bytes:
    return WORDS.get(value.lower()) or _quoted(value)


def _value(value: str) -> bytes:
    """A cell that is JSON by itself, as it is; any other as text, for the row's type to accept or refuse."""
    try:
        raw = bytes(msgspec.json.decode(value, type=Raw))
    except (msgspec.DecodeError, RecursionError):
        return _quoted(value)
    return raw.replace(b"\n", b" ").replace(b"\r", b" ")
