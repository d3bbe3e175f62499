"""The feed as the contract has it, told forwards and slowly: what every answer is compared with.

A past is what was written, in its order; what a shopper saw after each of these writes is worked out from the first one
on. Nothing here walks back, and nothing is shared with the code that is tested.
"""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

GRACE = timedelta(minutes=30)
PERIOD = timedelta(days=30)
# What a write is about: ("price", list, currency), ("stock", list) or ("active",).
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Lens:
    """The lists that apply, in their order, and the currency."""

    price_lists: tuple[int, ...]
    stock_lists: tuple[int, ...]
    currency: str | None


@dataclass(frozen=True)
class Seen:
    """What a shopper saw from a moment on."""

    since: datetime
    price: Decimal | None
    available: bool


@dataclass(frozen=True)
class Expected:
    """An update that the feed must have."""

    at: datetime
    old: Decimal | None = None
    new: Decimal | None = None
    lowest: Decimal | None = None


@dataclass
class Past:
    """All that was ever written about a product, each with its time; None takes a row away."""

    writes: list[tuple[datetime, Key, Any]] = field(default_factory=list)

    def now(self, key: Key) -> Any:
        """What was last written."""
        return {written: value for _, written, value in self.writes}.get(key)

    def write(self, at: datetime, key: Key, value: Any) -> bool:
        """Write something; whether it is another value than before."""
        changed = bool(self.now(key) != value)
        if changed:
            self.writes.append((at, key, value))
        return changed

    def seen(self, lens: Lens) -> list[Seen]:
        """What shoppers of the lens saw: one entry for each time that it became another."""
        rows: dict[Key, Any] = {}
        states: list[Seen] = []
        for at, key, value in self.writes:
            rows[key] = value
            prices = [rows.get(("price", each, lens.currency)) for each in lens.price_lists]
            stocks = [rows.get(("stock", each)) for each in lens.stock_lists]
            price = ([price for price in prices if price is not None] or [None])[0]
            in_stock = ([stock for stock in stocks if stock is not None] or [False])[0]
            state = Seen(at, price, bool(rows.get(("active",)) and in_stock))
            if not states or (states[-1].price, states[-1].available) != (state.price, state.available):
                states.append(state)
        return states

    def at(self, lens: Lens, moment: datetime) -> Seen:
        """What was seen at a moment."""
        return [state for state in self.seen(lens) if state.since <= moment][-1]

    def updates(self, lens: Lens, baseline: Seen, now: datetime, window: timedelta) -> dict[str, Expected]:
        """What a shopper must be told of a favourite with this baseline."""
        states = self.seen(lens)
        told: dict[str, Expected] = {}
        last = states[-1]

        def shown(changes: list[datetime]) -> bool:
            return bool(changes) and changes[-1] > now - window and changes[-1] > baseline.since - GRACE

        pairs = list(itertools.pairwise(states))
        for kind, available in (("newly_available", True), ("out_of_stock", False)):
            turns = [b.since for a, b in pairs if a.available != b.available and b.available == available]
            was_otherwise = baseline.available != available or any(turn > baseline.since for turn in turns)
            if last.available == available and was_otherwise and shown(turns):
                told[kind] = Expected(turns[-1])
        prices = [states[0], *(b for a, b in pairs if a.price != b.price)]
        changes = [state.since for state in prices[1:]]
        comparable = baseline.price is not None and last.price is not None
        if comparable and baseline.price != last.price and shown(changes):
            in_force = [
                before.price for before, after in itertools.pairwise(prices) if after.since > changes[-1] - PERIOD
            ]
            lowest = min((price for price in in_force if price is not None), default=None)
            told["price_changed"] = Expected(changes[-1], baseline.price, last.price, lowest)
        return told
