"""What is too old for anybody: rows of the feed beyond its window, and the log beyond what prior prices need."""

from src.modules.updates.rules import PRIOR_PRICE_PERIOD
from src.platform.database import Database
from src.platform.dynamic_settings import CHANGE_LOG_DAYS, UPDATES_WINDOW_DAYS, sql_value

AT_ONCE = 5000

_WINDOW = f"({sql_value(UPDATES_WINDOW_DAYS)})::int"
# A favourite without a row is looked up in the log, so a row is only worth its place while it may be shown.
FORGET_ROWS = f"""
DELETE FROM favourite_update WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM favourite_update
    WHERE changed_at < now() - make_interval(days => {_WINDOW} + 1) LIMIT {AT_ONCE}))
"""
# Before the oldest reduction that may be shown lie the days whose lowest price is told with it. The log is forgotten in
# the order of its key, which is about that of time, and never before a pass has seen it.
FORGET_LOG = f"""
DELETE FROM catalogue_change WHERE (xid, id) IN (
    SELECT xid, id FROM (SELECT xid, id, changed_at FROM catalogue_change ORDER BY xid, id LIMIT {AT_ONCE}) AS oldest
    WHERE changed_at < now() - make_interval(days => greatest(
        ({sql_value(CHANGE_LOG_DAYS)})::int, {_WINDOW} + {PRIOR_PRICE_PERIOD.days + 1}))
      AND pg_visible_in_snapshot(xid, (SELECT done FROM update_progress)))
"""


async def forget_old(database: Database) -> None:
    """Delete what is too old, in small transactions."""
    for statement in (FORGET_ROWS, FORGET_LOG):
        gone = AT_ONCE
        while gone == AT_ONCE:
            async with database.transaction() as work:
                gone = (await work.connection.execute(statement.encode())).rowcount
