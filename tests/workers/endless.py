"""A worker process for tests: its job notes each run and never ends the first time. Run with `python -m`."""

import asyncio
import os

from redis.asyncio import Redis

from src.platform.database import Database
from src.platform.jobs import JobContext, Queue, job
from src.platform.settings import load_settings
from src.workers.runner import run_worker

RUNS = "test:runs"


@job("test.endless", timeout_s=30)
async def endless(context: JobContext) -> None:
    """Note the run; only later runs end."""
    async with Redis.from_url(context.settings.queue_url) as redis:
        await redis.rpush(RUNS, context.attempt)
    if context.attempt == 1:
        await asyncio.sleep(600)


async def main() -> None:
    """Run jobs until killed."""
    settings = load_settings(os.environ)
    await run_worker(JobContext(settings, Database(settings), Queue(settings)), [endless])


if __name__ == "__main__":
    asyncio.run(main())
