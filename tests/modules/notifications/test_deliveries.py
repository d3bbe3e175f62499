"""Which deliveries a pass makes: consent, preferences, wishes, subscriptions, endpoints; and each only once."""

from typing import Any

import pytest

from src.modules.notifications import NewDelivery, enqueue, make_deliveries
from src.modules.updates import Chunk, advance
from src.platform.database import Connection
from tests.modules.notifications.telling import Telling
from tests.modules.updates.shop import dismiss, updates, want


async def test_fallen_price_makes_one_mail_that_says_from_what_to_what(telling: Telling) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    assert await telling.price(product, "80.00") == 1
    (row,) = await telling.rows()
    assert (row["channel"], row["kind"], row["status"]) == ("email", "price_changed", "due")
    assert row["product_id"] == product.id
    assert row["favourite_id"] == await telling.factory.scalar("SELECT id FROM favourite")
    assert (row["payload"]["old_price"], row["payload"]["new_price"]) == ("100.00", "80.00")
    assert row["payload"]["currency"] == "try"
    assert await telling.work_off() == 0


async def test_price_that_falls_on_is_told_from_the_baseline_as_in_the_feed(telling: Telling) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    assert [await telling.price(product, price) for price in ("80.00", "60.00", "70.00", "65.00")] == [1, 1, 0, 1]
    assert [row["payload"]["old_price"] for row in await telling.rows()] == ["100.00"] * 3
    (shown,) = (await updates(shopper)).price_changed
    assert (shown.price_change.old_price, shown.price_change.new_price) == (100, 65)


async def test_price_that_is_back_at_the_baseline_or_above_it_is_not_told(telling: Telling) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    # It falls from 120, but what the shopper saw when they saved it was 100.
    assert [await telling.price(product, price) for price in ("120.00", "110.00", "100.00")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("wish", "made"),
    [
        ({}, [1, 0, 0, 1]),
        ({"kinds": ["price_drop"]}, [1, 0, 0, 0]),
        ({"kinds": ["price_changed"]}, [1, 1, 0, 0]),
        ({"kinds": ["out_of_stock"]}, [0, 0, 1, 0]),
        ({"kinds": ["newly_available"]}, [0, 0, 0, 1]),
        ({"kinds": []}, [0, 0, 0, 0]),
        ({"mute": True}, [0, 0, 0, 0]),
        ({"target_price": "90.00"}, [1, 0, 0, 1]),
        ({"target_price": "79.99"}, [0, 0, 0, 1]),
        ({"target_price": "80.00", "mute": True}, [0, 0, 0, 0]),
        ({"target_price": "80.00", "kinds": ["newly_available"]}, [0, 0, 0, 1]),
    ],
)
async def test_favourite_is_told_of_by_its_own_wish(telling: Telling, wish: dict[str, Any], made: list[int]) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await telling.wish(shopper, product, **wish)
    assert [
        await telling.price(product, "80.00"),
        await telling.price(product, "130.00"),
        await telling.stock(product, 0),
        await telling.stock(product, 3),
    ] == made


async def test_target_price_is_told_when_it_is_reached_from_above_and_only_then(telling: Telling) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await telling.wish(shopper, product, target_price="100.00")
    prices = ("90.00", "120.00", "110.00", "100.00", "95.00", "101.00", "99.00")
    assert [await telling.price(product, price) for price in prices] == [0, 0, 0, 1, 0, 0, 1]
    # Where the baseline says nothing, it is told from the price before.
    assert [row["payload"]["old_price"] for row in await telling.rows()] == ["110.00", "100.00"]


