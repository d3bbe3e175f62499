"""A database server that is slow, crowded, restarted or not there: a 503 that says when to come back, and no more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from src.platform.settings import Settings
from tests.platform.probes import eventually, ids_in, scratch_table

ADD = "INSERT INTO probe (id, parent) VALUES (%s, %s)"


@pytest.fixture
async def scratch(database: Database) -> AsyncIterator[Database]:
    async with scratch_table(database) as ready:
        yield ready


@pytest.fixture
async def impatient(settings: Settings) -> AsyncIterator[Database]:
    """A database of our own with one connection and little patience."""
    chosen = msgspec.structs.replace(settings, database_pool_size=1, pool_timeout_s=0.3, statement_timeout_s=0.3)
    made = Database(chosen, application="impatient")
    await made.open()
    yield made
    await made.close()


async def run(database: Database, statement: str) -> None:
    async with database.read() as connection:
        await connection.execute(statement.encode())


async def test_statement_that_takes_too_long_is_unavailable(impatient: Database) -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        await run(impatient, "SELECT pg_sleep(60)")
    assert int(caught.value.headers["Retry-After"]) > 0
    await run(impatient, "SELECT 1")


async def test_lock_that_is_not_had_in_time_is_unavailable(scratch: Database) -> None:
    async def wait_for_it() -> None:
        async with scratch.transaction() as second:
            await second.connection.execute("SET LOCAL lock_timeout = '50ms'")
            await second.connection.execute("LOCK TABLE probe")

    async with scratch.transaction() as first:
        await first.connection.execute("LOCK TABLE probe")
        with pytest.raises(ServiceUnavailable):
            await wait_for_it()


async def test_pool_without_a_free_connection_is_unavailable(impatient: Database) -> None:
    async with impatient.read():
        with pytest.raises(ServiceUnavailable):
            await run(impatient, "SELECT 1")
    await run(impatient, "SELECT 1")


async def test_connections_that_the_server_ended_are_replaced(impatient: Database, scratch: Database) -> None:
    await run(impatient, "SELECT 1")
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'impatient'"
    await run(scratch, end)

    async def answers() -> bool:
        try:
            await run(impatient, "SELECT 1")
        except ServiceUnavailable:
            return False
        return True

    await eventually(answers)


async def test_sessions_do_not_notice_that_the_server_was_restarted_meanwhile(
    impatient: Database, scratch: Database
) -> None:
    for _ in range(2):
        async with impatient.unit_of_work() as work:
            assert await work.session.scalar(text("SELECT 1")) == 1
        end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'impatient'"
        await run(scratch, end)


async def test_connection_lost_before_the_commit_is_unavailable_and_stores_nothing(scratch: Database) -> None:
    async def lose() -> None:
        async with scratch.transaction() as work:
            await work.connection.execute(ADD, (1, None))
            await run(scratch, f"SELECT pg_terminate_backend({work.connection.info.backend_pid})")

    with pytest.raises(ServiceUnavailable):
        await lose()
    assert await ids_in(scratch) == []


async def test_server_that_is_not_there_stops_no_start(settings: Settings, tmp_path: Any) -> None:
    nowhere = f"postgresql:///x?host={tmp_path}"
    away = Database(msgspec.structs.replace(settings, database_url=nowhere, pool_timeout_s=0.2))
    await away.open()
    with pytest.raises(ServiceUnavailable):
        await run(away, "SELECT 1")
    async with asyncio.timeout(10):
        with pytest.raises(ServiceUnavailable):
            async with away.unit_of_work() as work:
                await work.session.execute(text("SELECT 1"))
    await away.close()
