"""The SQL of the stream: what came into the log since a snapshot, and whom of its followers it concerns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from src.modules.updates.freshness import Entry
from src.modules.updates.positions import Snapshot
from src.platform.database import Connection
from src.platform.dynamic_settings import UPDATES_WINDOW_DAYS, sql_value

# So many rows of the log are looked at one by one; for more, those of each favourite are cheaper.
FEW = 2_000
# The order makes the planner, which knows nothing of snapshots, begin at the end of the log.
NOW = """
SELECT pg_current_snapshot()::text, EXISTS (
    SELECT FROM (
        SELECT FROM catalogue_change
        WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot)
        ORDER BY xid LIMIT 1
    ) AS first)
"""
# A row of nulls says that there is too much to go by.
BY_LOG = """
WITH fresh AS MATERIALIZED (
    SELECT product_id, changed_at FROM catalogue_change
    WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot) AND pg_visible_in_snapshot(xid, %(until)s::pg_snapshot)
    ORDER BY xid LIMIT %(few)s
), changed AS MATERIALIZED (
    SELECT product_id, min(changed_at) AS since FROM fresh GROUP BY product_id
)
SELECT NULL, NULL, NULL FROM fresh HAVING count(*) = %(few)s
UNION ALL
SELECT favourite.user_id, changed.product_id, changed.since
FROM changed
JOIN favourite ON favourite.product_id = changed.product_id AND favourite.user_id = ANY(%(users)s::bigint[])
WHERE (SELECT count(*) FROM fresh) < %(few)s
"""
# What changed before the window is no update any more.
BY_FAVOURITES = f"""
SELECT favourite.user_id, favourite.product_id, fresh.since
FROM unnest(%(users)s::bigint[]) AS asked (user_id)
JOIN favourite ON favourite.user_id = asked.user_id
CROSS JOIN LATERAL (
    SELECT min(changed_at) AS since FROM catalogue_change AS change
    WHERE change.product_id = favourite.product_id
      AND change.changed_at > now() - ({sql_value(UPDATES_WINDOW_DAYS)})::int * interval '1 day'
      AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot) AND pg_visible_in_snapshot(xid, %(until)s::pg_snapshot)
) AS fresh
WHERE fresh.since IS NOT NULL
"""
ENTRIES = """
SELECT change.product_id, change.xid::text, change.kind,
       CASE change.kind WHEN 'price' THEN change.old_price IS NULL OR change.new_price IS NULL
                        ELSE change.old_available IS NULL OR change.new_available IS NULL END,
       change.changed_at
FROM unnest(%(products)s::bigint[], %(sinces)s::timestamptz[]) AS asked (product_id, since)
JOIN catalogue_change AS change ON change.product_id = asked.product_id AND change.changed_at >= asked.since
WHERE pg_visible_in_snapshot(change.xid, %(until)s::pg_snapshot)
"""
HOLDERS = "SELECT digest, user_id, scopes FROM shopper WHERE digest = ANY(%s)"


class Holder(NamedTuple):
    """Whom a credential stands for, and what it may be used for."""

    user_id: int
    scopes: Sequence[str]


class Touched(NamedTuple):
    """Which products among the favourites of which users changed, and what the log says of them."""

    products: Mapping[int, Sequence[int]]
    entries: Mapping[int, Sequence[Entry]]


async def now(connection: Connection, seen: Snapshot) -> tuple[Snapshot, bool]:
    """The present snapshot, and whether it sees anything in the log that `seen` does not."""
    row = await (await connection.execute(NOW, {"seen": str(seen)})).fetchone()
    assert row is not None  # noqa: S101  (it selects from nothing)
    return Snapshot.parse(row[0]), row[1]


async def touched(connection: Connection, users: Sequence[int], seen: Snapshot, until: Snapshot) -> Touched:
    """What came into the log after `seen` and not after `until` that is about favourites of these users."""
    values = {"users": sorted(users), "seen": str(seen), "until": str(until), "few": FEW}
    rows = await (await connection.execute(BY_LOG, values)).fetchall()
    if rows and rows[0][0] is None:
        rows = await (await connection.execute(BY_FAVOURITES, values)).fetchall()
    products: dict[int, list[int]] = {}
    sinces: dict[int, datetime] = {}
    for user_id, product_id, since in rows:
        products.setdefault(user_id, []).append(product_id)
        sinces[product_id] = since
    return Touched(products, await _entries(connection, sinces, until) if sinces else {})


async def _entries(connection: Connection, sinces: Mapping[int, datetime], until: Snapshot) -> dict[int, list[Entry]]:
    values = {"products": [*sinces], "sinces": [*sinces.values()], "until": str(until)}
    entries: dict[int, list[Entry]] = {}
    for product_id, xid, *rest in await (await connection.execute(ENTRIES, values)).fetchall():
        entries.setdefault(product_id, []).append(Entry(int(xid), *rest))
    return entries


async def holders(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, Holder]:
    """Whom those of these credentials stand for that are still valid."""
    rows = await (await connection.execute(HOLDERS, (list(digests),))).fetchall()
    return {digest: Holder(user_id, scopes) for digest, user_id, scopes in rows}
