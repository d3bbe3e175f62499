"""Everything together: what is true of it, also when servers are away."""

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from src.modules.operations import Overviews
from src.modules.operations.figures import Overview, QueueFigures
from src.platform.database import Database
from src.platform.history import MINUTE
from src.platform.settings import Settings
from tests.factories import Factory
from tests.modules.notifications.telling import Telling

DELIVERY = """
INSERT INTO delivery (channel, kind, dedupe_key, status, due_at)
SELECT %s, 'price_changed', %s || n, %s, now() + %s * interval '1s' FROM generate_series(1, %s) AS n
"""


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Redis]:
    """A database of the queue's server where the application of other tests records nothing."""
    client = Redis.from_url(settings.queue_url.partition("?")[0] + "?db=2")
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def overviews(database: Database, server: Redis) -> Overviews:
    """Overviews of these servers."""
    return Overviews(database, server)


@pytest.fixture
async def telling(factory: Factory, database: Database) -> Telling:
    """A shop that tells its shoppers."""
    return Telling(factory, database)


async def count(server: Redis, moment: float | None = None, **gained: int) -> None:
    """What a process counted in the minute of `moment`; underscores stand for colons."""
    key = MINUTE.key(MINUTE.start(time.time() if moment is None else moment))
    for name, number in gained.items():
        await server.hincrby(key, name.replace("__", ":").replace("_of_", "."), number)  # type: ignore[misc]


def queue(overview: Overview, name: str) -> QueueFigures:
    (found,) = [each for each in overview.queues if each.name == name]
    return found


async def test_counts_of_the_last_hour_are_summed_by_queue_and_job(overviews: Overviews, server: Redis) -> None:
    now = time.time()
    await count(server, now, jobs__done__alerts_of_a=5, jobs__retried__alerts_of_a=2, jobs__failed__alerts_of_b=1)
    await count(server, now - 3000, jobs__done__alerts_of_a=60, jobs__done__updates_of_a=7, jobs__dropped__unknown=3)
    await count(server, now - 4000, jobs__done__alerts_of_a=1000)
    overview = await overviews.now()
    deliveries = queue(overview, "deliveries")
    assert (deliveries.done, deliveries.retried, deliveries.failed, deliveries.dropped) == (65, 2, 1, 0)
    assert [(job.name, job.done, job.failed) for job in deliveries.jobs] == [("alerts.a", 65, 0), ("alerts.b", 0, 1)]
    assert deliveries.per_minute == pytest.approx(5 / 5.5, rel=0.11)
    assert queue(overview, "feed").done == 7
    assert queue(overview, "upkeep").dropped == 3


async def test_percentiles_of_a_queue_are_over_all_its_jobs(overviews: Overviews, server: Redis) -> None:
    key = MINUTE.key(MINUTE.start(time.time()))
    for name, number in {"run:alerts.a:0.1": 90, "run:notifications.b:20.0": 10, "wait:alerts.a:inf": 1}.items():
        await server.hincrby(key, name, number)  # type: ignore[misc]
    deliveries = queue(await overviews.now(), "deliveries")
    assert deliveries.run.p50_ms is not None
    assert 60 <= deliveries.run.p50_ms <= 100
    assert deliveries.run.p99_ms is not None
    assert 10_000 <= deliveries.run.p99_ms <= 20_000
    assert deliveries.wait.p50_ms == 14_400_000
    assert queue(await overviews.now(), "feed").run.p50_ms is None


async def test_cache_and_requests_are_of_the_last_minutes(overviews: Overviews, server: Redis) -> None:
    now = time.time()
    await count(server, now, cache__hit=60, cache__shared_hit=15, cache__miss=25, cache__error=2)
    await count(server, now, requests=300, requests__failed=30, requests__limited=3)
    await count(server, now - 600, requests=10**6, cache__miss=10**6)
    overview = await overviews.now()
    assert (overview.cache.hit_rate, overview.cache.hits, overview.cache.errors) == (0.75, 75, 2)
    # Five whole minutes and as much of this one as there was.
    assert overview.requests.per_second is not None
    assert 300 / 360 <= overview.requests.per_second <= 1
    assert overview.requests.failed_per_second == pytest.approx(overview.requests.per_second / 10, abs=0.001)
    assert overview.requests.limited_per_second == pytest.approx(overview.requests.per_second / 100, abs=0.001)


