"""The SQL of dead letters."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from psycopg.rows import class_row, dict_row

from src.modules.operations.letter_dtos import DeadLetterRead
from src.platform import wire
from src.platform.database import Connection
from src.platform.logs import blot

# A count that is told as it is up to here, and no further: it is shown every second.
MOST_COUNTED = 10_000

PUT = """
INSERT INTO dead_letter AS letter (job, queue, job_id, arguments, digest, error, attempts, trace_id)
VALUES (%(job)s, %(queue)s, %(job_id)s, %(arguments)s::jsonb, %(digest)s, %(error)s, %(attempts)s, %(trace_id)s)
ON CONFLICT (digest) DO UPDATE SET
    queue = excluded.queue, job_id = excluded.job_id, error = excluded.error, attempts = excluded.attempts,
    trace_id = excluded.trace_id, failures = letter.failures + 1, failed_at = now()
"""
_FITS = "(%(queue)s::text IS NULL OR queue = %(queue)s) AND (%(job)s::text IS NULL OR job = %(job)s)"
# By their last failure, which another one moves to the front; the moment in microseconds.
PAGE = f"""
SELECT id, job, queue, job_id, arguments::text, error, attempts, failures, first_failed_at, failed_at, trace_id,
       (extract(epoch FROM failed_at) * 1000000)::bigint AS moment
FROM dead_letter
WHERE {_FITS}
  AND (%(moment)s::bigint IS NULL
       OR (failed_at, id) < (timestamptz 'epoch' + %(moment)s * interval '1 microsecond', %(id)s::bigint))
ORDER BY failed_at DESC, id DESC LIMIT %(limit)s
"""
COUNT = f"SELECT count(*) FROM (SELECT FROM dead_letter WHERE {_FITS} LIMIT {MOST_COUNTED}) AS letter"
COUNTS = f"""
SELECT of.queue, (SELECT count(*) FROM (
    SELECT FROM dead_letter AS letter WHERE letter.queue = of.queue LIMIT {MOST_COUNTED}) AS letter)
FROM unnest(%(queues)s::text[]) AS of (queue)
"""
TAKE = "SELECT id, job, arguments FROM dead_letter WHERE id = %s FOR UPDATE"
TAKE_MANY = f"""
SELECT id, job, arguments FROM dead_letter
WHERE {_FITS} AND arguments IS NOT NULL AND id > %(after)s
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
DELETE = "DELETE FROM dead_letter WHERE id = ANY(%s)"
DELETE_MANY = f"""
DELETE FROM dead_letter WHERE id = ANY(ARRAY(SELECT id FROM dead_letter WHERE {_FITS} ORDER BY id LIMIT %(limit)s))
"""
JOBS = "SELECT DISTINCT job FROM dead_letter ORDER BY job LIMIT 100"
JOB_OF = "SELECT job FROM dead_letter WHERE id = %s"
FORGET = """
DELETE FROM dead_letter WHERE id = ANY(ARRAY(
    SELECT id FROM dead_letter WHERE failed_at < now() - %(days)s * interval '1 day' LIMIT %(limit)s))
"""


class Letter(msgspec.Struct, frozen=True):
    """What is needed to try again."""

    id: int
    job: str
    arguments: Any


async def put(connection: Connection, **values: object) -> None:
    """Write a letter, or count one more failure of it."""
    await connection.execute(PUT, values)


class Placed(NamedTuple):
    """A letter, and the moment of its last failure, by which pages go on."""

    letter: DeadLetterRead
    moment: int


async def page(
    connection: Connection, filters: Mapping[str, object], before: Sequence[int | None], limit: int
) -> list[Placed]:
    """Letters that fit and come after those of a moment and an id, or the first ones where these are None."""
    moment, letter_id = before
    async with connection.cursor(row_factory=dict_row) as rows:
        await rows.execute(PAGE, {**filters, "moment": moment, "id": letter_id, "limit": limit})
        return [Placed(_shown(row), row["moment"]) for row in await rows.fetchall()]


def _shown(row: Mapping[str, Any]) -> DeadLetterRead:
    times = {name: wire.time(row[name]) for name in ("first_failed_at", "failed_at")}
    return msgspec.convert({**row, **times, "arguments": _told(row["arguments"])}, DeadLetterRead)


def _told(arguments: str | None) -> Any:
    """Arguments as JSON, whatever somebody made of them; as a text where that names people or secrets."""
    if arguments is None or (text := blot(arguments)) != arguments:
        return None if arguments is None else text
    try:
        value = wire.read_json(arguments)
        msgspec.json.encode(value)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return arguments
    return value


async def count(connection: Connection, filters: Mapping[str, object]) -> int:
    """How many letters fit, MOST_COUNTED at the most."""
    row = await (await connection.execute(COUNT, filters)).fetchone()
    return row[0] if row else 0


async def counts(connection: Connection, queues: Sequence[str]) -> dict[str, int]:
    """How many letters each queue has, MOST_COUNTED at the most."""
    return dict(await (await connection.execute(COUNTS, {"queues": list(queues)})).fetchall())


async def take(connection: Connection, letter_id: int) -> Letter | None:
    """The letter, locked; None when there is none."""
    async with connection.cursor(row_factory=class_row(Letter)) as rows:
        await rows.execute(TAKE, (letter_id,))
        return await rows.fetchone()


async def take_many(connection: Connection, filters: Mapping[str, object], after: int, limit: int) -> list[Letter]:
    """Letters that fit, have arguments and come after an id, locked, without those that somebody else has."""
    async with connection.cursor(row_factory=class_row(Letter)) as rows:
        await rows.execute(TAKE_MANY, {**filters, "after": after, "limit": limit})
        return await rows.fetchall()


async def delete(connection: Connection, ids: Sequence[int]) -> int:
    """Delete letters; how many there were."""
    return (await connection.execute(DELETE, (list(ids),))).rowcount


async def delete_many(connection: Connection, filters: Mapping[str, object], limit: int) -> int:
    """Delete so many of the letters that fit; how many there were."""
    return (await connection.execute(DELETE_MANY, {**filters, "limit": limit})).rowcount


async def forget(connection: Connection, days: int, limit: int) -> int:
    """Delete so many of the letters that did not fail for that long; how many there were."""
    return (await connection.execute(FORGET, {"days": days, "limit": limit})).rowcount


async def jobs(connection: Connection) -> list[str]:
    """The names of jobs that there are letters of."""
    return [row[0] for row in await (await connection.execute(JOBS)).fetchall()]


async def job_of(connection: Connection, letter_id: int) -> str | None:
    """The name of the letter's job; None when there is no such letter."""
    row = await (await connection.execute(JOB_OF, (letter_id,))).fetchone()
    return row[0] if row else None
