"""Background jobs: what a job is and how one is enqueued. Only this file and src/workers know arq (docs/adr).

Jobs are wake-up calls: they carry ids, are safe to run twice, and what one of them was to do is found again by a
schedule when the queue loses it. They are enqueued after the commit that makes them necessary.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import time
from typing import Any, Literal, TypeAlias, get_args

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeout

from src.platform.database import Database
from src.platform.redis import create_pool
from src.platform.redis_addresses import read_address
from src.platform.sending import AWAY, Call, Met, Sender
from src.platform.settings import Settings
from src.platform.tracing import with_trace

log = structlog.get_logger(__name__)

QueueName: TypeAlias = Literal["feed", "deliveries", "upkeep"]
# Several, so that one can be paused while the others go on.
QUEUES: tuple[QueueName, ...] = get_args(QueueName)
_QUEUE_OF: dict[str, QueueName] = {"updates": "feed", "notifications": "deliveries", "alerts": "deliveries"}
# Where releases before this one enqueue everything. Workers look there too, because such a release may run beside this
# one or have left something behind: that may go in the release after this.
FORMER_KEY = "wishkeep:jobs"
# A queue that nobody works off keeps its jobs this long; arq's default of a day would lose a weekend's.
KEPT_FOR_MS = 7 * 24 * 3600 * 1000
# What is asked for after a commit may delay its answer by so much at worst.
ENQUEUE_TIMEOUT_S = 1.0
QUEUE_AWAY = AWAY
# Wake-up calls of one such stretch of time share a run, which begins when the stretch is over.
WAKE_EVERY_S = 0.2

# Names of jobs that this process's own code knows: others come from what people sent, and are told as one.
_known: set[str] = set()
UNKNOWN = "unknown"

Function: TypeAlias = Callable[..., Awaitable[object]]
Moments: TypeAlias = int | frozenset[int] | None


def queue_of(job_name: str) -> QueueName:
    """The queue that jobs of this name wait in; what nobody knows is upkeep."""
    return _QUEUE_OF.get(job_name.partition(".")[0], "upkeep")


def queue_key(queue: QueueName) -> str:
    """The key of a queue's jobs on its server."""
    return f"{FORMER_KEY}:{queue}"


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

    def __post_init__(self) -> None:
        _known.add(self.name)

    async def __call__(self, context: JobContext, /, **arguments: Any) -> None:
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


class Unsendable(Exception):
    """A call of a job that no queue can take, today or ever."""


class Queue:
    """Where jobs are enqueued; one per process and event loop."""

    def __init__(self, settings: Settings) -> None:
        connect = partial(queue_client, settings, timeout_s=ENQUEUE_TIMEOUT_S, connections=8, retries=0)
        self._sender = Sender(lambda met: connect(met=met), ENQUEUE_TIMEOUT_S)

    async def enqueue(self, name: str, *, key: str | None = None, defer_s: float = 0, **arguments: Any) -> bool:
        """Ask for a run of the job `name`, `defer_s` seconds from now at the earliest; whether the queue took it.

        With a `key` it is not taken while a job of that name and key waits or runs. While the queue is away, the call
        is kept here and sent as soon as it is back; that is no failure of whoever made it.
        """
        _known.add(name)
        return await self._sender.send(Call(name, queue_key(queue_of(name)), with_trace(arguments), key, defer_s))

    async def enqueue_again(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Ask for a run of a job as it was asked for before, whatever it and its arguments are called.

        Whether the queue took it; raises Unsendable when no queue ever will.
        """
        label = name if name in _known else UNKNOWN
        call = Call(name, queue_key(queue_of(name)), with_trace(dict(arguments)), None, 0, label=label)
        taken = await self._sender.send(call)
        if call.refused is not None:
            raise Unsendable from call.refused
        return taken

    async def wake(self, name: str, *, key: str = "", after_s: float = 0, **arguments: Any) -> None:
        """Ask for a run of `name` that begins within WAKE_EVERY_S from now, or so much after `after_s`.

        Calls that come together share one run, and none is lost to a run that has begun already: what was committed
        before the call is there when the run begins. A `key` keeps runs with different arguments apart.
        """
        _known.add(name)
        now = time()
        stretch = int((now + after_s) / WAKE_EVERY_S) + 1
        defer_s = stretch * WAKE_EVERY_S - now
        queue, group = queue_key(queue_of(name)), f"{name}:{key}"
        await self._sender.send(Call(name, queue, with_trace(arguments), f"{key}:{stretch}", defer_s, group))

    async def ping(self) -> None:
        """Raises one of QUEUE_AWAY when the queue does not answer."""
        await self._sender.client.ping()

    async def close(self) -> None:
        """Finish what is being sent, try once more to send what could not be, and close the connections."""
        await self._sender.close()
        await close_client(self._sender.client)


def queue_client(
    settings: Settings, *, timeout_s: float, connections: int, retries: int, met: Met | None = None
) -> ArqRedis:
    """A client of the queue's server, which sets up each new connection by `met`; close it with `close_client`."""
    # By redis-py: arq's own reading of an address drops all options and does not decode paths.
    pool = create_pool(
        read_address(settings.queue_url),
        connections=connections,
        timeout_s=timeout_s,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries),
        retry_on_error=[RedisConnectionError, RedisTimeout],
        redis_connect_func=met,
    )
    return ArqRedis(
        pool_or_conn=pool,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        expires_extra_ms=KEPT_FOR_MS,
    )


async def close_client(client: ArqRedis) -> None:
    """Close all connections of a client that `queue_client` made."""
    await client.aclose()
    await client.connection_pool.disconnect()
