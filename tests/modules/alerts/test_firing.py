"""Alerts fire once, when the product comes back for whoever waits, and tell them over every channel they have."""

import asyncio

import pytest

from src.modules.alerts import fire_due, look_again
from tests.factories import Client, Factory
from tests.modules.alerts.desk import ALERTS, Desk


async def is_active(desk: Desk, alert: int) -> bool:
    return bool(await desk.factory.scalar("SELECT is_active FROM product_alert WHERE id = %s", alert))


async def segment_of(desk: Desk, shopper: Client) -> int:
    """Put a shopper into a segment with a stock list of its own; the list."""
    stock_list = await desk.factory.insert("stock_list", name="Own")
    segment = await desk.factory.insert("segment", name="Own", stock_list_id=stock_list)
    await desk.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, shopper.email)
    return stock_list


async def test_alert_fires_when_the_product_comes_back(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product, headers={"Accept-Language": "tr"})
    await desk.run_pass()
    assert await desk.told() == []
    await desk.restock(product)
    (told,) = await desk.told()
    assert told[:6] == ("email", "back_in_stock", await desk.factory.user_id(shopper), None, product.id, "tr")
    changed_at = await desk.factory.scalar(
        'SELECT to_char(max(changed_at), \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') FROM catalogue_change'
    )
    assert told.payload == {"changed_at": changed_at, "alert": alert}
    assert not await is_active(desk, alert)
    fired, created, modified = (
        await desk.feed.query("SELECT fired_at, created_date, modified_date FROM product_alert")
    )[0]
    assert created < fired
    assert created < modified


