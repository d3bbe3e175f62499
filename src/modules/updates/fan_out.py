"""Passes over the log of changes: what they did to favourites becomes rows of the feed, in bounded chunks."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Literal, NamedTuple

import psycopg.errors

from src.modules.updates import chunks, passes
from src.modules.updates.chunks import Also, Chunk, ProductFacts
from src.modules.updates.history import read_histories
from src.modules.updates.news import Split
from src.modules.updates.rules import context_key
from src.platform.database import Connection, Database
from src.platform.dynamic_settings import DEFAULT_CURRENCY, read_setting

# One transaction: short enough that whoever waits for its locks or its place on the disk does not notice, long enough
# that what each costs by itself does not count.
FAVOURITES_PER_CHUNK = 20_000
PRODUCTS_PER_CHUNK = 500
# A user who is deleted while a chunk writes takes the chunk with them; the next try does not see them.
TRIES = 5
NOBODY, EVERYBODY = 0, 2**63 - 1

# The planner must know how many facts there are: its guess is ten. Plans for each would be made for each row's foreign
# keys, too, so they are only for statements that are not prepared.
# A session keeps the size of its first temporary table's buffers; imports want the same in the connections they share.
# A chunk that a crash of the server takes back is worked off again, and nobody can have acted on it by then: who claims
# a delivery waits for that to be safe, and so for everything that was committed before.
SET_UP = """
SET LOCAL plan_cache_mode = auto; SET LOCAL temp_buffers = '32MB'; SET LOCAL synchronous_commit = off
"""
# How many favourites each of the products has, up to a chunk's worth for all together.
COUNT = """
SELECT product_id, count(*) FROM (
    SELECT product_id FROM favourite WHERE product_id = ANY(%(products)s::bigint[])
    ORDER BY product_id, user_id LIMIT %(most)s
) AS first GROUP BY product_id ORDER BY product_id
"""
# The user with whom the next chunk of one product ends; no row when all that are left fit.
UNTIL_USER = """
SELECT user_id FROM favourite WHERE product_id = %(product)s AND user_id > %(after_user)s
ORDER BY user_id LIMIT 1 OFFSET %(most)s - 1
"""
_CONTEXT = """
    %(products)s::bigint[], %(price_lists)s::bigint[], %(stock_lists)s::bigint[], %(currencies)s::text[],
    %(contexts)s::bigint[]"""
_FACT = "fact (product_id, price_list, stock_list, currency, context"
_WRITTEN = f"""
unnest({_CONTEXT}, %(prices)s::timestamptz[], %(availables)s::timestamptz[], %(unavailables)s::timestamptz[],
       %(changes)s::timestamptz[])
    AS {_FACT}, price_changed_at, became_available_at, became_unavailable_at, changed_at)"""
# Nobody else writes rows, so those that are there are known, and the others can be inserted without looking again.
INSERT = f"""
INSERT INTO favourite_update (user_id, favourite_id, product_id, context, price_changed_at, became_available_at,
                              became_unavailable_at, changed_at)
SELECT chosen.user_id, chosen.favourite_id, chosen.product_id, fact.context, fact.price_changed_at,
       fact.became_available_at, fact.became_unavailable_at, fact.changed_at
FROM chosen_favourite AS chosen
JOIN {_WRITTEN} ON {chunks.ON_FACT}
WHERE NOT chosen.has_row
"""
UPDATE = f"""
UPDATE favourite_update AS written SET
    context = fact.context, price_changed_at = fact.price_changed_at, became_available_at = fact.became_available_at,
    became_unavailable_at = fact.became_unavailable_at, changed_at = fact.changed_at
FROM chosen_favourite AS chosen
JOIN {_WRITTEN} ON {chunks.ON_FACT}
WHERE chosen.has_row AND written.user_id = chosen.user_id AND written.favourite_id = chosen.favourite_id
"""
# Where this pass changed nothing, what was written in another context is out of date from now on, should the shopper
# ever come back to it; and where nothing is left that ever changed, there is nothing to write.
FORGET = f"""
DELETE FROM favourite_update AS written
USING chosen_favourite AS chosen
JOIN unnest({_CONTEXT}) AS {_FACT})
  ON {chunks.ON_FACT}
WHERE chosen.has_row AND written.user_id = chosen.user_id AND written.favourite_id = chosen.favourite_id
  AND written.context IS DISTINCT FROM fact.context
