"""The log lies in weeks: made ahead, read only where they may tell something, and dropped when they are through."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from src.modules.catalogue import log_partitions, make_log_weeks
from src.modules.catalogue.log_weeks import WEEKS
from src.modules.updates import forget_old
from src.platform.database import Database
from tests.factories import Factory
from tests.modules.updates.passing import Worker
from tests.modules.updates.shop import Shop
from tests.partitions import divided_since, names_of

LOG = "INSERT INTO catalogue_change (product_id, kind, changed_at) VALUES (%s, 'activity', %s)"
IN_LOG = "SELECT coalesce(array_agg(product_id ORDER BY product_id), '{}') FROM catalogue_change"
WHERE_IT_IS = "SELECT tableoid::regclass::text FROM catalogue_change WHERE product_id = %s"
FIRST, OTHERS = "catalogue_change_first", "catalogue_change_default"
WEEK = timedelta(days=7)


@pytest.fixture
async def now(factory: Factory) -> AsyncIterator[datetime]:
    """The present, of a shop that has had weeks for long; its first partition ended twenty weeks ago."""
    ends = await factory.scalar("SELECT date_trunc('week', now(), 'UTC') - interval '20 weeks'")
    async with divided_since(factory, WEEKS, ends):
        yield datetime.now(UTC)


async def _names(database: Database) -> set[str]:
    return await names_of(database, WEEKS)


async def test_weeks_are_made_ahead_without_a_gap_and_only_once(factory: Factory, now: datetime) -> None:
    made = await make_log_weeks(factory.database, now)
    assert made
    async with factory.database.read() as connection:
        weeks = [each for each in await log_partitions(connection) if each.begins]
    assert all(week.ends == following.begins for week, following in pairwise(weeks))
    assert all(week.begins and week.begins.weekday() == 0 for week in weeks)
    assert weeks[-1].ends is not None
    assert weeks[-1].ends > now + 3 * WEEK
    assert await make_log_weeks(factory.database, now) == []


async def test_a_row_lies_in_its_week_and_finds_it_when_the_week_comes_late(factory: Factory, now: datetime) -> None:
    await factory.execute(LOG, 1, now)
    assert await factory.scalar(WHERE_IT_IS, 1) == OTHERS
    await make_log_weeks(factory.database, now)
    monday = now - timedelta(days=now.weekday())
    assert await factory.scalar(WHERE_IT_IS, 1) == f"catalogue_change_{monday:%Y%m%d}"
    assert await factory.scalar(IN_LOG) == [1]


async def test_a_week_goes_as_a_whole_once_all_of_it_is_too_old(shop: Shop, now: datetime) -> None:
    factory = shop.factory
    await make_log_weeks(factory.database, now)
    for day in range(80, 115):
        await factory.execute(LOG, day, now - timedelta(days=day))
    await Worker(factory.database).settle()
    await forget_old(factory.database)
    left, weeks = await factory.scalar(IN_LOG), await _names(factory.database)
    # The week in which the 90th day lies is still there.
    oldest = now - timedelta(days=90)
    monday = (oldest - timedelta(days=oldest.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    assert left == [day for day in range(80, 115) if now - timedelta(days=day) >= monday]
    assert min(weeks - {OTHERS}) == f"catalogue_change_{monday:%Y%m%d}"
    assert FIRST not in weeks
    await make_log_weeks(factory.database)
    assert await _names(factory.database) == weeks


async def test_a_week_that_no_pass_has_seen_stays(shop: Shop, now: datetime) -> None:
    factory, worker = shop.factory, Worker(shop.factory.database)
    await make_log_weeks(factory.database, now)
    await worker.settle()
    await factory.execute(LOG, 1, now - 18 * WEEK)
    await forget_old(factory.database)
    assert await factory.scalar(IN_LOG) == [1]
    await worker.settle()
    await forget_old(factory.database)
    assert await factory.scalar(IN_LOG) == []


async def test_a_week_that_somebody_is_writing_to_is_left_to_the_next_time(shop: Shop, now: datetime) -> None:
    factory = shop.factory
    await make_log_weeks(factory.database, now)
    await Worker(factory.database).settle()
    async with factory.database.transaction() as work:
        await work.connection.execute(LOG, (1, now - 18 * WEEK))
        await forget_old(factory.database)
    await forget_old(factory.database)
    assert await factory.scalar(IN_LOG) == [1]


async def test_what_belongs_to_no_week_is_forgotten_row_by_row(shop: Shop, now: datetime) -> None:
    factory = shop.factory
    await factory.execute(LOG, 1, now - timedelta(days=91))
    await factory.execute(LOG, 2, now)
    await factory.execute("DROP TABLE " + ", ".join(await _names(factory.database) - {FIRST, OTHERS}))
    await factory.execute(LOG, 3, now - timedelta(days=91))
    await Worker(factory.database).settle()
    await forget_old(factory.database)
    assert await factory.scalar(IN_LOG) == [2]


async def test_looks_at_the_log_of_a_product_leave_old_weeks_alone(factory: Factory, now: datetime) -> None:
    await make_log_weeks(factory.database, now)
    since = now - timedelta(days=30)
    async with factory.database.read() as connection:
        expected = {each.name for each in await log_partitions(connection) if each.ends is None or each.ends > since}
        cursor = await connection.execute(
            "EXPLAIN (COSTS OFF) SELECT FROM catalogue_change WHERE product_id = %s AND changed_at > %s", (1, since)
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert set(re.findall(r" on (catalogue_change_\w+)", plan)) == expected
    assert len(expected) < 20
