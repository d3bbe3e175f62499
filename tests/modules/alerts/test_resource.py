"""Alerts that a shop brings along when it migrates."""

from typing import Any

import pytest

from src.modules.alerts import look_again
from tests.factories import Client
from tests.modules.alerts.desk import ALERTS, Desk
from tests.modules.integration.feeds import counts, faults

PATH = "product-alerts"
TIMES = {"created_date": "2023-03-23T12:22:24.779014Z", "modified_date": "2023-09-19T12:00:00.888343Z"}


async def row(desk: Desk, shopper: Client, product: int, **fields: Any) -> dict[str, Any]:
    """A row as the warehouse shows it."""
    user = await desk.factory.user_id(shopper)
    return {"id": 7, **TIMES, "language": "tr-tr", "is_active": True, "user": user, "product": product, **fields}


async def test_alert_comes_in_as_it_was_and_is_the_users(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    fed = await row(desk, shopper, product.id)
    assert counts(await desk.feed.rows(PATH, fed)) == (1, 0, 0)
    assert counts(await desk.feed.rows(PATH, fed)) == (0, 0, 1)
    assert [item["pk"] for item in (await shopper.get(ALERTS)).json()["results"]] == [7]
    assert (await shopper.post(ALERTS, json={"product": product.id})).status_code == 406
    await desk.restock(product)
    assert [(told.user_id, told.language) for told in await desk.told()] == [(fed["user"], "tr")]


async def test_alert_for_what_is_in_stock_when_it_comes_in_stays_as_it_is(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.stock(product, 5)
    await desk.feed.rows(PATH, await row(desk, shopper, product.id))
    await desk.run_pass()
    await look_again(desk.database)
    assert await desk.feed.query("SELECT is_active FROM product_alert") == [True]


async def test_alert_that_has_fired_already_does_not_fire(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.feed.rows(PATH, await row(desk, shopper, product.id, is_active=False))
    await desk.restock(product)
    assert await desk.told() == []


async def test_rows_that_can_not_be_alerts_are_rejected(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask_as_guest(product, "guest@example.com")
    (guests,) = await desk.feed.query("SELECT id FROM product_alert")
    fed = await row(desk, shopper, product.id, id=1007)
    report = await desk.feed.rows(
        PATH,
        {**fed, "user": None},
        {**fed, "id": 1008, "user": 10**9},
        {**fed, "id": 1009, "product": 10**9},
        {"id": 1010, "product": product.id},
        {**fed, "id": guests},
        {**fed, "email": "x@example.com"},
    )
    assert faults(report) == {0: ["user"], 1: ["user"], 2: ["product"], 3: ["user"], 4: ["id"], 5: ["email"]}


@pytest.mark.parametrize("told", [{}, {"is_active": True}])
async def test_second_active_alert_for_a_product_is_rejected(
    desk: Desk, shopper: Client, other: Client, told: dict[str, Any]
) -> None:
    product, second = await desk.sold_out(), await desk.sold_out()
    await desk.ask(shopper, product)
    user, others = await desk.factory.user_id(shopper), await desk.factory.user_id(other)
    report = await desk.feed.rows(
        PATH,
        {"id": 1001, "user": user, "product": product.id, **told},
        {"id": 1002, "user": user, "product": second.id, **told},
        {"id": 1003, "user": user, "product": second.id, **told},
        {"id": 1004, "user": user, "product": second.id, "is_active": False},
        {"id": 1005, "user": user, "product": second.id, "is_active": False},
        {"id": 1006, "user": others, "product": product.id, **told},
    )
    assert faults(report) == {0: ["user"], 2: ["user"]}
    assert report.created == 4


async def test_deleted_alert_leaves_a_tombstone(desk: Desk, shopper: Client) -> None:
    await desk.feed.rows(PATH, await row(desk, shopper, (await desk.sold_out()).id))
    await desk.feed.delete(PATH, 7)
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 0
    assert await desk.feed.query("SELECT object_id FROM deleted_item") == ["7"]
