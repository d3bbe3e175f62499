"""Favourites as the contract has them, in memory: what every answer is compared with."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

DEFAULT = 0  # of the lists that a model knows by place: the default one, the data source's, the segment's
SOURCE = 1
SEGMENT = 2


@dataclass
class Item:
    """A product, and everything that decides how a shopper sees it."""

    id: int
    uuid: str
    base_code: str | None
    of_source: bool
    parent: int | None = None
    active: bool = True
    prices: dict[tuple[int, str], Decimal] = field(default_factory=dict)  # by list and currency
    stocks: dict[int, int | None] = field(default_factory=dict)  # by list; None is "there, nobody counted"


@dataclass
class Wish:
    """A favourite: its ids, its product's place, and when it was made, as the API told."""

    pk: int
    uuid: str
    product: int


@dataclass
class Person:
    """A shopper: their favourites in the order they were added, and every pk they ever had."""

    member: bool = False
    wishes: list[Wish] = field(default_factory=list)
    had: set[int] = field(default_factory=set)
    changes: int = 0

    def forget(self, wish: Wish) -> None:
        """Remove a favourite."""
        self.wishes.remove(wish)
        self.changes += 1


class Model:
    """The shop and its shoppers."""

    def __init__(self, items: list[Item], people: int) -> None:
        self.items = items
        self.people = [Person() for _ in range(people)]
        self.one_per_product = True
        self.currency = "try"

    def may_add(self, person: Person, place: int) -> str:
        """What becomes of an add: `made`, `there` or `unknown`."""
        item = self.items[place]
        if not item.active:
            return "unknown"
        for wish in person.wishes:
            other = self.items[wish.product]
            same_code = item.base_code is not None and item.base_code == other.base_code
            if wish.product == place or (same_code and not self.one_per_product):
                return "there"
        return "made"

    def added(self, person: Person, place: int, pk: int, uuid: str) -> None:
        """Add a favourite that the API has made."""
        person.wishes.append(Wish(pk, uuid, place))
        person.had.add(pk)
        person.changes += 1

    def meant_by(self, person: Person, number: int) -> Wish | None:
        """The favourite that a number stands for: a pk first; one they once had is never a product."""
        for wish in person.wishes:
            if wish.pk == number:
                return wish
        if number in person.had:
            return None
        return next((wish for wish in person.wishes if self.items[wish.product].id == number), None)

    def _lists(self, person: Person, item: Item) -> list[int]:
        return [SEGMENT] * person.member + [SOURCE] * item.of_source + [DEFAULT]

    def price(self, person: Person, item: Item, wanted: str | None) -> tuple[Decimal | None, str | None]:
        """What this shopper pays, and in which currency."""
        for currency in (wanted or self.currency, self.currency):
            for place in self._lists(person, item):
                if (place, currency) in item.prices:
                    return item.prices[place, currency], currency
        return None, None

    def stock(self, person: Person, item: Item) -> tuple[int | None, bool]:
        """How much there is for this shopper, and whether there is any."""
        for place in self._lists(person, item):
            if place in item.stocks:
                stock = item.stocks[place]
                return stock, stock is None or stock > 0
        return None, False

    def commerce(self, person: Person, wanted: str | None) -> list[tuple[Any, ...]]:
        """The rows of the commerce list."""
        wishes = sorted(person.wishes, key=lambda wish: self._place(self.items[wish.product]))
        rows = []
        for wish in wishes:
            item = self.items[wish.product]
            price, currency = self.price(person, item, wanted)
            stock, in_stock = self.stock(person, item)
            ready = item.active and in_stock and price is not None and not self._is_parent(wish.product)
            told = None if price is None else str(price)
            rows.append((wish.pk, item.id, item.base_code, told, currency, stock, in_stock, ready))
        return rows

    def _place(self, item: Item) -> tuple[Any, ...]:
        return (item.id,) if self.one_per_product else (item.base_code is None, item.base_code or "", item.id)

    def _is_parent(self, place: int) -> bool:
        return any(item.parent == place for item in self.items)

    def storefront(self, person: Person, wanted: str | None) -> list[tuple[Any, ...]]:
        """The rows of the storefront list."""
        rows = []
        for wish in reversed(person.wishes):
            item = self.items[wish.product]
            price, _ = self.price(person, item, wanted)
            available = item.active and self.stock(person, item)[1]
            status = "available" if available else "out_of_stock" if item.active else "inactive"
            parent = item if item.parent is None else self.items[item.parent]
            told = None if price is None else float(price)
            rows.append((wish.uuid, item.uuid, parent.uuid, item.parent is not None, told, status))
        return rows

    def status(self, person: Person, place: int) -> str | None:
        """The id of the favourite that stands for a product: its own, else the first of a variant of it."""
        own = [wish for wish in person.wishes if wish.product == place]
        through = [wish for wish in person.wishes if self.items[wish.product].parent == place]
        return next((wish.uuid for wish in own + through), None)
