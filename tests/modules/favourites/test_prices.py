"""Who pays what, as shoppers see it in both dialects, and what is remembered of it when a favourite is added."""

from decimal import Decimal
from typing import Any

import pytest

from src.platform.dynamic_settings import DEFAULT_CURRENCY
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import CommerceProduct
from tests.modules.favourites.shop import add, add_favorite, change_setting, favorites, page

BASELINE = "SELECT baseline_price, baseline_currency, baseline_available FROM favourite WHERE product_id = %s"


class Lists:
    """A segment's and a data source's own lists beside the default ones."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.segment = self.source = 0
        self.prices: dict[str, int] = {"default": 1}
        self.stocks: dict[str, int] = {"default": 1}

    async def make(self) -> "Lists":
        """Put them into the database."""
        for name in ("segment", "source"):
            self.prices[name] = await self.factory.insert("price_list", name=name)
            self.stocks[name] = await self.factory.insert("stock_list", name=name)
        for name in ("segment", "source"):
            table = "segment" if name == "segment" else "data_source"
            more = {} if name == "segment" else {"slug": name}
            lists = {"price_list_id": self.prices[name], "stock_list_id": self.stocks[name]}
            setattr(self, name, await self.factory.insert(table, name=name, **lists, **more))
        return self

    async def offer(self, product: Product, name: str, price: str, stock: int, **columns: Any) -> None:
        """Put a price and a stock on the lists of that name."""
        await self.factory.price(product, price, price_list_id=self.prices[name], **columns)
        await self.factory.stock(product, stock, stock_list_id=self.stocks[name])

    async def enrol(self, shopper: Client, *, member: bool = True) -> None:
        """Put a shopper into the segment, or take them out."""
        segment = self.segment if member else None
        await self.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, shopper.email)


@pytest.fixture
async def lists(factory: Factory) -> Lists:
    return await Lists(factory).make()


async def shown(shopper: Client, product: Product, **headers: str) -> CommerceProduct:
    """The product as the shopper's list shows it; both dialects must agree on its price."""
    rows = {row.product.pk: row.product for row in (await page(shopper, headers=headers)).results}
    other = {row.variant_id: row for row in await favorites(shopper, headers=headers)}
    told, twin = rows[product.id], other[str(product.uuid)]
    assert twin.current_price == twin.catalog_item.price == (None if told.price is None else float(told.price))
    assert twin.is_available is told.in_stock
    return told


async def test_segment_goes_before_data_source_before_default(
    shopper: Client, other: Client, factory: Factory, lists: Lists
) -> None:
    plain = await factory.product(price="10.00", stock=5)
    sold = await factory.product(price="10.00", stock=5, data_source_id=lists.source)
    for product in (plain, sold):
        for one in (shopper, other):
            await add(one, product)
    await lists.enrol(other)

    async def seen(one: Client) -> list[tuple[str | None, int | None]]:
        return [(told.price, told.stock) for told in [await shown(one, plain), await shown(one, sold)]]

    assert await seen(shopper) == await seen(other) == [("10.00", 5), ("10.00", 5)]
    for product in (plain, sold):
        await lists.offer(product, "source", "8.00", 3)
    assert await seen(shopper) == await seen(other) == [("10.00", 5), ("8.00", 3)]
    await lists.offer(sold, "segment", "6.00", 0)
    assert await seen(shopper) == [("10.00", 5), ("8.00", 3)]
    assert await seen(other) == [("10.00", 5), ("6.00", 0)]
    assert (await shown(other, sold)).in_stock is False
    await lists.enrol(other, member=False)
    assert await seen(other) == [("10.00", 5), ("8.00", 3)]
    await lists.enrol(other)
    assert await seen(other) == [("10.00", 5), ("6.00", 0)]


async def test_lists_that_move_to_other_ids_are_seen_at_once(shopper: Client, factory: Factory, lists: Lists) -> None:
    product = await factory.product(price="10.00", stock=5, data_source_id=lists.source)
    await lists.offer(product, "segment", "6.00", 2)
    await add(shopper, product)
    assert (await shown(shopper, product)).price == "10.00"
    await factory.execute(
        "UPDATE data_source SET price_list_id = %s, name = 'renamed' WHERE id = %s",
        lists.prices["segment"],
        lists.source,
    )
    await factory.execute("UPDATE catalogue_epoch SET version = version + 1")  # as every catalogue writer does then
    told = await shown(shopper, product)
    assert told.price == "6.00"
    assert told.data_source
    assert told.data_source.name == "renamed"


