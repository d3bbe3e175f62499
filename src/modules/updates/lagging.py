"""How far behind the catalogue the feed is."""

from src.platform.database import Connection

# Told every second to those who watch: nobody needs to know more exactly what is more than this.
MOST_COUNTED = 10_000
# In the order of the log's key, which is about that of time. The snapshot is asked for by itself, or else the planner
# would compare each row of the log with it.
LAG = f"""
SELECT coalesce(extract(epoch FROM now() - min(changed_at)), 0)::float8, count(*) FROM (
    SELECT changed_at FROM catalogue_change AS change
    WHERE change.xid >= (SELECT pg_snapshot_xmin(done) FROM update_progress)
      AND NOT pg_visible_in_snapshot(change.xid, (SELECT done FROM update_progress))
    ORDER BY change.xid, change.id LIMIT {MOST_COUNTED}) AS change
"""


async def read_lag(connection: Connection) -> tuple[float, int]:
    """The seconds since the first change that no finished pass has seen, 0 if there is none; and how many there are.

    The count ends at MOST_COUNTED.
    """
    row = await (await connection.execute(LAG)).fetchone()
    assert row is not None  # noqa: S101  (an aggregate has one row)
    return max(0.0, row[0]), row[1]
