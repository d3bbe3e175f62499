"""How the service is doing, in numbers: what /ops/queues tells and the page shows. What is not known is null."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds that half, 95 and 99 of a hundred took at most; as exact as the buckets that were counted."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


class JobFigures(msgspec.Struct, frozen=True):
    """One job over the last hour: runs by outcome, how long they took, and how long they had waited."""

    name: str
    done: int | None
    retried: int | None
    failed: int | None
    run: Percentiles
    wait: Percentiles


class QueueFigures(msgspec.Struct, frozen=True):
    """One queue: now, and over the last hour.

    `depth` counts what is due and not begun, `scheduled` what is due later; `oldest_age_s` is how long the first of
    those that are due has been; `dropped` is what was given up without a run, such as a job that nobody knows.
    """

    name: str
    paused: bool | None
    depth: int | None
    scheduled: int | None
    oldest_age_s: float | None
    in_flight: int | None
    workers: int | None
    per_minute: float | None
    done: int | None
    retried: int | None
    failed: int | None
    dropped: int | None
    dead_letters: int | None
    run: Percentiles
    wait: Percentiles
    jobs: list[JobFigures]


class FeedFigures(msgspec.Struct, frozen=True):
    """How far behind the catalogue the feed is: the age of the first change that no pass has seen, and how many wait.

    Zero when all are seen; the count ends at ten thousand.
    """

    lag_s: float | None
    waiting_changes: int | None


class ChannelFigures(msgspec.Struct, frozen=True):
    """The deliveries of one channel: due, being sent and dead now; sent and dropped in the last hour.

    Counts of now end at ten thousand.
    """

    channel: str
    due: int | None
    oldest_due_s: float | None
    sending: int | None
    sent: int | None
    dropped: int | None
    dead: int | None


class CacheFigures(msgspec.Struct, frozen=True):
    """What the cache was asked in the last five minutes."""

    hit_rate: float | None
    hits: int | None
    misses: int | None
    errors: int | None


class RequestFigures(msgspec.Struct, frozen=True):
    """Requests of the last five minutes; failed are answers 5xx, limited 429."""

    per_second: float | None
    failed_per_second: float | None
    limited_per_second: float | None
    duration: Percentiles


class ProcessFigures(msgspec.Struct, frozen=True):
    """A process that said within the last 15 seconds that it is there."""

    id: str
    kind: str
    version: str
    host: str
    pid: int
    started_at: Time
    uptime_s: float
    memory_bytes: int


class Overview(msgspec.Struct, frozen=True):
    """Everything at one moment; what a server that is away would tell is null."""

    generated_at: Time
    queue_available: bool
    database_available: bool
    queues: list[QueueFigures]
    feed: FeedFigures
    deliveries: list[ChannelFigures]
    cache: CacheFigures
    requests: RequestFigures
    processes: list[ProcessFigures]
    dead_letters: int | None


class History(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Figures over time: each series has one number for each step that begins at `from`; null where none is known."""

    span: Literal["hour", "day"]
    step_s: int
    from_: Time
    series: dict[str, list[float | None]]
