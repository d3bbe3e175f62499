"""A shop whose catalogue changes, in the words of tests: every change goes the way of feeds, so that it is logged."""

from datetime import datetime
from typing import Any, Literal, TypeVar

from src.platform.database import Database
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import Data, Exact, Time, Uuid, read
from tests.modules.integration.feeds import PRICES, PRODUCTS, STOCKS, Feed

UPDATES = "/storefront/favorites/updates"
DISMISS = f"{UPDATES}/dismiss"
T = TypeVar("T")


class Variant(Exact):
    """What an element says of the product."""

    id: Uuid
    market_id: Uuid | None
    name: dict[str, str]
    price: float | None
    stock_available: int | None
    images: list[str]


class PriceChange(Exact):
    """What an element says of prices."""

    old_price: float
    new_price: float
    change_amount: float
    change_percentage: float | None
    changed_at: Time
    lowest_price_30d: float | None
    currency: Literal["try", "usd", "eur"]


class Element(Exact):
    """What all elements have."""

    id: Uuid
    variant_id: Uuid
    variant: Variant


class NewlyAvailable(Element):
    """An element."""

    became_available_at: Time


class PriceChanged(Element):
    """An element."""

    price_change: PriceChange


class OutOfStock(Element):
    """An element."""

    became_unavailable_at: Time


class Summary(Exact):
    """How many there are."""

    newly_available_count: int
    price_changed_count: int
    out_of_stock_count: int
    total_updates: int


class Updates(Exact):
    """The feed."""

    newly_available: list[NewlyAvailable]
    price_changed: list[PriceChanged]
    out_of_stock: list[OutOfStock]
    summary: Summary


class Shop:
    """Changes the catalogue through feeds and reads the feeds of shoppers."""

    def __init__(self, factory: Factory, database: Database) -> None:
        self.factory = factory
        self.feed = Feed(database)

    async def product(self, price: str | None = "100.00", stock: int | None = 5, **columns: Any) -> Product:
        """A product, fed like everything."""
        product = await self.factory.product(price=None, stock=None, **columns)
        if price is not None:
            await self.price(product, price)
        if stock is not None:
            await self.stock(product, stock)
        return product

    async def price(self, product: Product, price: str, price_list: int = 1, currency: str = "try") -> None:
        """Set a price."""
        row = {"product": product.id, "price": price, "price_list": price_list, "currency_type": currency}
        report = await self.feed.rows(PRICES, row)
        assert not report.rejected

    async def unprice(self, product: Product, price_list: int = 1, currency: str = "try") -> None:
        """Take a price away."""
        found = await self.factory.scalar(
            "SELECT id FROM product_price WHERE product_id = %s AND price_list_id = %s AND currency_type = %s",
            *(product.id, price_list, currency),
        )
        if found is not None:
            await self.feed.delete(PRICES, found)

    async def stock(self, product: Product, stock: int | None, stock_list: int = 1) -> None:
        """Set a stock."""
        report = await self.feed.rows(STOCKS, {"product": product.id, "stock": stock, "stock_list": stock_list})
        assert not report.rejected

    async def activity(self, product: Product, *, is_active: bool) -> None:
        """Put a product up for sale, or take it down."""
        report = await self.feed.rows(PRODUCTS, {"id": product.id, "is_active": is_active})
        assert not report.rejected

    async def change_times(self, product: Product) -> list[datetime]:
        """When the log has something about a product, in its order."""
        times = await self.factory.scalar(
            "SELECT array_agg(changed_at ORDER BY changed_at, id) FROM catalogue_change WHERE product_id = %s",
            product.id,
        )
        return list(times or ())

    async def days_pass(self, days: float) -> None:
        """Everything that happened so far was so many days ago; nobody's caches know, but that is time's way."""
        for table, columns in TIMES.items():
            moved = ", ".join(f"{column} = {column} - make_interval(secs => %s)" for column in columns)
            await self.factory.execute(f"UPDATE {table} SET {moved}", *[days * 86400] * len(columns))
        await self.factory.execute("UPDATE favourite_summary SET version = version + 1")

    async def join(self, shopper: Client, price_list: int | None, stock_list: int | None) -> None:
        """Put a shopper into a segment that buys at these lists."""
        segment = await self.factory.insert("segment", name="x", price_list_id=price_list, stock_list_id=stock_list)
        await self.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, shopper.email)


TIMES = {
    "catalogue_change": ["changed_at"],
    "favourite": ["baseline_at"],
    "favourite_update": ["price_changed_at", "became_available_at", "became_unavailable_at", "changed_at"],
}


async def want(shopper: Client, product: Product, currency: str | None = None) -> str:
    """Make a product a favourite; its id."""
    headers = {"X-Currency": currency} if currency else {}
    answer = await shopper.post("/storefront/favorites", json={"variant_id": str(product.uuid)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["favorite"]["id"])


async def updates(shopper: Client, **params: Any) -> Updates:
    """What a shopper is told."""
    return read(await shopper.get(UPDATES, params=params or None), Data[Updates]).data


async def kinds(shopper: Client, **params: Any) -> dict[str, list[str]]:
    """The ids of favourites by the kind of their updates; kinds without any are left out."""
    told = await updates(shopper, **params)
    by_kind = {
        "newly_available": [each.id for each in told.newly_available],
        "price_changed": [each.id for each in told.price_changed],
        "out_of_stock": [each.id for each in told.out_of_stock],
    }
    return {kind: ids for kind, ids in by_kind.items() if ids}


async def dismiss(shopper: Client, **asked: Any) -> int:
    """Dismiss updates; how many favourites got a new baseline."""

    class Dismissed(Exact):
        dismissed: int

    return read(await shopper.post(DISMISS, json=asked), Data[Dismissed]).data.dismissed
