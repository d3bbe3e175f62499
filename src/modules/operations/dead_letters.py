"""Jobs that were given up: kept as one letter each with a count, listed, tried again and dropped."""

import hashlib
from typing import Any

import msgspec

from src.modules.operations import letters
from src.modules.operations.errors import ArgumentsLost, ArgumentsUnfit
from src.modules.operations.letter_dtos import DeadLetterRead, Dropped, LetterFilter, LetterQuery, Retried
from src.modules.operations.letters import Letter
from src.platform.database import Connection, Database
from src.platform.dynamic_settings import DEAD_LETTER_DAYS, read_setting
from src.platform.errors import NotFound, ServiceUnavailable
from src.platform.jobs import Queue, Unsendable, queue_of
from src.platform.logs import blot
from src.platform.tracing import trace_ids

LONGEST_ERROR = 2000
# Beyond this they are not kept, and nobody can try again with them.
LARGEST_ARGUMENTS = 64 * 1024
LONGEST_NAME = 200
# What one call does at the most; it says when there is more.
RETRIED_AT_ONCE = 500
DROPPED_AT_ONCE = 10_000
FORGOTTEN_AT_ONCE = 1000
# Lines of PostgreSQL's messages that quote rows.
QUOTING = ("DETAIL:", "CONTEXT:", "QUERY:")
_ENCODER = msgspec.json.Encoder(enc_hook=repr, order="deterministic")


class GivenUp(msgspec.Struct, frozen=True):
    """A call of a job that no further run is made of; without arguments where the queue had lost them."""

    job: str
    job_id: str
    arguments: dict[str, Any] | None
    error: str
    attempts: int


async def bury(database: Database, given_up: GivenUp) -> None:
    """Keep what was given up; one letter for all failures of a job with the same arguments."""
    job = _storable(given_up.job)[:LONGEST_NAME]
    arguments = None if given_up.arguments is None else _ENCODER.encode(given_up.arguments)
    digest = hashlib.sha256(_ENCODER.encode([given_up.job, given_up.arguments])).digest()
    if arguments is not None and (len(arguments) > LARGEST_ARGUMENTS or b"\\u0000" in arguments):
        arguments = None
    ids = trace_ids()
    kept = None if arguments is None else _kept(arguments.decode())
    async with database.transaction() as work:
        await letters.put(
            work.connection,
            job=job,
            queue=queue_of(given_up.job),
            job_id=_storable(given_up.job_id)[:LONGEST_NAME],
            arguments=kept,
            digest=digest,
            error=_told(given_up.error),
            attempts=given_up.attempts,
            trace_id=None if ids is None else ids[0],
        )


def _kept(arguments: str) -> str:
    """Arguments as they are; as a text to look at where they name people or secrets, which no job of ours is told."""
    blotted = blot(arguments)
    return arguments if blotted == arguments else msgspec.json.encode(blotted).decode()


def _told(error: str) -> str:
    """What went wrong, without what names people."""
    lines = [line for line in error.splitlines() if not line.strip().startswith(QUOTING)]
    return blot(_storable("\n".join(lines)))[:LONGEST_ERROR]


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


class Found(msgspec.Struct, frozen=True):
    """Letters that fit, how many there are in all, and the cursor of those that follow."""

    count: int
    letters: list[DeadLetterRead]
    cursor: str | None


async def list_letters(connection: Connection, asked: LetterQuery) -> Found:
    """Letters that fit, the latest failure first."""
    before = tuple(map(int, asked.cursor.split("-"))) if asked.cursor else (None, None)
    found = await letters.page(connection, _filters(asked), before, asked.limit + 1)
    shown = found[: asked.limit]
    cursor = f"{shown[-1].moment}-{shown[-1].letter.id}" if len(found) > asked.limit else None
    return Found(await letters.count(connection, _filters(asked)), [each.letter for each in shown], cursor)


def _filters(asked: LetterFilter) -> dict[str, object]:
    return {"queue": asked.queue, "job": asked.job}


async def retry_one(connection: Connection, queue: Queue, letter_id: int) -> None:
    """Enqueue the job of a letter, which is gone with the commit.

    Raises NotFound, ArgumentsLost, ArgumentsUnfit, and ServiceUnavailable when the queue does not take it.
    """
    found = await letters.take(connection, letter_id)
    if found is None:
        raise NotFound
    if found.arguments is None:
        raise ArgumentsLost
    if not await _enqueue(queue, found):
        raise ServiceUnavailable
    await letters.delete(connection, [found.id])


async def retry_many(connection: Connection, queue: Queue, asked: LetterFilter) -> Retried:
    """Enqueue the jobs of the letters that fit, which are gone with the commit; raises ServiceUnavailable.

    Letters without arguments stay, and those with arguments that no job can be given.
    """
    taken: list[int] = []
    skipped, after, more = 0, 0, False
    # What is skipped must not stand before the others for ever.
    while not more and (found := await letters.take_many(connection, _filters(asked), after, RETRIED_AT_ONCE + 1)):
        for letter in found:
            after = letter.id
            if len(taken) == RETRIED_AT_ONCE:
                more = True
                break
            try:
                is_taken = await _enqueue(queue, letter)
            except ArgumentsUnfit:
                skipped += 1
                continue
            if not is_taken:
                more = True
                break
            taken.append(letter.id)
    if more and not taken:
        raise ServiceUnavailable
    await letters.delete(connection, taken)
    return Retried(len(taken), more, skipped)


async def _enqueue(queue: Queue, letter: Letter) -> bool:
    """Whether the queue took the letter's job; raises ArgumentsUnfit."""
    if not isinstance(letter.arguments, dict):
        raise ArgumentsUnfit
    try:
        # Before the commit: should that fail, the job runs and the letter stays, and jobs are safe to run twice.
        return await queue.enqueue_again(letter.job, letter.arguments)
    except Unsendable as error:
        raise ArgumentsUnfit from error


async def drop_one(connection: Connection, letter_id: int) -> None:
    """Delete a letter; raises NotFound."""
    if not await letters.delete(connection, [letter_id]):
        raise NotFound


async def drop_many(connection: Connection, asked: LetterFilter) -> Dropped:
    """Delete the letters that fit, a great many at the most."""
    dropped = await letters.delete_many(connection, _filters(asked), DROPPED_AT_ONCE)
    return Dropped(dropped, await letters.count(connection, _filters(asked)) > 0)


async def forget_letters(database: Database) -> None:
    """Delete letters whose last failure was so many days ago, in small transactions."""

    async def forget(connection: Connection) -> int:
        days = await read_setting(connection, DEAD_LETTER_DAYS)
        return await letters.forget(connection, days, FORGOTTEN_AT_ONCE)

    await database.in_pieces(FORGOTTEN_AT_ONCE, forget)
