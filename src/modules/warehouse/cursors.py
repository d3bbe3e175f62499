"""Where a crawl has come to, as an opaque text in the link to its next page (docs/adr/0013).

Nobody signs it: it says nothing that whoever sends it could not ask for anyway, and every value in it is checked.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, Text, Uuid

from src.modules.warehouse.marks import Mark, WrittenMark, from_text, to_text
from src.modules.warehouse.parameters import SortKey
from src.platform.errors import InvalidFields

CURSOR = "cursor"
DIGEST_BYTES = 8
# No amount of any column has more.
MOST_DIGITS = 1000
_MICROSECONDS = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_FLAGS = {"true": True, "false": False}


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """How many rows there were, and when, in microseconds since 1970."""

    total: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    at: _MICROSECONDS


class Cursor(msgspec.Struct, frozen=True):
    """The values of the sort keys of the row that was shown last, and what the first page saw.

    `among_changed` once only the rows are left that changed since the first page; they come by their id.
    """

    last: tuple[Any, ...]
    among_changed: bool
    mark: Mark
    counted: Counted


class _Written(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    query: bytes
    last: list[str | None]
    among_changed: bool
    mark: WrittenMark
    counted: Counted


_READER = msgspec.msgpack.Decoder(_Written)


def write_cursor(query: bytes, last: Sequence[str | None], among_changed: bool, mark: Mark, counted: Counted) -> str:
    """The text of a cursor for the query of that digest; `last` are the values as PostgreSQL writes them."""
    return to_text(_Written(query, list(last), among_changed, mark.written(), counted))


def read_cursor(text: str, query: bytes, keys: Sequence[SortKey]) -> Cursor:
    """The cursor that a text stands for; raises InvalidFields when it is none, or one of another query."""
    try:
        written: _Written = from_text(text, _READER)
        kept = keys[-1:] if written.among_changed else keys
        if written.query != query:
            raise ValueError
        last = tuple(_value(key.field.column, value) for key, value in zip(kept, written.last, strict=True))
        mark = written.mark.read()
    except (ValueError, OverflowError, InvalidOperation) as error:
        raise InvalidFields({CURSOR: "Not a link of these pages"}) from error
    return Cursor(last, written.among_changed, mark, written.counted)


def _value(column: Column[Any], text: str | None) -> Any:
    if text is None:
        if not column.nullable:
            raise ValueError
        return None
    return _read_as(column)(text)


def _read_as(column: Column[Any]) -> Callable[[str], Any]:
    """How a value of the column is read; all of these raise ValueError, OverflowError or InvalidOperation."""
    match column.type:
        case Integer():
            return int
        case Numeric():
            return _amount
        case Boolean():
            return _flag
        case DateTime():
            return _aware
        case Date():
            return date.fromisoformat
        case Uuid():
            return UUID
        case Text():
            return _words
    raise TypeError(f"no way to sort by {column}")


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount.adjusted()) > MOST_DIGITS:
        raise ValueError
    return amount


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError
    return _FLAGS[text]


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _words(text: str) -> str:
    if "\0" in text:  # PostgreSQL can't hold it
        raise ValueError
    return text
