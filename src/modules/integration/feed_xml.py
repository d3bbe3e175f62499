"""Product feeds as RSS, RDF or Atom, read as they come: nothing but the item at hand is kept.

A document type is refused, and with it every entity that is not XML's own: nothing is expanded and nothing fetched.
"""

from collections.abc import Iterator
from typing import Never
from xml.parsers import expat

from src.modules.integration.errors import NoFeed
from src.modules.integration.feed_rows import FeedRow, attribute
from src.modules.integration.spool import Spool

PIECE_BYTES = 32 * 1024
GOOGLE = "http://base.google.com/ns/1.0"
ATOM = "http://www.w3.org/2005/Atom"
ROOTS = frozenset({"rss", "rdf", "feed"})
ITEMS = frozenset({"item", "entry"})
MAX_DEPTH = 50
# Of one item; and of one tag, which the parser keeps until it has read all of it.
MAX_ITEM_CHARS = 1024 * 1024
MAX_TAG_BYTES = 1024 * 1024


def xml_items(body: Spool) -> Iterator[FeedRow]:
    """The items of a feed; raises NoFeed when it is no XML, no feed or has a document type."""
    reader = _Reader()
    sent = 0
    try:
        for piece in body.pieces(PIECE_BYTES):
            reader.parser.Parse(piece, False)
            sent += len(piece)
            if sent - reader.parser.CurrentByteIndex > MAX_TAG_BYTES:
                raise NoFeed
            yield from reader.taken()
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two for encodings that it does not know
        raise NoFeed from error
    yield from reader.taken()


class _Reader:
    """Follows the elements of a document and gathers the values of its items."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self._items: list[FeedRow] = []
        self._depth = 0
        self._item_depth = 0  # 0 outside of items
        self._line = 0
        self._values: dict[str, list[str]] = {}
        self._own: dict[str, list[str]] = {}
        self._texts: list[str] = []
        self._chars = 0

    def taken(self) -> list[FeedRow]:
        """The items that have been read since the last call."""
        items, self._items = self._items, []
        return items

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = name.rpartition(" ")[2]
        if self._depth > MAX_DEPTH or (self._depth == 1 and local.lower() not in ROOTS):
            raise NoFeed
        if not self._item_depth:
            if local in ITEMS:
                self._item_depth = self._depth
                self._line = self.parser.CurrentLineNumber
                self._values, self._own, self._chars = {}, {}, 0
        elif self._depth == self._item_depth + 1:
            self._texts = []
            # Atom's links are attributes.
            if name == f"{ATOM} link" and attributes.get("rel", "alternate") == "alternate":
                self._own.setdefault("link", []).append(attributes.get("href", ""))

    def _text(self, text: str) -> None:
        # Whatever is nested deeper belongs to a group of attributes that is of no use here.
        if self._item_depth and self._depth == self._item_depth + 1:
            self._chars += len(text)
            if self._chars <= MAX_ITEM_CHARS:
                self._texts.append(text)

    def _end(self, name: str) -> None:
        if self._item_depth and self._depth == self._item_depth + 1:
            text = "".join(self._texts).strip()
            namespace, _, local = name.rpartition(" ")
            if text:
                # What the feed says of itself in RSS or Atom counts where Google's own attribute is missing.
                values = self._values if namespace == GOOGLE else self._own
                values.setdefault(attribute(local), []).append(text)
            self._texts = []
        elif self._depth == self._item_depth:
            fault = "is too long" if self._chars > MAX_ITEM_CHARS else None
            self._items.append(FeedRow(self._line, {**self._own, **self._values}, fault))
            self._item_depth = 0
        self._depth -= 1


def _refuse(*_: object) -> Never:
    raise NoFeed
