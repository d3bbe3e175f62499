"""What all processes counted, added up by minutes and quarters of an hour in the queue's Valkey.

A process adds what it gained every two seconds, so that one that is killed takes no more than that with it. Beside
that each process says that it is there, and one at a time measures what nobody counts, such as how long a queue is.
The keys are bounded: one hash for each minute of two hours and each quarter of 26 hours, whose fields are those of
`counted`, and `max:<name>` for what was measured; they go by themselves.
"""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import time
from typing import Literal, NamedTuple, TypeAlias

import msgspec
import psutil
import structlog
from redis.asyncio import Redis

from src.platform import wire
from src.platform.counted import Counted
from src.platform.jobs import QUEUE_AWAY
from src.platform.version import VERSION

log = structlog.get_logger(__name__)

RECORD_EVERY_S = 2.0
MEASURE_EVERY_S = 10.0
# What is measured is for charts: better none than late.
MEASURE_LIMIT_S = 5.0
PRESENT_FOR_S = 15
PROCESSES = "wishkeep:processes"
PROCESS = "wishkeep:process:"
MEASURER = "wishkeep:history:measurer"
MEASURED = "max:"

Measure: TypeAlias = Callable[[], Awaitable[Mapping[str, float]]]


class Step(NamedTuple):
    """A length of time whose numbers are kept together, and how long they are kept."""

    length_s: int
    kept_s: int

    def start(self, moment: float) -> int:
        """When the step that holds the moment began."""
        return int(moment // self.length_s) * self.length_s

    def key(self, start: int) -> str:
        """Where the numbers of the step are that began then."""
        return f"wishkeep:history:{self.length_s}:{start}"


MINUTE = Step(60, 2 * 3600)
QUARTER = Step(15 * 60, 26 * 3600)
STEPS = (MINUTE, QUARTER)


class Presence(msgspec.Struct, frozen=True):
    """A process that is there; `queues` are those that it works off."""

    id: str
    kind: Literal["api", "worker"]
    version: str
    host: str
    pid: int
    started_at: str
    memory_bytes: int
    queues: Sequence[str] = ()


class Recorder:
    """Records what this process counts, beginning with what it counts from now on."""

    def __init__(
        self, client: Redis, kind: Literal["api", "worker"], measure: Measure, *, queues: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._kind: Literal["api", "worker"] = kind
        self._measure = measure
        self._queues = tuple(queues)
        self._counted = Counted()
        # What the server did not take yet. Its fields are bounded, however long that lasts.
        self._gained: Counter[str] = Counter()
        self._process = psutil.Process()
        self._started_at = wire.time(datetime.now(UTC))
        self._host = socket.gethostname()
        self.id = f"{self._host}:{os.getpid()}:{os.urandom(4).hex()}"
        self._away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`, and once more then."""
        while not stop.is_set():
            await self._attempt(self.record)
            await self._attempt(self.measure)
            try:
                await asyncio.wait_for(stop.wait(), RECORD_EVERY_S)
            except TimeoutError:
                continue
        await self._attempt(self.record)
        await self._attempt(self._leave)

    async def _attempt(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except QUEUE_AWAY as error:
            if not self._away:
                log.warning("history.away", error=repr(error))
            self._away = True
        except Exception:  # What only tells how we are doing must not end what we do.
            log.exception("history.failed")
        else:
            self._away = False

    async def record(self) -> None:
        """Add what was gained; raises one of QUEUE_AWAY, and then adds it the next time."""
        self._gained.update(self._counted.take())
        now = time()
        async with self._client.pipeline(transaction=True) as pipe:
            for step in STEPS:
                key = step.key(step.start(now))
                for name, gain in self._gained.items():
                    pipe.hincrby(key, name, gain)
                # Also when nothing was gained: it tells silence from absence.
                pipe.hincrby(key, "rounds", 1)
                pipe.expire(key, step.kept_s)
            pipe.set(PROCESS + self.id, msgspec.json.encode(self._presence()), ex=PRESENT_FOR_S)
            pipe.zadd(PROCESSES, {self.id: now})
            pipe.zremrangebyscore(PROCESSES, "-inf", now - 4 * PRESENT_FOR_S)
            pipe.expire(PROCESSES, 4 * PRESENT_FOR_S)
            await pipe.execute()
        self._gained.clear()

    async def measure(self) -> None:
        """Keep the largest of what is measured in each step, if nobody has measured lately."""
        mine = await self._client.set(MEASURER, self.id, nx=True, px=int(MEASURE_EVERY_S * 1000))
        if not mine:
            return
        async with asyncio.timeout(MEASURE_LIMIT_S):
            measured = {MEASURED + name: value for name, value in (await self._measure()).items()}
        now = time()
        keys = [(step, step.key(step.start(now))) for step in STEPS]
        names = list(measured)
        if not names:
            return
        async with self._client.pipeline(transaction=False) as pipe:
            for _, key in keys:
                pipe.hmget(key, names)
            found = await pipe.execute()
        async with self._client.pipeline(transaction=True) as pipe:
            for (step, key), before in zip(keys, found, strict=True):
                largest = {
                    name: max(measured[name], float(old or 0.0)) for name, old in zip(names, before, strict=True)
                }
                pipe.hset(key, mapping={name: repr(value) for name, value in largest.items()})
                pipe.expire(key, step.kept_s)
            await pipe.execute()

    async def _leave(self) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(PROCESS + self.id)
            pipe.zrem(PROCESSES, self.id)
            await pipe.execute()

    def _presence(self) -> Presence:
        return Presence(
            id=self.id,
            kind=self._kind,
            version=VERSION,
            host=self._host,
            pid=self._process.pid,
            started_at=self._started_at,
            memory_bytes=self._process.memory_info().rss,
            queues=self._queues,
        )


@asynccontextmanager
async def recorded(
    client: Redis, kind: Literal["api", "worker"], measure: Measure, *, queues: Sequence[str] = ()
) -> AsyncIterator[None]:
    """Record what this process counts while the block runs."""
    stop = asyncio.Event()
    recording = asyncio.create_task(Recorder(client, kind, measure, queues=queues).run(stop), name="history")
    try:
        yield
    finally:
        # Not cancelled: a pipeline that is cancelled leaks its connection (redis-py 5.3).
        stop.set()
        await recording
