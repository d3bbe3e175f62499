"""When somebody is told: wall clocks that are moved, digests, quiet hours, the limit of a day, and what is true."""

import itertools
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.notifications.rules import (
    LONGEST_DELAY_S,
    MOST_ATTEMPTS,
    Schedule,
    Seen,
    Wish,
    allowed_at,
    next_digest,
    quiet_end,
    retry_delay_s,
    untrue,
    zone,
)

# Some are moved by an hour, one by half an hour, one never; one was moved at midnight.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Baghdad", "Asia/Beirut")
MINUTE = timedelta(minutes=1)
clocks = st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0))
# Around the days when those clocks are moved, and on others.
moments = st.integers(0, 275 * 86400).map(lambda seconds: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def is_quiet(schedule: Schedule, moment: datetime) -> bool:
    """What a shopper who looks at their clock would say."""
    shown = moment.astimezone(ZoneInfo(schedule.time_zone)).time()
    begin, end = schedule.quiet_from, schedule.quiet_until
    assert begin is not None
    assert end is not None
    inside = min(begin, end) <= shown < max(begin, end)
    return inside if begin < end else not inside


@settings(max_examples=300, deadline=None)
@given(begin=clocks, end=clocks, now=moments, name=st.sampled_from(ZONES))
def test_quiet_hours_end_with_the_first_minute_that_the_clock_calls_loud(
    begin: time, end: time, now: datetime, name: str
) -> None:
    if begin == end:
        return
    schedule = Schedule(quiet_from=begin, quiet_until=end, time_zone=name)
    found = quiet_end(schedule, now)
    if not is_quiet(schedule, now):
        assert found is None
        return
    step = now.replace(second=0, microsecond=0)
    while is_quiet(schedule, step):
        step += MINUTE
    assert found == step


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # The clock jumps from two to three: half past two never is, so it is loud at the jump.
        ("2026-03-29T00:30:00+00:00", "2026-03-29T01:00:00+00:00"),
        # It is set back from three to two: half past two comes twice, and the first time counts.
        ("2026-10-24T23:30:00+00:00", "2026-10-25T00:30:00+00:00"),
        # Who is in the second two o'clock waits for the second half past.
        ("2026-10-25T01:10:00+00:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_quiet_hours_end_right_in_the_night_when_the_clock_is_moved(now: str, end: str) -> None:
    schedule = Schedule(quiet_from=time(1), quiet_until=time(2, 30), time_zone="Europe/Berlin")
    assert quiet_end(schedule, datetime.fromisoformat(now)) == datetime.fromisoformat(end)


@settings(max_examples=300, deadline=None)
@given(
    hour=st.integers(0, 23),
    weekday=st.integers(0, 6),
    after=moments,
    name=st.sampled_from(ZONES),
    weekly=st.booleans(),
)
def test_digest_comes_once_each_day_or_week_whatever_the_clock_does(
    hour: int, weekday: int, after: datetime, name: str, weekly: bool
) -> None:
    schedule = Schedule("weekly" if weekly else "daily", hour, weekday, time_zone=name)
    local = ZoneInfo(name)
    slots = [after]
    for _ in range(4):
        slots.append(next_digest(schedule, slots[-1]))
    days = [slot.astimezone(local).date() for slot in slots[1:]]
    assert slots[0] < slots[1]
    assert [(b - a).days for a, b in itertools.pairwise(days)] == [7 if weekly else 1] * 3
    assert (days[0] - after.astimezone(local).date()).days <= (7 if weekly else 1)
    if weekly:
        assert {day.weekday() for day in days} == {weekday}
    for slot in slots[1:]:
        # Where the clock skips the hour, it comes when it has jumped.
        clock, before = slot.astimezone(local), (slot - MINUTE).astimezone(local)
        assert clock.time() >= time(hour)
        assert before.date() < clock.date() or before.time() < time(hour)


def test_digest_waits_for_its_hour_and_is_not_sent_twice_for_one() -> None:
    schedule = Schedule("daily", 9, time_zone="Europe/Istanbul")
    created = datetime(2026, 5, 1, 12, tzinfo=UTC)
    slot = datetime(2026, 5, 2, 6, tzinfo=UTC)
    assert allowed_at(schedule, created, created, [], 0) == slot
    assert allowed_at(schedule, created, slot, [], 0) == slot
    late = slot + timedelta(minutes=3)
    assert allowed_at(schedule, created, late, [], 0) == late
    # What was committed a little late goes with the next one.
    assert allowed_at(schedule, created, late, [slot + timedelta(seconds=9)], 0) == slot + timedelta(days=1)


def test_digest_in_quiet_hours_comes_when_they_end() -> None:
    schedule = Schedule("daily", 9, quiet_from=time(22), quiet_until=time(10), time_zone="UTC")
    created = datetime(2026, 5, 1, 12, tzinfo=UTC)
    at_nine, at_ten = datetime(2026, 5, 2, 9, tzinfo=UTC), datetime(2026, 5, 2, 10, tzinfo=UTC)
    assert allowed_at(schedule, created, at_nine, [], 0) == at_ten
    assert allowed_at(schedule, created, at_ten, [], 0) == at_ten


def test_limit_of_a_day_lets_the_next_go_when_the_oldest_is_a_day_old() -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    told = [now - timedelta(hours=hours) for hours in (30, 23, 5, 1)]
    assert allowed_at(Schedule(), now, now, told, 4) == now
    assert allowed_at(Schedule(), now, now, told, 3) == now + timedelta(hours=1)
    assert allowed_at(Schedule(), now, now, told, 2) == now + timedelta(hours=19)
    assert allowed_at(Schedule(), now, now, told, 0) == now


@pytest.mark.parametrize("name", ["Nowhere/Atlantis", "../../etc/passwd", "", "Europe", "/etc/localtime"])
def test_zone_of_what_is_none_is_none(name: str) -> None:
    assert zone(name) is None


def test_unknown_zone_counts_as_utc() -> None:
    now = datetime(2026, 5, 1, 23, tzinfo=UTC)
    schedule = Schedule(quiet_from=time(22), quiet_until=time(7), time_zone="Was/Renamed")
    assert quiet_end(schedule, now) == datetime(2026, 5, 2, 7, tzinfo=UTC)


def seen(price: str | None = "80.00", *, available: bool = True, active: bool = True) -> Seen:
    return Seen(active, available, None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("kind", "now", "wish", "is_told"),
    [
        ("price_changed", seen("80.00"), Wish(), True),
        ("price_changed", seen("99.99"), Wish(), True),
        ("price_changed", seen("100.00"), Wish(), False),
        ("price_changed", seen("120.00"), Wish(), False),
        ("price_changed", seen(None), Wish(), False),
        ("price_changed", seen(active=False), Wish(), False),
        ("price_changed", seen(available=False), Wish(), True),
        ("price_changed", seen("95.00"), Wish(least_drop=Decimal(5)), True),
        ("price_changed", seen("95.01"), Wish(least_drop=Decimal(5)), False),
        ("price_changed", seen("80.00"), Wish(target_price=Decimal(80)), True),
        ("price_changed", seen("81.00"), Wish(target_price=Decimal(80)), False),
        ("price_changed", seen(), Wish(kinds=["newly_available"]), False),
        ("price_changed", seen(), Wish(kinds=["price_changed"]), True),
        ("price_changed", seen(), Wish(muted=True), False),
        ("newly_available", seen(None), Wish(), True),
        ("newly_available", seen(available=False), Wish(), False),
        ("newly_available", seen(), Wish(kinds=["price_drop"]), False),
        ("newly_available", seen(), Wish(kinds=[]), False),
        ("out_of_stock", seen(available=False), Wish(), False),
        ("out_of_stock", seen(available=False), Wish(kinds=["out_of_stock"]), True),
        ("out_of_stock", seen(active=False, available=False), Wish(kinds=["out_of_stock"]), True),
        ("out_of_stock", seen(), Wish(kinds=["out_of_stock"]), False),
        ("back_in_stock", seen(), Wish(), True),
        ("back_in_stock", seen(available=False), Wish(), False),
        ("back_in_stock", None, Wish(), False),
    ],
)
def test_only_what_still_holds_and_is_wanted_is_told(kind: str, now: Seen | None, wish: Wish, is_told: bool) -> None:
    assert (untrue(kind, now, wish, Decimal(100), Decimal(80)) is None) is is_told


def test_rising_price_is_told_only_to_who_asked_and_while_it_is_up() -> None:
    asked = Wish(kinds=["price_changed"])
    assert untrue("price_changed", seen("110.00"), asked, Decimal(100), Decimal(120)) is None
    assert untrue("price_changed", seen("110.00"), Wish(), Decimal(100), Decimal(120)) is not None
    assert untrue("price_changed", seen("100.00"), asked, Decimal(100), Decimal(120)) is not None


def test_retries_come_ever_later_for_about_three_days_and_then_end() -> None:
    delays = [retry_delay_s(attempt, None, 0.5) for attempt in range(1, MOST_ATTEMPTS)]
    known = [delay for delay in delays if delay is not None]
    assert known[:5] == [30, 120, 480, 1920, 7680]
    assert known[5:] == [LONGEST_DELAY_S] * 11
    assert timedelta(days=2.5) < timedelta(seconds=sum(known)) < timedelta(days=3.5)
    assert retry_delay_s(MOST_ATTEMPTS, None, 0.5) is None


@given(attempt=st.integers(1, MOST_ATTEMPTS - 1), chance=st.floats(0, 1), wish=st.floats(0, 10**7) | st.none())
def test_retry_is_never_before_the_other_side_asked_for(attempt: int, chance: float, wish: float | None) -> None:
    delay = retry_delay_s(attempt, wish, chance)
    assert delay is not None
    assert min(wish or 0, 86400) <= delay
    assert 22 <= delay <= 86400
