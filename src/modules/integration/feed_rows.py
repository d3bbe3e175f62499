"""What product feeds are taken apart into, and tab-separated ones."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from src.modules.integration.errors import NoFeed
from src.modules.integration.formats import MAX_LINE_BYTES
from src.modules.integration.spool import Spool

# What is told several times in XML stands in one cell, parted by commas.
IN_ONE_CELL = "additional_image_link"
# A quoted value may go on over so many lines; a quote that is closed later than that was never one.
MAX_CONTINUED = 50


class FeedRow(NamedTuple):
    """An item of a feed: the line that it begins in, counted from 1, and the values of each attribute in their order.

    `fault` tells why it could not be read.
    """

    line: int
    values: dict[str, list[str]]
    fault: str | None = None


def attribute(name: str) -> str:
    """`Image Link` and `g:image_link` are both `image_link`."""
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def tsv_items(body: Spool) -> Iterator[FeedRow]:
    """The items of tab-separated values; raises NoFeed without a header line that has an `id`."""
    records = _records(_Lines(body))
    _, header = next(records, (0, []))
    names = [attribute(cell) for cell in header]
    if "id" not in names:
        raise NoFeed
    for line, cells in records:
        if len(cells) != len(names):
            yield FeedRow(line, {}, f"has {len(cells)} values, the header has {len(names)}")
            continue
        values: dict[str, list[str]] = {}
        for name, cell in zip(names, cells, strict=True):
            if cell and not cell.isspace():
                parts = cell.split(",") if name == IN_ONE_CELL else [cell]
                values.setdefault(name, []).extend(part.strip() for part in parts if part.strip())
        yield FeedRow(line, values)


class _Lines:
    """The lines of a body with their numbers; lines that were taken too early can be put back."""

    def __init__(self, body: Spool) -> None:
        self._file = body.rewind()
        self._number = 0
        self._back: deque[tuple[int, str]] = deque()

    def take(self) -> tuple[int, str] | None:
        """The next line; of one that is too long, only the beginning."""
        if self._back:
            return self._back.popleft()
        line = rest = self._file.readline(MAX_LINE_BYTES)
        if not line:
            return None
        while len(rest) == MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE_BYTES)
        self._number += 1
        # What is no UTF-8 becomes what can't be stored, so that only its item is lost.
        return self._number, line.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Let the lines be taken again."""
        self._back.extendleft(reversed(lines))


def _records(lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """The values of each record with the number of its first line; blank lines are none.

    Values may be quoted as in CSV and then hold tabs and line breaks. A quote that does not work out is just a quote.
    """
    while first := lines.take():
        number, text = first
        if text and not text.isspace():
            yield number, (_quoted(text, lines) if '"' in text else None) or text.split("\t")


def _quoted(text: str, lines: _Lines) -> list[str] | None:
    """The values of a record with quotes that begins with `text`; None when the quotes make no sense."""
    taken: list[tuple[int, str]] = []
    while True:
        try:
            return next(csv.reader([text], delimiter="\t", strict=True))
        except csv.Error as error:
            still_open = "unexpected end" in str(error)
        while still_open and len(taken) < MAX_CONTINUED and (following := lines.take()):
            taken.append(following)
            text = f"{text}\n{following[1]}"
            if '"' in following[1]:
                break
        else:
            lines.put_back(taken)
            return None
