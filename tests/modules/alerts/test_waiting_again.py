"""Who was not told after all because the product sold out first waits again, and nobody else does."""

import pytest

from src.modules.alerts import fire_due
from src.modules.notifications import SOLD_OUT_AGAIN
from src.modules.notifications.rules import Seen, Wish, untrue
from tests.factories import Client, Factory
from tests.modules.alerts.desk import ALERTS, Desk


async def is_active(desk: Desk, alert: int) -> bool:
    return bool(await desk.factory.scalar("SELECT is_active FROM product_alert WHERE id = %s", alert))


async def drop(desk: Desk, *channels: str, reason: str | None = SOLD_OUT_AGAIN[0]) -> None:
    """End the deliveries of these channels as a deliverer does who finds that they are no longer true."""
    await desk.factory.execute(
        "UPDATE delivery SET status = 'dropped', finished_at = clock_timestamp(), last_error = %s"
        " WHERE channel = ANY(%s) AND kind = 'back_in_stock' AND status = 'due'",
        reason,
        list(channels),
    )


async def test_who_could_not_be_told_before_it_sold_out_again_waits_again(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    alert = await desk.ask(shopper, product)
    for returns in (1, 2):
        await desk.restock(product)
        await desk.restock(product, 0)
        await fire_due(desk.database)
        assert not await is_active(desk, alert)
        await drop(desk, "email")
        await fire_due(desk.database)
        assert await is_active(desk, alert)
        assert len(await desk.told()) == returns
    await desk.restock(product)
    await fire_due(desk.database)
    assert not await is_active(desk, alert)


async def test_who_was_told_over_one_channel_waits_no_longer(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    user = await desk.factory.user_id(shopper)
    await desk.factory.insert("push_subscription", user_id=user, endpoint="https://push.example/1", p256dh="", auth="")
    alert = await desk.ask(shopper, product)
    await desk.restock(product)
    await drop(desk, "email")
    await fire_due(desk.database)
    assert not await is_active(desk, alert)
    await drop(desk, "push")
    await fire_due(desk.database)
    assert await is_active(desk, alert)


async def test_who_asked_anew_meanwhile_has_one_alert(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await desk.restock(product)
    await desk.restock(product, 0)
    await desk.ask(shopper, product)
    await drop(desk, "email")
    await fire_due(desk.database)
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert WHERE is_active") == 1


async def active(desk: Desk) -> list[int]:
    """The alerts that wait."""
    return [int(alert) for alert in await desk.feed.query("SELECT id FROM product_alert WHERE is_active ORDER BY id")]


async def fired_twice(desk: Desk, shopper: Client) -> tuple[int, int]:
    """Two alerts of somebody for one product, both fired while their deliveries were held back."""
    product = await desk.sold_out()
    alerts = []
    for _ in range(2):
        alerts.append(await desk.ask(shopper, product))
        await desk.restock(product)
        await desk.restock(product, 0)
    return alerts[0], alerts[1]


async def test_of_two_alerts_that_could_not_be_told_the_newest_waits_again(desk: Desk, shopper: Client) -> None:
    _, newest = await fired_twice(desk, shopper)
    await drop(desk, "email")
    await fire_due(desk.database)
    assert await active(desk) == [newest]


async def test_what_became_of_a_newer_alert_does_not_bring_back_the_old_one(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await desk.restock(product)
    await desk.restock(product, 0)
    await drop(desk, "email")
    newer = await desk.ask(shopper, product)
    await fire_due(desk.database)
    assert (await shopper.delete(f"{ALERTS}{newer}/")).status_code == 204
    await fire_due(desk.database)
    assert await active(desk) == []


@pytest.mark.parametrize("reason", ["the user does not want this channel", "the user has no address", None])
async def test_who_does_not_want_to_be_told_does_not_wait_again(
    desk: Desk, shopper: Client, reason: str | None
) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await desk.restock(product)
    await drop(desk, "email", reason=reason)
    await fire_due(desk.database)
    assert await active(desk) == []


def test_reasons_are_those_that_notifications_give() -> None:
    gone = (Seen(is_active=True, available=False, price=None), Seen(is_active=False, available=True, price=None))
    assert tuple(untrue("back_in_stock", seen, Wish(), None, None) for seen in gone) == SOLD_OUT_AGAIN


async def test_waves_go_on_when_nobody_can_be_let_wait_again(desk: Desk, shopper: Client, factory: Factory) -> None:
    _, newest = await fired_twice(desk, shopper)
    await drop(desk, "email")
    await desk.set_waves(1)
    product = await desk.sold_out()
    users = await desk.waiting(2, product)
    await desk.restock(product, 1)
    await desk.let_time_pass()
    await factory.execute(f"ALTER TABLE product_alert ADD CONSTRAINT ck_test CHECK (id <> {newest} OR NOT is_active)")
    try:
        await fire_due(desk.database)
    finally:
        await factory.execute("ALTER TABLE product_alert DROP CONSTRAINT ck_test")
    assert (await desk.told_users())[-2:] == users
