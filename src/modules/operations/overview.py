"""Everything together: what the queue's server and PostgreSQL know, at one moment."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple, TypeVar

import structlog
from redis.asyncio import Redis

from src.modules import notifications, updates
from src.modules.notifications import Standing
from src.modules.operations import queues
from src.modules.operations.figures import (
    CacheFigures,
    ChannelFigures,
    FeedFigures,
    JobFigures,
    Overview,
    Percentiles,
    QueueFigures,
    RequestFigures,
)
from src.modules.operations.letters import counts
from src.modules.operations.percentiles import percentiles_ms
from src.modules.operations.queues import QueueStanding
from src.modules.operations.recorded import JobSums, Recorded, Sums
from src.platform import wire
from src.platform.database import Database
from src.platform.dynamic_settings import PAUSED_QUEUES, read_setting
from src.platform.history import MINUTE, Presence
from src.platform.jobs import QUEUES, QueueName, queue_of
from src.platform.metrics import HTTP_BUCKETS_S, JOB_BUCKETS_S

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Whoever asks sooner is told the same.
KEPT_S = 1.0
# What a server does not tell in this time is not known.
PATIENCE_S = 2.0
HOUR, LATELY = 60, 5
CHANNELS = ("email", "push", "webhook")
HITS = ("hit", "shared_hit")
NO_TIMES = Percentiles()


class QueueSide(NamedTuple):
    """What the queue's server knows."""

    standing: Mapping[str, QueueStanding]
    processes: Sequence[Presence]
    hour: Sums
    lately: Sums
    lately_s: float


class DatabaseSide(NamedTuple):
    """What PostgreSQL knows."""

    paused: frozenset[str]
    lag: tuple[float, int]
    channels: Mapping[str, Standing]
    dead_letters: Mapping[str, int]


class Overviews:
    """Computes the overview; however many ask, once a second per process at the most."""

    def __init__(self, database: Database, queue: Redis) -> None:
        self._database = database
        self._queue = queue
        self.recorded = Recorded(queue)
        self._computing: asyncio.Task[Overview] | None = None
        self._computed_at = 0.0

    async def now(self) -> Overview:
        """The overview, at most a second old."""
        computing = self._computing
        if computing is None or (computing.done() and monotonic() - self._computed_at >= KEPT_S):
            computing = self._computing = asyncio.create_task(self._compute(), name="overview")
        # Whoever goes away meanwhile does not take it from the others.
        return await asyncio.shield(computing)

    def look_anew(self) -> None:
        """Let whoever asks next be told of what was done just now."""
        self._computing = None

    async def _compute(self) -> Overview:
        queue, database = await asyncio.gather(
            asyncio.create_task(_patiently("queue", self._queue_side()), name="overview"),
            asyncio.create_task(_patiently("database", self._database_side()), name="overview"),
        )
        self._computed_at = monotonic()
        return _overview(queue, database)

    async def measure(self) -> dict[str, float]:
        """What nobody counts and the history is to keep; nothing of servers that are away."""
        overview = await self.now()
        found = {f"{queue.name}.depth": queue.depth for queue in overview.queues}
        known = {**found, "feed_lag_s": overview.feed.lag_s}
        return {name: float(value) for name, value in known.items() if value is not None}

    async def _queue_side(self) -> QueueSide:
        standing = await queues.read_standing(self._queue)
        processes = await queues.read_processes(self._queue)
        window = await self.recorded.window(MINUTE, HOUR)
        hour, _ = window.last(HOUR)
        return QueueSide(standing, processes, hour, *window.last(LATELY))

    async def _database_side(self) -> DatabaseSide:
        async with self._database.read() as connection:
            return DatabaseSide(
                frozenset(await read_setting(connection, PAUSED_QUEUES)),
                await updates.read_lag(connection),
                {each.channel: each for each in await notifications.read_standing(connection)},
                await counts(connection, QUEUES),
            )


