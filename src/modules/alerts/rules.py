"""Who is told of what when a product comes back, and which guests are asked to confirm: pure decisions."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from src.modules.catalogue import DEFAULT_LIST_ID
from src.modules.updates import History, effective, effective_changes
from src.platform.i18n import DEFAULT_LOCALE, negotiate

# A guest's address is asked once about a product, and about few products, until it answers or this is over.
CONFIRMATION_PERIOD = timedelta(hours=24)
MOST_CONFIRMATIONS = 5
# How much may be asked for from one network address: whole offices share one, but nobody needs many alerts.
SOURCE_PERIOD = timedelta(hours=1)
MOST_FROM_SOURCE = 10
MAX_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3
# What mail servers accept in practice; quoted names and address literals are left to those who need them.
EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")


class Shown(NamedTuple):
    """What those see of a product's stock whose segment has this stock list, or none."""

    segment_list: int | None
    # The first of their lists that says anything; None when none does.
    stock_list: int | None
    available: bool
    # When it last became available, as far back as the log goes, and the row of the log that says so.
    since: datetime | None
    change_id: int | None


def shown(history: History, segment_list: int | None) -> Shown:
    """What those see whose segment has this stock list; None stands for no segment."""
    sight = history.sight
    context = sight.context(None, segment_list, None)
    lists = (segment_list, sight.source_stock_list, DEFAULT_LIST_ID)
    returns = (
        change.change
        for change in effective_changes(sight, history.changes, context)
        if change.after.available and not change.before.available
    )
    last = next(returns, None)
    return Shown(
        segment_list=segment_list,
        stock_list=next((each for each in lists if each is not None and each in sight.availabilities), None),
        available=effective(sight, context).available,
        since=last.changed_at if last else None,
        change_id=last.id if last else None,
    )


def wave_room(size: int, stock: int | None, told: int) -> int | None:
    """How many more may be told in the wave under way, of whom `told` were; None when there is no limit.

    A stock that nobody counts has no units to share out.
    """
    if size == 0 or stock is None:
        return None
    return max(size * stock - told, 0)


class Asked(NamedTuple):
    """What was asked for before, when a guest asks for an alert."""

    # The times of the latest requests from the same network address, as many as may be in SOURCE_PERIOD.
    from_source: Sequence[datetime]
    # Whether the owner of the address wants no mails of us.
    is_suppressed: bool
    # Whether the address waits for this product already.
    is_waiting: bool
    # When the address was last asked about this product, and about how many it was asked in CONFIRMATION_PERIOD.
    asked_at: datetime | None
    confirmations: int


def allowed_again(asked: Asked, now: datetime) -> datetime | None:
    """When the network address may ask again; None when it may now.

    It depends on nothing but the network address, so that the refusal says nothing about anybody's e-mail address.
    """
    lately = sorted(at for at in asked.from_source if at > now - SOURCE_PERIOD)
    if len(lately) < MOST_FROM_SOURCE:
        return None
    return lately[-MOST_FROM_SOURCE] + SOURCE_PERIOD


def wants_confirmation(asked: Asked, now: datetime) -> bool:
    """Whether a mail goes to the address that was told; who asked gets the same answer either way."""
    if asked.is_suppressed or asked.is_waiting or asked.confirmations >= MOST_CONFIRMATIONS:
        return False
    return asked.asked_at is None or asked.asked_at <= now - CONFIRMATION_PERIOD


def read_email(text: str | None) -> str | None:
    """The address that a guest told, with the domain as mail servers spell it; None for what can't be one."""
    name, at, domain = (text or "").strip().rpartition("@")
    try:
        address = f"{name}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None
    return address if len(address) <= MAX_EMAIL_LENGTH and EMAIL.fullmatch(address) else None


def told_in(accept_language: str | None, own: str | None) -> str | None:
    """The language to tell somebody in: what their page asks for if it is one of ours, else their own."""
    asked = negotiate(accept_language)
    if asked != DEFAULT_LOCALE or own is None or DEFAULT_LOCALE in (accept_language or "").lower():
        return asked
    return own
