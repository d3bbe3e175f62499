"""Deliveries lie in partitions of four weeks: each is made once, wherever it lies, and old ones go as a whole."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from src.modules.alerts import fire
from src.modules.notifications import (
    NewDelivery,
    enqueue,
    forget_deliveries,
    forgetting,
    make_deliveries,
    make_delivery_partitions,
)
from src.modules.notifications.forgetting import DELIVERIES
from src.modules.updates import Chunk, advance
from src.platform.database import Connection
from src.platform.partitions import A_MONDAY, partitions_of
from tests.modules.alerts.desk import ALERTS
from tests.modules.notifications.telling import Telling
from tests.modules.updates.shop import want
from tests.partitions import divided_since, names_of

FIRST, OTHERS = "delivery_first", "delivery_default"
PERIOD = timedelta(weeks=4)
TOLD = """
INSERT INTO delivery (channel, kind, address, dedupe_key, status, created_at, finished_at, due_at, occurred_at)
SELECT 'email', 'confirm_alert', 'a@example.com', %(key)s, %(status)s, at, at, at, %(at)s FROM (
    SELECT coalesce(%(finished)s, %(at)s::timestamptz)) AS told (at)
"""
IN_ALL = "SELECT coalesce(array_agg(dedupe_key ORDER BY dedupe_key), '{}') FROM delivery"
PROGRESS = "SELECT done::text FROM update_progress"


@pytest.fixture
async def present(telling: Telling) -> AsyncIterator[datetime]:
    """Where the present partition begins, in a shop whose first partition ended seven partitions before."""
    begins = A_MONDAY + (datetime.now(UTC) - A_MONDAY) // PERIOD * PERIOD
    async with divided_since(telling.factory, DELIVERIES, begins - 7 * PERIOD):
        await make_delivery_partitions(telling.database)
        yield begins


async def _told(
    telling: Telling, key: str, at: datetime, status: str = "sent", finished: datetime | None = None
) -> None:
    async with telling.database.transaction() as work:
        await work.connection.execute(TOLD, {"key": key, "status": status, "at": at, "finished": finished})


async def test_partitions_are_made_ahead_without_a_gap_and_only_once(telling: Telling, present: datetime) -> None:
    async with telling.database.read() as connection:
        parts = [each for each in await partitions_of(connection, "delivery") if each.begins]
    assert all(part.ends == following.begins for part, following in pairwise(parts))
    assert parts[-1].ends == present + 3 * PERIOD
    assert await make_delivery_partitions(telling.database) == []


async def test_key_is_told_once_whichever_partition_it_lies_in(telling: Telling, present: datetime) -> None:
    times = [present + periods * PERIOD for periods in (-9, -7, -1, 0, 1, 2, 9)]
    rows = [NewDelivery("email", "confirm_alert", f"k{at}", at, address="a@example.com") for at in times]
    made = []
    for some in (rows[:4], rows, rows):
        async with telling.database.transaction() as work:
            made.append(await enqueue(work.connection, some))
    assert made == [4, 3, 0]
    held = "SELECT count(DISTINCT tableoid) FROM delivery"
    assert await telling.factory.scalar(held) == len(times)


async def test_pass_that_comes_again_months_later_tells_nothing_twice(telling: Telling, present: datetime) -> None:
    factory = telling.factory
    shopper, product = await telling.shopper(), await telling.shop.product("100.00", stock=0)
    await telling.endpoint()
    await want(shopper, product)
    await telling.work_off()
    await factory.execute("UPDATE favourite SET baseline_at = now() - interval '100 days'")
    await telling.shop.price(product, "80.00")
    await telling.shop.stock(product, 2)
    await factory.execute("UPDATE catalogue_change SET changed_at = changed_at - interval '60 days'")
    done, made = await factory.scalar(PROGRESS), []

    async def also(connection: Connection, chunk: Chunk) -> None:
        made.append(await make_deliveries(connection, chunk))

    await advance(telling.database, also)
    await factory.execute("UPDATE update_progress SET done = %s::pg_snapshot", done)
    await advance(telling.database, also)
    assert made == [4, 0]
    assert {row["occurred_at"] < present for row in await telling.rows()} == {True}


async def test_time_of_a_delivery_is_that_of_what_its_key_names(telling: Telling) -> None:
    shopper, product = await telling.shopper(), await telling.shop.product("100.00", stock=0)
    await want(shopper, product)
    await telling.endpoint()
    assert (await shopper.post(ALERTS, json={"product": product.id})).status_code == 201
    await telling.work_off()
    await telling.shop.price(product, "80.00")
    await telling.shop.stock(product, 2)

    async def also(connection: Connection, chunk: Chunk) -> None:
        await make_deliveries(connection, chunk)
        await fire(connection, chunk.changed)

    await advance(telling.database, also)
    rows = await telling.rows()
    assert {row["kind"] for row in rows} == {"price_changed", "newly_available", "back_in_stock"}
    assert [datetime.fromisoformat(row["payload"]["changed_at"]) for row in rows] == [r["occurred_at"] for r in rows]


async def test_partition_goes_as_a_whole_once_all_of_it_is_over(telling: Telling, present: datetime) -> None:
    for periods in range(9):
        await _told(telling, str(periods), present - periods * PERIOD)
    before = await names_of(telling.database, DELIVERIES)
    await forget_deliveries(telling.database)
    # The 90th day is in the third or the fourth partition before the present one.
    since = datetime.now(UTC) - timedelta(days=90)
    kept = [periods for periods in range(9) if present - (periods - 1) * PERIOD >= since]
    assert await telling.factory.scalar(IN_ALL) == [str(periods) for periods in kept]
    gone = before - await names_of(telling.database, DELIVERIES)
    assert gone == {FIRST} | {f"delivery_{present - p * PERIOD:%Y%m%d}" for p in range(len(kept), 8)}
    assert await make_delivery_partitions(telling.database) == []


async def test_partition_in_which_something_is_not_over_stays_and_what_is_over_goes_at_last(
    telling: Telling, present: datetime
) -> None:
    for periods in (5, 7):
        await _told(telling, f"{periods} sent", present - periods * PERIOD)
        await _told(telling, f"{periods} late", present - periods * PERIOD, "dead", datetime.now(UTC))
        await _told(telling, f"{periods} under way", present - periods * PERIOD, "sending")
    await forget_deliveries(telling.database)
    assert set(await telling.factory.scalar(IN_ALL)) >= {"5 late", "5 under way", "7 late", "7 under way"}
    assert "7 sent" not in await telling.factory.scalar(IN_ALL)
    await telling.factory.execute("UPDATE delivery SET status = 'sent', finished_at = occurred_at")
    await forget_deliveries(telling.database)
    assert await telling.factory.scalar(IN_ALL) == []


async def test_partition_that_somebody_works_on_is_left_to_the_next_time(telling: Telling, present: datetime) -> None:
    await _told(telling, "k", present - 6 * PERIOD)
    async with telling.database.transaction() as work:
        await work.connection.execute("UPDATE delivery SET attempts = 1")
        await forget_deliveries(telling.database)
        assert await telling.factory.scalar(IN_ALL) == ["k"]
    await forget_deliveries(telling.database)
    assert await telling.factory.scalar(IN_ALL) == []


async def test_what_comes_while_a_partition_is_looked_at_keeps_it(telling: Telling, present: datetime) -> None:
    at = present - 6 * PERIOD
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, dedupe_key, status, created_at, finished_at, due_at, occurred_at)"
        f" SELECT 'email', 'confirm_alert', n, 'sent', '{at}', '{at}', '{at}', '{at}'"
        " FROM generate_series(1, 10) AS n"
    )
    looked = forgetting._newest_if_over

    async def look(*asked: object) -> int | None:
        newest = await looked(*asked)  # type: ignore[arg-type]
        if newest:
            await telling.factory.execute("UPDATE delivery SET status = 'due', due_at = now() WHERE dedupe_key = '7'")
        return newest

    forgetting._newest_if_over = look  # type: ignore[assignment]
    try:
        await forget_deliveries(telling.database)
    finally:
        forgetting._newest_if_over = looked
    assert "7" in await telling.factory.scalar(IN_ALL)


async def test_what_belongs_to_no_partition_is_forgotten_row_by_row(telling: Telling, present: datetime) -> None:
    await forget_deliveries(telling.database)  # the first partition and some others are gone
    old = datetime.now(UTC) - timedelta(days=91)
    await _told(telling, "old", present - 20 * PERIOD, finished=old)
    await _told(telling, "told late", present - 20 * PERIOD, finished=datetime.now(UTC))
    assert await telling.factory.scalar("SELECT DISTINCT tableoid::regclass::text FROM delivery") == OTHERS
    await forget_deliveries(telling.database)
    assert await telling.factory.scalar(IN_ALL) == ["told late"]
