"""A shop and what its shoppers must be told: each step changes both, so that they can be compared at any time."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from src.platform.wire import time
from tests.factories import Client, Factory, Product
from tests.modules.updates.reference import Expected, Key, Lens, Past, Seen
from tests.modules.updates.shop import Shop, dismiss, want

PEOPLE, ITEMS = 3, 4
DEFAULT, SOURCE, SEGMENT = 0, 1, 2  # of the lists, which are known by place
WINDOW = timedelta(days=30)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WRITE_PRICE = """
WITH written AS (
    INSERT INTO product_price (product_id, price_list_id, price) VALUES (%(product)s, %(list)s, %(price)s)
    ON CONFLICT (product_id, price_list_id, currency_type, price_type) DO UPDATE SET price = excluded.price
), moved AS (
    UPDATE product_state SET version = version + 1 WHERE product_id = %(product)s
)
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT %(product)s, 'price', %(list)s, 'try', %(old)s::numeric, %(price)s
WHERE %(old)s::numeric IS DISTINCT FROM %(price)s
"""


@dataclass
class Wish:
    """A favourite and its baseline."""

    uuid: str
    place: int
    baseline: Seen
    currency: str | None


@dataclass
class Person:
    """A shopper, their favourites, and whether the lists of the segment apply to them."""

    client: Client
    is_member: bool = False
    wishes: list[Wish] = field(default_factory=list)


@dataclass
class Held:
    """A price that is written and not committed."""

    stack: AsyncExitStack
    place: int
    key: Key
    price: Decimal


class Scene:
    """Products and shoppers by place; every odd product is of a data source, which may have lists of its own."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.shop = Shop(factory, factory.database)
        self.products: list[Product] = []
        self.pasts: list[Past] = []
        self.people: list[Person] = []
        self.source_has_lists = False
        self.held: Held | None = None

    async def open(self) -> None:
        """Begin with shoppers of whom two want everything, so that there is always something to tell."""
        insert = self.factory.insert
        self.price_lists = [1, *[await insert("price_list", name="x") for _ in range(2)]]
        self.stock_lists = [1, *[await insert("stock_list", name="x") for _ in range(2)]]
        own = {"price_list_id": self.price_lists[SEGMENT], "stock_list_id": self.stock_lists[SEGMENT]}
        self.segment = await insert("segment", name="x", **own)
        self.source = await insert("data_source", name="x", slug="x")
        for place in range(ITEMS):
            columns = {"data_source_id": self.source} if place % 2 else {}
            self.products.append(await self.shop.product(None, None, **columns))
            self.pasts.append(Past([(LONG_AGO, ("active",), True)]))
            await self.price(place, DEFAULT, "try", Decimal("9.00"))
            await self.stock(place, DEFAULT, in_stock=True)
        self.people = [Person(await self.factory.shopper()) for _ in range(PEOPLE)]
        await self.membership(0, is_member=True)
        for who in range(2):
            for place in range(ITEMS):
                await self.add(who, place, None)

    def lens(self, who: int, place: int, currency: str | None) -> Lens:
        """What applies to a shopper and a product."""
        of_segment = [SEGMENT] * self.people[who].is_member
        chosen = [*of_segment, *[SOURCE] * (place % 2 and self.source_has_lists), DEFAULT]
        prices, stocks = self.price_lists, self.stock_lists
        return Lens(tuple(prices[each] for each in chosen), tuple(stocks[each] for each in chosen), currency)

    def is_held(self, place: int) -> bool:
        """Whether a write to this product would wait for the one that takes long."""
        return self.held is not None and self.held.place == place

    async def _written(self, place: int, key: Key, value: Any) -> None:
        """Remember a write with the time that the log gives it, if it changed anything."""
        times = await self.shop.change_times(self.products[place])
        self.pasts[place].write((times or [LONG_AGO])[-1], key, value)

    async def price(self, place: int, on: int, currency: str, price: Decimal | None) -> None:
        """Set a price or take it away."""
        price_list, product = self.price_lists[on], self.products[place]
        if price is None:
            await self.shop.unprice(product, price_list, currency)
        else:
            await self.shop.price(product, str(price), price_list, currency)
        await self._written(place, ("price", price_list, currency), price)

    async def stock(self, place: int, on: int, *, in_stock: bool) -> None:
        """Set a stock."""
        await self.shop.stock(self.products[place], 3 if in_stock else 0, self.stock_lists[on])
        await self._written(place, ("stock", self.stock_lists[on]), in_stock)

    async def activity(self, place: int, *, is_active: bool) -> None:
        """Put a product up for sale, or take it down."""
        await self.shop.activity(self.products[place], is_active=is_active)
        await self._written(place, ("active",), is_active)

    async def begin_price(self, place: int, on: int, price: Decimal) -> None:
        """Write a price without committing it."""
        stack = AsyncExitStack()
        work = await stack.enter_async_context(self.factory.database.transaction())
        key = ("price", self.price_lists[on], "try")
        # Not as an import: of those one waits for the other.
        values = {"product": self.products[place].id, "list": self.price_lists[on], "price": price}
        await work.connection.execute(WRITE_PRICE, {**values, "old": self.pasts[place].now(key)})
        self.held = Held(stack, place, key, price)

    async def commit_price(self) -> None:
        """Commit the price that was written."""
        if self.held is not None:
            held, self.held = self.held, None
            await held.stack.aclose()
            await self._written(held.place, held.key, held.price)

    async def membership(self, who: int, *, is_member: bool) -> None:
        """Put a shopper into the segment, or take them out."""
        person, segment = self.people[who], self.segment if is_member else None
        person.is_member = is_member
        await self.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, person.client.email)

    async def lists_of_the_source(self, *, has_lists: bool) -> None:
        """Give the data source its lists, or take them away."""
        self.source_has_lists = has_lists
        lists = {"price_list": self.price_lists[SOURCE], "stock_list": self.stock_lists[SOURCE]}
        row = {"id": self.source, **(lists if has_lists else dict.fromkeys(lists))}
        report = await self.shop.feed.rows("catalogs/data-sources", row)
        assert not report.rejected

    async def add(self, who: int, place: int, wanted: str | None) -> None:
        """Make a product a favourite, seen in the wanted currency if it has a price in it."""
        person, past = self.people[who], self.pasts[place]
        uuid = await want(person.client, self.products[place], wanted)
        at = await self.factory.scalar("SELECT baseline_at FROM favourite WHERE uuid = %s", uuid)
        sights = [(each, past.seen(self.lens(who, place, each))[-1]) for each in (wanted or "try", "try")]
        currency, seen = next((sight for sight in sights if sight[1].price is not None), (None, sights[0][1]))
        person.wishes.append(Wish(uuid, place, Seen(at, seen.price, seen.available), currency))

    async def remove(self, who: int, wish: Wish) -> None:
        """Remove a favourite."""
        person = self.people[who]
        person.wishes.remove(wish)
        assert (await person.client.delete(f"/storefront/favorites/{wish.uuid}")).status_code == 200

    async def dismiss(self, who: int, chosen: list[Wish] | None, up_to: datetime | None) -> None:
        """Dismiss the updates of these favourites, or of all."""
        person = self.people[who]
        asked: dict[str, Any] = {"all": True}
        if chosen is not None:
            asked = {"favorite_ids": [wish.uuid for wish in chosen]}
        if up_to is not None:
            asked["up_to"] = time(up_to)
        moved = [
            wish
            for wish in (person.wishes if chosen is None else chosen)
            if up_to is None or wish.baseline.since < up_to
        ]
        assert await dismiss(person.client, **asked) == len(moved)
        for wish in moved:
            at = up_to or await self.factory.scalar("SELECT baseline_at FROM favourite WHERE uuid = %s", wish.uuid)
            assert at > wish.baseline.since
            seen = self.pasts[wish.place].at(self.lens(who, wish.place, wish.currency or "try"), at)
            wish.baseline = Seen(at, seen.price, seen.available)
            wish.currency = wish.currency or (None if seen.price is None else "try")

    async def days_pass(self, days: float) -> None:
        """Let everything have happened so many days earlier."""
        await self.shop.days_pass(days)
        age = timedelta(days=days)
        for past in self.pasts:
            past.writes = [(at - age, key, value) for at, key, value in past.writes]
        for wish in (wish for person in self.people for wish in person.wishes):
            wish.baseline = Seen(wish.baseline.since - age, wish.baseline.price, wish.baseline.available)

    def moments(self) -> list[datetime]:
        """When anything was written, the oldest first."""
        return sorted(at for past in self.pasts for at, _, _ in past.writes[1:])

    def expected(self, who: int) -> dict[str, list[tuple[str, Expected, Decimal | None]]]:
        """What a shopper must be told: of each kind the favourites, their updates and present prices."""
        told: dict[str, list[tuple[str, Expected, Decimal | None]]] = {}
        now = datetime.now(UTC)
        for wish in self.people[who].wishes:
            past, lens = self.pasts[wish.place], self.lens(who, wish.place, wish.currency)
            price = past.seen(self.lens(who, wish.place, wish.currency or "try"))[-1].price
            for kind, update in past.updates(lens, wish.baseline, now, WINDOW).items():
                told.setdefault(kind, []).append((wish.uuid, update, price))
        return {kind: sorted(updates, key=lambda each: each[1].at, reverse=True) for kind, updates in told.items()}
