"""The commerce dialect of product alerts, as the published client speaks it."""

import asyncio

import httpx
import pytest

from tests.factories import Client, Factory
from tests.modules.alerts.desk import ALERTS, Desk
from tests.modules.favourites.shapes import CommerceProduct, Exact, read


class Item(Exact):
    pk: int
    product: CommerceProduct


class Page(Exact):
    count: int
    next: str | None
    previous: str | None
    results: list[Item]


async def page(shopper: Client, **params: int) -> Page:
    return read(await shopper.get(ALERTS, params=params), Page)


async def test_alerts_are_listed_the_newest_first_with_their_products(desk: Desk, shopper: Client) -> None:
    first, second = await desk.sold_out(price="12.50"), await desk.sold_out()
    pks = [await desk.ask(shopper, product) for product in (first, second)]
    listed = await page(shopper)
    assert [item.pk for item in listed.results] == pks[::-1]
    assert [item.product.pk for item in listed.results] == [second.id, first.id]
    assert (listed.results[1].product.price, listed.results[1].product.in_stock) == ("12.50", False)
    assert (listed.count, listed.next, listed.previous) == (2, None, None)


async def test_list_has_pages(desk: Desk, shopper: Client) -> None:
    pks = [await desk.ask(shopper, await desk.sold_out()) for _ in range(3)]
    listed = await page(shopper, page=2, limit=1)
    assert [item.pk for item in listed.results] == [pks[1]]
    assert listed.count == 3
    assert listed.next == f"http://shop.test{ALERTS}?limit=1&page=3"
    assert listed.previous == f"http://shop.test{ALERTS}?limit=1&page=1"
    assert (await shopper.get(ALERTS, params={"page": 4, "limit": 1})).status_code == 404
    assert (await shopper.get(ALERTS, params={"page": 0})).status_code == 400
    assert (await shopper.get(ALERTS, params={"limit": 5000})).status_code == 200


async def test_list_answers_304_while_it_is_the_same(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    tag = (await shopper.get(ALERTS)).headers["etag"]
    assert (await shopper.get(ALERTS, headers={"If-None-Match": tag})).status_code == 304
    await desk.ask(shopper, product)
    assert (await shopper.get(ALERTS, headers={"If-None-Match": tag})).status_code == 200


async def test_alert_that_fired_is_listed_no_more(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await desk.restock(product)
    assert (await page(shopper)).results == []


async def test_product_that_is_waited_for_already_is_refused(desk: Desk, shopper: Client, other: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    # The published client tries four times in all.
    for _ in range(4):
        refused = await shopper.post(ALERTS, json={"product": product.id})
        assert refused.status_code == 406
        assert refused.json() == {
            "non_field_errors": "You will be told about this product already.",
            "error_code": "product_alert_100",
        }
    await desk.ask(other, product)


async def test_of_those_who_ask_at_once_one_gets_the_alert(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    answers = await asyncio.gather(*(shopper.post(ALERTS, json={"product": product.id}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[406] * 7]


async def test_form_of_the_published_client_is_understood(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    answer = await shopper.post(
        ALERTS,
        data={"product": str(product.id), "email": "somebody.else@example.com"},
        headers={"Accept-Language": "undefined"},
    )
    assert answer.status_code == 201
    rows = await desk.feed.query("SELECT user_id, email, language FROM product_alert")
    assert rows == [(await desk.factory.user_id(shopper), None, "en")]


@pytest.mark.parametrize(
    ("header", "own", "language"),
    [("tr-TR,tr;q=0.9", "ar", "tr"), (None, "ar-iq", "ar-iq"), ("undefined", "ku", "ku"), ("en-GB", "tr", "en")],
)
async def test_alert_has_the_language_of_the_page_or_of_the_user(
    desk: Desk, shopper: Client, header: str | None, own: str, language: str
) -> None:
    await desk.factory.execute("UPDATE users SET language_code = %s WHERE email = %s", own, shopper.email)
    await desk.ask(shopper, await desk.sold_out(), headers={"Accept-Language": header} if header else {})
    assert await desk.factory.scalar("SELECT language FROM product_alert") == language


async def test_unknown_and_inactive_products_are_refused_on_the_field(desk: Desk, shopper: Client) -> None:
    inactive = await desk.factory.product(is_active=False)
    for product in (inactive.id, 10**12):
        answer = await shopper.post(ALERTS, json={"product": product})
        assert answer.status_code == 400
        assert answer.json() == {"product": ["There is no such product"]}


@pytest.mark.parametrize("body", [{}, {"product": ""}, {"product": "x"}, {"product": 0}, {"product": 1, "shape": 2}])
async def test_bodies_that_make_no_sense_are_refused(shopper: Client, body: dict[str, object]) -> None:
    answer = await shopper.post(ALERTS, json=body)
    assert answer.status_code == 400
    assert all(isinstance(messages, list) for messages in answer.json().values())


async def test_alert_is_removed_once_and_leaves_a_tombstone(desk: Desk, shopper: Client) -> None:
    pk = await desk.ask(shopper, await desk.sold_out())
    gone = await shopper.request("DELETE", f"{ALERTS}{pk}/", content="{}", headers={"Content-Type": "text/plain"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await shopper.delete(f"{ALERTS}{pk}/")).status_code == 404
    assert (await page(shopper)).count == 0
    tombstones = await desk.feed.query(
        "SELECT object_id, app_label, model FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
    )
    assert tombstones == [(str(pk), "wishlists", "productalert")]


async def test_alerts_of_others_can_neither_be_seen_nor_removed(desk: Desk, shopper: Client, other: Client) -> None:
    pk = await desk.ask(shopper, await desk.sold_out())
    assert (await other.delete(f"{ALERTS}{pk}/")).status_code == 404
    assert (await page(other)).count == 0
    assert (await page(shopper)).count == 1
    assert (await shopper.delete(f"{ALERTS}nonsense/")).status_code == 404


async def test_repeated_request_under_one_key_gets_the_same_answer(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    key = {"Idempotency-Key": "again"}
    assert await desk.ask(shopper, product, headers=key) == await desk.ask(shopper, product, headers=key)


async def test_only_known_shoppers_list_and_remove(client: httpx.AsyncClient, factory: Factory, desk: Desk) -> None:
    product = await desk.sold_out()
    operator = await factory.shopper("ops")
    assert (await client.get(ALERTS)).status_code == 401
    assert (await client.delete(f"{ALERTS}1/")).status_code == 401
    for headers, status in (
        ({"Authorization": "Token nonsense"}, 401),
        ({"Authorization": f"Token {operator.token}"}, 403),
    ):
        body = {"product": product.id, "email": "guest@example.com"}
        assert (await client.post(ALERTS, json=body, headers=headers)).status_code == status
        assert (await client.get(ALERTS, headers=headers)).status_code == status


async def test_cookie_of_a_user_needs_the_shops_own_page(
    desk: Desk, shopper: Client, client: httpx.AsyncClient
) -> None:
    product = await desk.sold_out()
    session = (await shopper.post("/api/v1/sessions")).cookies["osessionid"]
    client.cookies.set("osessionid", session)
    body = {"product": product.id}
    assert (await client.post(ALERTS, json=body)).status_code == 403
    answer = await client.post(ALERTS, json=body, headers={"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 201
    assert (await page(shopper)).count == 1
