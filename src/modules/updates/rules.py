"""What changed about a favourite: pure decisions from the log of the catalogue and what is true now.

The log says what each list held before and after each change; together with what the lists hold now it gives what a
shopper saw at any time, walking back from now. What a shopper sees is *effective*: the first of their lists that has a
row counts, and only a change after which that value is another one is a change for them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from src.modules.catalogue import DEFAULT_LIST_ID

Kind: TypeAlias = Literal["newly_available", "price_changed", "out_of_stock"]
KINDS: tuple[Kind, ...] = ("newly_available", "price_changed", "out_of_stock")

# A favourite that was added, or dismissed, while a change was being committed has a baseline from before the change
# with a time after it; no import takes longer than this from its first row of the log to its commit.
GRACE = timedelta(minutes=30)
PRIOR_PRICE_PERIOD = timedelta(days=30)


class Context(NamedTuple):
    """Everything about a shopper and a product that decides which prices and stocks apply."""

    segment_price_list: int | None
    source_price_list: int | None
    segment_stock_list: int | None
    source_stock_list: int | None
    # That of the favourite's baseline: prices are compared in no other.
    currency: str | None


@lru_cache(maxsize=4096)
def context_key(context: Context) -> int:
    """A number that stands for the context in `favourite_update.context`: the same in every process and release."""
    text = ":".join("" if part is None else str(part) for part in context)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


class Change(NamedTuple):
    """A row of the log; its order is that of (changed_at, id). None is "there was no row"."""

    id: int
    # price | availability | activity
    kind: str
    # The price list or the stock list; None for the product's activity.
    list_id: int | None
    # Of a price; None for the others.
    currency: str | None
    old: Decimal | bool | None
    new: Decimal | bool | None
    changed_at: datetime


class Sight(NamedTuple):
    """A product as it is now on every list: whether it is for sale, its prices and its availabilities."""

    is_active: bool
    source_price_list: int | None
    source_stock_list: int | None
    prices: Mapping[tuple[int, str], Decimal]
    availabilities: Mapping[int, bool]

    def context(self, segment_price_list: int | None, segment_stock_list: int | None, currency: str | None) -> Context:
        """The context in which a shopper of these lists sees this product."""
        return Context(segment_price_list, self.source_price_list, segment_stock_list, self.source_stock_list, currency)


class State(NamedTuple):
    """What a shopper sees of a product: the price in their currency, and whether it is available."""

    price: Decimal | None
    available: bool


class Effective(NamedTuple):
    """A change of what a shopper sees, and the row of the log that made it."""

    change: Change
    before: State
    after: State


class Facts(NamedTuple):
    """When what shoppers of one context see of a product last changed."""

    price_changed_at: datetime | None = None
    became_available_at: datetime | None = None
    became_unavailable_at: datetime | None = None

    @property
    def changed_at(self) -> datetime | None:
        """The latest of the three."""
        return max((at for at in self if at is not None), default=None)


class Baseline(NamedTuple):
    """The state of a favourite when it was added or last dismissed."""

    at: datetime
    price: Decimal | None
    available: bool


class Update(NamedTuple):
    """Something that a shopper is told of a favourite; the prices are those of a changed price."""

    kind: Kind
    changed_at: datetime
    old_price: Decimal | None = None
    new_price: Decimal | None = None


def effective(sight: Sight, context: Context) -> State:
    """What shoppers of the context see."""
    return _Walk(sight, context).state()


def undone(sight: Sight, changes: Iterable[Change]) -> Sight:
    """The product as it was before these changes, given as it is after them."""
    is_active = sight.is_active
    prices: dict[tuple[int, str], Any] = dict(sight.prices)
    availabilities: dict[int, Any] = dict(sight.availabilities)
    for change in _latest_first(changes):
        if change.list_id is None:
            is_active = bool(change.old)
        elif change.currency is None:
            availabilities[change.list_id] = change.old
        else:
            prices[change.list_id, change.currency] = change.old
    return sight._replace(
        is_active=is_active,
        prices={place: price for place, price in prices.items() if price is not None},
        availabilities={place: in_stock for place, in_stock in availabilities.items() if in_stock is not None},
    )


def effective_changes(sight: Sight, changes: Iterable[Change], context: Context) -> Iterator[Effective]:
    """The changes that shoppers of the context saw, the latest first; `changes` may have any order."""
    walk = _Walk(sight, context)
    after = walk.state()
    for change in _latest_first(changes):
        if walk.undo(change) and (before := walk.state()) != after:
            yield Effective(change, before, after)
            after = before


def facts(sight: Sight, changes: Iterable[Change], context: Context) -> Facts:
    """The facts, as far back as `changes` reach."""
    return facts_among(effective_changes(sight, changes, context))


def facts_among(seen: Iterable[Effective]) -> Facts:
    """The facts, of effective changes that come the latest first."""
    price = available = unavailable = None
    for change, before, after in seen:
        if before.price != after.price:
            price = price or change.changed_at
        elif after.available:
            available = available or change.changed_at
        else:
            unavailable = unavailable or change.changed_at
    return Facts(price, available, unavailable)


def state_at(sight: Sight, changes: Iterable[Change], context: Context, moment: datetime) -> State:
    """What shoppers of the context saw at `moment`; `changes` are at least those since."""
    return effective(undone(sight, (change for change in changes if change.changed_at > moment)), context)


def lowest_before(sight: Sight, changes: Iterable[Change], context: Context) -> Decimal | None:
    """The lowest price in the 30 days before the price now in force began; None when there was none.

    The price that was in force already when the 30 days began counts.
    """
    return lowest_among(effective_changes(sight, changes, context))


def lowest_among(seen: Iterable[Effective]) -> Decimal | None:
    """`lowest_before`, of effective changes that come the latest first."""
    lowest: Decimal | None = None
    opening: datetime | None = None
    for change, before, after in seen:
        if before.price == after.price:
            continue
        if opening is None:
            opening = change.changed_at - PRIOR_PRICE_PERIOD
        elif change.changed_at <= opening:
            break
        if before.price is not None and (lowest is None or before.price < lowest):
            lowest = before.price
    return lowest


def decide(baseline: Baseline, state: State, found: Facts, now: datetime, window: timedelta) -> list[Update]:
    """What a shopper is told of a favourite whose product is now in `state`, at most once of each kind.

    What differs from the baseline without a change in the log, because other lists apply to the shopper now, is none.
    """
    horizon = max(now - window, baseline.at - GRACE)
    told: list[Update] = []
    at = found.became_available_at if state.available else found.became_unavailable_at
    # It changed since the baseline, or at the baseline it was otherwise.
    if at is not None and at > horizon and (at > baseline.at or baseline.available != state.available):
        told.append(Update("newly_available" if state.available else "out_of_stock", at))
    at, old, new = found.price_changed_at, baseline.price, state.price
    if at is not None and at > horizon and old is not None and new is not None and old != new:
        told.append(Update("price_changed", at, old, new))
    return told


def _latest_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.changed_at, change.id), reverse=True)


class _Walk:
    """What applies in a context, going back in time change by change."""

    def __init__(self, sight: Sight, context: Context) -> None:
        price_lists = (context.segment_price_list, context.source_price_list, DEFAULT_LIST_ID)
        stock_lists = (context.segment_stock_list, context.source_stock_list, DEFAULT_LIST_ID)
        self._currency = context.currency
        # In the order in which they count; None is "no row".
        self._prices: dict[int, Any] = {
            each: sight.prices.get((each, context.currency)) if context.currency else None
            for each in price_lists
            if each is not None
        }
        self._availabilities: dict[int, Any] = {
            each: sight.availabilities.get(each) for each in stock_lists if each is not None
        }
        self._is_active = sight.is_active

    def state(self) -> State:
        price, in_stock = None, False
        for price in self._prices.values():
            if price is not None:
                break
        for here in self._availabilities.values():
            if here is not None:
                in_stock = here
                break
        return State(price, self._is_active and in_stock)

    def undo(self, change: Change) -> bool:
        """Whether the change was of something that applies here; if so it is taken back."""
        list_id = change.list_id
        if list_id is None:
            self._is_active = bool(change.old)
            return True
        if change.currency is None:
            applies, rows = list_id in self._availabilities, self._availabilities
        else:
            applies, rows = list_id in self._prices and change.currency == self._currency, self._prices
        if applies:
            rows[list_id] = change.old
        return applies
