"""Delivering: claim what is due, judge it, commit, send without a connection, record.

A kill between sending and recording repeats the message under the same id when the lease is over, never under another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import NamedTuple, TypeAlias
from uuid import UUID

import structlog

from src.modules.notifications import claiming
from src.modules.notifications.claiming import Due
from src.modules.notifications.composing import compose
from src.modules.notifications.judging import judge
from src.modules.notifications.messages import SEND_LIMIT_S, Channel, Message, Outcome, Send
from src.modules.notifications.recording import record
from src.platform.database import Connection, Database

log = structlog.get_logger(__name__)

Claim: TypeAlias = Callable[[Connection, datetime], Awaitable[Due]]

CONTENDED_PAUSE_S = 0.05
# A sender answers earlier; this only makes sure that a lease never ends under it.
SEND_BACKSTOP_S = SEND_LIMIT_S + 5


class _Decided(NamedTuple):
    """Messages to send, with the deliveries of each."""

    messages: Sequence[Message] = ()
    members: Mapping[UUID, Sequence[int]] = {}


async def work_off(
    database: Database, claim: Claim, channel: Channel, send: Send, until: float, now: datetime | None
) -> bool:
    """Claim and send batch after batch until nothing is due; whether more is, because `until` was reached."""
    while monotonic() < until:
        async with database.transaction() as work:
            at = await claiming.clock(work.connection, now)
            due = await claim(work.connection, at)
            decided = await _decide(work.connection, channel, due, at)
        if decided.messages:
            outcomes = await _sent(send, decided.messages)
            async with database.transaction() as work:
                at = await claiming.clock(work.connection, now)
                await record(work.connection, decided.messages, outcomes, decided.members, at)
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
    if not verdicts.messages:
        return _Decided()
    members = {message: [row.id for row in rows] for message, rows in verdicts.messages.items()}
    composed = await compose(connection, verdicts.messages, now)
    await claiming.take(connection, {each: message for message, ids in members.items() for each in ids}, now)
    senseless = {each: ("dead", why) for message, why in composed.failed.items() for each in members[message]}
    await claiming.end(connection, senseless, now)
    return _Decided(composed.messages, members)


async def _sent(send: Send, messages: Sequence[Message]) -> Sequence[Outcome]:
    """What the channel says became of each message; a sender that fails is taken to have sent nothing."""
    try:
        async with asyncio.timeout(SEND_BACKSTOP_S):
            return await send(messages)
    except Exception as error:
        log.exception("deliveries.sender_failed", messages=len(messages))
        return [Outcome("later", repr(error))] * len(messages)