async def test_currency_that_is_named_counts_where_there_is_a_price_in_it(shopper: Client, factory: Factory) -> None:
    both, one = await factory.product(price="30.00"), await factory.product(price="20.00")
    await factory.price(both, "1.25", currency_type="usd")
    for product in (both, one):
        await add(shopper, product)

    async def seen(**headers: str) -> list[tuple[str | None, str | None]]:
        return [(told.price, told.currency_type) for told in [await shown(shopper, p, **headers) for p in (both, one)]]

    lira = [("30.00", "try"), ("20.00", "try")]
    assert await seen() == lira
    for usd in ("usd", "USD", " usd "):
        assert await seen(**{"X-Currency": usd}) == [("1.25", "usd"), ("20.00", "try")]
    for odd in ("undefined", "", "eur", "USD1", "us", "a" * 500, "usd,try", "'; --"):
        assert await seen(**{"X-Currency": odd}) == lira


async def test_default_currency_is_a_setting_that_changes_at_run_time(shopper: Client, factory: Factory) -> None:
    product = await factory.product(price="30.00")
    await factory.price(product, "1.25", currency_type="usd")
    await add(shopper, product)
    for currency, price in (("try", "30.00"), ("usd", "1.25"), ("eur", None), ("try", "30.00")):
        await change_setting(factory, DEFAULT_CURRENCY, currency)
        assert (await shown(shopper, product)).price == price
        assert (await shown(shopper, product, **{"X-Currency": "usd"})).price == "1.25"


async def test_added_favorite_shows_the_price_of_its_shopper_and_request(
    shopper: Client, factory: Factory, lists: Lists
) -> None:
    await lists.enrol(shopper)
    product = await factory.product(price="10.00")
    await lists.offer(product, "segment", "6.00", 0, currency_type="try")
    await factory.price(product, "0.50", currency_type="usd")
    favorite = await add_favorite(shopper, product, **{"X-Currency": "usd"})
    assert (favorite.current_price, favorite.availability_status) == (0.5, "out_of_stock")
    assert (await favorites(shopper))[0].current_price == 6


async def baseline(factory: Factory, product: Product) -> tuple[Any, ...]:
    """What was remembered of a product when it became a favourite."""
    async with factory.database.read() as connection:
        row = await (await connection.execute(BASELINE, (product.id,))).fetchone()
    assert row
    return row


@pytest.mark.parametrize("through", [add, add_favorite], ids=["commerce", "storefront"])
async def test_baseline_is_what_the_shopper_saw(
    shopper: Client, other: Client, factory: Factory, lists: Lists, through: Any
) -> None:
    await lists.enrol(shopper)
    vip, source, plain, dear, sold_out, bare = [
        await factory.product(price="10.00", stock=5, data_source_id=lists.source if n == 1 else None) for n in range(6)
    ]
    await lists.offer(vip, "segment", "6.00", 0)
    await lists.offer(source, "source", "8.00", 3)
    await factory.price(dear, "1.25", currency_type="usd")
    await factory.stock(sold_out, 0)
    await factory.execute("DELETE FROM product_price WHERE product_id = %s", bare.id)
    await factory.execute("UPDATE product_stock SET stock = NULL WHERE product_id = %s", bare.id)
    for product in (vip, source, plain, sold_out, bare):
        await through(shopper, product)
    await through(shopper, dear, **{"X-Currency": "usd"})
    assert await baseline(factory, vip) == (Decimal("6.00"), "try", False)
    assert await baseline(factory, source) == (Decimal("8.00"), "try", True)
    assert await baseline(factory, plain) == (Decimal("10.00"), "try", True)
    assert await baseline(factory, dear) == (Decimal("1.25"), "usd", True)
    assert await baseline(factory, sold_out) == (Decimal("10.00"), "try", False)
    assert await baseline(factory, bare) == (None, None, True)
    await factory.price(plain, "99.00")
    await factory.stock(plain, 0)
    assert await baseline(factory, plain) == (Decimal("10.00"), "try", True)
    await factory.execute("DELETE FROM favourite WHERE product_id = %s", vip.id)
    await through(other, vip)
    assert await baseline(factory, vip) == (Decimal("10.00"), "try", True)
