"""What is done with deliveries that are due: pure decisions over rows that were claimed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from src.modules.notifications.claimed import Claimed
from src.modules.notifications.rules import MOST_ATTEMPTS, allowed_at, quiet_end, untrue

# A mail with more than this is no mail; what is beyond travels in a message of its own.
MOST_ITEMS = 100


class Verdicts(NamedTuple):
    """What becomes of claimed deliveries: ids with a time, ids with status and reason, rows by message."""

    later: Mapping[int, datetime]
    ended: Mapping[int, tuple[str, str]]
    messages: Mapping[UUID, Sequence[Claimed]]


def judge(rows: Sequence[Claimed], told: Mapping[int, Sequence[datetime]], now: datetime) -> Verdicts:
    """Who is told what now, who later, and what is not told any more; `told` is when users were told lately."""
    later: dict[int, datetime] = {}
    ended: dict[int, tuple[str, str]] = {}
    going: list[Claimed] = []
    reasons = _reasons(rows)
    for row in rows:
        reason = reasons[row.id]
        if reason is not None:
            ended[row.id] = ("dropped", reason)
        elif row.attempts >= MOST_ATTEMPTS:
            ended[row.id] = ("dead", "it was tried too often")
        else:
            moment = _moment(row, told.get(row.user_id or 0, ()), now)
            if moment > now:
                later[row.id] = moment
            else:
                going.append(row)
    return Verdicts(later, ended, _messages(going))


def _reasons(rows: Sequence[Claimed]) -> dict[int, str | None]:
    reasons = {row.id: hindrance(row) for row in rows}
    # One change is told once: who asked for an alert is told by it, and not of the favourite as well.
    alerted = {_subject(row) for row in rows if row.kind == "back_in_stock" and _goes(row, reasons[row.id])}
    for row in rows:
        if row.kind == "newly_available" and row.channel != "webhook" and _subject(row) in alerted:
            reasons[row.id] = reasons[row.id] or "told by its alert"
    return reasons


def _goes(row: Claimed, reason: str | None) -> bool:
    return reason is None and row.user_id is not None and row.attempts < MOST_ATTEMPTS


def _subject(row: Claimed) -> tuple[object, ...]:
    return (row.channel, row.user_id, row.product_id)


def hindrance(row: Claimed) -> str | None:
    """Why a delivery is not to be sent at all; None when nothing speaks against it."""
    if row.user_id is not None and not row.is_active:
        return "the user is not active"
    # What other systems are sent is what happened, for them to judge.
    if row.channel == "webhook":
        return None
    return _refusal(row) or _untruth(row)


def _refusal(row: Claimed) -> str | None:
    """What the recipient did not consent to or does not want, whatever it is about."""
    if row.user_id is None:
        return "the address wants no more mail" if row.is_suppressed else None
    if row.channel == "push" and not row.is_subscribed:
        return "the user has no push subscription"
    if row.channel == "email" and not row.email:
        return "the user has no address"
    # Who has unsubscribed from a channel gets nothing over it; to have asked for an alert is consent to its one mail.
    if not (row.by_email if row.channel == "email" else row.by_push):
        return "the user does not want this channel"
    if row.channel == "email" and row.is_of_feed and not row.email_allowed:
        return "the user did not consent to e-mail"
    return None


def _untruth(row: Claimed) -> str | None:
    if row.kind in ("confirm_alert", "endpoint_test"):
        return None
    if row.is_of_feed and row.favourite_uuid is None:
        return "it is no favourite any more"
    if row.is_of_feed and row.is_dismissed:
        return "it was dismissed"
    return untrue(row.kind, row.seen, row.wish, row.old_price, row.new_price)


def _moment(row: Claimed, told: Sequence[datetime], now: datetime) -> datetime:
    if row.channel == "webhook" or row.user_id is None or row.kind == "confirm_alert":
        return now
    # A message that was begun has its place among those of its day already.
    if row.message_id is not None or not row.is_of_feed:
        return quiet_end(row.schedule, now) or now
    return allowed_at(row.schedule, row.created_at, now, told, row.most_per_day)


def _messages(rows: Iterable[Claimed]) -> dict[UUID, list[Claimed]]:
    """Rows by the message they travel in: the one they were part of before, or one with others of their recipient."""
    messages: dict[UUID, list[Claimed]] = {}
    fresh: dict[tuple[object, ...], UUID] = {}
    for row in rows:
        message = row.message_id or fresh.get(_company(row))
        if message is None or (row.message_id is None and len(messages[message]) >= MOST_ITEMS):
            message = fresh[_company(row)] = uuid4()
        messages.setdefault(message, []).append(row)
    return messages


def _company(row: Claimed) -> tuple[object, ...]:
    if row.channel == "webhook":
        return (row.webhook_endpoint_id, row.kind == "endpoint_test")
    recipient = (row.user_id, (row.address or "").lower())
    if row.kind == "confirm_alert":
        return (*recipient, row.id)
    return (*recipient, row.is_of_feed)
