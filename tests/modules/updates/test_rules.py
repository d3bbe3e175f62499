"""The rules of the feed: examples, and any past against the slow reference."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.updates import (
    Baseline,
    Change,
    Context,
    Facts,
    Sight,
    State,
    Update,
    context_key,
    decide,
    effective,
    effective_changes,
    facts,
    lowest_before,
    state_at,
    undone,
)
from tests.modules.updates.reference import Lens, Past, Seen

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(days=30)
DAY = timedelta(days=1)
START = NOW - 200 * DAY
CONTEXT = Context(None, None, None, None, "try")
LISTS = (1, 2, 3, 4)


def money(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def price_row(number: int, days: float, old: int | None, new: int | None) -> Change:
    return Change(
        number, "price", 1, "try", None if old is None else money(old), None if new is None else money(new), ago(days)
    )


def sight(price: int | None, *, in_stock: bool = True) -> Sight:
    return Sight(True, None, None, {} if price is None else {(1, "try"): money(price)}, {1: in_stock})


# Few values and few lists, so that pasts come back to where they were; steps of nothing share their time.
STEPS = st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(minutes=20), DAY, 11 * DAY, 29 * DAY])
PRICES = st.sampled_from([None, 0, 900, 1000, 1100]).map(lambda cents: None if cents is None else money(cents))
WRITES = st.lists(
    st.tuples(
        STEPS,
        st.one_of(
            st.tuples(st.tuples(st.just("price"), st.sampled_from(LISTS), st.sampled_from(["try", "usd"])), PRICES),
            st.tuples(st.tuples(st.just("stock"), st.sampled_from(LISTS)), st.sampled_from([None, False, True])),
            st.tuples(st.just(("active",)), st.booleans()),
        ),
    ),
    max_size=25,
)
MAYBE_LIST = st.sampled_from([None, *LISTS])
CONTEXTS = st.builds(Context, MAYBE_LIST, MAYBE_LIST, MAYBE_LIST, MAYBE_LIST, st.sampled_from([None, "try", "usd"]))


class Told:
    """A past that was also logged, as the catalogue does it."""

    def __init__(self, writes: list[tuple[timedelta, tuple[tuple[Any, ...], Any]]]) -> None:
        self.past = Past([(START, ("active",), True)])
        self.changes: list[Change] = []
        at = START + DAY
        for step, (key, value) in writes:
            at = min(at + step, NOW)
            old = self.past.now(key)
            if self.past.write(at, key, value):
                kind = {"price": "price", "stock": "availability", "active": "activity"}[key[0]]
                place = [*key[1:], None, None][:2]
                self.changes.append(Change(len(self.changes), kind, place[0], place[1], old, value, at))
        rows = {key: value for _, key, value in self.past.writes}
        there = {key: value for key, value in rows.items() if value is not None}
        self.sight = Sight(
            is_active=there.pop(("active",)),
            source_price_list=None,
            source_stock_list=None,
            prices={(key[1], key[2]): value for key, value in there.items() if key[0] == "price"},
            availabilities={key[1]: value for key, value in there.items() if key[0] == "stock"},
        )


TOLD = WRITES.map(Told)


def lens(context: Context) -> Lens:
    prices = (context.segment_price_list, context.source_price_list, 1)
    stocks = (context.segment_stock_list, context.source_stock_list, 1)
    return Lens(
        tuple(each for each in prices if each is not None),
        tuple(each for each in stocks if each is not None),
        context.currency,
    )


def state(seen: Seen) -> State:
    return State(seen.price, seen.available)


@given(TOLD, CONTEXTS, st.randoms())
def test_effective_changes_are_those_that_shoppers_saw(told: Told, context: Context, chance: random.Random) -> None:
    chance.shuffle(told.changes)
    seen = told.past.seen(lens(context))
    found = list(effective_changes(told.sight, told.changes, context))
    assert [(each.change.changed_at, each.before, each.after) for each in reversed(found)] == [
        (after.since, state(before), state(after)) for before, after in itertools.pairwise(seen)
    ]
    assert effective(told.sight, context) == state(seen[-1])


@given(TOLD, CONTEXTS, st.timedeltas(timedelta(0), 200 * DAY))
def test_state_at_any_time_is_what_shoppers_saw(told: Told, context: Context, age: timedelta) -> None:
    for moment in (NOW - age, *(change.changed_at for change in told.changes[:3])):
        since = [change for change in told.changes if change.changed_at > moment]
        assert state_at(told.sight, since, context, moment) == state(told.past.at(lens(context), moment))


@given(TOLD, st.integers(0, 25))
def test_product_without_its_last_changes_is_what_it_was(told: Told, kept: int) -> None:
    earlier = Told([])
    earlier.past.writes += told.past.writes[1 : 1 + kept]
    before = undone(told.sight, told.changes[kept:])
    for context in (CONTEXT, Context(2, 3, 3, 4, "usd")):
        assert effective(before, context) == state(earlier.past.seen(lens(context))[-1])


@settings(max_examples=300)
@given(TOLD, CONTEXTS, st.timedeltas(timedelta(0), 200 * DAY), PRICES, st.booleans(), st.booleans(), st.integers(1, 90))
def test_updates_are_those_of_the_reference(
    told: Told, context: Context, age: timedelta, price: Decimal | None, available: bool, own: bool, days: int
) -> None:
    baseline = Seen(NOW - age, price, available)
    if own:
        baseline = Seen(NOW - age, *state(told.past.at(lens(context), NOW - age)))
    window = timedelta(days=days)
    expected = told.past.updates(lens(context), baseline, NOW, window)
    found = facts(told.sight, told.changes, context)
    then = Baseline(baseline.since, baseline.price, baseline.available)
    decided = decide(then, effective(told.sight, context), found, NOW, window)
    assert {update.kind: (update.changed_at, update.old_price, update.new_price) for update in decided} == {
        kind: (update.at, update.old, update.new) for kind, update in expected.items()
    }
    if "price_changed" in expected:
        # As much of the log as a reader of the feed looks at.
        enough = [change for change in told.changes if change.changed_at > NOW - window - timedelta(days=30)]
        assert lowest_before(told.sight, enough, context) == expected["price_changed"].lowest


def test_each_kind_is_told_once_however_often_it_changed() -> None:
    rows = [price_row(n, 20 - n, 900 + n % 2, 901 - n % 2) for n in range(10)]
    found = facts(sight(900), rows, CONTEXT)
    decided = decide(Baseline(ago(25), money(950), True), State(money(900), True), found, NOW, WINDOW)
    assert decided == [Update("price_changed", ago(11), money(950), money(900))]


@pytest.mark.parametrize(
    ("baseline", "changed", "told"),
    [
        (10, 5, True),
        (5, 5, True),  # added while the change was being committed
        (5, 5 + 1 / 24, False),  # other lists apply since
        (50, 29.9, True),
        (50, 30, False),
    ],
)
def test_change_counts_within_the_window_and_after_the_baseline(baseline: float, changed: float, told: bool) -> None:
    found = Facts(price_changed_at=ago(changed))
    decided = decide(Baseline(ago(baseline), money(2), True), State(money(1), True), found, NOW, WINDOW)
    assert bool(decided) == told


def test_dismissed_transition_does_not_come_back_within_the_grace() -> None:
    found = Facts(became_available_at=ago(1), became_unavailable_at=ago(2))
    available = State(None, True)
    assert decide(Baseline(ago(1), None, True), available, found, NOW, WINDOW) == []
    assert decide(Baseline(ago(1), None, False), available, found, NOW, WINDOW) == [Update("newly_available", ago(1))]
    assert decide(Baseline(ago(1.5), None, True), available, found, NOW, WINDOW) == [Update("newly_available", ago(1))]


def test_lowest_price_includes_the_one_in_force_when_the_days_began() -> None:
    rows = [price_row(1, 60, 700, 1000), price_row(2, 20, 1000, 1200), price_row(3, 5, 1200, 900)]
    assert lowest_before(sight(900), rows, CONTEXT) == money(1000)
    assert lowest_before(sight(900), rows[1:], CONTEXT) == money(1000)
    assert lowest_before(sight(900), rows[2:], CONTEXT) == money(1200)


def test_lowest_price_is_unknown_when_there_was_no_price() -> None:
    assert lowest_before(sight(900), [price_row(1, 5, None, 900)], CONTEXT) is None
    assert lowest_before(sight(900), [], CONTEXT) is None


def test_context_key_is_the_same_for_ever() -> None:
    assert context_key(CONTEXT) == context_key(Context(None, None, None, None, "try"))
    assert context_key(Context(1, 2, 3, 4, "usd")) == 4581956641290887246
    keys = {
        context_key(Context._make((*lists, currency)))
        for lists in ((1, None, None, None), (None, 1, None, None), (None, None, 1, None), (11, None, None, None))
        for currency in ("try", "usd", None)
    }
    assert len(keys) == 12
    assert all(-(2**63) <= key < 2**63 for key in keys)