async def test_target_price_that_was_reached_before_the_favourite_was_added_is_not_told(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    await telling.work_off()
    await telling.shop.price(product, "80.00")
    await telling.wish(await telling.shopper(), product, target_price="90.00")
    assert await telling.work_off() == 0


@pytest.mark.parametrize(("least", "made"), [("20", 1), ("20.01", 0)])
async def test_price_that_fell_by_less_than_the_least_drop_is_not_told(telling: Telling, least: str, made: int) -> None:
    shopper = await telling.shopper(least_drop=least)
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    assert await telling.price(product, "80.00") == made


async def test_without_consent_or_with_mail_off_or_inactive_no_mail_is_made(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    for shopper in (await telling.shopper(consents=False), await telling.shopper(email=False)):
        await want(shopper, product)
    gone = await telling.shopper()
    await want(gone, product)
    await telling.factory.execute("UPDATE users SET is_active = false WHERE email = %s", gone.email)
    assert await telling.price(product, "80.00") == 0


async def test_push_is_made_only_for_subscribers_who_want_it_and_needs_no_consent_to_mail(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    subscribed = await telling.shopper(consents=False)
    unwilling = await telling.shopper(consents=False, push=False)
    for shopper in (subscribed, unwilling):
        await telling.subscribe(shopper)
    for shopper in (subscribed, unwilling, await telling.shopper(consents=False)):
        await want(shopper, product)
    assert await telling.price(product, "80.00") == 1
    (row,) = await telling.rows()
    assert (row["channel"], row["user_id"]) == ("push", await telling.factory.user_id(subscribed))


async def test_endpoints_get_what_the_feed_shows_whatever_the_consent_but_nothing_muted(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    every, stock_only = await telling.endpoint(), await telling.endpoint("out_of_stock")
    await telling.endpoint(status="disabled")
    await want(await telling.shopper(consents=False), product)
    await telling.wish(await telling.shopper(consents=False), product, mute=True)
    assert await telling.price(product, "130.00") == 1
    assert await telling.price(product, "100.00") == 0  # back at the baseline: the feed shows nothing
    assert await telling.stock(product, 0) == 2
    told = [(row["webhook_endpoint_id"], row["kind"]) for row in await telling.rows()]
    assert told == [(every, "price_changed"), (every, "out_of_stock"), (stock_only, "out_of_stock")]


async def test_what_was_so_already_when_a_favourite_was_added_or_dismissed_is_not_told(telling: Telling) -> None:
    product = await telling.shop.product("100.00", stock=0)
    early, late = await telling.shopper(), await telling.shopper()
    await want(early, product)
    await telling.shop.price(product, "80.00")
    await telling.shop.stock(product, 3)
    await want(late, product)
    assert await telling.work_off() == 2
    assert {row["user_id"] for row in await telling.rows()} == {await telling.factory.user_id(early)}
    await telling.shop.price(product, "70.00")
    await dismiss(early, all=True)
    assert await telling.work_off() == 1
    assert (await telling.rows())[-1]["user_id"] == await telling.factory.user_id(late)


async def test_shoppers_of_a_segment_are_told_their_own_prices(telling: Telling) -> None:
    own_list = await telling.factory.insert("price_list", name="Club")
    club, plain = await telling.shopper(), await telling.shopper()
    await telling.shop.join(club, own_list, None)
    product = await telling.shop.product("100.00")
    await telling.shop.price(product, "90.00", price_list=own_list)
    await telling.work_off()
    for shopper in (club, plain):
        await want(shopper, product)
    await telling.shop.price(product, "70.00", price_list=own_list)
    assert await telling.work_off() == 1
    (row,) = await telling.rows()
    assert row["user_id"] == await telling.factory.user_id(club)
    assert (row["payload"]["old_price"], row["payload"]["new_price"]) == ("90.00", "70.00")


async def test_pass_that_came_twice_would_make_nothing_twice(telling: Telling) -> None:
    product = await telling.shop.product("100.00", stock=0)
    for _ in range(3):
        await want(await telling.shopper(), product)
    await telling.shop.price(product, "80.00")
    await telling.shop.stock(product, 2)
    made = []

    async def also(connection: Connection, chunk: Chunk) -> None:
        made.extend([await make_deliveries(connection, chunk) for _ in range(2)])

    await advance(telling.database, also)
    assert made == [6, 0]


async def test_delivery_that_is_there_already_is_not_made_again(telling: Telling) -> None:
    user = await telling.factory.user_id(await telling.shopper())
    rows = [
        NewDelivery("email", "back_in_stock", "email:alert:1", None, user_id=user, product_id=1),
        NewDelivery(
            "email", "confirm_alert", "email:confirm:1", None, address="guest@example.com", payload={"link": "x"}
        ),
    ]
    async with telling.database.transaction() as work:
        assert await enqueue(work.connection, rows) == 2
        assert await enqueue(work.connection, [*rows, rows[0]._replace(dedupe_key="email:alert:2")]) == 1
        assert await enqueue(work.connection, []) == 0
    assert [row["payload"] for row in await telling.rows()] == [{}, {"link": "x"}, {}]
