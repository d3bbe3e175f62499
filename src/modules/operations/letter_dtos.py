"""Dead letters, as operators see and choose them."""

from typing import Annotated, Any, TypeAlias

import msgspec

from src.modules.operations.dtos import Time
from src.platform.jobs import QueueName

JobName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Cursor: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d{1,16}-\d{1,18}$", max_length=40)]


class DeadLetterRead(msgspec.Struct, frozen=True):
    """A job that was given up, with its latest failure; `failures` counts those with the same arguments.

    `arguments` are an object; null where the queue had lost them, and a text, say, where they named people or secrets:
    without an object, a letter can only be dropped. `attempts` are the runs of the latest call, `trace_id` is the trace
    that it was part of.
    """

    id: int
    job: str
    queue: str
    job_id: str
    arguments: Any
    error: str
    attempts: int
    failures: int
    first_failed_at: Time
    failed_at: Time
    trace_id: str | None


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Some letters, the latest failure first; `next` is the address of those that follow.

    `count` is the number of all that fit, and ends at ten thousand.
    """

    count: int
    next: str | None
    results: list[DeadLetterRead]


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters; without any field all of them."""

    queue: QueueName | None = None
    job: JobName | None = None


class LetterQuery(LetterFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which letters, how many, and where to go on."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Retried(msgspec.Struct, frozen=True):
    """How many jobs wait in their queues again, and whether there are more letters to try: then ask once more.

    `skipped` letters stay, because no job can be given their arguments.
    """

    retried: int
    more: bool
    skipped: int = 0


class Dropped(msgspec.Struct, frozen=True):
    """How many letters were deleted, and whether there are more: then ask once more."""

    dropped: int
    more: bool


class PausedQueues(msgspec.Struct, frozen=True):
    """The queues from which workers start nothing at the moment; it takes them a second to notice."""

    paused: list[str]
