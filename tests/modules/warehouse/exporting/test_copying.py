"""COPY in chunks of whole rows: all of them, or the error that PostgreSQL met."""

import psycopg
import pytest

from src.modules.warehouse.exporting.copying import CHUNK_BYTES, copied
from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable


async def _count(connection: Connection, statement: str, seen: list[int]) -> None:
    async for rows, _ in copied(connection, statement):
        seen.append(rows)


@pytest.mark.parametrize(("rows", "width"), [(0, 0), (1, 0), (100_000, 10), (40, 100_000), (3, 1_000_000)])
async def test_chunks_are_whole_rows_in_order(database: Database, rows: int, width: int) -> None:
    async with database.alone() as connection:
        statement = f"COPY (SELECT n || repeat('x', {width}) FROM generate_series(1, {rows}) n) TO STDOUT"
        chunks = [chunk async for chunk in copied(connection, statement)]
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    lines = [b"%d%s\n" % (n, b"x" * width) for n in range(1, rows + 1)]
    assert b"".join(chunk.content for chunk in chunks) == b"".join(lines)
    assert sum(chunk.rows for chunk in chunks) == rows
    for chunk in chunks:
        assert chunk.content.count(b"\n") == chunk.rows
        assert len(chunk.content) < CHUNK_BYTES + width + 20


async def test_errors_are_raised_wherever_they_come_up(database: Database) -> None:
    async with database.alone() as connection:
        for statement, before in (
            ("COPY nothing TO STDOUT", 0),
            ("COPY (SELECT 1 / (n - 1) FROM generate_series(1, 5) n) TO STDOUT", 0),
            ("COPY (SELECT 1 / (n - 50000), repeat('x', 100) FROM generate_series(1, 99999) n) TO STDOUT", 40_000),
        ):
            seen: list[int] = []
            with pytest.raises(psycopg.Error):
                await _count(connection, statement, seen)
            assert before <= sum(seen) < 50_000
            await connection.execute("ROLLBACK")
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)


async def test_what_still_runs_ends_with_the_connection(database: Database) -> None:
    async with database.alone() as connection:
        pid = connection.info.backend_pid
        # It sends something, and then nothing for long, so that it would not notice that nobody listens.
        rows = "SELECT repeat('x', 300000) UNION ALL SELECT repeat('x', 300000) UNION ALL SELECT pg_sleep(1000)::text"
        async for _ in copied(connection, f"COPY ({rows}) TO STDOUT"):
            break
    async with database.read() as other:
        for _ in range(1000):
            cursor = await other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
            if await cursor.fetchone() == (0,):
                return
    raise AssertionError("it still runs")


async def test_lost_connection_is_no_end(database: Database) -> None:
    async def killed_while_it_copies() -> None:
        async with database.alone() as connection, database.read() as other:
            async for _ in copied(connection, "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"):
                await other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])

    with pytest.raises(ServiceUnavailable):
        await killed_while_it_copies()
