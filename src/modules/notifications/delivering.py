"""Delivering: claim what is due, judge it, commit, send without a connection, record.

A kill between sending and recording repeats the message under the same id when the lease is over, never under another.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple, TypeAlias
from uuid import UUID

import psycopg
import structlog

from src.modules.notifications import claiming
from src.modules.notifications.claiming import LEASE, Due
from src.modules.notifications.composing import compose
from src.modules.notifications.judging import judge
from src.modules.notifications.messages import SEND_LIMIT_S, Channel, Message, Outcome, Send
from src.modules.notifications.recording import record
from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable
from src.platform.metrics import DELIVERIES

log = structlog.get_logger(__name__)

Claim: TypeAlias = Callable[[Connection, datetime], Awaitable[Due]]

CONTENDED_PAUSE_S = 0.05
# A sender answers earlier; this only makes sure that a lease never ends under it.
SEND_BACKSTOP_S = SEND_LIMIT_S + 5
# What became of messages is worth many tries: what is not recorded is sent again when the lease is over.
RECORD_AGAIN_S = 1.0
RECORD_SPARE_S = 5.0
# As they are counted: what was not begun is as it was.
OUTCOMES = {"sent": "sent", "later": "retried", "never": "dead"}


class _Decided(NamedTuple):
    """Messages to send, with the deliveries of each."""

    messages: Sequence[Message] = ()
    members: Mapping[UUID, Sequence[int]] = {}
    claimed_until: datetime = datetime.min.replace(tzinfo=UTC)
    # Of those that were given up: how many are dropped, how many dead.
    ended: Mapping[str, int] = {}


async def work_off(
    database: Database, claim: Claim, channel: Channel, send: Send, over: Callable[[], bool], now: datetime | None
) -> bool:
    """Claim and send batch after batch until nothing is due; whether more is, because time was `over` before that."""
    while not over():
        record_by = monotonic() + LEASE.total_seconds() - RECORD_SPARE_S
        async with database.transaction() as work:
            at = await claiming.clock(work.connection, now)
            due = await claim(work.connection, at)
            decided = await _decide(work.connection, channel, due, at)
        _count(channel, decided.ended)
        if decided.messages:
            outcomes = await _sent(send, decided.messages)
            await _unhindered(_record(database, channel, decided, outcomes, record_by, now))
        elif due.is_contended and not due.rows:
            await asyncio.sleep(CONTENDED_PAUSE_S)
        elif not due.rows:
            return False
    return True


async def _decide(connection: Connection, channel: Channel, due: Due, now: datetime) -> _Decided:
    """What is to be sent now, leased; what is for later or for never is written down."""
    if not due.rows:
        return _Decided()
    users = {row.user_id for row in due.rows if row.user_id is not None and row.is_of_feed and channel != "webhook"}
    told = await claiming.told_lately(connection, channel, sorted(users), now) if users else {}
    verdicts = judge(due.rows, told, now)
    await claiming.postpone(connection, verdicts.later)
    await claiming.end(connection, verdicts.ended, now)
    ended = Counter(status for status, _ in verdicts.ended.values())
    if not verdicts.messages:
        return _Decided(ended=ended)
    members = {message: [row.id for row in rows] for message, rows in verdicts.messages.items()}
    composed = await compose(connection, verdicts.messages, now)
    await claiming.take(connection, {each: message for message, ids in members.items() for each in ids}, now)
    senseless = {each: ("dead", why) for message, why in composed.failed.items() for each in members[message]}
    await claiming.end(connection, senseless, now)
    ended["dead"] += len(senseless)
    return _Decided(composed.messages, members, now + LEASE, ended)


async def _sent(send: Send, messages: Sequence[Message]) -> Sequence[Outcome]:
    """What the channel says became of each message; a sender that fails is taken to have sent nothing."""
    try:
        async with asyncio.timeout(SEND_BACKSTOP_S):
            return await send(messages)
    except Exception as error:
        log.exception("deliveries.sender_failed", messages=len(messages))
        return [Outcome("later", repr(error))] * len(messages)


async def _record(
    database: Database,
    channel: Channel,
    decided: _Decided,
    outcomes: Sequence[Outcome],
    record_by: float,
    now: datetime | None,
) -> None:
    """Record what became of messages, again and again while PostgreSQL is away and nobody else may have them."""
    while True:
        try:
            async with database.transaction() as work:
                at = await claiming.clock(work.connection, now)
                became = await record(
                    work.connection, decided.messages, outcomes, decided.members, decided.claimed_until, at
                )
        except (ServiceUnavailable, psycopg.OperationalError) as error:
            if monotonic() + RECORD_AGAIN_S >= record_by:
                raise
            log.warning("deliveries.record_again", messages=len(decided.messages), error=repr(error))
            await asyncio.sleep(RECORD_AGAIN_S)
        else:
            _count(channel, {outcome: became[state] for state, outcome in OUTCOMES.items()})
            return


def _count(channel: Channel, ended: Mapping[str, int]) -> None:
    """Count what became of deliveries, after the commit that makes it so."""
    for outcome, number in ended.items():
        if number:
            DELIVERIES.labels(channel, outcome).inc(number)


async def _unhindered(work: Coroutine[None, None, None]) -> None:
    """Do it to its end also when a worker's stop cancels us meanwhile; a second cancellation ends it."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await task
        except Exception as error:
            log.warning("deliveries.not_recorded", error=repr(error))
        raise
