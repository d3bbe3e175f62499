"""Baskets and their discounts as the contract has them, in memory and in the plainest way: what answers must equal.

Kept simple by what it leaves out: all offers consume locally, and together they never take a whole line away.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

DEFAULT_CURRENCY = "try"


@dataclass
class Item:
    """A product; money is cents."""

    id: int
    prices: dict[str, int]
    stock: int = 5
    active: bool = True


@dataclass
class Campaign:
    """An offer. `about` are the products, by place, that its condition and its benefit are about; None is all."""

    id: int
    kind: str  # percentage, fixed, multibuy
    amount: int  # percent, or cents
    condition: str  # amount, quantity
    value: int  # cents, or units
    about: frozenset[int] | None = None
    of_what_is_left: bool = False
    currencies: tuple[str, ...] = ("try",)
    priority: int = 0
    merges: bool = True
    active: bool = True
    code: str | None = None

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Its place among others: 1, 2, … and those without a priority last."""
        return self.priority == 0, self.priority, self.id


@dataclass
class Row:
    """A line; its id is what the API told."""

    id: int
    place: int
    attributes: str
    quantity: int


@dataclass
class Cart:
    """Somebody's basket."""

    rows: list[Row] = field(default_factory=list)
    voucher: str | None = None
    currency: str | None = None

    def of(self, place: int) -> list[Row]:
        """The lines of a product."""
        return [row for row in self.rows if row.place == place]

    def find(self, place: int, attributes: str) -> Row | None:
        """The line of a product with these attributes."""
        return next((row for row in self.of(place) if row.attributes == attributes), None)

    def move(self, row: Row, attributes: str, quantity: int, told: int) -> None:
        """Give so many units of a line other attributes: the line that has them then has the id that was `told`."""
        other = self.find(row.place, attributes)
        if other is row:
            return
        row.quantity -= quantity
        if row.quantity == 0:
            self.rows.remove(row)
        if other is None:
            self.rows.append(Row(told, row.place, attributes, quantity))
        else:
            other.quantity += quantity
            other.id = told


class Shown(NamedTuple):
    """What a basket must show."""

    lines: dict[int, tuple[int, str, int, int]]  # by id: product, attributes, quantity, unit price
    unavailable: dict[int, tuple[int, str, int, set[str]]]  # the same with the reasons, any of which may be told
    discounts: dict[str, int]
    products: int

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.products - sum(self.discounts.values())


class Model:
    """The catalogue and the campaigns."""

    def __init__(self, items: list[Item], campaigns: list[Campaign]) -> None:
        self.items = items
        self.campaigns = campaigns

    def units(self, cart: Cart, place: int, but: Row | None = None) -> int:
        """How many units of a product there are, without those of one line."""
        return sum(row.quantity for row in cart.of(place) if row is not but)

    def refusals(self, cart: Cart, place: int, row: Row | None, quantity: int, currency: str | None = None) -> set[str]:
        """The codes with which so many units in a line, new or not, may be refused; none: they have to be taken."""
        item = self.items[place]
        codes = set()
        if not item.active or (currency or cart.currency or DEFAULT_CURRENCY) not in item.prices:
            codes.add("basket_101")
        if item.stock == 0 or self.units(cart, place, row) + quantity > item.stock:
            codes.add("basket_100")
        return codes

    def reasons(self, cart: Cart, row: Row, currency: str) -> set[str]:
        """Everything because of which a line can't be bought; of several lines over stock the younger give way."""
        item = self.items[row.place]
        found = set()
        if not item.active:
            found.add("inactive")
        if currency not in item.prices:
            found.add("no_price")
        if item.stock == 0:
            found.add("out_of_stock")
        elif row not in self._fitting(cart, row.place):
            found.add("over_stock")
        return found

    def _fitting(self, cart: Cart, place: int) -> list[Row]:
        left, fitting = self.items[place].stock, []
        for row in sorted(cart.of(place), key=lambda one: one.id):
            if row.quantity <= left:
                left -= row.quantity
                fitting.append(row)
        return fitting

    def shown(self, cart: Cart, currency: str | None = None) -> Shown:
        """The basket, in the request's currency or its own."""
        currency = currency or cart.currency or DEFAULT_CURRENCY
        lines, unavailable = {}, {}
        good = []
        for row in cart.rows:
            reasons = self.reasons(cart, row, currency)
            told = (self.items[row.place].id, row.attributes, row.quantity)
            if not reasons:
                lines[row.id] = (*told, self.items[row.place].prices[currency])
                good.append(row)
            else:
                unavailable[row.id] = (*told, reasons)
        products = sum(price * quantity for _, _, quantity, price in lines.values())
        return Shown(lines, unavailable, self._discounts(good, cart.voucher, currency), products)

    def holds(self, cart: Cart, campaign: Campaign, currency: str) -> bool:
        """Whether a campaign's condition holds for a basket."""
        good = [row for row in cart.rows if not self.reasons(cart, row, currency)]
        return self._times(campaign, good, currency) > 0

    def _discounts(self, rows: list[Row], voucher: str | None, currency: str) -> dict[str, int]:
        there = [
            campaign
            for campaign in self.campaigns
            if campaign.active and currency in campaign.currencies and campaign.code in (None, voucher)
        ]
        merging = [campaign for campaign in there if campaign.merges]
        candidates = [merging, *([campaign] for campaign in there if not campaign.merges)]
        judged = []
        for candidate in candidates:
            given = self._given(candidate, rows, currency)
            rank = min((campaign.rank for campaign in candidate), default=(True, 0, 0))
            judged.append((-sum(given.values()), -len(given), candidate is not merging, rank, given))
        return min(judged, key=lambda one: one[:4])[4]

    def _given(self, campaigns: list[Campaign], rows: list[Row], currency: str) -> dict[str, int]:
        given: dict[str, int] = {}
        for campaign in sorted(campaigns, key=lambda one: one.rank):
            if times := self._times(campaign, rows, currency):
                amount = self._amount(campaign, times, rows, currency, sum(given.values()))
                if amount:
                    given[str(campaign.id)] = amount
        return given

    def _times(self, campaign: Campaign, rows: list[Row], currency: str) -> int:
        prices = self._prices(campaign, rows, currency)
        have = sum(prices) if campaign.condition == "amount" else len(prices)
        times = have // campaign.value
        # A fixed one is limited to one application, so that it stays small.
        return min(times, 1) if campaign.kind == "fixed" else times

    def _amount(self, campaign: Campaign, times: int, rows: list[Row], currency: str, before: int) -> int:
        prices = self._prices(campaign, rows, currency)
        if campaign.kind == "fixed":
            return min(campaign.amount * times, sum(prices))
        if campaign.kind == "multibuy":
            return percent(campaign.amount, sum(prices[:times]))
        return percent(campaign.amount, sum(prices) - (before if campaign.of_what_is_left else 0))

    def _prices(self, campaign: Campaign, rows: list[Row], currency: str) -> list[int]:
        """The price of each unit that a campaign is about, the cheapest first."""
        about = [row for row in rows if campaign.about is None or row.place in campaign.about]
        return sorted(self.items[row.place].prices[currency] for row in about for _ in range(row.quantity))


def percent(part: int, cents: int) -> int:
    """So many percent of an amount, rounded half up."""
    return int((Decimal(part) * cents / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
