"""GET /storefront/favorites/updates: what changed since a favourite was added."""

import httpx

from src.platform.dynamic_settings import UPDATES_WINDOW_DAYS
from src.platform.wire import time
from tests.factories import Client, Factory
from tests.modules.favourites.shop import change_setting
from tests.modules.updates.shop import UPDATES, Shop, kinds, updates, want

DAY = 24 * 3600


async def test_feed_is_empty_without_changes(shop: Shop, shopper: Client) -> None:
    assert (await updates(shopper)).summary.total_updates == 0
    product = await shop.product()
    await shop.price(product, "90.00")
    await want(shopper, product)
    told = await updates(shopper)
    assert (told.newly_available, told.price_changed, told.out_of_stock) == ([], [], [])
    assert told.summary.total_updates == 0


async def test_price_change_tells_both_prices(shop: Shop, shopper: Client) -> None:
    product = await shop.product("249.99", 7)
    favourite = await want(shopper, product)
    await shop.price(product, "199.99")
    told = await updates(shopper)
    (element,) = told.price_changed
    assert (element.id, element.variant_id, element.variant.id) == (favourite, str(product.uuid), str(product.uuid))
    assert (element.variant.price, element.variant.stock_available) == (199.99, 7)
    change = element.price_change
    assert (change.old_price, change.new_price, change.change_amount) == (249.99, 199.99, -50.0)
    assert (change.change_percentage, change.lowest_price_30d, change.currency) == (-20.0, 249.99, "try")
    assert change.changed_at == time((await shop.change_times(product))[-1])
    assert told.summary.price_changed_count == told.summary.total_updates == 1


async def test_amounts_are_numbers_with_exactly_their_digits(shop: Shop, shopper: Client) -> None:
    product = await shop.product("1234567890123.10")
    await want(shopper, product)
    await shop.price(product, "1234567890123.40")
    body = (await shopper.get(UPDATES)).text
    assert '"old_price":1234567890123.10,"new_price":1234567890123.40,"change_amount":0.30' in body


async def test_percentage_is_null_from_a_price_of_nothing(shop: Shop, shopper: Client) -> None:
    product = await shop.product("0.00")
    await want(shopper, product)
    await shop.price(product, "5.00")
    (element,) = (await updates(shopper)).price_changed
    assert element.price_change.change_percentage is None
    assert element.price_change.lowest_price_30d == 0


async def test_availability_is_told_both_ways(shop: Shop, shopper: Client) -> None:
    product = await shop.product(stock=3)
    favourite = await want(shopper, product)
    await shop.stock(product, 0)
    gone = await updates(shopper)
    assert [element.id for element in gone.out_of_stock] == [favourite]
    assert gone.out_of_stock[0].variant.stock_available == 0
    assert gone.out_of_stock[0].became_unavailable_at == time((await shop.change_times(product))[-1])
    await shop.stock(product, 2)
    back = await updates(shopper)
    assert not back.out_of_stock
    assert [element.variant.stock_available for element in back.newly_available] == [2]
    assert back.newly_available[0].became_available_at == time((await shop.change_times(product))[-1])


async def test_product_taken_off_sale_is_out_of_stock(shop: Shop, shopper: Client) -> None:
    product = await shop.product(stock=3)
    favourite = await want(shopper, product)
    await shop.activity(product, is_active=False)
    told = await updates(shopper)
    assert [element.id for element in told.out_of_stock] == [favourite]
    assert told.out_of_stock[0].variant.stock_available == 0
    await shop.activity(product, is_active=True)
    assert await kinds(shopper) == {"newly_available": [favourite]}


async def test_number_of_units_is_no_update(shop: Shop, shopper: Client) -> None:
    product = await shop.product(stock=3)
    await want(shopper, product)
    await shop.stock(product, 9)
    assert await kinds(shopper) == {}


