"""How many rows there are: kept in the cache with what was seen when they were counted, and told only if still true.

A count is exact as long as no row of the table was written and none was deleted since. That is looked up each time.
"""

import hashlib
import time
from collections.abc import Sequence

import msgspec
from psycopg import AsyncClientCursor

from src.modules.warehouse.cursors import Counted
from src.modules.warehouse.marks import SEEN_NOW, Mark, Now, Snapshot, WrittenMark, system_of
from src.modules.warehouse.questions import Rows
from src.modules.warehouse.wire import ROW
from src.platform.cache import VersionedCache
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.resources import CHANGED_XID, Resource

DIGEST_BYTES = 12
# Counting reads whole tables: more at once would only be in each other's way.
COUNTS_AT_ONCE = 2
GONE = "gone"


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    counted: Counted
    mark: WrittenMark


_READER = msgspec.msgpack.Decoder(_Kept)


class Counts:
    """Counts rows, and remembers the result as long as it is true; one per process and event loop."""

    def __init__(self, database: Database, cache: VersionedCache) -> None:
        self._database = database
        self._cache = cache
        self._checks: Coalescer[Rows, Counted | None] = Coalescer(self._check)
        self._counts: Coalescer[Rows, Counted] = Coalescer(self._count, max_in_flight=COUNTS_AT_ONCE, max_batch=1)

    async def known(self, rows: Rows) -> Counted | None:
        """How many there are, exactly; None if that would have to be counted."""
        return await self._checks.get(rows)

    async def count(self, rows: Rows) -> Counted:
        """How many there are, counted after this call began."""
        return await self._counts.get(rows)

    async def _check(self, batch: Sequence[Rows]) -> Sequence[Counted | None]:
        keys = [_cache_key(rows) for rows in batch]
        kept = {key: _READER.decode(value) for key, value in (await self._cache.get_many(set(keys))).items()}
        if not kept:
            return [None] * len(batch)
        true: dict[str, Counted | None] = {}
        async with self._database.read() as connection:
            for key, rows in zip(keys, batch, strict=True):
                if key in kept and key not in true:
                    true[key] = await _still_true(connection, rows.resource, kept[key])
        return [true.get(key) for key in keys]

    async def _count(self, batch: Sequence[Rows]) -> Sequence[Counted]:
        return [await self._counted(rows) for rows in batch]

    async def _counted(self, rows: Rows) -> Counted:
        condition, values = rows.condition()
        async with self._database.read() as connection:
            system = await system_of(connection)
            cursor = await AsyncClientCursor(connection).execute(
                f'SELECT count(*), {SEEN_NOW} FROM "{rows.resource.table.name}" AS {ROW} WHERE {condition}'.encode(),
                values,
            )
            total, *seen = await cursor.fetchone() or ()
        counted = Counted(total, _now_us())
        mark = Now.read(system, *seen).mark
        self._cache.set_many({_cache_key(rows): msgspec.msgpack.encode(_Kept(counted, mark.written()))})
        return counted


async def _still_true(connection: Connection, resource: Resource, kept: _Kept) -> Counted | None:
    then: Mark = kept.mark.read()
    label, _, model = resource.content_type.partition(".")
    since = then.snapshot
    cursor = await AsyncClientCursor(connection).execute(
        f"""
        SELECT NOT {_written(resource, since)} AND ({_none_newer("deleted_item", GONE, since)} OR NOT EXISTS (
                   SELECT FROM deleted_item AS {GONE} WHERE {since.unseen(GONE)} AND content_type_id = (
                       SELECT id FROM content_type WHERE (app_label, model) = (%s, %s)))),
               {SEEN_NOW}
        """.encode(),
        (label, model),
    )
    unchanged, *seen = await cursor.fetchone() or ()
    now = Now.read(await system_of(connection), *seen).mark
    # What was counted on the primary may not have come to a replica yet.
    if not unchanged or now.system != then.system or since.xmax > now.snapshot.xmax:
        return None
    return Counted(kept.counted.total, _now_us())


def _written(resource: Resource, since: Snapshot) -> str:
    table = str(resource.table.name)
    exists = f'EXISTS (SELECT FROM "{table}" AS {ROW} WHERE {since.unseen()})'
    changes = [index for index in resource.table.indexes if CHANGED_XID in index.columns]
    if any(index.dialect_options["postgresql"]["using"] == "brin" for index in changes):
        return exists
    return f"(NOT {_none_newer(table, ROW, since)} AND {exists})"


def _none_newer(table: str, alias: str, since: Snapshot) -> str:
    # The last entry of the index, whatever the planner believes of the others.
    return f'coalesce((SELECT max({alias}.{CHANGED_XID}) FROM "{table}" AS {alias}) < {since.xmin}, true)'


def _cache_key(rows: Rows) -> str:
    return f"warehouse-count:{hashlib.blake2b(rows.key.encode(), digest_size=DIGEST_BYTES).hexdigest()}"


def _now_us() -> int:
    return time.time_ns() // 1000
