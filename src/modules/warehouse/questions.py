"""A query of a resource, read and checked: which rows, in which order, and which page of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from src.modules.warehouse.cursors import CURSOR, DIGEST_BYTES, Cursor, read_cursor
from src.modules.warehouse.marks import CHANGED_AFTER, SETTLED, Mark, read_mark
from src.modules.warehouse.parameters import (
    SORT,
    Filters,
    Part,
    SortKey,
    order_by,
    read_filters,
    read_sort,
)
from src.platform.paging import Page, read_page
from src.platform.resources import ID, Resource

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
OF_PAGES = frozenset({"page", "limit", CURSOR})


@dataclass(frozen=True)
class Rows:
    """Which rows of a resource are meant: those that changed after a mark, say."""

    resource: Resource
    filters: Filters
    changed_after: Mark | None

    @cached_property
    def key(self) -> str:
        """A text that two queries share only if they mean the same rows."""
        return f"{self.resource.path}?{self.filters.told}&{self.changed_after or ''}"

    def condition(self) -> Part:
        """The SQL condition on them, with the values of its places."""
        condition, values = self.filters.condition()
        if self.changed_after:
            condition += f" AND {self.changed_after.snapshot.unseen()} AND {SETTLED}"
        return condition, values


@dataclass(frozen=True)
class Question:
    """A page of the rows in an order; where there is a cursor, it decides and the number of the page is a label."""

    rows: Rows
    keys: tuple[SortKey, ...]
    page: Page
    cursor: Cursor | None

    @property
    def moves(self) -> bool:
        """Whether rows may change their place in the order while they are read."""
        return self.keys[0].field.name != ID and self.rows.changed_after is None


def digest(rows: Rows, keys: tuple[SortKey, ...]) -> bytes:
    """What a cursor belongs to."""
    told = f"{rows.key} {order_by(keys)}"
    return hashlib.blake2b(told.encode(), digest_size=DIGEST_BYTES).digest()


def read_rows(query: Mapping[str, str], resource: Resource) -> tuple[Rows, tuple[SortKey, ...]]:
    """The rows that `query` means and their order, everything in it being about that; raises InvalidFields."""
    about_rows = {name: text for name, text in query.items() if name not in (SORT, CHANGED_AFTER)}
    filters = read_filters(about_rows, resource)
    keys = read_sort(query.get(SORT), resource)
    mark = query.get(CHANGED_AFTER)
    return Rows(resource, filters, None if mark is None else read_mark(mark)), keys


def read_question(query: Mapping[str, str], resource: Resource) -> Question:
    """The page that `query` asks for; raises InvalidFields."""
    rows, keys = read_rows({name: text for name, text in query.items() if name not in OF_PAGES}, resource)
    page = read_page(query, max_limit=MAX_LIMIT, clamp=False, default=DEFAULT_LIMIT)
    cursor = query.get(CURSOR)
    return Question(rows, keys, page, None if cursor is None else read_cursor(cursor, digest(rows, keys), keys))
