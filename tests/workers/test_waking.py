"""Wake-up calls: shared by those who call together, and never lost to a run that has begun."""

import asyncio

from redis.asyncio import Redis

from src.platform.jobs import WAKE_EVERY_S, JobContext, Queue, job, queue_key
from src.workers.runner import run_worker

CALLS = 200


async def test_calls_that_come_together_share_a_run(context: JobContext, queue: Queue) -> None:
    ran = []

    @job("test.woken")
    async def woken(context: JobContext, channel: str = "") -> None:
        ran.append(channel)

    for _ in range(20):
        await queue.wake("test.woken")
        await queue.wake("test.woken", key="email", channel="email")
    await run_worker(context, [woken], burst=True)
    # The calls may have fallen into two stretches.
    assert set(ran) == {"", "email"}
    assert len(ran) <= 4


async def test_a_run_sees_whatever_was_there_before_its_call(context: JobContext, queue: Queue) -> None:
    there: list[int] = []
    seen: list[int] = []
    saw_all = asyncio.Event()

    @job("test.woken")
    async def woken(context: JobContext) -> None:
        await asyncio.sleep(0)
        latest = len(there)
        await asyncio.sleep(0.05)  # calls during a run are not for this run
        seen.append(latest)
        if latest == CALLS:
            saw_all.set()

    async def write() -> None:
        for n in range(CALLS):
            there.append(n)
            await queue.wake("test.woken")
            await asyncio.sleep(0.005)

    writing = asyncio.create_task(write())
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(context, [woken], stop=stop))
    await writing
    await asyncio.wait_for(saw_all.wait(), 10)
    stop.set()
    await working
    assert len(seen) < CALLS


async def test_a_call_for_later_runs_later(queue: Queue, redis: Redis) -> None:
    await queue.wake("test.woken")
    await queue.wake("test.woken", after_s=30)
    (_, soon), (_, later) = await redis.zrange(queue_key("upkeep"), 0, -1, withscores=True)
    assert 30_000 - 1000 * WAKE_EVERY_S <= later - soon <= 30_000 + 1000 * WAKE_EVERY_S + 5000