async def test_alert_that_fired_is_silent_when_the_product_comes_back_again(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    for units in (5, 0, 5):
        await desk.restock(product, units)
    assert len(await desk.told()) == 1


async def test_product_is_waited_for_anew_after_its_alert_fired(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    first = await desk.ask(shopper, product)
    await desk.restock(product)
    await desk.restock(product, 0)
    assert await desk.ask(shopper, product) != first
    await desk.restock(product)
    assert len(await desk.told()) == 2


async def test_alert_for_what_is_in_stock_waits_for_its_next_return(desk: Desk, shopper: Client) -> None:
    product = await desk.factory.product()
    await desk.stock(product, 7)
    alert = await desk.ask(shopper, product)
    await desk.run_pass()
    await desk.restock(product, 8)
    await look_again(desk.database)
    await fire_due(desk.database)
    assert await is_active(desk, alert)
    await desk.stock(product, 0)
    await desk.restock(product, 3)
    assert not await is_active(desk, alert)
    assert len(await desk.told()) == 1


async def test_return_before_the_asking_is_no_reason_even_if_no_pass_has_seen_it(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.stock(product, 5)
    alert = await desk.ask(shopper, product)
    await desk.run_pass()
    assert await is_active(desk, alert)


async def test_product_that_came_back_and_went_again_between_two_passes_fires_nothing(
    desk: Desk, shopper: Client
) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await desk.stock(product, 5)
    await desk.restock(product, 0)
    assert await is_active(desk, alert)


async def test_price_change_of_what_is_sold_out_fires_nothing(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await desk.feed.rows("catalogs/product-prices", {"product": product.id, "price": "1.00"})
    await desk.run_pass()
    assert await is_active(desk, alert)


async def test_product_for_sale_again_fires(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await desk.feed.rows("products/products", {"sku": product.sku, "is_active": False})
    await desk.restock(product)
    assert await is_active(desk, alert)
    await desk.feed.rows("products/products", {"sku": product.sku, "is_active": True})
    await desk.run_pass()
    assert not await is_active(desk, alert)


async def test_only_stock_that_applies_to_the_user_counts(desk: Desk, shopper: Client, other: Client) -> None:
    own_list = await segment_of(desk, shopper)
    product = await desk.sold_out()
    await desk.restock(product, 0, stock_list=own_list)
    mine, others = await desk.ask(shopper, product), await desk.ask(other, product)
    await desk.restock(product, 5)
    assert (await is_active(desk, mine), await is_active(desk, others)) == (True, False)
    await desk.restock(product, 2, stock_list=own_list)
    assert not await is_active(desk, mine)
    assert await desk.told_users() == [await desk.factory.user_id(other), await desk.factory.user_id(shopper)]


async def test_what_was_in_stock_for_the_user_all_along_is_no_return(desk: Desk, shopper: Client) -> None:
    own_list = await segment_of(desk, shopper)
    product = await desk.sold_out()
    await desk.restock(product, 4, stock_list=own_list)
    alert = await desk.ask(shopper, product)
    await desk.restock(product, 5)
    assert await is_active(desk, alert)


@pytest.mark.parametrize("asked_while_another_is_there", [False, True])
async def test_parent_fires_when_any_variant_comes_back(
    desk: Desk, shopper: Client, asked_while_another_is_there: bool
) -> None:
    parent = await desk.factory.product(stock=None, price=None)
    small = await desk.sold_out(parent_id=parent.id)
    await desk.factory.product(parent_id=parent.id, stock=5 if asked_while_another_is_there else 0)
    await desk.run_pass()
    alert = await desk.ask(shopper, parent)
    await desk.restock(small)
    assert not await is_active(desk, alert)
    (told,) = await desk.told()
    # The variant is what can be bought.
    assert told.product_id == small.id


async def test_parent_of_which_a_variant_is_there_waits_for_a_return(desk: Desk, shopper: Client) -> None:
    parent = await desk.factory.product(stock=None, price=None)
    await desk.factory.product(parent_id=parent.id)
    alert = await desk.ask(shopper, parent)
    await look_again(desk.database)
    await fire_due(desk.database)
    assert await is_active(desk, alert)


async def test_variant_does_not_fire_for_another_variant(desk: Desk, shopper: Client) -> None:
    parent = await desk.factory.product(stock=None, price=None)
    small = await desk.sold_out(parent_id=parent.id)
    large = await desk.sold_out(parent_id=parent.id)
    alert = await desk.ask(shopper, small)
    await desk.restock(large)
    assert await is_active(desk, alert)


async def test_every_channel_of_the_user_and_every_system_is_told(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    user = await desk.factory.user_id(shopper)
    await desk.factory.insert("push_subscription", user_id=user, endpoint="https://push.example/1", p256dh="", auth="")
    endpoints = [
        await desk.factory.insert("webhook_endpoint", url="https://a.example", secret="x", kinds=kinds, status=status)
        for kinds, status in (
            ([], "active"),
            (["back_in_stock"], "active"),
            (["price_changed"], "active"),
            ([], "disabled"),
        )
    ]
    await desk.ask(shopper, product)
    await desk.restock(product)
    rows = await desk.feed.query("SELECT channel, webhook_endpoint_id FROM delivery ORDER BY id")
    assert rows == [("email", None), ("push", None), ("webhook", endpoints[0]), ("webhook", endpoints[1])]


async def test_channels_that_a_user_turned_off_are_left_alone(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    user = await desk.factory.user_id(shopper)
    await desk.factory.execute(
        "INSERT INTO push_subscription (user_id, endpoint, p256dh, auth) VALUES (%s, 'e', '', '')", user
    )
    await desk.factory.execute(
        "INSERT INTO notification_preference (user_id, email, push) VALUES (%s, false, false)", user
    )
    alert = await desk.ask(shopper, product)
    await desk.restock(product)
    assert await desk.told() == []
    assert not await is_active(desk, alert)


async def test_asking_is_consent_enough_for_one_mail(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.factory.execute("UPDATE users SET email_allowed = false WHERE email = %s", shopper.email)
    await desk.ask(shopper, product)
    await desk.restock(product)
    assert len(await desk.told()) == 1


async def test_deactivated_user_is_not_told(desk: Desk, shopper: Client, other: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await desk.ask(other, product)
    await desk.factory.execute("UPDATE users SET is_active = false WHERE email = %s", shopper.email)
    await desk.restock(product)
    assert await is_active(desk, alert)
    assert await desk.told_users() == [await desk.factory.user_id(other)]


async def test_more_alerts_than_a_pass_tells_are_left_to_the_job_oldest_first(desk: Desk) -> None:
    product = await desk.sold_out()
    users = await desk.waiting(1200, product)
    await desk.restock(product)
    assert await desk.told_users() == users[:500]
    assert await fire_due(desk.database, at_once=300)
    assert await desk.told_users() == users
    assert await desk.factory.scalar("SELECT count(*) FROM restock") == 0


async def test_two_workers_tell_everybody_once(desk: Desk) -> None:
    products = [await desk.sold_out() for _ in range(4)]
    users = [user for product in products for user in await desk.waiting(100, product)]
    for product in products:
        await desk.stock(product, 5)
    await asyncio.gather(desk.run_pass(), *(fire_due(desk.database, at_once=7) for _ in range(3)))
    await asyncio.gather(*(fire_due(desk.database, at_once=7) for _ in range(4)))
    assert sorted(await desk.told_users(), key=lambda user: user or 0) == sorted(users)


async def test_alert_that_no_pass_saw_is_found_again(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await desk.factory.execute("UPDATE product_alert SET is_active = false")
    await desk.restock(product)
    await desk.factory.execute("UPDATE product_alert SET is_active = true")
    assert await look_again(desk.database) == 1
    assert await fire_due(desk.database)
    assert not await is_active(desk, alert)
    assert await look_again(desk.database) == 0


async def test_deleted_alert_fires_nothing(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    assert (await shopper.delete(f"{ALERTS}{alert}/")).status_code == 204
    await desk.restock(product)
    assert await desk.told() == []


async def test_pass_that_fails_fires_nothing(desk: Desk, shopper: Client, factory: Factory) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    await factory.execute("ALTER TABLE delivery ADD CONSTRAINT ck_test CHECK (kind <> 'back_in_stock')")
    try:
        with pytest.raises(Exception, match="ck_test"):
            await desk.restock(product)
    finally:
        await factory.execute("ALTER TABLE delivery DROP CONSTRAINT ck_test")
    assert await is_active(desk, alert)
    await desk.run_pass()
    assert not await is_active(desk, alert)
