"""Queues that operators pause, with a real worker; and what is told of queues meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from src.platform.database import Database
from src.platform.jobs import FORMER_KEY, JobContext, Queue, cron, job, queue_key
from src.platform.settings import Settings
from src.workers import pausing
from src.workers.pausing import Paused
from src.workers.poller import Dropped, Poller
from src.workers.runner import _functions, run_worker
from tests.factories import Client, Factory
from tests.modules.audit.records import Records

OVERVIEW = "/ops/queues"
PATIENCE_S = 20


@pytest.fixture
async def ops(factory: Factory) -> Client:
    """An operator."""
    return await factory.shopper("ops")


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "LOOK_EVERY_S", 0.05)


class Work:
    """A job that runs until it is released."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = 0
        self.release = asyncio.Event()

        @job("updates.test")
        async def work(context: JobContext) -> None:
            self.begun += 1
            await self.release.wait()
            self.done += 1

        self.job = work


@asynccontextmanager
async def worker(context: JobContext, *jobs: Any, **options: Any) -> AsyncIterator[None]:
    """A worker that runs these jobs."""
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(context, jobs, stop=stop, **options))
    try:
        yield
    finally:
        stop.set()
        await working


async def eventually(happened: Callable[[], Awaitable[object]]) -> None:
    """Wait until it has happened; fail when that takes too long."""
    async with asyncio.timeout(PATIENCE_S):
        while not await happened():  # noqa: ASYNC110  (it happens in a worker)
            await asyncio.sleep(0.02)


async def feed(ops: Client) -> dict[str, Any]:
    """What is told of the queue `feed`; computed anew."""
    ops._client._transport.app.state.overviews._computing = None  # type: ignore[attr-defined]
    answer = await ops.get(OVERVIEW)
    assert answer.status_code == 200, answer.text
    (told,) = [queue for queue in answer.json()["queues"] if queue["name"] == "feed"]
    return dict(told)


def standing(told: dict[str, Any]) -> tuple[int, int, int]:
    return told["depth"], told["scheduled"], told["in_flight"]


async def test_depth_age_and_in_flight_are_true_while_jobs_wait_run_and_are_deferred(
    context: JobContext, queue: Queue, ops: Client
) -> None:
    work = Work()
    told = await feed(ops)
    assert (standing(told), told["oldest_age_s"], told["workers"]) == ((0, 0, 0), None, 0)
    for _ in range(3):
        await queue.enqueue("updates.test")
    await asyncio.sleep(0.05)
    await queue.enqueue("updates.test", defer_s=60)
    told = await feed(ops)
    assert standing(told) == (3, 1, 0)
    assert 0.05 <= told["oldest_age_s"] < PATIENCE_S

    async def all_begun() -> bool:
        return work.begun == 3

    async def all_ended() -> bool:
        return standing(await feed(ops)) == (0, 1, 0)

    async with worker(context, work.job):
        await eventually(all_begun)
        told = await feed(ops)
        assert standing(told) == (0, 1, 3)
        assert told["oldest_age_s"] is None
        work.release.set()
        await eventually(all_ended)


async def test_a_paused_queue_grows_while_others_go_on_and_drains_when_resumed(
    context: JobContext, queue: Queue, ops: Client
) -> None:
    work = Work()
    work.release.set()
    other = asyncio.Event()

    @job("alerts.test")
    async def alert(context: JobContext) -> None:
        other.set()

    async with worker(context, work.job, alert):
        assert (await ops.post("/ops/queues/feed/pause")).json() == {"paused": ["feed"]}
        await asyncio.sleep(3 * 0.05 + 2 * 0.1)
        for _ in range(3):
            await queue.enqueue("updates.test")
        await queue.enqueue("alerts.test")
        await asyncio.wait_for(other.wait(), PATIENCE_S)
        told = await feed(ops)
        assert (told["paused"], standing(told)) == (True, (3, 0, 0))
        assert work.begun == 0
        assert (await ops.post("/ops/queues/feed/resume")).json() == {"paused": []}

        async def drained() -> bool:
            return standing(await feed(ops)) == (0, 0, 0)

        await eventually(drained)
    assert work.done == 3
    assert (await feed(ops))["paused"] is False


async def test_what_runs_when_its_queue_is_paused_is_finished(context: JobContext, queue: Queue, ops: Client) -> None:
    work = Work()

    async def begun() -> bool:
        return work.begun == 1

    async with worker(context, work.job):
        await queue.enqueue("updates.test")
        await eventually(begun)
        await ops.post("/ops/queues/feed/pause")
        await asyncio.sleep(2 * 0.05)
        work.release.set()
    assert work.done == 1


