"""Tables whose rows lie in partitions by time: some weeks each from Mondays in UTC, made ahead and dropped whole.

Before the first of them lies what was there before there were any, and whatever belongs to none is in a partition of
its own: it is looked at when one is made, and gives up what is that one's.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog

from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable

log = structlog.get_logger(__name__)

A_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
# Readers wait behind a lock that waits; there is always a next time.
PATIENCE = "SET LOCAL lock_timeout = '300ms'"
PARTITIONS = """
SELECT child.oid::regclass::text, (regexp_match(bound, $$FROM \\('(.+?)'\\)$$))[1]::timestamptz,
       (regexp_match(bound, $$TO \\('(.+?)'\\)$$))[1]::timestamptz
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid, pg_get_expr(child.relpartbound, child.oid) AS bound
WHERE inhparent = to_regclass(%s) ORDER BY 3, 2, 1
"""
LOCK_OTHERS = "LOCK TABLE ONLY {table}_default IN ACCESS EXCLUSIVE MODE"
MAKE = "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = {fillfactor})"
TAKE_OVER = """
WITH taken AS (
    DELETE FROM {table}_default WHERE {column} >= '{begins}' AND {column} < '{ends}' RETURNING *
)
INSERT INTO {name} SELECT * FROM taken
"""
ATTACH = "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{begins}') TO ('{ends}')"
# PostgreSQL makes statistics of the parts by itself, and of the whole never.
ANALYZE = "ANALYZE ONLY {table}"
# In the order of whoever reads: the table, then its parts.
LOCK = "LOCK TABLE ONLY {table}, ONLY {partition} IN ACCESS EXCLUSIVE MODE"


class Partitioned(NamedTuple):
    """A table with a partition for every so many weeks of a column; `<table>_default` has what belongs to none."""

    table: str
    column: str
    weeks: int
    # With so many, workers may be away for long before a row belongs to none.
    ahead: int
    fillfactor: int = 100


class Partition(NamedTuple):
    """A part of a table, from a moment up to another; what has no beginning may hold rows of any age.

    Its name is quoted as SQL needs it.
    """

    table: str
    name: str
    begins: datetime | None
    ends: datetime | None


async def partitions_of(connection: Connection, table: str) -> list[Partition]:
    """The partitions that there are, the oldest first; none if the table has none."""
    return [Partition(table, *row) for row in await (await connection.execute(PARTITIONS, (table,))).fetchall()]


async def make_ahead(database: Database, whole: Partitioned, now: datetime | None = None) -> list[str]:
    """Make the partitions that are missing, up to so many ahead; the names of those made.

    One that has to wait for somebody is left to the next time.
    """
    async with database.read() as connection:
        there = await partitions_of(connection, whole.table)
    ends = [partition.ends for partition in there if partition.ends is not None]
    made: list[str] = []
    if not there:
        return made
    period = timedelta(weeks=whole.weeks)
    present = A_MONDAY + ((now or datetime.now(UTC)) - A_MONDAY) // period * period
    # Those that nobody was there to make are made up for, so that what is in none finds its place.
    begins = max(ends, default=present)
    while begins <= present + whole.ahead * period:
        partition = Partition(whole.table, f"{whole.table}_{begins:%Y%m%d}", begins, begins + period)
        try:
            await _make(database, whole, partition)
        except ServiceUnavailable:
            log.info("partitions.one_must_wait", partition=partition.name)
            break
        made.append(partition.name)
        begins += period
    if made:
        async with database.read() as connection:
            await connection.execute(ANALYZE.format(table=whole.table).encode())
    return made


async def lock_partition(connection: Connection, partition: Partition) -> None:
    """Keep everybody from the whole table until the transaction ends; fails rather than to wait for long."""
    await connection.execute(PATIENCE)
    await connection.execute(LOCK.format(table=partition.table, partition=partition.name).encode())


async def drop_locked(connection: Connection, partition: Partition) -> None:
    """Drop a partition that `lock_partition` has locked."""
    await connection.execute(f"DROP TABLE {partition.name}".encode())


async def _make(database: Database, whole: Partitioned, partition: Partition) -> None:
    values = {**whole._asdict(), **partition._asdict()}
    async with database.transaction() as work:
        connection = work.connection
        await connection.execute(PATIENCE)
        await connection.execute(LOCK_OTHERS.format(**values).encode())
        await connection.execute(MAKE.format(**values).encode())
        taken = (await connection.execute(TAKE_OVER.format(**values).encode())).rowcount
        await connection.execute(ATTACH.format(**values).encode())
    if taken:
        log.error("partitions.one_was_late", partition=partition.name, rows=taken)
