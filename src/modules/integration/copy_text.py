"""Values as COPY reads them in its text format."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET

NULL = "\\N"
# Inside the years that Python can read back, whatever the offset.
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)

MAX_DEPTH = 100
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(rb"[\[\]{}]")
_MEANS_MORE = re.compile(r"[\\\t\n\r]")

# The texts of some values, of which there is at least one and none is missing; raises ValueError for what has none.
Texts = Callable[[Sequence[Any]], Sequence[str]]


def escape(texts: Sequence[str]) -> Sequence[str]:
    """The texts with what means more to COPY escaped; raises ValueError for U+0000, which can't be stored."""
    joined = "\0".join(texts)
    if joined.count("\0") != len(texts) - 1:
        raise ValueError("U+0000 can't be stored")
    if not _MEANS_MORE.search(joined):
        return texts
    for char, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        joined = joined.replace(char, escaped)
    return joined.split("\0")


def documents(values: Sequence[msgspec.Raw]) -> Sequence[str]:
    """JSON as it came; whether PostgreSQL can hold it (not every number, no U+0000) shows when it is staged.

    Raises ValueError for what is nested so deep that readers stumble over it.
    """
    # What opens so many brackets also closes them.
    if any(len(value) > 2 * MAX_DEPTH and _is_too_deep(bytes(value)) for value in values):
        raise ValueError("is nested too deep")
    return escape(b"\0".join(values).decode().split("\0"))


def _is_too_deep(document: bytes) -> bool:
    if document.count(b"[") + document.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", document)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _plain(values: Sequence[Any]) -> Sequence[str]:
    return list(map(str, values))


def _amounts(values: Sequence[Any]) -> Sequence[str]:
    """Decimals; those that came as texts are taken as they are when there is nothing but digits and points in them.

    Whatever such a text is, no number comes of it that is not meant; `1.2.3` is refused when it is staged.
    """
    if not isinstance(values[0], str):
        return _plain(values)
    digits = "".join(values).replace(".", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("must be a number")
    return values


def _flags(values: Sequence[bool]) -> Sequence[str]:
    return ["t" if value else "f" for value in values]


def _times(values: Sequence[datetime]) -> Sequence[str]:
    if min(values) < EARLIEST or max(values) > LATEST:
        raise ValueError("out of range")
    return _plain(values)


def _numbers(values: Sequence[list[int]]) -> Sequence[str]:
    return ["{" + ",".join(map(str, value)) + "}" for value in values]


def _words(values: Sequence[list[str]]) -> Sequence[str]:
    return escape(["{" + ",".join(map(_word, value)) + "}" for value in values])


def _word(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _structs(values: Sequence[Any]) -> Sequence[str]:
    return escape([msgspec.json.encode(value).decode() for value in values])


# By the type of the column that COPY fills.
TEXTS: dict[str, Texts] = {
    "bigint": _plain,
    "integer": _plain,
    "smallint": _plain,
    "numeric": _amounts,
    "boolean": _flags,
    "text": escape,
    "uuid": _plain,
    "date": _plain,
    "timestamptz": _times,
    "bigint[]": _numbers,
    "text[]": _words,
    "jsonb": _structs,
}


def with_nulls(texts: Texts, values: Sequence[Any]) -> Sequence[str]:
    """The texts of values, and NULL for those that are missing."""
    known = [value for value in values if value is not None and value is not UNSET]
    found = iter(texts(known) if known else ())
    return [NULL if value is None or value is UNSET else next(found) for value in values]


def lines(columns: Iterable[Iterable[str]]) -> bytes:
    """Columns of texts as lines, each with its end."""
    return ("\n".join(map("\t".join, zip(*columns, strict=True))) + "\n").encode()