async def test_the_schedule_goes_on_while_its_queue_is_paused(context: JobContext, redis: Redis) -> None:
    @cron("updates.hourly", minute=frozenset(range(60)))
    async def hourly(context: JobContext) -> None:
        """Never run."""

    async def never(dropped: Dropped) -> None:
        raise AssertionError(dropped)

    stop = asyncio.Event()
    functions, crons = _functions(context, [hourly], "feed")
    poller = Poller(
        queue_key("feed"),
        functions,
        crons,
        context.queue._sender.client,
        "test:health",
        stop=stop,
        may_pick=lambda: False,
        on_drop=never,
    )
    polling = asyncio.create_task(poller.poll_until_stopped())

    async def answered() -> bool:
        return poller.answered

    await eventually(answered)
    poller.cron_jobs[0].next_run = poller.cron_jobs[0].next_run and poller.cron_jobs[0].next_run.replace(year=2020)

    async def enqueued() -> bool:
        return bool(await redis.zcard(queue_key("feed")))

    await eventually(enqueued)
    stop.set()
    await polling


async def test_a_worker_may_be_for_some_queues_only(context: JobContext, queue: Queue) -> None:
    ran = []

    def noting(name: str) -> Any:
        @job(name)
        async def note(context: JobContext) -> None:
            ran.append(name)

        return note

    jobs = [noting("updates.test"), noting("alerts.test")]
    await queue.enqueue("updates.test")
    await queue.enqueue("alerts.test")
    await run_worker(context, jobs, queues=["deliveries"], burst=True)
    assert ran == ["alerts.test"]
    await run_worker(context, jobs, queues=["feed"], burst=True)
    assert ran == ["alerts.test", "updates.test"]


async def test_what_the_release_before_enqueued_is_run_too(context: JobContext, queue: Queue) -> None:
    work = Work()
    work.release.set()
    await queue._sender.client.enqueue_job("updates.test", _queue_name=FORMER_KEY)
    await run_worker(context, [work.job], burst=True)
    assert work.done == 1


async def test_pauses_are_as_known_last_while_the_database_is_away(
    database: Database, settings: Settings, ops: Client
) -> None:
    await ops.post("/ops/queues/upkeep/pause")
    paused = Paused(database)
    await paused.look()
    assert paused.queues == {"upkeep"}
    settings = msgspec.structs.replace(settings, database_url="postgresql:///nowhere?host=/nowhere", pool_timeout_s=0.1)
    paused._database = Database(settings)
    await paused._database.open()
    await paused.look()
    await paused._database.close()
    assert paused.queues == {"upkeep"}


async def test_pausing_is_for_operators_and_known_queues(
    client: httpx.AsyncClient, factory: Factory, ops: Client
) -> None:
    shopper = await factory.shopper()
    for path in ("/ops/queues/feed/pause", "/ops/queues/feed/resume"):
        assert (await client.post(path)).status_code == 401
        assert (await shopper.post(path)).status_code == 403
    for path in (OVERVIEW, "/ops/history"):
        assert (await client.get(path)).status_code == 401
        assert (await shopper.get(path)).status_code == 403
    assert (await ops.post("/ops/queues/nothing/pause")).status_code == 404


async def test_two_operators_who_pause_at_once_pause_both(ops: Client, factory: Factory) -> None:
    await asyncio.gather(*(ops.post(f"/ops/queues/{name}/pause") for name in ("feed", "deliveries", "upkeep")))
    assert await factory.scalar("SELECT value FROM setting") == ["deliveries", "feed", "upkeep"]


async def test_pauses_are_audited_with_the_state_before(ops: Client, factory: Factory) -> None:
    records = Records(factory.database)
    await ops.post("/ops/queues/feed/pause")
    await ops.post("/ops/queues/feed/pause")
    await ops.post("/ops/queues/feed/resume")
    events = await records.events()
    assert [(event["url"].partition("test")[2], event["kind"]) for event in events] == [
        ("/ops/queues/feed/pause", "settings.setting"),
        ("/ops/queues/feed/pause", "settings.setting"),
        ("/ops/queues/feed/resume", "settings.setting"),
    ]
    versions = await records.versions()
    assert [version["serialized_data"][0]["fields"]["value"] for version in versions] == [[], ["feed"]]
