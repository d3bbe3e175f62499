"""Transactions at the edge: committed before anybody hears of it, and a server that is away is no success."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from litestar import Request, post
from litestar.params import FromPath
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from src.platform.database import Database, Transaction, UnitOfWork
from src.platform.edge import Answer, write, write_with_session
from src.platform.models import StoredSetting
from src.platform.settings import Settings
from tests.platform.probes import eventually, ids_in, scratch_table, serving

ADD = "INSERT INTO probe (id, parent) VALUES (%s, %s)"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
NOBODY = 999  # a parent that is missing at the commit


@pytest.fixture
async def scratch(database: Database) -> AsyncIterator[Database]:
    async with scratch_table(database) as ready:
        yield ready


async def test_transaction_is_committed_at_its_end(scratch: Database) -> None:
    async with scratch.transaction() as work:
        await work.connection.execute(ADD, (1, None))
        assert await ids_in(scratch) == []
    assert await ids_in(scratch) == [1]


async def test_error_rolls_everything_back(scratch: Database) -> None:
    async def fail() -> None:
        async with scratch.transaction() as work:
            await work.connection.execute(ADD, (1, None))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await ids_in(scratch) == []


async def test_cancellation_rolls_everything_back(scratch: Database) -> None:
    async def hang() -> None:
        async with scratch.transaction() as work:
            await work.connection.execute(ADD, (1, None))
            await work.connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(hang())

    async def hangs() -> bool:
        async with scratch.read() as connection:
            return await (await connection.execute(SLEEPING)).fetchone() == (1,)

    await eventually(hangs)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ids_in(scratch) == []


async def test_what_the_commit_refuses_is_an_error_and_nothing_that_follows_a_commit(scratch: Database) -> None:
    followed: list[str] = []

    async def follow() -> None:
        followed.append("after the commit")

    async def plainly() -> None:
        async with scratch.transaction() as work:
            work.after_commit(follow)
            await work.connection.execute(ADD, (1, NOBODY))

    async def with_session() -> None:
        async with scratch.unit_of_work() as work:
            work.after_commit(follow)
            await work.session.execute(text(f"INSERT INTO probe VALUES (2, {NOBODY})"))

    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await plainly()
    with pytest.raises(IntegrityError):
        await with_session()
    assert followed == []
    assert await ids_in(scratch) == []


@post("/wishlists/probe/{number:int}/{parent:int}", status_code=201)
async def plain_write(request: Request[Any, Any, Any], number: FromPath[int], parent: FromPath[int]) -> Any:
    async def use_case(work: Transaction) -> Answer:
        await work.connection.execute(ADD, (number, parent))
        return Answer(201, {"ok": True})

    return await write(request, use_case, actor="nobody")


@post("/wishlists/session/{number:int}/{parent:int}", status_code=201)
async def session_write(request: Request[Any, Any, Any], number: FromPath[int], parent: FromPath[int]) -> Any:
    async def use_case(work: UnitOfWork) -> Answer:
        await work.session.execute(text(f"INSERT INTO probe VALUES ({number}, {parent})"))
        return Answer(201, {"ok": True})

    return await write_with_session(request, use_case, actor="nobody")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["plain", "with-key"])
@pytest.mark.parametrize("kind", ["probe", "session"])
async def test_write_that_can_not_be_committed_is_never_answered_as_a_success(
    scratch: Database, settings: Settings, kind: str, key: dict[str, str]
) -> None:
    async with serving([plain_write, session_write], database=scratch, settings=settings) as client:
        refused = await client.post(f"/wishlists/{kind}/1/{NOBODY}", headers=key)
        assert (refused.status_code, refused.json()) == (500, {"detail": "Internal server error"})
        assert await ids_in(scratch) == []
        good = await client.post(f"/wishlists/{kind}/2/2", headers=key)
        assert (good.status_code, good.json()) == (201, {"ok": True})
        assert await ids_in(scratch) == [2]


async def test_what_follows_a_commit_sees_it_and_can_not_undo_it(scratch: Database) -> None:
    seen: list[list[int]] = []

    async def look() -> None:
        seen.append(await ids_in(scratch))

    async def fail() -> None:
        raise LookupError

    async with scratch.transaction() as work:
        for action in (look, fail, look):
            work.after_commit(action)
        await work.connection.execute(ADD, (1, None))
        assert seen == []
    assert seen == [[1], [1]]


async def test_session_and_statements_are_one_transaction(scratch: Database) -> None:
    async def half(fail: bool) -> None:
        async with scratch.unit_of_work() as work:
            await work.connection.execute(ADD, (1, None))
            assert await work.session.scalar(text("SELECT count(*) FROM probe")) == 1
            work.session.add(StoredSetting(name="PROBE", value=1))
            await work.session.flush()
            row = await (await work.connection.execute("SELECT value FROM setting WHERE name = 'PROBE'")).fetchone()
            assert row == (1,)
            if fail:
                raise LookupError

    with pytest.raises(LookupError):
        await half(fail=True)
    assert await ids_in(scratch) == []
    await half(fail=False)
    assert await ids_in(scratch) == [1]


async def test_reads_commit_each_statement_and_speak_utc(scratch: Database) -> None:
    async with scratch.read() as connection:
        await connection.execute(ADD, (1, None))
        assert await ids_in(scratch) == [1]
        assert await (await connection.execute("SHOW timezone")).fetchone() == ("UTC",)


async def test_violated_constraint_is_no_outage(scratch: Database) -> None:
    async def add_twice() -> None:
        async with scratch.transaction() as work:
            await work.connection.execute(ADD, (1, None))
            await work.connection.execute(ADD, (1, None))

    with pytest.raises(psycopg.errors.UniqueViolation):
        await add_twice()
