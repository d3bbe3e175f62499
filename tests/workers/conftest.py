"""An empty queue, and what jobs are given."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from src.platform.database import Database
from src.platform.jobs import JobContext, Queue
from src.platform.settings import Settings


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """A client of the queue's server, with nothing in the queue."""
    client = Redis.from_url(settings.queue_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
async def queue(patience: None, settings: Settings, redis: Redis) -> AsyncIterator[Queue]:
    """An open queue."""
    opened = Queue(settings)
    yield opened
    await opened.close()


@pytest.fixture
def context(settings: Settings, database: Database, queue: Queue) -> JobContext:
    """What the worker gives to jobs."""
    return JobContext(settings, database, queue)