async def _patiently(name: str, asked: Awaitable[T]) -> T | None:
    """The answer; None if the server has none in time, whatever the reason."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asked
    except Exception as error:
        log.warning("overview.unknown", server=name, error=repr(error))
        return None


def _overview(queue: QueueSide | None, database: DatabaseSide | None) -> Overview:
    lag_s, waiting = (None, None) if database is None else database.lag
    jobs = {} if queue is None else queue.hour.jobs()
    return Overview(
        generated_at=wire.time(datetime.now(UTC)),
        queue_available=queue is not None,
        database_available=database is not None,
        queues=[_queue(name, queue, database, jobs) for name in QUEUES],
        feed=FeedFigures(_rounded(lag_s), waiting),
        deliveries=[_channel(name, queue, database) for name in CHANNELS],
        cache=_cache(queue),
        requests=_requests(queue),
        processes=[] if queue is None else queues.shown(queue.processes),
        dead_letters=None if database is None else sum(database.dead_letters.values()),
    )


def _queue(
    name: QueueName, queue: QueueSide | None, database: DatabaseSide | None, jobs: Mapping[str, JobSums]
) -> QueueFigures:
    paused = None if database is None else name in database.paused
    dead_letters = None if database is None else database.dead_letters.get(name, 0)
    if queue is None:
        nothing = (None,) * 10
        return QueueFigures(name, paused, *nothing, dead_letters, NO_TIMES, NO_TIMES, [])
    standing = queue.standing[name]
    mine = {job: sums for job, sums in sorted(jobs.items()) if queue_of(job) == name}
    total = JobSums.of(mine.values())
    lately = JobSums.of(sums for job, sums in queue.lately.jobs().items() if queue_of(job) == name)
    return QueueFigures(
        name=name,
        paused=paused,
        depth=standing.depth,
        scheduled=standing.scheduled,
        oldest_age_s=_rounded(standing.oldest_age_s),
        in_flight=standing.in_flight,
        workers=sum(name in each.queues for each in queue.processes),
        per_minute=round(lately.outcomes["done"] * 60 / queue.lately_s, 2),
        done=total.outcomes["done"],
        retried=total.outcomes["retried"],
        failed=total.outcomes["failed"],
        dropped=total.outcomes["dropped"],
        dead_letters=dead_letters,
        run=percentiles_ms(total.run, JOB_BUCKETS_S),
        wait=percentiles_ms(total.wait, JOB_BUCKETS_S),
        jobs=[_job(job, sums) for job, sums in mine.items()],
    )


def _job(name: str, sums: JobSums) -> JobFigures:
    return JobFigures(
        name,
        sums.outcomes["done"],
        sums.outcomes["retried"],
        sums.outcomes["failed"],
        percentiles_ms(sums.run, JOB_BUCKETS_S),
        percentiles_ms(sums.wait, JOB_BUCKETS_S),
    )


def _channel(name: str, queue: QueueSide | None, database: DatabaseSide | None) -> ChannelFigures:
    standing = None if database is None else database.channels.get(name)
    return ChannelFigures(
        channel=name,
        due=standing and standing.due,
        oldest_due_s=_rounded(standing and standing.oldest_due_s),
        sending=standing and standing.sending,
        sent=queue and queue.hour.count(f"deliveries:sent:{name}"),
        dropped=queue and queue.hour.count(f"deliveries:dropped:{name}"),
        dead=standing and standing.dead,
    )


def _cache(queue: QueueSide | None) -> CacheFigures:
    if queue is None:
        return CacheFigures(None, None, None, None)
    hits, misses = hits_and_misses(queue.lately)
    return CacheFigures(hit_rate(hits, misses), hits, misses, queue.lately.count("cache:error"))


def hits_and_misses(sums: Sums) -> tuple[int, int]:
    """What the cache had, here or on its server, and what it had not."""
    return sum(sums.count(f"cache:{outcome}") for outcome in HITS), sums.count("cache:miss")


def hit_rate(hits: int, misses: int) -> float | None:
    """The share of hits; None when nothing was asked."""
    return round(hits / (hits + misses), 4) if hits + misses else None


def _requests(queue: QueueSide | None) -> RequestFigures:
    if queue is None:
        return RequestFigures(None, None, None, NO_TIMES)
    lately = queue.lately
    per_second, failed, limited = (
        round(lately.count(name) / queue.lately_s, 3) for name in ("requests", "requests:failed", "requests:limited")
    )
    return RequestFigures(per_second, failed, limited, percentiles_ms(lately.durations(), HTTP_BUCKETS_S))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