"""
KEPT = ("products", "price_lists", "stock_lists", "currencies", "contexts")
WRITTEN = (*KEPT, "prices", "availables", "unavailables", "changes")


async def _nothing() -> None:
    pass


async def advance(
    database: Database,
    also: Also,
    *,
    committed: Callable[[], Awaitable[object]] = _nothing,
    budget_s: float = 40,
    favourites_per_chunk: int = FAVOURITES_PER_CHUNK,
) -> bool:
    """Work off the log, one pass after another, until nothing is new; whether that was reached.

    It is not when another worker is at it, or when `budget_s` is over between two chunks: call it again soon. Each
    chunk is a transaction, in which `also` is called with what it works off, and after whose commit `committed` is.
    """
    until, work = monotonic() + budget_s, _Work(also, committed, favourites_per_chunk)
    failed = 0
    while monotonic() < until:
        try:
            state = await work.step(database)
        except psycopg.errors.ForeignKeyViolation:
            failed += 1
            if failed == TRIES:
                raise
            continue
        failed = 0
        if state != "working":
            return state == "nothing"
    return False


class _Selection(NamedTuple):
    """What a chunk consists of: the favourites of these products whose users lie between two."""

    products: Sequence[int]
    after_user: int
    until_user: int
    # Of these nobody has heard yet.
    begun: Sequence[int]

    @property
    def cursor(self) -> tuple[int, int]:
        """Where the next chunk begins."""
        return self.products[-1], 0 if self.until_user == EVERYBODY else self.until_user


class _Work:
    """What one worker keeps from chunk to chunk."""

    def __init__(self, also: Also, committed: Callable[[], Awaitable[object]], most: int) -> None:
        self._also = also
        self._committed = committed
        self._most = most
        self._ahead = passes.Ahead()

    async def step(self, database: Database) -> Literal["working", "another", "nothing"]:
        """Work off a chunk, if there is one, in a transaction of its own."""
        async with database.transaction() as work:
            progress = await passes.take(work.connection)
            if not isinstance(progress, passes.Progress):
                return progress
            selection = await self._select(work.connection, progress)
            if selection is None:
                await passes.finish(work.connection)
            else:
                await self._work_off(work.connection, progress, selection)
                await passes.move(work.connection, *selection.cursor)
                work.after_commit(self._committed)
        return "working"

    async def _select(self, connection: Connection, progress: passes.Progress) -> _Selection | None:
        """The next chunk: many products with few favourites, or a part of one that has many."""
        if progress.user:
            return await self._part(connection, progress.product, progress.user, [])
        products = await self._ahead.after(connection, progress, PRODUCTS_PER_CHUNK)
        if not products:
            return None
        cursor = await connection.execute(COUNT, {"products": products, "most": self._most + 1}, binary=True)
        counts = await cursor.fetchall()
        if sum(count for _, count in counts) <= self._most:
            return _Selection(products, NOBODY, EVERYBODY, products)
        # All of it was not counted for the last one only.
        whole = [product for product in products if product < counts[-1][0]]
        if whole:
            return _Selection(whole, NOBODY, EVERYBODY, whole)
        return await self._part(connection, products[0], NOBODY, products[:1])

    async def _part(self, connection: Connection, product: int, after_user: int, begun: Sequence[int]) -> _Selection:
        values = {"product": product, "after_user": after_user, "most": self._most}
        row = await (await connection.execute(UNTIL_USER, values)).fetchone()
        return _Selection([product], after_user, EVERYBODY if row is None else row[0], begun)

    async def _work_off(self, connection: Connection, progress: passes.Progress, selection: _Selection) -> None:
        chosen = {
            "products": list(selection.products),
            "after_user": selection.after_user,
            "until_user": selection.until_user,
        }
        await connection.execute(SET_UP)
        since = await passes.read_since(connection, progress, selection.products)
        async with connection.pipeline():
            await connection.execute(chunks.CREATE_CHOSEN)
            await connection.execute(chunks.CHOOSE, chosen, prepare=False)
            contexts = await connection.execute(chunks.READ_CONTEXTS, binary=True)
            # What is committed in between is not in the histories, so it may only come to the marks.
            histories = await read_histories(connection, selection.products, since)
            marks = await passes.read_marks(connection, progress, selection.products)
        splits = {product: Split.of(history, marks) for product, history in histories.items()}
        currency = await read_setting(connection, DEFAULT_CURRENCY) if selection.begun else None
        changed = [
            splits[product].news(product, splits[product].sight.context(None, None, currency))
            for product in selection.begun
            if product in splits
        ]
        # Most shoppers are in no segment.
        told = await self._write(
            connection, await contexts.fetchall(), splits, {(each.product_id, each.context): each for each in changed}
        )
        await self._also(connection, Chunk(told, changed, chunks.parameters(told)))

    async def _write(
        self,
        connection: Connection,
        contexts: Iterable[tuple[Any, ...]],
        splits: Mapping[int, Split],
        known: Mapping[tuple[int, int], ProductFacts],
    ) -> list[ProductFacts]:
        """Write the rows of the chosen favourites; what is news about them."""
        told: list[ProductFacts] = []
        written: list[tuple[Any, ...]] = []
        kept: list[tuple[Any, ...]] = []
        have_rows = False
        for product, price_list, stock_list, currency, has_row in contexts:
            have_rows = have_rows or has_row
            split = splits[product]
            context = split.sight.context(price_list or None, stock_list or None, currency or None)
            key = context_key(context)
            news, found = known.get((product, key)) or split.news(product, context), split.facts(context)
            if news.is_news:
                told.append(news)
            place = (product, price_list, stock_list, currency)
            if found is None:
                kept.append((*place, key))
            elif found.changed_at is None:
                kept.append((*place, None))
            else:
                written.append((*place, key, *found, found.changed_at))
        if written:
            values = _arrays(WRITTEN, written)
            if have_rows:
                await connection.execute(UPDATE, values, prepare=False)
            await connection.execute(INSERT, values, prepare=False)
        if kept and have_rows:
            await connection.execute(FORGET, _arrays(KEPT, kept), prepare=False)
        return told


def _arrays(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
