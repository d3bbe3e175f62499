"""Background jobs: what a job is and how one is enqueued. Only this file and src/workers know arq (docs/adr).

Jobs are wake-up calls: they carry ids, are safe to run twice, and what one of them was to do is found again by a
schedule when the queue loses it. They are enqueued after the commit that makes them necessary.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import time
from typing import Any, TypeAlias

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from src.platform.database import Database
from src.platform.metrics import JOBS_ENQUEUED
from src.platform.settings import Settings

log = structlog.get_logger(__name__)

QUEUE_NAME = "wishkeep:jobs"
# A queue that nobody works off keeps its jobs this long; arq's default of a day would lose a weekend's.
KEPT_FOR_MS = 7 * 24 * 3600 * 1000
# What is asked for after a commit may delay its answer by so much at worst.
ENQUEUE_TIMEOUT_S = 1.0
QUEUE_AWAY = (RedisError, OSError)
# Wake-up calls of one such stretch of time share a run, which begins when the stretch is over.
WAKE_EVERY_S = 0.2

Function: TypeAlias = Callable[..., Awaitable[object]]
Moments: TypeAlias = int | frozenset[int] | None


@dataclass(frozen=True)
class JobContext:
    """What every job is given: the worker's connections, and which run of which job this is."""

    settings: Settings
    database: Database
    queue: "Queue"
    job_id: str = ""
    attempt: int = 1
    # Set when the process has been asked to end: what is under way is finished, nothing more is begun.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function that workers run under a name; calling it runs it here and now.

    Failures that may pass are tried again after `retry_s`, four times longer each time, up to `max_tries` runs.
    """

    name: str
    function: Function
    timeout_s: float
    max_tries: int
    retry_s: float

    async def __call__(self, context: JobContext, **arguments: Any) -> None:
        await self.function(context, **arguments)


@dataclass(frozen=True, kw_only=True)
class Cron(Job):
    """A job that also runs by the clock (UTC), once for all workers; a time that was missed is not made up for."""

    hour: Moments
    minute: Moments


def job(name: str, *, timeout_s: float = 60, max_tries: int = 5, retry_s: float = 1) -> Callable[[Function], Job]:
    """Make an `async def f(context: JobContext, **ids)` a job.

    The longest `timeout_s` of a worker's jobs decides when the job of a killed worker is run again: keep it short.
    """
    return lambda function: Job(name=name, function=function, timeout_s=timeout_s, max_tries=max_tries, retry_s=retry_s)


def cron(
    name: str,
    *,
    minute: Moments,
    hour: Moments = None,
    timeout_s: float = 60,
    max_tries: int = 3,
    retry_s: float = 1,
) -> Callable[[Function], Cron]:
    """Make a function a job of the schedule: at these minutes of every hour, or of the given ones."""
    return lambda function: Cron(
        name=name,
        function=function,
        timeout_s=timeout_s,
        max_tries=max_tries,
        retry_s=retry_s,
        hour=hour,
        minute=minute,
    )


class Queue:
    """Where jobs are enqueued; one per process and event loop."""

    def __init__(self, settings: Settings) -> None:
        self._client = queue_client(settings, timeout_s=ENQUEUE_TIMEOUT_S, connections=8, retries=0)
        self._sending: set[asyncio.Task[bool]] = set()

    async def enqueue(self, name: str, *, key: str | None = None, defer_s: float = 0, **arguments: Any) -> bool:
        """Ask for a run of the job `name`, `defer_s` seconds from now at the earliest; whether the queue took it.

        With a `key` it is not taken while a job of that name and key waits or runs. A queue that is away loses the
        call, which is logged and counted, but is no failure of whoever made it.
        """
        # Shielded from the end of a request: a cancelled pipeline leaks its connection (redis-py 5.3).
        sending = asyncio.create_task(self._send(name, key, defer_s, arguments))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return await asyncio.shield(sending)

    async def wake(self, name: str, *, key: str = "", after_s: float = 0, **arguments: Any) -> None:
        """Ask for a run of `name` that begins within WAKE_EVERY_S from now, or so much after `after_s`.

        Calls that come together share one run, and none is lost to a run that has begun already: what was committed
        before the call is there when the run begins. A `key` keeps runs with different arguments apart.
        """
        now = time()
        stretch = int((now + after_s) / WAKE_EVERY_S) + 1
        defer_s = stretch * WAKE_EVERY_S - now
        await self.enqueue(name, key=f"{key}:{stretch}", defer_s=defer_s, **arguments)

    async def _send(self, name: str, key: str | None, defer_s: float, arguments: dict[str, Any]) -> bool:
        job_id = None if key is None else f"{name}:{key}"
        try:
            taken = await self._client.enqueue_job(name, _job_id=job_id, _defer_by=defer_s or None, **arguments)
        except QUEUE_AWAY as error:
            JOBS_ENQUEUED.labels(name, "lost").inc()
            log.warning("job.lost", job=name, error=repr(error))
            return False
        JOBS_ENQUEUED.labels(name, "queued" if taken else "duplicate").inc()
        return taken is not None

    async def ping(self) -> None:
        """Raises one of QUEUE_AWAY when the queue does not answer."""
        await self._client.ping()

    async def close(self) -> None:
        """Finish what is being sent and close the connections."""
        if self._sending:
            await asyncio.wait(self._sending)
        await close_client(self._client)


def queue_client(settings: Settings, *, timeout_s: float, connections: int, retries: int) -> ArqRedis:
    """A client of the queue's server; close it with `close_client`."""
    # From the URL by redis-py: arq's own reading of it drops all options and does not decode paths.
    pool = BlockingConnectionPool.from_url(
        settings.queue_url,
        max_connections=connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries),
        retry_on_error=[RedisConnectionError, RedisTimeout],
    )
    return ArqRedis(
        pool_or_conn=pool,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        default_queue_name=QUEUE_NAME,
        expires_extra_ms=KEPT_FOR_MS,
    )


async def close_client(client: ArqRedis) -> None:
    """Close all connections of a client that `queue_client` made."""
    await client.aclose()
    await client.connection_pool.disconnect()
