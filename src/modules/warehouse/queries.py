"""The statements that show a page; each tells also what it saw, so that the next page can go on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import AsyncClientCursor, AsyncCursor
from psycopg.rows import TupleRow

from src.modules.warehouse.cursors import Cursor
from src.modules.warehouse.marks import SEEN_NOW, SETTLED, Now, Snapshot, system_of
from src.modules.warehouse.parameters import Part, SortKey, order_by
from src.modules.warehouse.questions import Question
from src.modules.warehouse.wire import ROW, row_json
from src.platform.database import Connection
from src.platform.resources import Resource

# Texts of statements that are kept, because most pages have the same.
STATEMENTS = 512


@dataclass(frozen=True)
class Fetched:
    """Rows of a page: their JSON with commas between, how many there are, and the sort keys of the last one.

    `more` if others follow; what the statement saw is in `now`.
    """

    body: bytes
    number: int
    last: tuple[str | None, ...]
    more: bool
    now: Now


async def fetch(connection: Connection, question: Question) -> Fetched:
    """The rows of the page, in the order asked for; without those that changed since the first page."""
    rows, cursor = question.rows, question.cursor
    conditions = [rows.condition()]
    if cursor is not None:
        if question.moves or rows.changed_after is not None:
            conditions.append((cursor.mark.snapshot.seen(), []))
        conditions.append(after(question.keys, cursor.last))
    elif question.moves:
        conditions.append((SETTLED, []))
    limit, offset = question.page.limit, 0 if cursor else question.page.offset
    statement = _page(rows.resource, question.keys, conditions, limit, offset)
    # The plan of a plain page is always the same and may be kept. Others depend on their values, which are put in.
    plain = len(question.keys) == 1 and not (offset or rows.filters.bounds or rows.changed_after)
    return await _fetched(connection.cursor() if plain else AsyncClientCursor(connection), statement, limit)


async def fetch_changed(
    connection: Connection, question: Question, since: Snapshot, limit: int, cursor: Cursor | None
) -> Fetched:
    """The rows that changed since the first page, by id, each in its newest state, after the place of the cursor."""
    by_id = question.keys[-1:]
    conditions = [question.rows.condition(), (since.unseen(), [])]
    if cursor is not None:
        conditions.append(after(by_id, cursor.last))
    statement = _page(question.rows.resource, by_id, conditions, limit, 0)
    return await _fetched(AsyncClientCursor(connection), statement, limit)


async def _fetched(cursor: AsyncCursor[TupleRow], statement: Part, limit: int) -> Fetched:
    system = await system_of(cursor.connection)
    text, values = statement
    await cursor.execute(text.encode(), values)
    snapshot, on_replica, timeline, body, number, *last = await cursor.fetchone() or ()
    now = Now.read(system, snapshot, on_replica, timeline)
    return Fetched((body or "").encode(), min(number, limit), tuple(last), number > limit, now)


def _page(resource: Resource, keys: tuple[SortKey, ...], conditions: Sequence[Part], limit: int, offset: int) -> Part:
    statement = _statement(resource, keys, " AND ".join(text for text, _ in conditions), limit, offset)
    return statement, [value for _, part in conditions for value in part]


@lru_cache(STATEMENTS)
def _statement(resource: Resource, keys: tuple[SortKey, ...], wanted: str, limit: int, offset: int) -> str:
    source = f'"{resource.table.name}" AS {ROW}'
    order = order_by(keys)
    if offset:
        # The rows that are passed over are only counted, in an index if there is one in this order.
        passed = f"SELECT {ROW}.id FROM {source} WHERE {wanted} ORDER BY {order} OFFSET {offset} LIMIT {limit + 1}"
        chosen = f"SELECT {ROW}.* FROM {source} WHERE {ROW}.id = ANY (ARRAY ({passed})) ORDER BY {order}"
    else:
        chosen = f"SELECT {ROW}.* FROM {source} WHERE {wanted} ORDER BY {order} LIMIT {limit + 1}"
    values = "".join(f", ({key.expression})::text AS key_{place}" for place, key in enumerate(keys))
    # One row more than is shown was fetched, to see if there is one.
    last = "".join(f", max(key_{place}) FILTER (WHERE place = {limit})" for place, _ in enumerate(keys))
    return f"""
SELECT {SEEN_NOW}, page.* FROM (
    SELECT string_agg(body, ',' ORDER BY place) FILTER (WHERE place <= {limit}), count(*){last}
    FROM (SELECT row_number() OVER () AS place, {row_json(resource)} AS body{values} FROM ({chosen}) AS {ROW}) AS shown
) AS page"""


def after(keys: Sequence[SortKey], values: Sequence[Any]) -> Part:
    """The condition on rows that come after the one whose keys have these values."""
    columns = [key.expression for key in keys]
    ways = {key.descending for key in keys}
    if len(ways) == 1 and not any(key.field.column.nullable for key in keys):
        # In a form that an index on these columns understands.
        places = ", ".join(["%s"] * len(keys))
        return f"({', '.join(columns)}) {'<' if ways == {True} else '>'} ({places})", list(values)
    condition, told = _beyond(keys[-1], values[-1])
    for key, value in reversed(list(zip(keys[:-1], values[:-1], strict=True))):
        beyond, passed = _beyond(key, value)
        if value is None:
            condition = f"({beyond} OR ({key.expression} IS NULL AND {condition}))"
        else:
            condition = f"({beyond} OR ({key.expression} = %s AND {condition}))"
            passed = [*passed, value]
        told = [*passed, *told]
    first, value = keys[0], values[0]
    if value is not None and not first.field.column.nullable:
        # So that an index on the first key alone helps as well.
        condition = f"({first.expression} {'<=' if first.descending else '>='} %s AND {condition})"
        told = [value, *told]
    return condition, told


def _beyond(key: SortKey, value: Any) -> Part:
    """The condition on rows whose key comes after the value; nulls are the greatest."""
    if key.descending:
        if value is None:
            return f"{key.expression} IS NOT NULL", []
        return f"{key.expression} < %s", [value]
    if value is None:
        return "false", []
    nulls = f" OR {key.expression} IS NULL" if key.field.column.nullable else ""
    return f"({key.expression} > %s{nulls})", [value]