async def test_deliveries_are_told_as_they_stand(overviews: Overviews, factory: Factory) -> None:
    for status, in_s, number in (("due", -30, 3), ("due", 600, 9), ("sending", 60, 2), ("dead", 0, 4), ("sent", 0, 5)):
        await factory.execute(DELIVERY, "email", status + str(in_s), status, in_s, number)
    await factory.execute(DELIVERY, "webhook", "w", "dead", 0, 1)
    email, push, webhook = (await overviews.now()).deliveries
    assert (email.channel, email.due, email.sending, email.dead) == ("email", 3, 2, 4)
    assert email.oldest_due_s is not None
    assert 30 <= email.oldest_due_s < 60
    assert (push.due, push.oldest_due_s, push.dead, webhook.dead) == (0, None, 0, 1)


async def test_lag_is_the_age_of_the_first_change_that_no_pass_has_seen(
    overviews: Overviews, telling: Telling, factory: Factory
) -> None:
    assert (await overviews.now()).feed.waiting_changes == 0
    product = await telling.shop.product("100.00")
    await telling.shop.price(product, "80.00")
    await factory.execute("UPDATE catalogue_change SET changed_at = changed_at - interval '90s'")
    overviews._computing = None
    feed = (await overviews.now()).feed
    assert feed.lag_s is not None
    assert feed.waiting_changes is not None
    assert 90 <= feed.lag_s < 120
    assert feed.waiting_changes > 0
    await telling.work_off()
    overviews._computing = None
    feed = (await overviews.now()).feed
    assert (feed.lag_s, feed.waiting_changes) == (0, 0)


async def test_what_postgresql_knows_is_told_while_the_queue_is_away(database: Database) -> None:
    away = Redis.from_url("unix:///nowhere/valkey.sock")
    overview = await Overviews(database, away).now()
    await away.aclose()
    assert (overview.queue_available, overview.database_available) == (False, True)
    feed = queue(overview, "feed")
    assert (feed.depth, feed.done, feed.paused, feed.dead_letters) == (None, None, False, 0)
    assert (overview.feed.lag_s, overview.deliveries[0].due, overview.deliveries[0].sent) == (0, 0, None)
    assert overview.processes == []


async def test_what_the_queue_knows_is_told_while_postgresql_is_away(settings: Settings, server: Redis) -> None:
    nowhere = msgspec.structs.replace(settings, database_url="postgresql:///x?host=/nowhere", pool_timeout_s=0.1)
    database = Database(nowhere)
    await database.open()
    await count(server, jobs__done__updates_of_a=7)
    overviews = Overviews(database, server)
    overview = await overviews.now()
    assert (overview.queue_available, overview.database_available) == (True, False)
    feed = queue(overview, "feed")
    assert (feed.depth, feed.done, feed.paused, feed.dead_letters) == (0, 7, None, None)
    assert (overview.feed.lag_s, overview.dead_letters, overview.deliveries[0].due) == (None, None, None)
    assert set(await overviews.measure()) == {"feed.depth", "deliveries.depth", "upkeep.depth"}
    await database.close()


async def test_however_many_ask_it_is_computed_once(overviews: Overviews) -> None:
    first, *others = await asyncio.gather(*(overviews.now() for _ in range(50)))
    assert all(each is first for each in others)
    assert await overviews.now() is first


async def test_whoever_goes_away_leaves_it_to_the_others(overviews: Overviews) -> None:
    leaving = asyncio.create_task(overviews.now())
    staying = asyncio.create_task(overviews.now())
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).database_available
