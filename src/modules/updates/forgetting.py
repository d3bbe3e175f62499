"""What is too old for anybody: rows of the feed beyond its window, and the log beyond what prior prices need."""

import contextlib

from src.modules.catalogue import log_partitions
from src.modules.updates.rules import PRIOR_PRICE_PERIOD
from src.platform.database import Database
from src.platform.dynamic_settings import CHANGE_LOG_DAYS, UPDATES_WINDOW_DAYS, sql_value
from src.platform.errors import ServiceUnavailable
from src.platform.partitions import Partition, drop_locked, lock_partition

AT_ONCE = 5000

_WINDOW = f"({sql_value(UPDATES_WINDOW_DAYS)})::int"
# A favourite without a row is looked up in the log, so a row is only worth its place while it may be shown.
FORGET_ROWS = f"""
DELETE FROM favourite_update WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM favourite_update
    WHERE changed_at < now() - make_interval(days => {_WINDOW} + 1) LIMIT {AT_ONCE}))
"""
# Before the oldest reduction that may be shown lie the days whose lowest price is told with it. Nothing is forgotten
# before a pass has seen it.
_TOO_OLD = f"""now() - make_interval(days => greatest(
    ({sql_value(CHANGE_LOG_DAYS)})::int, {_WINDOW} + {PRIOR_PRICE_PERIOD.days + 1}))"""
_DONE = "(SELECT done FROM update_progress)"
IS_TOO_OLD = f"SELECT %s::timestamptz < {_TOO_OLD}"
HAS_NEWS = f"""
SELECT EXISTS (
    SELECT FROM {{partition}} WHERE xid >= pg_snapshot_xmin({_DONE}) AND NOT pg_visible_in_snapshot(xid, {_DONE}))
"""
# In the order of the key, which is about that of time.
FORGET_LOG = f"""
DELETE FROM {{partition}} WHERE (xid, id) IN (
    SELECT xid, id FROM (SELECT xid, id, changed_at FROM {{partition}} ORDER BY xid, id LIMIT {AT_ONCE}) AS oldest
    WHERE changed_at < {_TOO_OLD} AND pg_visible_in_snapshot(xid, {_DONE}))
"""


async def forget_old(database: Database) -> None:
    """Forget what is too old: weeks of the log as a whole, all else in small transactions."""
    await database.delete_in_pieces(AT_ONCE, FORGET_ROWS)
    with contextlib.suppress(ServiceUnavailable):  # somebody is at work for longer than it may wait: next time
        await _drop_weeks(database)
    for partition in await _partitions(database):
        if partition.begins is None:
            await database.delete_in_pieces(AT_ONCE, FORGET_LOG.format(partition=partition.name))


async def _partitions(database: Database) -> list[Partition]:
    async with database.read() as connection:
        return await log_partitions(connection)


async def _drop_weeks(database: Database) -> None:
    """Drop what is too old as a whole, and what of it a pass has seen."""
    for partition in await _partitions(database):
        async with database.transaction() as work:
            connection = work.connection
            if await (await connection.execute(IS_TOO_OLD, (partition.ends,))).fetchone() != (True,):
                continue
            # Whoever has written to it and not committed yet is waited for, and seen then.
            await lock_partition(connection, partition)
            has_news = HAS_NEWS.format(partition=partition.name)
            if await (await connection.execute(has_news.encode())).fetchone() == (False,):
                await drop_locked(connection, partition)
