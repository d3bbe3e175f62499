"""A page of a resource: its rows, how many there are, where it goes on, and what it saw (docs/adr/0013)."""

from dataclasses import dataclass, replace

from src.modules.warehouse.counts import Counts
from src.modules.warehouse.cursors import CURSOR, Counted, write_cursor
from src.modules.warehouse.marks import CHANGED_AFTER, Mark, Now
from src.modules.warehouse.queries import Fetched, fetch, fetch_changed
from src.modules.warehouse.questions import Question, digest
from src.platform.cache import VersionedCache
from src.platform.database import Connection, Database
from src.platform.errors import NotFound


@dataclass(frozen=True)
class Found:
    """The answer to a question. `rows` is JSON with commas between; `cursor` is None on the last page.

    The count was true at `counted.at`; `exact` if that was during this request. A pull that begins after `mark`
    brings whatever changes after the first page.
    """

    rows: bytes
    counted: Counted
    exact: bool
    cursor: str | None
    mark: Mark


class Warehouse:
    """Reads resources; one per process and event loop."""

    def __init__(self, database: Database, cache: VersionedCache) -> None:
        """`database` may be a replica."""
        self._database = database
        self._counts = Counts(database, cache)

    async def find(self, question: Question) -> Found:
        """A page; raises NotFound behind the last one, InvalidFields for marks and cursors of another database."""
        counted = await self._counts.known(question.rows)
        cursor, page = question.cursor, question.page
        if counted is not None and cursor is None and page.past_end(counted.total):
            raise NotFound
        async with self._database.read() as connection:
            fetched, among_changed, mark = await _fetch(connection, question)
        if not fetched.number and page.number > 1 and cursor is None:
            raise NotFound
        exact = counted is not None or cursor is None
        if counted is None:
            counted = cursor.counted if cursor else await self._counts.count(question.rows)
        following = None
        if fetched.more:
            query = digest(question.rows, question.keys)
            following = write_cursor(query, fetched.last, among_changed, mark, counted)
        return Found(fetched.body, counted, exact, following, mark)


async def _fetch(connection: Connection, question: Question) -> tuple[Fetched, bool, Mark]:
    """The rows of a page, whether the last of them is one that changed since the first page, and that page's mark."""
    cursor = question.cursor
    if cursor and cursor.among_changed:
        fetched = await fetch_changed(connection, question, cursor.mark.snapshot, question.page.limit, cursor)
        _check(fetched.now, question)
        return fetched, True, cursor.mark
    fetched = await fetch(connection, question)
    _check(fetched.now, question)
    mark = cursor.mark if cursor else fetched.now.mark
    # The first page has seen everything, but for what a replica is not sure of.
    if fetched.more or not question.moves or not (cursor or fetched.now.on_replica):
        return fetched, False, mark
    room = question.page.limit - fetched.number
    changed = await fetch_changed(connection, question, mark.snapshot, room, None)
    if not room:
        return replace(fetched, more=bool(changed.more)), False, mark
    body = b",".join(part for part in (fetched.body, changed.body) if part)
    return replace(changed, body=body, number=fetched.number + changed.number), True, mark


def _check(now: Now, question: Question) -> None:
    if question.rows.changed_after:
        now.check(question.rows.changed_after, CHANGED_AFTER)
    if question.cursor:
        now.check(question.cursor.mark, CURSOR)
