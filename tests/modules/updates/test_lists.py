"""Whose lists and which currency decide what has changed."""

from src.platform.dynamic_settings import DEFAULT_CURRENCY
from tests.factories import Client, Factory
from tests.modules.favourites.shop import change_setting
from tests.modules.updates.shop import Shop, kinds, updates, want


async def test_lists_of_the_segment_and_of_the_data_source_come_first(
    shop: Shop, factory: Factory, shopper: Client, other: Client
) -> None:
    own, sellers = [await factory.insert("price_list", name="x") for _ in range(2)]
    stocks = await factory.insert("stock_list", name="x")
    source = await factory.insert("data_source", name="x", slug="x", price_list_id=sellers)
    product = await shop.product("100.00", 1, data_source_id=source)
    await shop.join(shopper, own, stocks)
    mine, theirs = await want(shopper, product), await want(other, product)
    await shop.price(product, "90.00", sellers)
    assert await kinds(shopper) == {"price_changed": [mine]}
    assert await kinds(other) == {"price_changed": [theirs]}
    await shop.price(product, "100.00", own)
    await shop.price(product, "50.00", 1)
    await shop.stock(product, 0, stocks)
    assert await kinds(shopper) == {"out_of_stock": [mine]}
    told = await updates(other)
    assert [each.price_change.new_price for each in told.price_changed] == [90.0]
    assert told.summary.total_updates == 1


async def test_prices_are_compared_in_the_currency_of_the_favourite(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00")
    await shop.price(product, "10.00", currency="usd")
    await want(shopper, product, "usd")
    await shop.price(product, "50.00")
    assert await kinds(shopper) == {}
    await shop.price(product, "9.00", currency="usd")
    (element,) = (await updates(shopper)).price_changed
    assert (element.price_change.old_price, element.price_change.currency) == (10.0, "usd")
    assert element.variant.price == 9.0


async def test_other_lists_for_the_shopper_are_no_update(shop: Shop, factory: Factory, shopper: Client) -> None:
    own = await factory.insert("price_list", name="x")
    product = await shop.product("100.00")
    await shop.price(product, "70.00", own)
    await want(shopper, product)
    await shop.days_pass(1)
    await factory.execute("UPDATE favourite SET baseline_at = now()")
    await shop.join(shopper, own, None)
    assert await kinds(shopper) == {}
    await shop.price(product, "60.00", own)
    (element,) = (await updates(shopper)).price_changed
    assert (element.price_change.old_price, element.price_change.new_price) == (100.0, 60.0)


async def test_other_lists_for_the_data_source_are_in_the_next_answer(
    shop: Shop, factory: Factory, shopper: Client
) -> None:
    sellers = await factory.insert("price_list", name="x")
    source = await factory.insert("data_source", name="x", slug="x", price_list_id=sellers)
    product = await shop.product("100.00", data_source_id=source)
    favourite = await want(shopper, product)
    await shop.price(product, "90.00", sellers)
    assert await kinds(shopper) == {"price_changed": [favourite]}
    await shop.feed.rows("catalogs/data-sources", {"id": source, "price_list": None})
    assert await kinds(shopper) == {}
    await shop.feed.rows("catalogs/data-sources", {"id": source, "price_list": sellers})
    assert await kinds(shopper) == {"price_changed": [favourite]}


async def test_favourite_without_a_price_shows_one_in_the_currency_of_everybody(
    shop: Shop, factory: Factory, shopper: Client
) -> None:
    product = await shop.product(None, 1)
    await want(shopper, product)
    await shop.price(product, "5.00", currency="usd")
    await shop.price(product, "50.00")
    await shop.stock(product, 0)
    assert [element.variant.price for element in (await updates(shopper)).out_of_stock] == [50.0]
    await change_setting(factory, DEFAULT_CURRENCY, "usd")
    assert [element.variant.price for element in (await updates(shopper)).out_of_stock] == [5.0]
