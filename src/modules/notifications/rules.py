"""When somebody is told, and whether it is still true: pure decisions; whoever calls them knows the time.

Days and hours are those of the shopper's wall clock, whatever it does twice a year: a digest whose hour is skipped
comes when the clock has jumped, one whose hour comes twice comes once, and quiet hours end when the clock says so.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

Frequency = Literal["instant", "daily", "weekly"]

DAY = timedelta(days=1)
# 30 s, 2 min, 8 min, 32 min, 2 h, then every 6 h: about three days in all.
FIRST_DELAY_S = 30.0
DELAY_FACTOR = 4
LONGEST_DELAY_S = 6 * 3600.0
MOST_ATTEMPTS = 17
# What the other side asks us to wait is honoured up to this.
LONGEST_WISH_S = 24 * 3600.0
JITTER = 0.25

# Why something about a product that is back is not told after all.
OUT_OF_STOCK_AGAIN = "it is out of stock again"
NOT_FOR_SALE = "the product is no longer for sale"
SOLD_OUT_AGAIN = (OUT_OF_STOCK_AGAIN, NOT_FOR_SALE)


class Schedule(NamedTuple):
    """When a user wants to be told; the defaults are those of who never chose."""

    frequency: Frequency = "instant"
    digest_hour: int = 9
    # Monday is 0.
    digest_weekday: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: str = "UTC"


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """The time zone of that name; None when there is none."""
    # Whatever else ZoneInfo finds are files of this machine, such as its own local time.
    if name not in _zone_names():
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def next_digest(schedule: Schedule, after: datetime) -> datetime:
    """The first moment after `after` when a digest of the schedule comes."""
    local = _zone_of(schedule)
    day = after.astimezone(local).date()
    while True:
        if schedule.frequency == "daily" or day.weekday() == schedule.digest_weekday:
            moment = _reached(day, time(schedule.digest_hour), local)[0]
            if moment > after:
                return moment
        day += DAY


def quiet_end(schedule: Schedule, now: datetime) -> datetime | None:
    """When the quiet hours that `now` is in end; None when it is in none."""
    if not _is_quiet(schedule, now) or schedule.quiet_until is None:
        return None
    local = _zone_of(schedule)
    day = now.astimezone(local).date()
    # Two days on there surely is one: clocks are moved by less than a day.
    moments = (m for days in range(3) for m in _reached(day + days * DAY, schedule.quiet_until, local))
    return next((moment for moment in moments if moment > now), now + DAY)


def allowed_at(schedule: Schedule, created: datetime, now: datetime, told: Sequence[datetime], most: int) -> datetime:
    """The first moment, as seen from `now`, when a message about something of `created` may go; `now` if it may.

    `told` are the times of the messages that the user got lately, of which there may be `most` in 24 hours (0: any
    number). A digest comes once each time.
    """
    if schedule.frequency != "instant":
        slot = next_digest(schedule, created)
        while slot <= now and any(slot <= at for at in told):
            slot = next_digest(schedule, slot)
        if slot > now:
            return slot
    return max(now, quiet_end(schedule, now) or now, _room_at(told, now, most))


def _room_at(told: Sequence[datetime], now: datetime, most: int) -> datetime:
    recent = sorted(at for at in told if at > now - DAY)
    return recent[-most] + DAY if most and len(recent) >= most else now


def _is_quiet(schedule: Schedule, now: datetime) -> bool:
    begin, end = schedule.quiet_from, schedule.quiet_until
    if begin is None or end is None or begin == end:
        return False
    clock = now.astimezone(_zone_of(schedule)).time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _zone_of(schedule: Schedule) -> ZoneInfo:
    return zone(schedule.time_zone) or ZoneInfo("UTC")


def _reached(day: date, clock: time, local: ZoneInfo) -> tuple[datetime, ...]:
    """The moments when a wall clock shows `clock` on `day`: two when it is set back, the jump when it skips it."""
    first, second = (datetime.combine(day, clock.replace(fold=fold), local).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return (first, second)
    # The clock skips it: somewhere between is the jump.
    early, late, offset = second, first, first.astimezone(local).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(local).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return (late.replace(microsecond=0),)


class Wish(NamedTuple):
    """What a user wants to be told of one favourite."""

    # None: falling prices and new availability.
    kinds: Sequence[str] | None = None
    target_price: Decimal | None = None
    least_drop: Decimal = Decimal(0)
    muted: bool = False


class Seen(NamedTuple):
    """The product as its recipient sees it now; the price is that of the currency they are told in."""

    is_active: bool
    available: bool
    price: Decimal | None


DEFAULT_KINDS = ("price_drop", "newly_available")


def untrue(
    kind: str, seen: Seen | None, wish: Wish, old_price: Decimal | None, new_price: Decimal | None
) -> str | None:
    """Why something is not told any more; None when it still holds and is still wanted."""
    if seen is None:
        return "the product is gone"
    if wish.muted:
        return "the favourite is muted"
    if kind == "price_changed":
        return _untrue_price(seen, wish, old_price, new_price)
    if kind == "out_of_stock":
        return "it is available again" if seen.available else _unwanted(kind, wish)
    if not seen.is_active:
        return NOT_FOR_SALE
    return _unwanted(kind, wish) if seen.available else OUT_OF_STOCK_AGAIN


def _untrue_price(seen: Seen, wish: Wish, old: Decimal | None, new: Decimal | None) -> str | None:
    if not seen.is_active:
        return NOT_FOR_SALE
    if seen.price is None:
        return "it has no price any more"
    if old is None or new is None:
        return None
    if new > old:
        return "the price is back" if seen.price <= old else _unwanted("price_changed", wish)
    if seen.price >= old:
        return "the price is back"
    kinds = DEFAULT_KINDS if wish.kinds is None else wish.kinds
    if wish.target_price is not None:
        return "the price is above the target" if seen.price > wish.target_price else None
    if "price_drop" not in kinds and "price_changed" not in kinds:
        return "not wanted any more"
    return "the price fell by too little" if (old - seen.price) * 100 < wish.least_drop * old else None


def _unwanted(kind: str, wish: Wish) -> str | None:
    # What an alert of its own asked for is not a matter of the favourite.
    wanted = kind == "back_in_stock" or kind in (DEFAULT_KINDS if wish.kinds is None else wish.kinds)
    return None if wanted else "not wanted any more"


def retry_delay_s(attempt: int, wish_s: float | None, chance: float) -> float | None:
    """How long to wait after a failed `attempt` (from 1); None when that was the last. `chance` is from 0 to 1."""
    if attempt >= MOST_ATTEMPTS:
        return None
    delay_s: float = min(LONGEST_DELAY_S, FIRST_DELAY_S * DELAY_FACTOR ** (attempt - 1))
    # Spread, so that what failed together does not come back together; never before the other side asked for.
    delay_s *= 1 + JITTER * (2 * chance - 1)
    return max(delay_s, min(wish_s or 0.0, LONGEST_WISH_S))
