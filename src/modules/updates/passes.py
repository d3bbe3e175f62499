"""How far the log of changes has been worked off: the one row that a pass holds, and what it still has to do.

The row is locked while a chunk is worked off and moved in the same transaction, so that of several workers one works,
and that a kill anywhere loses no more than the chunk under way.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from src.modules.updates.news import Marks
from src.modules.updates.rules import GRACE
from src.platform.database import Connection
from src.platform.dynamic_settings import UPDATES_WINDOW_DAYS, sql_value

# So many ids of changed products are kept in memory at once.
AHEAD = 50_000

_IS_FOREIGN = "pg_snapshot_xmax(done) > pg_snapshot_xmax(pg_current_snapshot())"
LOCK = f"""
SELECT done::text, pass_until::text, product_cursor, user_cursor, {_IS_FOREIGN}
FROM update_progress FOR UPDATE SKIP LOCKED
"""
# The row that is locked may be newer than the snapshot that it was found with, when another worker has just moved it;
# so this is asked again with one from after the lock.
IS_FOREIGN = f"SELECT FROM update_progress WHERE {_IS_FOREIGN}"
# A dump that was restored into a cluster that has not come so far brings ids of transactions that are still to come
# here: what is written from now on would seem to be done. 3 is the first id that there is.
ADOPT_LOG = """
SET LOCAL statement_timeout = 0;
UPDATE catalogue_change AS change
SET xid = CASE WHEN pg_visible_in_snapshot(change.xid, done) AND changed_at <= advanced_at
               THEN '3'::xid8 ELSE pg_current_xact_id() END
FROM update_progress
"""
ADOPT_PROGRESS = "UPDATE update_progress SET done = '4:4:', pass_until = NULL"
# The rows that a pass begins with; xid leads the log's key.
_NOT_DONE = "change.xid >= pg_snapshot_xmin({done}) AND NOT pg_visible_in_snapshot(change.xid, {done})"
BEGIN = f"""
UPDATE update_progress SET pass_until = pg_current_snapshot(), product_cursor = 0, user_cursor = 0
WHERE EXISTS (SELECT FROM catalogue_change AS change WHERE {_NOT_DONE.format(done="done")})
RETURNING done::text, pass_until::text, product_cursor, user_cursor
"""
# Nothing is new: everything that this statement sees is done, so what a long transaction kept open may be closed.
CATCH_UP = f"""
UPDATE update_progress SET done = pg_current_snapshot(), advanced_at = now()
WHERE pass_until IS NULL AND pg_snapshot_xmax(done) < pg_snapshot_xmax(pg_current_snapshot())
  AND NOT EXISTS (SELECT FROM catalogue_change AS change WHERE {_NOT_DONE.format(done="done")})
"""
MOVE = "UPDATE update_progress SET product_cursor = %s, user_cursor = %s, advanced_at = now()"
FINISH = "UPDATE update_progress SET done = pass_until, pass_until = NULL, advanced_at = now()"
_IN_PASS = f"""{_NOT_DONE.format(done="%(done)s::pg_snapshot")}
    AND pg_visible_in_snapshot(change.xid, %(until)s::pg_snapshot)"""
CHANGED = f"""
SELECT DISTINCT product_id FROM catalogue_change AS change
WHERE {_IN_PASS} AND product_id > %(after)s ORDER BY product_id LIMIT {AHEAD}
"""
MARKS = f"""
SELECT id, pg_visible_in_snapshot(change.xid, %(until)s::pg_snapshot) FROM catalogue_change AS change
WHERE product_id = ANY(%(products)s::bigint[]) AND {_NOT_DONE.format(done="%(done)s::pg_snapshot")}
"""
# Facts that are older than the window are shown to nobody; what a pass is late with is read however old it is.
SINCE = f"""
SELECT least(now() - make_interval(days => ({sql_value(UPDATES_WINDOW_DAYS)})::int) - %(grace)s::interval,
             min(changed_at) - interval '1 microsecond')
FROM catalogue_change AS change
WHERE product_id = ANY(%(products)s::bigint[]) AND {_NOT_DONE.format(done="%(done)s::pg_snapshot")}
"""


class Progress(NamedTuple):
    """A pass under way: the snapshots between which it works, and what of it is done.

    Done are all products up to `product`; while `user` is not 0, of that product only its favourites up to that user.
    """

    done: str
    until: str
    product: int
    user: int


async def take(connection: Connection) -> Progress | Literal["another", "nothing"]:
    """Lock the pass under way, or begin one, until the transaction ends.

    Otherwise tells that another worker has it, or that there is nothing to begin one for.
    """
    row = await (await connection.execute(LOCK)).fetchone()
    if row is None:
        return "another"
    *progress, may_be_foreign = row
    if may_be_foreign and await (await connection.execute(IS_FOREIGN)).fetchone() is not None:
        await connection.execute(ADOPT_LOG)
        await connection.execute(ADOPT_PROGRESS)
        return await take(connection)
    if progress[1] is None:
        progress = list(await (await connection.execute(BEGIN)).fetchone() or ())
    if not progress:
        await connection.execute(CATCH_UP)
        return "nothing"
    return Progress(*progress)


async def move(connection: Connection, product: int, user: int) -> None:
    """Let the pass go on after this product, or after this user within it."""
    await connection.execute(MOVE, (product, user))


async def finish(connection: Connection) -> None:
    """End the pass: everything up to its snapshot is done."""
    await connection.execute(FINISH)


async def read_marks(connection: Connection, progress: Progress, products: Sequence[int]) -> Marks:
    """Which rows about these products are the pass's, and which come later."""
    values = {"done": progress.done, "until": progress.until, "products": list(products)}
    rows = await (await connection.execute(MARKS, values, binary=True)).fetchall()
    return Marks({each for each, passed in rows if passed}, {each for each, passed in rows if not passed})


async def read_since(connection: Connection, progress: Progress, products: Sequence[int]) -> datetime:
    """The time after which the pass needs to know what the log says about these products."""
    values = {"done": progress.done, "products": list(products), "grace": GRACE}
    row = await (await connection.execute(SINCE, values, binary=True)).fetchone()
    assert row is not None  # noqa: S101  (an aggregate has one row)
    since: datetime = row[0]
    return since


class Ahead:
    """The changed products that a pass has still to come to, read a stretch at a time."""

    def __init__(self) -> None:
        self._until = ""
        self._products: list[int] = []

    async def after(self, connection: Connection, progress: Progress, limit: int) -> list[int]:
        """The next products after the pass's cursor, in order; none when it is through."""
        if self._until != progress.until:
            self._until, self._products = progress.until, []
        begin = bisect_right(self._products, progress.product)
        if begin == len(self._products):
            values = {"done": progress.done, "until": progress.until, "after": progress.product}
            rows = await (await connection.execute(CHANGED, values, binary=True)).fetchall()
            self._products, begin = [product for (product,) in rows], 0
        return self._products[begin : begin + limit]
