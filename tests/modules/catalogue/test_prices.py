"""Who pays what: the price and the stock of the first list that has one, in the first currency that has one."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, combinations

import pytest

from src.modules.catalogue import repositories
from src.modules.catalogue.dtos import PriceContext, ProductRow
from src.platform.database import Database
from tests.factories import Factory, Product

DEFAULT_LIST = 1


async def seen(
    database: Database,
    product: Product,
    *,
    price_list: int | None = None,
    stock_list: int | None = None,
    wanted: str = "try",
    default: str = "try",
) -> ProductRow:
    """The product as a shopper with these lists and currencies sees it."""
    context = PriceContext(price_list, stock_list, wanted, default)
    async with database.read() as connection:
        rows = await repositories.products(connection, [product.id], context)
    assert len(rows) == 1
    return rows[0]


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


PLACES = ("segment", "source", "default", "foreign")


@pytest.mark.parametrize("filled", list(subsets(PLACES)), ids="+".join)
async def test_first_list_that_has_a_price_and_a_stock_decides(
    database: Database, factory: Factory, filled: tuple[str, ...]
) -> None:
    """Segment, then data source, then the default lists; a list without a row falls through; others never count."""
    price_lists = {name: await factory.insert("price_list", name=name) for name in PLACES} | {"default": DEFAULT_LIST}
    stock_lists = {name: await factory.insert("stock_list", name=name) for name in PLACES} | {"default": DEFAULT_LIST}
    source = await factory.insert(
        "data_source",
        name="x",
        slug="x",
        price_list_id=price_lists["source"],
        stock_list_id=stock_lists["source"],
    )
    product = await factory.product(price=None, stock=None, data_source_id=source)
    for amount, name in enumerate(PLACES, 1):
        if name in filled:
            await factory.price(product, f"{amount}.00", price_list_id=price_lists[name])
            await factory.stock(product, amount, stock_list_id=stock_lists[name])

    def first(*order: str) -> int | None:
        return next((PLACES.index(name) + 1 for name in order if name in filled), None)

    vip = await seen(database, product, price_list=price_lists["segment"], stock_list=stock_lists["segment"])
    plain = await seen(database, product)
    prices_only = await seen(database, product, price_list=price_lists["segment"])
    for row, price, stock in (
        (vip, first("segment", "source", "default"), first("segment", "source", "default")),
        (plain, first("source", "default"), first("source", "default")),
        (prices_only, first("segment", "source", "default"), first("source", "default")),
    ):
        assert row.price == (None if price is None else Decimal(price))
        assert row.stock == stock
        assert row.in_stock is (stock is not None)


async def test_product_without_a_data_source_sees_segment_then_default(database: Database, factory: Factory) -> None:
    vip = await factory.insert("price_list", name="vip")
    product = await factory.product(price="10.00", stock=5)
    other = await factory.product(price="20.00")
    await factory.price(product, "6.00", price_list_id=vip)
    assert (await seen(database, product, price_list=vip)).price == Decimal("6.00")
    assert (await seen(database, product)).price == Decimal("10.00")
    assert (await seen(database, other, price_list=vip)).price == Decimal("20.00")


async def test_wanted_currency_on_any_list_that_applies_goes_before_the_default_currency(
    database: Database, factory: Factory
) -> None:
    vip = await factory.insert("price_list", name="vip")
    foreign = await factory.insert("price_list", name="foreign")
    product = await factory.product(price="30.00")
    await factory.price(product, "25.00", price_list_id=vip)
    await factory.price(product, "1.00", currency_type="usd")
    await factory.price(product, "2.00", currency_type="eur", price_list_id=foreign)

    async def told(price_list: int | None, wanted: str) -> tuple[Decimal | None, str | None]:
        row = await seen(database, product, price_list=price_list, wanted=wanted)
        return row.price, row.currency_type

    assert await told(vip, "try") == (Decimal("25.00"), "try")
    assert await told(vip, "usd") == (Decimal("1.00"), "usd")
    assert await told(vip, "eur") == (Decimal("25.00"), "try")
    assert await told(None, "eur") == (Decimal("30.00"), "try")
    assert await told(foreign, "eur") == (Decimal("2.00"), "eur")
    await factory.price(product, "0.80", currency_type="usd", price_list_id=vip)
    assert await told(vip, "usd") == (Decimal("0.80"), "usd")


async def test_default_currency_decides_when_none_is_wanted(database: Database, factory: Factory) -> None:
    product = await factory.product(price="30.00")
    await factory.price(product, "1.00", currency_type="usd")
    assert (await seen(database, product, wanted="usd", default="usd")).price == Decimal("1.00")
    assert (await seen(database, product, wanted="eur", default="eur")).price is None


async def test_other_price_types_are_not_what_a_shopper_pays(database: Database, factory: Factory) -> None:
    product = await factory.product(price="30.00")
    await factory.price(product, "1.00", price_type="wholesale")
    row = await seen(database, product)
    assert (row.price, row.price_type) == (Decimal("30.00"), "default")


async def test_stock_without_a_number_is_known_to_be_there(database: Database, factory: Factory) -> None:
    product = await factory.product(stock=None)
    await factory.stock(product, None, in_stock=True)
    row = await seen(database, product)
    assert (row.stock, row.in_stock, row.unit_type) == (None, True, "qty")
    nothing = await seen(database, await factory.product(stock=None))
    assert (nothing.stock, nothing.in_stock, nothing.unit_type) == (None, False, None)


async def test_price_of_zero_is_a_price(database: Database, factory: Factory) -> None:
    row = await seen(database, await factory.product(price="0.00"))
    assert row.price == Decimal(0)


async def test_row_tells_the_family_the_images_and_the_seller(database: Database, factory: Factory) -> None:
    source = await factory.insert("data_source", name="Bayram", slug="bayram", extras={"a": 1}, is_active=False)
    parent = await factory.product(name="Parent", slug="parent")
    child = await factory.product(parent_id=parent.id, data_source_id=source)
    for order, status in ((2, "active"), (1, "active"), (0, "passive")):
        await factory.insert("product_image", product_id=child.id, image=f"{order}.jpg", order=order, status=status)
    row = await seen(database, child)
    assert (row.parent_id, row.parent_uuid, row.parent_slug) == (parent.id, parent.uuid, "parent")
    assert (row.is_parent, (await seen(database, parent)).is_parent) == (False, True)
    assert [image["image"] for image in row.images] == ["1.jpg", "2.jpg"]
    assert row.data_source is not None
    assert (row.data_source["pk"], row.data_source["extras"], row.data_source["is_active"]) == (source, {"a": 1}, False)


async def test_products_nobody_knows_are_left_out(database: Database) -> None:
    async with database.read() as connection:
        assert await repositories.products(connection, [10**12], PriceContext(None, None, "try", "try")) == []
