"""The formats that rows come in, each taken apart into whole lines of JSON, some ten thousand bytes at a time."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from src.modules.integration.errors import NoJsonArray
from src.modules.integration.spool import Spool

BLOCK_BYTES = 256 * 1024
# More of a line is not looked at; what is cut off like this can't be read and is rejected.
MAX_LINE_BYTES = 1024 * 1024
# Where one element of an array may end and the next begin; the likelier places first.
_BETWEEN_OBJECTS = re.compile(rb"(?<=\})\s*,(?=\s*\{)")
_COMMA = re.compile(rb",")
_TAIL_BYTES = 16 * 1024
_ATTEMPTS = 8


def ndjson(body: Spool) -> Iterator[bytes]:
    """Newline-delimited JSON, as blocks of whole lines."""
    rest = b""
    cut = False  # the beginning of this line has been given out already
    for piece in body.pieces(BLOCK_BYTES):
        if cut:
            _, newline, piece = piece.partition(b"\n")
            cut = not newline
        end = piece.rfind(b"\n") + 1
        if end:
            yield rest + piece[:end]
            rest = piece[end:]
            continue
        rest += piece
        if len(rest) > MAX_LINE_BYTES:
            yield rest[:MAX_LINE_BYTES] + b"\n"
            rest, cut = b"", True
    if rest:
        yield rest


def json_array(body: Spool) -> Iterator[bytes]:
    """A JSON array, as lines of its elements; raises NoJsonArray when the body is something else."""
    pieces = body.pieces(BLOCK_BYTES)
    rest = b""
    for piece in pieces:
        rest = (rest + piece).lstrip()
        if rest:
            break
    if not rest.startswith(b"["):
        raise NoJsonArray
    rest = rest[1:]
    if re.fullmatch(rb"\s*\]\s*", rest) and not any(piece.strip() for piece in pieces):
        return
    enough = 0  # bytes: after an attempt that found no element's end, twice as many
    for piece in pieces:
        if len(rest) >= enough:
            found = _head(rest)
            if found:
                lines, rest = found
                yield lines
            enough = 0 if found else 2 * len(rest)
        rest += piece
    rest = rest.rstrip()
    last = _lines(rest[:-1]) if rest.endswith(b"]") else None
    if last is None:
        raise NoJsonArray
    yield last


def _head(text: bytes) -> tuple[bytes, bytes] | None:
    """The whole elements that `text` begins with as lines, and what follows them.

    A comma after which `text` is not split has, before it, something that is no list of whole values: the parser says
    so, and another comma is tried.
    """
    tail = max(0, len(text) - _TAIL_BYTES)
    for pattern in (_BETWEEN_OBJECTS, _COMMA):
        for match in list(pattern.finditer(text, tail))[: -_ATTEMPTS - 1 : -1]:
            lines = _lines(text[: match.start()])
            if lines is not None:
                return lines, text[match.end() :]
    return None


def _lines(elements: bytes) -> bytes | None:
    """Elements that commas part, one a line; None when they are no whole elements."""
    array = b"[" + elements + b"]"
    try:
        if b"\n" in elements or b"\r" in elements:
            array = msgspec.json.format(array, indent=-1)
        raws = msgspec.json.decode(array, type=list[Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
    return b"\n".join(raws) if raws else None
