"""What offers draw on: the units of a basket's lines that are still free, and the cents that are still to be paid.

Lines are known by their position in order of id, so nothing depends on the order in which they come.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import lcm
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from src.modules.offers.rules.basket import Line, Shopper
from src.modules.offers.rules.campaign import Choice, Condition, DistinctBy, PriceType
from src.modules.offers.rules.terms import Situation, matches

Positions: TypeAlias = tuple[int, ...]


class Taken(NamedTuple):
    """So many units of the line at a position."""

    position: int
    units: int


class Prices(NamedTuple):
    """The price of a unit of each line, times `scale`: what is left of a line is not always so many whole cents."""

    each: Sequence[int]
    scale: int


class Basket:
    """The lines as they are before any offer."""

    def __init__(self, lines: Iterable[Line], shopper: Shopper) -> None:
        self.lines = sorted((line for line in lines if line.quantity > 0), key=attrgetter("id"))
        self.quantities = [line.quantity for line in self.lines]
        self.unit_prices = Prices([line.unit_price for line in self.lines], 1)
        self.retail_prices = Prices([line.retail_price for line in self.lines], 1)
        self.amounts = [line.unit_price * line.quantity for line in self.lines]
        self.situation = Situation(shopper, sum(self.amounts), sum(self.quantities))
        self._everybodys = self._by_collection(range(len(self.lines)))
        # Those that any line is in; None stands for all lines, and is always there.
        self.collections = self._everybodys.keys()
        # Lines that come from no data source, for the offers that are only about those.
        self._own = self._everybodys
        if any(line.from_data_source for line in self.lines):
            self._own = self._by_collection([p for p, line in enumerate(self.lines) if not line.from_data_source])
        self._fitting: dict[Choice, Positions] = {}
        self._codes: dict[DistinctBy, Sequence[object]] = {}

    def _by_collection(self, positions: Iterable[int]) -> Mapping[int | None, Positions]:
        collections: dict[int | None, list[int]] = {None: list(positions)}
        for place in collections[None]:
            for collection in self.lines[place].collections:
                collections.setdefault(collection, []).append(place)
        return {collection: tuple(places) for collection, places in collections.items()}

    def most(self, condition: Condition) -> int:
        """What a condition can count here at the most, whatever it is about and whatever other offers do."""
        if condition.type == "amount":
            if condition.price_type != "retail_price":
                return self.situation.amount
            return sum([line.retail_price * line.quantity for line in self.lines])
        return len(self.lines) if condition.type == "distinct" else self.situation.quantity

    def positions(self, choice: Choice) -> Positions:
        """The lines that an offer is about."""
        chosen = (self._everybodys if choice.from_data_sources else self._own).get(choice.collection, ())
        if not choice.terms or not chosen:
            return chosen
        fitting = self._fitting.get(choice)
        if fitting is None:
            lines = self.lines
            fitting = tuple([place for place in chosen if matches(lines[place], choice.terms)])
            self._fitting[choice] = fitting
        return fitting

    def codes(self, distinct_by: DistinctBy) -> Sequence[object]:
        """What tells lines apart, by position; a product without a base code is like no other."""
        codes = self._codes.get(distinct_by)
        if codes is None:
            if distinct_by == "sku":
                codes = [line.sku for line in self.lines]
            else:
                codes = [line.base_code or (line.sku,) for line in self.lines]
            self._codes[distinct_by] = codes
        return codes


class Ledger:
    """The account of one basket, on which offers take units and cents one after the other."""

    def __init__(self, basket: Basket) -> None:
        self._basket = basket
        self.free = basket.quantities.copy()
        self.left = basket.amounts.copy()
        # Lines that are not as they were before any offer.
        self.changed: set[int] = set()
        # Of these, the lines some of whose units are gone.
        self.used: set[int] = set()
        self._remaining_prices: Prices | None = basket.unit_prices
        # Many offers ask the same of the same lines; a change makes every answer stale.
        self._worths: dict[tuple[Positions, PriceType], int] = {}
        self._counts: dict[Positions, int] = {}
        self._orders: dict[tuple[Positions, PriceType], list[int]] = {}

    def prices(self, price_type: PriceType) -> Prices:
        """The prices that `price_type` names, now."""
        if price_type == "unit_price":
            return self._basket.unit_prices
        if price_type == "retail_price":
            return self._basket.retail_prices
        if self._remaining_prices is None:
            # A common multiple keeps the quotients whole, and comparing and adding them exact.
            quantities = self._basket.quantities
            scale = lcm(*quantities)
            each = [left * (scale // units) for left, units in zip(self.left, quantities, strict=True)]
            self._remaining_prices = Prices(each, scale)
        return self._remaining_prices

    def count(self, positions: Positions) -> int:
        """The free units of some lines."""
        count = self._counts.get(positions)
        if count is None:
            free = self.free
            count = self._counts[positions] = sum([free[place] for place in positions])
        return count

    def worth(self, positions: Positions, price_type: PriceType) -> int:
        """What the free units of some lines come to, times the scale of the prices."""
        worth = self._worths.get((positions, price_type))
        if worth is None:
            free, each = self.free, self.prices(price_type).each
            worth = self._worths[positions, price_type] = sum([free[place] * each[place] for place in positions])
        return worth

    def all_free(self, positions: Positions) -> list[Taken]:
        """Every free unit of some lines."""
        free = self.free
        return [Taken(place, free[place]) for place in positions if free[place]]

    def from_cheapest(self, positions: Positions, price_type: PriceType) -> list[int]:
        """Some lines in order of price, then of id."""
        order = self._orders.get((positions, price_type))
        if order is None:
            order = sorted(positions, key=self.prices(price_type).each.__getitem__)
            self._orders[positions, price_type] = order
        return order

    def cheapest(self, positions: Positions, price_type: PriceType, units: int) -> list[Taken]:
        """The cheapest free units, so many or as many as there are."""
        taken = []
        for place in self.from_cheapest(positions, price_type):
            if units <= 0:
                break
            if self.free[place]:
                taken.append(Taken(place, min(units, self.free[place])))
                units -= taken[-1].units
        return taken

    def cheapest_worth(self, positions: Positions, price_type: PriceType, amount: int) -> list[Taken]:
        """The cheapest free units that come to `amount` cents, or all if they don't."""
        each, scale = self.prices(price_type)
        amount *= scale
        taken = []
        for place in self.from_cheapest(positions, price_type):
            if amount <= 0:
                break
            if self.free[place]:
                needed = -(-amount // each[place]) if each[place] else self.free[place]
                taken.append(Taken(place, min(needed, self.free[place])))
                amount -= taken[-1].units * each[place]
        return taken

    def book(self, discounts: Iterable[tuple[int, int]], used: Iterable[Taken]) -> None:
        """Takes cents off lines by position, and units that nobody may use any more.

        A unit that is used twice by one offer is gone once: of a line, the largest number counts.
        """
        for place, discount in discounts:
            self.left[place] -= discount
            self.changed.add(place)
        gone: dict[int, int] = {}
        for place, units in used:
            gone[place] = max(gone.get(place, 0), units)
        for place, units in gone.items():
            self.free[place] -= units
            self.changed.add(place)
            self.used.add(place)
        self._remaining_prices = None
        self._worths.clear()
        self._counts.clear()
        self._orders.clear()