async def test_price_that_came_back_is_no_update(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00")
    await want(shopper, product)
    await shop.price(product, "80.00")
    assert (await updates(shopper)).summary.total_updates == 1
    await shop.price(product, "100.00")
    assert await kinds(shopper) == {}


async def test_price_that_appears_is_no_update_and_one_that_went_away_neither(shop: Shop, shopper: Client) -> None:
    bare, priced = await shop.product(None), await shop.product("10.00")
    await want(shopper, bare)
    await want(shopper, priced)
    await shop.price(bare, "5.00")
    await shop.unprice(priced)
    assert await kinds(shopper) == {}
    await shop.price(priced, "12.00")
    (element,) = (await updates(shopper)).price_changed
    assert (element.price_change.old_price, element.price_change.new_price) == (10.0, 12.0)


async def test_newest_change_comes_first(shop: Shop, shopper: Client) -> None:
    products = [await shop.product() for _ in range(3)]
    favourites = [await want(shopper, product) for product in products]
    for place in (1, 2, 0):
        await shop.price(products[place], "1.00")
    assert await kinds(shopper) == {"price_changed": [favourites[place] for place in (0, 2, 1)]}


async def test_what_changed_before_the_window_is_no_update(shop: Shop, factory: Factory, shopper: Client) -> None:
    product = await shop.product("100.00")
    favourite = await want(shopper, product)
    await shop.price(product, "80.00")
    await shop.days_pass(29.9)
    assert await kinds(shopper) == {"price_changed": [favourite]}
    await shop.days_pass(0.2)
    assert await kinds(shopper) == {}
    await change_setting(factory, UPDATES_WINDOW_DAYS, 60)
    assert await kinds(shopper) == {"price_changed": [favourite]}
    await change_setting(factory, UPDATES_WINDOW_DAYS, 7)
    await shop.stock(product, 0)
    assert await kinds(shopper) == {"out_of_stock": [favourite]}


async def test_update_leaves_a_kept_answer_when_its_time_has_come(
    shop: Shop, factory: Factory, shopper: Client
) -> None:
    product, late = await shop.product("100.00"), await shop.product("100.00")
    await want(shopper, product)
    await shop.price(product, "80.00")
    # So close to leaving that it does while the answer is kept.
    await shop.days_pass(30 - 1.5 / DAY)
    favourite = await want(shopper, late)
    await shop.price(late, "80.00")
    shown = 2
    while shown == 2:
        told = await updates(shopper)
        shown = told.summary.total_updates
    assert await kinds(shopper) == {"price_changed": [favourite]}
    leaves = await factory.scalar(
        "SELECT min(changed_at) + interval '30 days' < now() FROM catalogue_change "
        "WHERE product_id = %s AND new_price = 80",
        product.id,
    )
    assert leaves


async def test_lowest_price_is_that_of_the_days_before_the_present_one(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00")
    await shop.price(product, "60.00")
    await shop.price(product, "95.00")
    await shop.days_pass(25)
    await shop.price(product, "90.00")
    await shop.days_pass(10)
    await want(shopper, product)
    await shop.price(product, "70.00")
    (element,) = (await updates(shopper)).price_changed
    # 95 was in force when the 30 days began, 60 was not any more.
    assert element.price_change.lowest_price_30d == 90.0
    await shop.price(product, "99.00")
    (element,) = (await updates(shopper)).price_changed
    assert element.price_change.lowest_price_30d == 70.0


async def test_variant_shows_what_the_list_shows(shop: Shop, factory: Factory, shopper: Client) -> None:
    market = await factory.insert("market", name="x")
    product = await shop.product(
        stock=None, market_id=market, name="Laptop", translations={"ar": {"name": "x"}, "tr": {"name": ""}}
    )
    for order, image in ((2, "b.jpg"), (1, "a.jpg")):
        await factory.insert("product_image", product_id=product.id, image=image, order=order)
    await factory.insert("product_image", product_id=product.id, image="c.jpg", status="passive")
    await want(shopper, product)
    await shop.stock(product, None)
    await factory.execute("UPDATE product_stock SET in_stock = true")
    await shop.price(product, "1.00")
    (element,) = (await updates(shopper)).price_changed
    listed = (await shopper.get("/storefront/favorites")).json()["favorites"][0]["catalog_item"]
    assert element.variant.name == listed["name"] == {"ar": "x"}
    assert element.variant.images == listed["images"] == ["a.jpg", "b.jpg"]
    assert element.variant.market_id == str(await factory.scalar("SELECT uuid FROM market WHERE id = %s", market))
    assert (element.variant.stock_available, element.variant.price) == (None, listed["price"])
    await factory.execute("UPDATE product SET translations = '{}'")
    await shop.price(product, "2.00")
    (element,) = (await updates(shopper)).price_changed
    assert element.variant.name == {"en": "Laptop"}


async def test_nobody_sees_the_updates_of_others(shop: Shop, shopper: Client, other: Client) -> None:
    product = await shop.product()
    mine, theirs = await want(shopper, product), await want(other, product)
    await shop.price(product, "1.00")
    assert await kinds(shopper) == {"price_changed": [mine]}
    assert await kinds(other) == {"price_changed": [theirs]}


async def test_removed_favourite_has_no_updates(shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    favourite = await want(shopper, product)
    await shop.price(product, "1.00")
    await updates(shopper)
    assert (await shopper.delete(f"/storefront/favorites/{favourite}")).status_code == 200
    assert await kinds(shopper) == {}
    await want(shopper, product)
    assert await kinds(shopper) == {}


async def test_change_that_was_not_committed_when_the_favourite_was_added_is_told(
    shop: Shop, factory: Factory, shopper: Client
) -> None:
    product = await shop.product("100.00")
    async with factory.database.transaction() as work:
        await work.connection.execute("UPDATE product_price SET price = 80 WHERE product_id = %s", (product.id,))
        await work.connection.execute(
            "INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price) "
            "VALUES (%s, 'price', 1, 'try', 100, 80)",
            (product.id,),
        )
        await work.connection.execute(
            "UPDATE product_state SET version = version + 1 WHERE product_id = %s", (product.id,)
        )
        favourite = await want(shopper, product)
        assert await kinds(shopper) == {}
    assert await kinds(shopper) == {"price_changed": [favourite]}


async def test_client_that_has_the_answer_gets_304(shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    await want(shopper, product)
    first = await shopper.get(UPDATES)
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    assert (await shopper.get(UPDATES, headers=known)).status_code == 304
    await shop.price(product, "1.00")
    assert (await shopper.get(UPDATES, headers=known)).status_code == 200


async def test_credentials_are_asked_for(client: httpx.AsyncClient, factory: Factory) -> None:
    assert (await client.get(UPDATES)).status_code == 401
    assert (await client.get(UPDATES, headers={"Authorization": "Token x"})).status_code == 401
    operator = await factory.shopper("ops")
    assert (await operator.get(UPDATES)).status_code == 403
    assert (await operator.post(f"{UPDATES}/dismiss", json={"all": True})).status_code == 403
