"""The worker's loop against a real queue."""

import asyncio
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from src.platform.errors import ServiceUnavailable
from src.platform.jobs import Job, JobContext, Queue, cron, job, queue_key
from src.workers import runner
from src.workers.poller import POLL_EVERY_S
from src.workers.runner import HEALTH_KEYS, run_worker


class Recorder:
    """Jobs that note their runs and fail as they are told."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, dict[str, Any]]] = []
        self.failures: list[Exception] = []
        self.bound: list[dict[str, Any]] = []

    def job(self, name: str = "test.note", **options: Any) -> Job:
        async def note(context: JobContext, **arguments: Any) -> None:
            self.runs.append((context.attempt, arguments))
            self.bound.append(structlog.contextvars.get_contextvars())
            if self.failures:
                raise self.failures.pop(0)

        return job(name, **{"retry_s": 0.01, **options})(note)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def counted(name: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("wishkeep_jobs_total", {"job": name, "outcome": outcome}) or 0.0


async def test_job_runs_with_its_arguments_and_leaves_nothing_behind(
    context: JobContext, queue: Queue, redis: Redis, recorder: Recorder
) -> None:
    before = counted("test.note", "done")
    assert await queue.enqueue("test.note", ids=[1, 2], text="ä", flag=True, nothing=None)
    await run_worker(context, [recorder.job()], burst=True)
    assert recorder.runs == [(1, {"ids": [1, 2], "text": "ä", "flag": True, "nothing": None})]
    assert counted("test.note", "done") == before + 1
    left = [key for key in await redis.keys("*") if not key.startswith((b"wishkeep:history", b"wishkeep:process"))]
    assert left == []


async def test_transient_failure_is_tried_again(context: JobContext, queue: Queue, recorder: Recorder) -> None:
    recorder.failures = [ServiceUnavailable(), TimeoutError()]
    await queue.enqueue("test.note", id=7)
    await run_worker(context, [recorder.job()], burst=True)
    assert [attempt for attempt, _ in recorder.runs] == [1, 2, 3]
    assert all(arguments == {"id": 7} for _, arguments in recorder.runs)


async def test_transient_failure_is_given_up_after_the_last_try(
    context: JobContext, queue: Queue, recorder: Recorder
) -> None:
    failed, retried = counted("test.short", "failed"), counted("test.short", "retried")
    recorder.failures = [ServiceUnavailable() for _ in range(9)]
    await queue.enqueue("test.short")
    await run_worker(context, [recorder.job("test.short", max_tries=2)], burst=True)
    assert len(recorder.runs) == 2
    assert counted("test.short", "failed") == failed + 1
    assert counted("test.short", "retried") == retried + 1


async def test_permanent_failure_is_counted_and_not_tried_again(
    context: JobContext, queue: Queue, recorder: Recorder
) -> None:
    before = counted("test.note", "failed")
    recorder.failures = [ValueError("wrong")]
    await queue.enqueue("test.note")
    await run_worker(context, [recorder.job()], burst=True)
    assert len(recorder.runs) == 1
    assert counted("test.note", "failed") == before + 1


async def test_job_beyond_its_time_limit_is_cut_short_and_tried_again(context: JobContext, queue: Queue) -> None:
    attempts = []

    @job("test.slow", timeout_s=0.05, max_tries=3, retry_s=0.01)
    async def slow(context: JobContext) -> None:
        attempts.append(context.attempt)
        if context.attempt == 1:
            await asyncio.sleep(30)

    await queue.enqueue("test.slow")
    await run_worker(context, [slow], burst=True)
    assert attempts == [1, 2]


async def test_same_key_is_taken_once_while_it_waits_and_again_afterwards(
    context: JobContext, queue: Queue, recorder: Recorder
) -> None:
    assert await queue.enqueue("test.note", key="a", n=1)
    assert not await queue.enqueue("test.note", key="a", n=2)
    assert await queue.enqueue("test.note", key="b", n=3)
    await run_worker(context, [recorder.job()], burst=True)
    assert sorted(arguments["n"] for _, arguments in recorder.runs) == [1, 3]
    assert await queue.enqueue("test.note", key="a", n=4)


async def test_log_context_is_bound_for_the_run_only(context: JobContext, queue: Queue, recorder: Recorder) -> None:
    await queue.enqueue("test.note", key="k")
    await run_worker(context, [recorder.job()], burst=True)
    assert recorder.bound == [{"job": "test.note", "job_id": "test.note:k", "attempt": 1}]
    assert structlog.contextvars.get_contextvars() == {}


async def test_unknown_job_is_dropped_and_counted(context: JobContext, queue: Queue, recorder: Recorder) -> None:
    before = counted("unknown", "dropped")
    await queue.enqueue("test.from_another_release")
    await run_worker(context, [recorder.job()], burst=True)
    assert counted("unknown", "dropped") == before + 1


async def test_cron_job_can_also_be_enqueued(context: JobContext, queue: Queue) -> None:
    ran = []

    @cron("test.hourly", minute=frozenset({1, 31}))
    async def hourly(context: JobContext) -> None:
        ran.append(context.job_id)

    await queue.enqueue("test.hourly", key="by-hand")
    await run_worker(context, [hourly], burst=True)
    assert ran == ["test.hourly:by-hand"]


async def test_stop_lets_running_jobs_finish_and_starts_no_others(
    context: JobContext, queue: Queue, redis: Redis
) -> None:
    started, release, finished = asyncio.Event(), asyncio.Event(), []

    @job("test.long")
    async def long(context: JobContext, n: int) -> None:
        started.set()
        await release.wait()
        finished.append(n)

    stop = asyncio.Event()
    await queue.enqueue("test.long", n=1)
    working = asyncio.create_task(run_worker(context, [long], stop=stop))
    await started.wait()
    assert len(await redis.keys(f"{HEALTH_KEYS}*")) == 1
    stop.set()
    await asyncio.sleep(3 * POLL_EVERY_S)
    await queue.enqueue("test.long", n=2)
    await asyncio.sleep(3 * POLL_EVERY_S)
    release.set()
    await working
    assert finished == [1]
    assert await redis.zcard(queue_key("upkeep")) == 1
    assert await redis.keys(f"{HEALTH_KEYS}*") == []


async def test_stop_returns_a_job_that_takes_too_long_to_the_queue(
    context: JobContext, queue: Queue, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "DRAIN_S", 0.1)
    attempts, started, stop = [], asyncio.Event(), asyncio.Event()

    @job("test.endless", max_tries=1)
    async def endless(context: JobContext) -> None:
        attempts.append(context.attempt)
        started.set()
        if context.attempt == 1:
            await asyncio.sleep(60)

    await queue.enqueue("test.endless")
    working = asyncio.create_task(run_worker(context, [endless], stop=stop))
    await started.wait()
    stop.set()
    await working
    assert await redis.keys("arq:in-progress:*") == []
    await run_worker(context, [endless], burst=True)
    assert attempts == [1, 2]
