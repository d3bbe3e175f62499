"""What operators do on the page: each act says first what would happen, and does it when that is confirmed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from src.modules.audit import Revision
from src.modules.notifications import ReplayFilter, replay_many, wake_deliverers
from src.modules.operations import acting, dead_letters, letters
from src.modules.operations.letter_dtos import LetterFilter, LetterQuery
from src.modules.operations.overview import Overviews
from src.modules.operations.page import setting_fields, words
from src.modules.operations.services import change_setting, get_setting
from src.platform.bodies import convert_fields
from src.platform.database import Database, Transaction
from src.platform.dynamic_settings import declared
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.jobs import QUEUES, Queue, queue_of

WAITS_FOR = {
    "feed": "Shoppers see changes in their feed when they look, but nobody is told of any until it goes on.",
    "deliveries": "No mail, push message or webhook is sent until it goes on.",
    "upkeep": "Old data stays, erasures are not finished and frozen baskets are not released until it goes on.",
}


class Asked(msgspec.Struct, frozen=True):
    """What an act is about; each looks at some of it."""

    queue: str = ""
    job: str = ""
    letter: str = ""
    channel: str = ""
    name: str = ""
    value: str = ""


class Confirmation(msgspec.Struct, frozen=True):
    """What an act would do, in sentences, and the fields that have it done."""

    name: str
    title: str
    consequences: list[str]
    button: str
    fields: dict[str, str]
    is_final: bool = False


class Desk(NamedTuple):
    """What acts work with."""

    database: Database
    queue: Queue
    overviews: Overviews


class Act(NamedTuple):
    """An act: what it would do, and doing it, which ends with a sentence about what was done.

    Both raise NotFound when what it is about is not there, and the failures of the use case.
    """

    confirm: Callable[[Desk, Asked], Awaitable[Confirmation]]
    perform: Callable[[Desk, Transaction, Asked, Revision], Awaitable[str]]


async def _confirm_pause(desk: Desk, asked: Asked) -> Confirmation:
    figures = next((queue for queue in (await desk.overviews.now()).queues if queue.name == asked.queue), None)
    told = [f"Workers begin no more jobs of the queue {_queue(asked)}; what is under way is finished."]
    if figures is not None:
        told.append(f"{words.count(figures.depth)} jobs wait now and {words.count(figures.in_flight)} are under way.")
    told.append(f"Nothing is lost: what comes meanwhile waits in the queue. {WAITS_FOR[asked.queue]}")
    return Confirmation("pause", f"Pause the queue {asked.queue}?", told, "Pause", {"queue": asked.queue})


async def _pause(_: Desk, work: Transaction, asked: Asked, revision: Revision) -> str:
    await acting.pause(work.connection, asked.queue, revision)
    return f"The queue {asked.queue} is paused."


async def _confirm_resume(desk: Desk, asked: Asked) -> Confirmation:
    figures = next((queue for queue in (await desk.overviews.now()).queues if queue.name == asked.queue), None)
    told = [f"Workers go on with the queue {_queue(asked)} within a second."]
    if figures is not None and figures.depth:
        told.append(
            f"{words.count(figures.depth)} jobs wait, the first of them for {words.duration(figures.oldest_age_s)}."
        )
    return Confirmation("resume", f"Resume the queue {asked.queue}?", told, "Resume", {"queue": asked.queue})


async def _resume(_: Desk, work: Transaction, asked: Asked, revision: Revision) -> str:
    await acting.resume(work.connection, asked.queue, revision)
    return f"The queue {asked.queue} goes on."


async def _confirm_retry(desk: Desk, asked: Asked) -> Confirmation:
    job = await _job(desk, asked)
    told = [
        f"The job {job} is put into the queue {queue_of(job)} once, with the arguments that it had.",
        "The dead letter goes.",
        "If it fails again, a new dead letter is made.",
    ]
    return Confirmation("retry-letter", "Retry this dead letter?", told, "Retry", {"letter": asked.letter})


async def _retry(desk: Desk, work: Transaction, asked: Asked, _: Revision) -> str:
    await dead_letters.retry_one(work.connection, desk.queue, _letter(asked))
    return "The job is in its queue again."


async def _confirm_drop(desk: Desk, asked: Asked) -> Confirmation:
    told = [
        f"The dead letter of the job {await _job(desk, asked)} is deleted with its arguments and its error.",
        "Nobody runs the job for it.",
        "This can't be undone.",
    ]
    return Confirmation("drop-letter", "Drop this dead letter?", told, "Drop", {"letter": asked.letter}, is_final=True)


async def _drop(_: Desk, work: Transaction, asked: Asked, __: Revision) -> str:
    await dead_letters.drop_one(work.connection, _letter(asked))
    return "The dead letter is gone."


async def _confirm_retry_all(desk: Desk, asked: Asked) -> Confirmation:
    which, fields = await _letters(desk, asked)
    told = [
        f"{which} are put into their queues, each once, and go from this list. Those without usable arguments stay.",
        f"At most {words.count(dead_letters.RETRIED_AT_ONCE)} at a time.",
    ]
    return Confirmation("retry-letters", "Retry all these dead letters?", told, "Retry all", fields)


async def _retry_all(desk: Desk, work: Transaction, asked: Asked, _: Revision) -> str:
    done = await dead_letters.retry_many(work.connection, desk.queue, _filter(asked))
    more = "; there are more, ask again" if done.more else ""
    skipped = f" {words.count(done.skipped)} have arguments that no job can be given." if done.skipped else ""
    return f"{words.count(done.retried)} jobs are in their queues again{more}.{skipped}"


async def _confirm_drop_all(desk: Desk, asked: Asked) -> Confirmation:
    which, fields = await _letters(desk, asked)
    told = [f"{which} are deleted with their arguments and errors.", "This can't be undone."]
    return Confirmation("drop-letters", "Drop all these dead letters?", told, "Drop all", fields, is_final=True)


async def _drop_all(_: Desk, work: Transaction, asked: Asked, __: Revision) -> str:
    done = await dead_letters.drop_many(work.connection, _filter(asked))
    more = "; there are more, ask again" if done.more else ""
    return f"{words.count(done.dropped)} dead letters are gone{more}."


async def _confirm_replay(desk: Desk, asked: Asked) -> Confirmation:
    overview = await desk.overviews.now()
    figures = next((channel for channel in overview.deliveries if channel.channel == asked.channel), None)
    if figures is None:
        raise NotFound
    told = [
        f"{words.count(figures.dead)} dead deliveries by {asked.channel} are due again, ten thousand at a time.",
        "Each message keeps the id that it had, so that receivers which got it after all can tell.",
    ]
    fields = {"channel": asked.channel}
    return Confirmation("replay", f"Replay dead deliveries by {asked.channel}?", told, "Replay", fields)


async def _replay(desk: Desk, work: Transaction, asked: Asked, _: Revision) -> str:
    done = await replay_many(work.connection, convert_fields({"channel": asked.channel}, ReplayFilter))
    work.after_commit(lambda: wake_deliverers(desk.database, desk.queue))
    more = "; there are more, ask again" if done.more else ""
    return f"{words.count(done.replayed)} deliveries are due again{more}."


async def _confirm_setting(desk: Desk, asked: Asked) -> Confirmation:
    setting = declared(asked.name)
    value = setting_fields.as_text(setting_fields.as_value(setting, asked.value))
    async with desk.database.read() as connection:
        now = setting_fields.as_text((await get_setting(connection, asked.name)).value)
    told = [f"{asked.name} is {now} now and becomes {value}, in every process from the next answer on."]
    if now == value:
        told = [f"{asked.name} is {now} already. Nothing would change."]
    told.append(setting.description)
    return Confirmation("setting", f"Change {asked.name}?", told, "Change", {"name": asked.name, "value": value})


async def _set(_: Desk, work: Transaction, asked: Asked, revision: Revision) -> str:
    value = setting_fields.as_value(declared(asked.name), asked.value)
    shown = await change_setting(work.connection, asked.name, value, revision)
    return f"{asked.name} is {setting_fields.as_text(shown.value)}."


def _queue(asked: Asked) -> Any:
    if asked.queue not in QUEUES:
        raise NotFound
    return asked.queue


def _letter(asked: Asked) -> int:
    number = read_id(asked.letter)
    if number is None:
        raise NotFound
    return number


async def _job(desk: Desk, asked: Asked) -> str:
    async with desk.database.read() as connection:
        job = await letters.job_of(connection, _letter(asked))
    if job is None:
        raise NotFound
    return job


def _filter(asked: Asked) -> LetterFilter:
    return LetterFilter(queue=_queue(asked) if asked.queue else None, job=asked.job or None)


async def _letters(desk: Desk, asked: Asked) -> tuple[str, dict[str, str]]:
    """Which letters are meant, in words, and the fields that mean them."""
    meant = _filter(asked)
    async with desk.database.read() as connection:
        found = await dead_letters.list_letters(connection, LetterQuery(queue=meant.queue, job=meant.job, limit=1))
    of = "".join(
        [f" of the job {asked.job}" if asked.job else "", f" of the queue {asked.queue}" if asked.queue else ""]
    )
    return f"All {words.count(found.count)} dead letters{of}", {"queue": asked.queue, "job": asked.job}


ACTS: Mapping[str, Act] = {
    "pause": Act(_confirm_pause, _pause),
    "resume": Act(_confirm_resume, _resume),
    "retry-letter": Act(_confirm_retry, _retry),
    "drop-letter": Act(_confirm_drop, _drop),
    "retry-letters": Act(_confirm_retry_all, _retry_all),
    "drop-letters": Act(_confirm_drop_all, _drop_all),
    "replay": Act(_confirm_replay, _replay),
    "setting": Act(_confirm_setting, _set),
}
