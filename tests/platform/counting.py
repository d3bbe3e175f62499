"""A process for tests that counts and records; run with `python -m`."""

import asyncio
import os
import sys

from redis.asyncio import Redis

from src.platform.history import Recorder
from src.platform.metrics import CACHE_REQUESTS, JOB_DURATION, JOBS

JOB = "test.counted"
DURATION_S = 0.05


async def nothing() -> dict[str, float]:
    return {}


async def main(number: int) -> None:
    """Count to `number`, in two rounds."""
    # What a process counted before it records is somebody else's.
    JOBS.labels(JOB, "done").inc(1000)
    async with Redis.from_url(os.environ["QUEUE_URL"]) as client:
        recorder = Recorder(client, "worker", nothing, queues=["feed"])
        for share in (number // 2, number - number // 2):
            JOBS.labels(JOB, "done").inc(share)
            for _ in range(share):
                JOB_DURATION.labels(JOB).observe(DURATION_S)
            CACHE_REQUESTS.labels("hit").inc(share)
            await recorder.record()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
