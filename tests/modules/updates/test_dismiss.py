"""POST /storefront/favorites/updates/dismiss: what is known is no update any more."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from src.platform.wire import time
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import Invalid, read
from tests.modules.updates.shop import DISMISS, UPDATES, Shop, dismiss, kinds, updates, want


async def test_dismissed_updates_are_gone_until_something_changes(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00", 3)
    favourite = await want(shopper, product)
    await shop.price(product, "80.00")
    await shop.stock(product, 0)
    assert await kinds(shopper) == {"price_changed": [favourite], "out_of_stock": [favourite]}
    assert await dismiss(shopper, favorite_ids=[favourite]) == 1
    assert await kinds(shopper) == {}
    await shop.price(product, "100.00")
    await shop.stock(product, 3)
    told = await updates(shopper)
    assert [element.price_change.old_price for element in told.price_changed] == [80.0]
    assert [element.id for element in told.newly_available] == [favourite]


async def test_only_named_favourites_are_dismissed(shop: Shop, shopper: Client, other: Client) -> None:
    products = [await shop.product() for _ in range(3)]
    mine = [await want(shopper, product) for product in products]
    theirs = await want(other, products[0])
    for product in products:
        await shop.price(product, "1.00")
    assert await dismiss(shopper, favorite_ids=[mine[1], theirs, str(uuid4())]) == 1
    assert await kinds(shopper) == {"price_changed": [mine[2], mine[0]]}
    assert await kinds(other) == {"price_changed": [theirs]}
    assert await dismiss(shopper, all=True) == 3
    assert await kinds(shopper) == {}
    assert await kinds(other) == {"price_changed": [theirs]}


async def test_dismissing_up_to_a_time_keeps_what_came_later(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00", 3)
    favourite = await want(shopper, product)
    await shop.price(product, "80.00")
    seen = (await updates(shopper)).price_changed[0].price_change.changed_at
    await shop.price(product, "70.00")
    await shop.stock(product, 0)
    assert await dismiss(shopper, all=True, up_to=seen) == 1
    told = await updates(shopper)
    assert [element.price_change.old_price for element in told.price_changed] == [80.0]
    assert [element.id for element in told.out_of_stock] == [favourite]
    # The same again, or something older, changes nothing.
    etag = (await shopper.get(UPDATES)).headers["etag"]
    before = time((await shop.change_times(product))[0])
    for up_to in (seen, before, "0001-01-01T00:00:00Z"):
        assert await dismiss(shopper, all=True, up_to=up_to) == 0
    assert (await shopper.get(UPDATES)).headers["etag"] == etag


async def test_dismissing_never_reaches_into_the_future(shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00")
    favourite = await want(shopper, product)
    assert await dismiss(shopper, all=True, up_to="9999-12-31T23:59:59Z") == 1
    await shop.price(product, "70.00")
    assert await kinds(shopper) == {"price_changed": [favourite]}


async def test_everything_that_was_acknowledged_is_dismissed(shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    await want(shopper, product)
    for cents in range(20):
        await shop.price(product, f"{cents}.00")
        assert await dismiss(shopper, all=True) == 1
        assert await kinds(shopper) == {}


async def test_baseline_is_what_the_shopper_saw_on_their_lists(shop: Shop, factory: Factory, shopper: Client) -> None:
    prices, stocks = await factory.insert("price_list", name="x"), await factory.insert("stock_list", name="x")
    await shop.join(shopper, prices, stocks)
    product = await shop.product("100.00", 5)
    await want(shopper, product)
    await shop.price(product, "60.00", prices)
    await shop.stock(product, 0, stocks)
    first = (await shop.change_times(product))[-1]
    await shop.price(product, "50.00", prices)
    await dismiss(shopper, all=True, up_to=time(first))
    assert await baseline(factory, product) == (first, Decimal("60.00"), "try", False)
    await dismiss(shopper, all=True)
    assert (await baseline(factory, product))[1:] == (Decimal("50.00"), "try", False)


async def test_favourite_without_a_price_gets_one_when_dismissed(shop: Shop, factory: Factory, shopper: Client) -> None:
    bare, dollar = await shop.product(None), await shop.product(None)
    await shop.price(dollar, "5.00", currency="usd")
    await want(shopper, bare)
    await want(shopper, dollar, "usd")
    await dismiss(shopper, all=True)
    assert (await baseline(factory, bare))[1:3] == (None, None)
    await shop.price(bare, "9.00")
    await shop.unprice(dollar, currency="usd")
    await shop.price(dollar, "200.00")
    await dismiss(shopper, all=True)
    assert (await baseline(factory, bare))[1:3] == (Decimal("9.00"), "try")
    assert (await baseline(factory, dollar))[1:3] == (None, "usd")
    await shop.price(bare, "8.00")
    assert (await updates(shopper)).summary.total_updates == 1


async def test_many_favourites_are_dismissed_at_once(shop: Shop, factory: Factory, shopper: Client) -> None:
    user = await factory.user_id(shopper)
    await factory.execute(
        """
        WITH made AS (
            INSERT INTO product (sku, name) SELECT 'bulk' || n, 'x' FROM generate_series(1, 2500) AS n RETURNING id
        ), priced AS (
            INSERT INTO product_price (product_id, price) SELECT id, 7 FROM made
        ), stated AS (
            INSERT INTO product_state (product_id) SELECT id FROM made
        ), summed AS (
            INSERT INTO favourite_summary (user_id, total) VALUES (%s, 2500)
        )
        INSERT INTO favourite (user_id, product_id) SELECT %s, id FROM made
        """,
        *(user, user),
    )
    assert await dismiss(shopper, all=True) == 2500
    count = "SELECT count(*) FROM favourite WHERE baseline_price = 7 AND baseline_currency = 'try'"
    assert await factory.scalar(count) == 2500


async def test_dismissals_of_one_moment_all_end(shop: Shop, shopper: Client) -> None:
    favourites = [await want(shopper, await shop.product()) for _ in range(5)]
    asked: list[dict[str, Any]] = [{"all": True}, {"favorite_ids": favourites}, {"favorite_ids": favourites[::-1]}]
    answers = await asyncio.gather(*(shopper.post(DISMISS, json=body) for body in asked * 4))
    assert {answer.status_code for answer in answers} == {200}


async def test_answer_is_kept_under_an_idempotency_key(shop: Shop, shopper: Client) -> None:
    await want(shopper, await shop.product())
    answers = [await shopper.post(DISMISS, json={"all": True}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json() == {"success": True, "data": {"dismissed": 1}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "favorite_ids"),
        ({"all": False}, "favorite_ids"),
        ({"all": True, "favorite_ids": []}, "favorite_ids"),
        ({"favorite_ids": ["x"]}, "favorite_ids"),
        ({"favorite_ids": "x"}, "favorite_ids"),
        ({"all": "maybe"}, "all"),
        ({"all": True, "up_to": "yesterday"}, "up_to"),
        ({"all": True, "up_to": "2023-12-01T14:00:00"}, "up_to"),
        ({"all": True, "up_to": "0001-01-01T00:00:00+14:00"}, "up_to"),
        ({"all": True, "up_to": 1e300}, "up_to"),
        ({"all": True, "since": None}, "since"),
    ],
)
async def test_what_makes_no_sense_is_refused(shopper: Client, body: dict[str, Any], field: str) -> None:
    refused = read(await shopper.post(DISMISS, json=body), Invalid, 400)
    assert [fault.field for fault in refused.errors] == [field]


async def baseline(factory: Factory, product: Product) -> tuple[Any, ...]:
    """What the only favourite of a product is compared with."""
    async with factory.database.read() as connection:
        cursor = await connection.execute(
            "SELECT baseline_at, baseline_price, baseline_currency, baseline_available FROM favourite "
            "WHERE product_id = %s",
            (product.id,),
        )
        (row,) = await cursor.fetchall()
    return row
