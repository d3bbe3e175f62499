"""What was told long ago: partitions of deliveries as a whole, and row by row what is in none of a time of its own."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from src.platform.database import Connection, Database
from src.platform.dynamic_settings import DELIVERY_DAYS, read_setting
from src.platform.errors import ServiceUnavailable
from src.platform.partitions import Partition, Partitioned, drop_locked, lock_partition, make_ahead, partitions_of

DELIVERIES = Partitioned("delivery", "occurred_at", weeks=4, ahead=2, fillfactor=80)
AT_ONCE = 1000
LOOKED_AT_ONCE = 50_000
# What happened in a partition is told within days. If something holds it up for longer, say what was replayed much
# later, the other rows don't wait for it.
PATIENCE_DAYS = 28

IS_OVER = """
CASE WHEN status IN ('sent', 'dead', 'dropped') THEN finished_at < now() - %(days)s * interval '1 day'
     -- Nobody came for it: its channel is not set up.
     ELSE status = 'due' AND created_at < now() - %(days)s * interval '1 day' AND due_at < now() - interval '1 day' END
"""
# By id, which old deliveries have the least of: there is no index by age, which every delivery would pay for.
OLDEST = f"""
SELECT id, created_at < now() - %(days)s * interval '1 day', {IS_OVER}
FROM {{partition}} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
"""
FORGET = "DELETE FROM {partition} WHERE id = ANY(%s) AND status <> 'sending'"
IS_OLD = "SELECT %s::timestamptz < now() - %s * interval '1 day'"
# The newest first: if anything holds the partition up, it is among them.
NEWEST = f"""
SELECT min(id), max(id), bool_and(is_over IS TRUE) FROM (
    SELECT id, {IS_OVER} AS is_over FROM {{partition}}
    WHERE id < coalesce(%(before)s, 9223372036854775807) ORDER BY id DESC LIMIT %(limit)s
) AS newest
"""
# While everybody waits, only what indexes tell. What was replayed and told again since it was looked at may go.
WITHOUT_SCANS = "SET LOCAL enable_seqscan = off"
HAS_NEWS = f"""
SELECT EXISTS (SELECT FROM {{partition}} WHERE id > %(newest)s)
    OR EXISTS (SELECT FROM {{partition}} WHERE status IN ('due', 'sending') AND ({IS_OVER}) IS NOT TRUE)
"""
FORGET_WISHES = """
DELETE FROM favourite_alert AS wish
WHERE NOT EXISTS (SELECT FROM favourite WHERE favourite.user_id = wish.user_id AND favourite.id = wish.favourite_id)
"""


async def make_delivery_partitions(database: Database, now: datetime | None = None) -> list[str]:
    """Make the partitions that are missing; the names of those made."""
    return await make_ahead(database, DELIVERIES, now)


async def forget_deliveries(database: Database) -> None:
    """Forget what was finished long enough ago: old partitions as a whole, all else in small transactions."""
    async with database.read() as connection:
        days = await read_setting(connection, DELIVERY_DAYS)
        partitions = await partitions_of(connection, DELIVERIES.table)
    # The table itself, while it has none.
    for partition in partitions or [Partition(DELIVERIES.table, DELIVERIES.table, None, None)]:
        # Somebody may be at work for longer than it may wait: next time.
        with contextlib.suppress(ServiceUnavailable):
            await _forget(database, partition, days)
    async with database.transaction() as work:
        await work.connection.execute(FORGET_WISHES)


async def _forget(database: Database, partition: Partition, days: int) -> None:
    if await _is_old(database, partition, days) and await _drop(database, partition, days):
        return
    if partition.begins is None or await _is_old(database, partition, days + PATIENCE_DAYS):
        await _forget_rows(database, partition, days)


async def _is_old(database: Database, partition: Partition, days: int) -> bool:
    async with database.read() as connection:
        return bool(await _value(connection, IS_OLD, (partition.ends, days)))


async def _drop(database: Database, partition: Partition, days: int) -> bool:
    """Drop a partition if all of it is over; whether it was."""
    newest = await _newest_if_over(database, partition, days)
    if newest is None:
        return False
    async with database.transaction() as work:
        await lock_partition(work.connection, partition)
        await work.connection.execute(WITHOUT_SCANS)
        has_news = HAS_NEWS.format(partition=partition.name)
        if await _value(work.connection, has_news, {"days": days, "newest": newest}):
            return False
        await drop_locked(work.connection, partition)
    return True


async def _newest_if_over(database: Database, partition: Partition, days: int) -> int | None:
    """The last id of a partition, 0 if it is empty; None if anything in it is not over."""
    statement, before, last = NEWEST.format(partition=partition.name), None, 0
    while True:
        values = {"days": days, "before": before, "limit": LOOKED_AT_ONCE}
        async with database.read() as connection:
            row = await (await connection.execute(statement.encode(), values)).fetchone()
        if row is None or row[0] is None:
            return last
        before, newest, is_over = row
        if not is_over:
            return None
        last = max(last, newest)


async def _forget_rows(database: Database, partition: Partition, days: int) -> None:
    after: int | None = 0
    while after is not None:
        async with database.transaction() as work:
            after = await _forget_some(work.connection, partition, days, after)


async def _forget_some(connection: Connection, partition: Partition, days: int, after: int) -> int | None:
    """Delete what is over among the next deliveries; the last id, None at the end."""
    values = {"days": days, "after": after, "limit": AT_ONCE}
    rows = await (await connection.execute(OLDEST.format(partition=partition.name).encode(), values)).fetchall()
    gone = [delivery for delivery, _, is_over in rows if is_over]
    if gone:
        await connection.execute(FORGET.format(partition=partition.name).encode(), (gone,))
    return rows[-1][0] if len(rows) == AT_ONCE and rows[-1][1] else None


async def _value(connection: Connection, statement: str, values: Sequence[object] | Mapping[str, object]) -> object:
    row = await (await connection.execute(statement.encode(), values)).fetchone()
    return row and row[0]
