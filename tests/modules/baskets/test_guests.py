"""Shoppers whom only a cookie of our own making knows."""

import re

import pytest
from litestar import Litestar

from src.platform.security import new_session_id
from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, ITEMS, Browser, add, browsing, envelope, look, put, quantities


async def test_first_write_sets_a_cookie_and_later_requests_are_known_by_it(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    assert (await look(browser)).pk is None
    assert browser.session_id is None
    answer = await browser.post(BASKET, json={"product": product.id})
    cookie = answer.headers["set-cookie"]
    made = re.match(r"osessionid=(\w+); Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax$", cookie)
    assert made, cookie
    told = envelope(answer)
    assert told.osessionid == made[1] == browser.session_id
    answer = await browser.request("PUT", BASKET, json={"product": product.id, "quantity": 3})
    assert "set-cookie" not in answer.headers
    again = envelope(answer)
    assert (again.osessionid, again.basket.pk) == (told.osessionid, told.basket.pk)
    assert quantities(await look(browser)) == {product.id: 3}
    line = again.basket.basketitem_set[0].id
    changed = await browser.request("PATCH", ITEMS, json={"id": line, "is_all": True, "attributes": {"a": 1}})
    assert changed.json()["attributes"] == {"a": 1}


async def test_cookie_is_secure_where_the_shop_is(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    answer = await browser.post(BASKET.replace("/", "https://shop.test/", 1), json={"product": product.id})
    assert answer.headers["set-cookie"].endswith("; Secure")


async def test_database_knows_only_the_digest_of_a_cookie(browser: Browser, factory: Factory) -> None:
    await add(browser, await factory.product())
    told = await factory.scalar("SELECT to_jsonb(basket)::text FROM basket")
    assert browser.session_id is not None
    assert browser.session_id not in told


async def test_cookie_that_is_not_of_a_basket_is_replaced(app: Litestar, browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    for planted in (new_session_id(), "x", "a" * 128, "a" * 129, "0", "not-ours"):
        browser.client.cookies.clear()
        headers = {"Cookie": f"osessionid={planted}"}
        told = envelope(await browser.post(BASKET, json={"product": product.id}, headers=headers))
        assert told.osessionid not in (None, planted)
        assert (await browser.get(BASKET, headers=headers)).json()["basket"]["pk"] is None
    async with browsing(app) as other:
        await add(other, product)
        await factory.execute("UPDATE basket SET status = 'submitted'")
        finished = other.session_id
        assert (await look(other)).pk is None
        await add(other, product)
        assert other.session_id != finished


async def test_guests_never_meet(app: Litestar, browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    mine = (await add(browser, product, 2)).basketitem_set[0].id
    async with browsing(app) as other:
        await add(other, product, 1)
        answer = await other.request("PATCH", ITEMS, json={"id": mine, "is_all": True, "attributes": {"a": 1}})
        assert answer.status_code == 400
        assert envelope(await other.request("DELETE", BASKET)).basket.basketitem_set == []
    assert quantities(await look(browser)) == {product.id: 2}


async def test_one_cookie_has_a_basket_for_each_namespace(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    plain = await add(browser, product, 1)
    answer = await browser.post(BASKET, json={"product": product.id}, headers={"X-Basket-Namespace": "rental"})
    rental = envelope(answer)
    assert "set-cookie" not in answer.headers
    assert rental.basket.pk != plain.pk
    assert rental.basket.namespace == "rental"
    answer = await browser.post(f"{BASKET}?namespace=rental", json={"product": product.id})
    assert quantities(envelope(answer).basket) == {product.id: 2}
    assert quantities(await look(browser)) == {product.id: 1}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_write_that_only_a_cookie_vouches_for_needs_proof_of_its_page(
    browser: Browser, factory: Factory, method: str
) -> None:
    product = await factory.product()
    await add(browser, product)
    body = None if method == "DELETE" else {"product": product.id, "quantity": 2}
    plain = browser.client.request
    assert (await plain(method, BASKET, json=body)).status_code == 403
    refused = await plain("PATCH", ITEMS, json={"id": 1})
    assert refused.status_code == 403
    assert quantities(await look(browser)) == {product.id: 1}
    browser.client.cookies.set("csrftoken", "abc")
    assert (await plain(method, BASKET, json=body, headers={"X-CSRFToken": "abd"})).status_code == 403
    assert (await plain(method, BASKET, json=body, headers={"X-CSRFToken": "abc"})).status_code == 200


async def test_foreign_page_can_not_replace_the_cookie_that_it_can_not_send(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    send = browser.client.post
    foreign = await send(BASKET, data={"product": str(product.id)}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert "set-cookie" not in foreign.headers
    assert (await send(BASKET, data={"product": str(product.id)})).status_code == 200


async def test_refused_first_write_leaves_nothing(browser: Browser, factory: Factory) -> None:
    answer = await browser.post(BASKET, json={"product": 10**9})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert await factory.scalar("SELECT count(*) FROM basket") == 0


async def test_first_write_under_a_key_is_made_once(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    first = await browser.post(BASKET, json={"product": product.id}, headers={"Idempotency-Key": "k"})
    browser.client.cookies.clear()
    again = await browser.post(BASKET, json={"product": product.id}, headers={"Idempotency-Key": "k"})
    assert (again.content, again.headers["set-cookie"]) == (first.content, first.headers["set-cookie"])
    assert await factory.scalar("SELECT count(*) FROM basket") == 1


async def test_signed_in_shoppers_get_no_cookie(shopper: Client, factory: Factory) -> None:
    answer = await shopper.post(BASKET, json={"product": (await factory.product()).id})
    assert "set-cookie" not in answer.headers
    assert envelope(answer).osessionid is None


async def test_bad_credential_is_no_guest(browser: Browser, factory: Factory) -> None:
    product = await factory.product()
    await add(browser, product)
    for credential in ("Token nobody", "Bearer nobody", "nonsense"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await browser.request(
                method, BASKET, json={"product": product.id, "quantity": 4}, headers={"Authorization": credential}
            )
            assert answer.status_code == 401
            assert "www-authenticate" in answer.headers
    assert quantities(await put(browser, product, 1)) == {product.id: 1}


async def test_credential_without_the_scope_may_not_write(factory: Factory) -> None:
    feeder = await factory.shopper("integration")
    answer = await feeder.post(BASKET, json={"product": (await factory.product()).id})
    assert answer.status_code == 403
