"""What processes count, added up on the queue's server."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from itertools import count

import msgspec
import pytest
from redis.asyncio import Redis

from src.platform import history
from src.platform.counted import Counted
from src.platform.history import (
    MEASURED,
    MEASURER,
    MINUTE,
    PRESENT_FOR_S,
    PROCESS,
    PROCESSES,
    STEPS,
    Presence,
    Recorder,
    recorded,
)
from src.platform.jobs import QUEUE_AWAY
from src.platform.metrics import CACHE_REQUESTS, HTTP_DURATION, JOB_DURATION, JOB_WAIT, JOBS
from src.platform.settings import Settings
from tests.platform.counting import JOB, nothing

NAMES = count()


def address(settings: Settings) -> str:
    """A database of the queue's server where the application of other tests records nothing."""
    return settings.queue_url.partition("?")[0] + "?db=2"


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Redis]:
    """The server, which has nothing of the past."""
    client = Redis.from_url(address(settings))
    await client.flushdb()
    yield client
    await client.aclose()


async def sums(client: Redis, length_s: int) -> Counter[str]:
    """All that is recorded in steps of this length."""
    found: Counter[str] = Counter()
    async for key in client.scan_iter(f"wishkeep:history:{length_s}:*"):
        fields = await client.hgetall(key)  # type: ignore[misc]
        found.update({name.decode(): int(value) for name, value in fields.items() if b"max:" not in name})
    return found


async def test_processes_add_up_exactly_also_after_a_restart(settings: Settings, server: Redis) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.platform.counting", "18"),
        env={**os.environ, "QUEUE_URL": address(settings)},
    )
    for _ in range(2):
        again = Recorder(server, "worker", nothing)
        JOBS.labels(JOB, "done").inc(2)
        await again.record()
    assert await process.wait() == 0
    for step in STEPS:
        found = await sums(server, step.length_s)
        assert found[f"jobs:done:{JOB}"] == 18 + 2 + 2
        # The bucket that holds DURATION_S.
        assert {name: found[name] for name in found if name.startswith("run:")} == {f"run:{JOB}:0.06": 18}


def test_only_what_was_gained_is_taken() -> None:
    job = f"test.gained{next(NAMES)}"
    counted = Counted()
    JOBS.labels(job, "failed").inc(3)
    JOB_WAIT.labels(job).observe(0.0)
    JOB_WAIT.labels(job).observe(10**9)
    taken = {name: number for name, number in counted.take().items() if job in name}
    assert taken == {f"jobs:failed:{job}": 3, f"wait:{job}:0.005": 1, f"wait:{job}:inf": 1}
    JOBS.labels(job, "failed").inc()
    assert {name: number for name, number in counted.take().items() if job in name} == {f"jobs:failed:{job}": 1}


def test_requests_are_those_of_shoppers() -> None:
    counted = Counted()
    HTTP_DURATION.labels("GET", "/ops/queues", "200").observe(0.5)
    HTTP_DURATION.labels("GET", "/health/live", "200").observe(0.5)
    assert not [name for name in counted.take() if name.startswith(("requests", "duration"))]
    HTTP_DURATION.labels("GET", "/baskets/basket", "200").observe(0.02)
    HTTP_DURATION.labels("GET", "/baskets/basket", "503").observe(0.02)
    HTTP_DURATION.labels("GET", "unmatched", "429").observe(0.02)
    HTTP_DURATION.labels("GET", "/storefront/favorites/updates/stream", "200").observe(600)
    taken = {name: number for name, number in counted.take().items() if name.startswith(("requests", "duration"))}
    assert taken == {"requests": 4, "requests:failed": 1, "requests:limited": 1, "duration:0.025": 3}


async def test_what_the_server_did_not_take_is_added_later(settings: Settings, server: Redis) -> None:
    job = f"test.kept{next(NAMES)}"
    away = Redis.from_url("unix:///nowhere/valkey.sock")
    recorder = Recorder(away, "worker", nothing)
    for _ in range(3):
        JOBS.labels(job, "done").inc()
        with pytest.raises(QUEUE_AWAY):
            await recorder.record()
    await away.aclose()
    recorder._client = server
    await recorder.record()
    await recorder.record()
    assert (await sums(server, MINUTE.length_s))[f"jobs:done:{job}"] == 3


async def test_keys_and_fields_are_few_and_go_by_themselves(server: Redis) -> None:
    recorder = Recorder(server, "api", nothing)
    for number in range(500):
        CACHE_REQUESTS.labels("hit").inc()
        HTTP_DURATION.labels("GET", f"/path{number}", "200").observe(number / 100)
        if number % 100 == 0:
            await recorder.record()
    await recorder.measure()
    keys = {key.decode() for key in await server.keys("wishkeep:history:*")} - {MEASURER}
    # Another minute may have begun.
    assert len(keys) <= 2 * len(STEPS)
    for key in keys:
        kept_s = next(step.kept_s for step in STEPS if f":{step.length_s}:" in key)
        assert 0 < await server.ttl(key) <= kept_s
        assert await server.hlen(key) < 200  # type: ignore[misc]
    assert 0 < await server.ttl(PROCESS + recorder.id) <= PRESENT_FOR_S
    assert 0 < await server.ttl(PROCESSES) <= 4 * PRESENT_FOR_S


async def test_one_process_at_a_time_measures_and_the_largest_is_kept(server: Redis) -> None:
    values = [3.0, 8.0, 5.0]

    async def measure() -> dict[str, float]:
        return {"test.depth": values.pop(0)}

    recorders = [Recorder(server, "api", measure) for _ in range(2)]
    await server.delete(MEASURER)
    for _ in range(3):
        for recorder in recorders:
            await recorder.measure()
        await server.delete(MEASURER)
    assert values == []
    found = [await server.hget(key, f"{MEASURED}test.depth") for key in await server.keys("wishkeep:history:900:*")]  # type: ignore[misc]
    assert max(map(float, filter(None, found))) == 8.0


async def test_a_process_is_there_until_it_leaves(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "RECORD_EVERY_S", 0.01)
    before = set(await server.zrange(PROCESSES, 0, -1))

    async def there() -> set[bytes]:
        return set(await server.zrange(PROCESSES, 0, -1)) - before

    job = f"test.last{next(NAMES)}"
    async with recorded(server, "worker", nothing, queues=["feed"]):
        async with asyncio.timeout(10):
            while not await there():  # noqa: ASYNC110  (it comes to be on the server)
                await asyncio.sleep(0.01)
        (process,) = await there()
        said = msgspec.json.decode(await server.get(PROCESS + process.decode()) or b"", type=Presence)
        assert (said.kind, said.pid, said.queues) == ("worker", os.getpid(), ["feed"])
        assert said.memory_bytes > 10**6
        JOBS.labels(job, "done").inc()
        JOB_DURATION.labels(job).observe(0.001)
    assert await there() == set()
    assert await server.get(PROCESS + process.decode()) is None
    assert (await sums(server, 60))[f"jobs:done:{job}"] == 1
