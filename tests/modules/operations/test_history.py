"""Figures over time: /ops/history."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from src.modules.operations.history import NAMES, read_history
from src.modules.operations.recorded import SETTLED_AFTER_S, Recorded
from src.platform.history import MEASURED, MINUTE, QUARTER, Step
from src.platform.settings import Settings
from tests.factories import Factory

NOW = time.time()
COUNTED = {
    "requests": 120,
    "requests:failed": 6,
    "cache:hit": 3,
    "cache:miss": 1,
    "duration:0.1": 120,
    "jobs:done:updates.a": 7,
    "jobs:failed:alerts.b": 2,
    "run:updates.a:0.1": 7,
    "wait:updates.a:0.005": 7,
    "deliveries:sent:email": 11,
    "deliveries:dropped:email": 1,
    f"{MEASURED}feed.depth": 42,
    f"{MEASURED}feed_lag_s": 1.5,
}


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Redis]:
    """A database of the queue's server where the application of other tests records nothing."""
    client = Redis.from_url(settings.queue_url.partition("?")[0] + "?db=2")
    await client.flushdb()
    yield client
    await client.aclose()


async def keep(server: Redis, step: Step, ago: int) -> None:
    """Have it recorded so many steps ago."""
    key = step.key(step.start(NOW) - ago * step.length_s)
    await server.hset(key, mapping={name: repr(value) for name, value in COUNTED.items()})  # type: ignore[misc]


async def test_an_hour_has_a_number_for_each_minute_that_is_over(server: Redis) -> None:
    for ago in (0, 1, 3):
        await keep(server, MINUTE, ago)
    told = await read_history(Recorded(server), "hour", NOW)
    assert (told.span, told.step_s) == ("hour", 60)
    assert datetime.fromisoformat(told.from_) == datetime.fromtimestamp(MINUTE.start(NOW) - 3600, UTC)
    assert set(told.series) == set(NAMES)
    assert all(len(numbers) == 60 for numbers in told.series.values())
    for name, value in {
        "requests_per_second": 2.0,
        "requests_failed": 6,
        "cache_hit_rate": 0.75,
        "feed_lag_s": 1.5,
        "feed.depth": 42.0,
        "feed.done": 7,
        "feed.failed": 0,
        "deliveries.failed": 2,
        "deliveries.depth": None,
        "email.sent": 11,
        "push.sent": 0,
        "upkeep.run_p95_ms": None,
    }.items():
        assert told.series[name][-4:] == [None, value, None, value], name
    assert set(told.series["requests_per_second"][:-4]) == {None}
    p95 = told.series["requests_p95_ms"][-1]
    assert p95 is not None
    assert 60 <= p95 <= 100


async def test_a_day_has_a_number_for_each_quarter_of_an_hour(server: Redis) -> None:
    await keep(server, QUARTER, 96)
    told = await read_history(Recorded(server), "day", NOW)
    assert (told.step_s, len(told.series["feed.done"])) == (900, 96)
    assert told.series["feed.done"] == [7, *[None] * 95]
    assert told.series["requests_per_second"][0] == round(120 / 900, 3)


async def test_what_is_over_is_read_once_and_what_is_not_each_time(server: Redis) -> None:
    recorded = Recorded(server)
    for ago in (0, 5):
        await keep(server, MINUTE, ago)
    # So late in a minute that the one before it is settled.
    now = MINUTE.start(NOW) + SETTLED_AFTER_S + 1.0
    await recorded.window(MINUTE, 60, now)
    await server.flushdb()
    window = await recorded.window(MINUTE, 60, now)
    assert [sums is None for sums in window.sums[-6:]] == [False, True, True, True, True, True]
    assert len(recorded._settled) == 60


@pytest.mark.parametrize("span", ["hour", "day"])
async def test_history_is_told_to_operators(factory: Factory, span: str) -> None:
    ops = await factory.shopper("ops")
    told = (await ops.get(f"/ops/history?span={span}")).json()
    assert set(told) == {"span", "step_s", "from", "series"}
    assert set(told["series"]) == set(NAMES)


async def test_a_senseless_span_is_refused(factory: Factory) -> None:
    ops = await factory.shopper("ops")
    assert (await ops.get("/ops/history?span=week")).status_code == 400


async def test_what_others_drop_meanwhile_is_still_told(server: Redis) -> None:
    recorded = Recorded(server)
    await keep(server, QUARTER, 40)
    await recorded.window(QUARTER, 96, NOW)
    asking = asyncio.create_task(recorded.window(QUARTER, 96, NOW))
    await asyncio.sleep(0)
    recorded._settled.clear()
    window = await asking
    assert [sums is not None for sums in window.sums].count(True) == 1
