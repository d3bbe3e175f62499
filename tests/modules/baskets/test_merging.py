"""What a guest put into a basket goes with them when they sign in."""

import asyncio
from typing import Any

import pytest
from litestar import Litestar

from tests.factories import Client, Factory
from tests.modules.baskets.buying import (
    BASKET,
    Answer,
    Browser,
    add,
    browsing,
    envelope,
    look,
    put,
    quantities,
    send,
)
from tests.modules.baskets.scene import Scene


async def arrive(browser: Browser, user: Client, method: str = "GET", body: Any = None) -> Answer:
    """A request with both the token and the cookie."""
    headers = {"Authorization": f"Token {user.token}"}
    return envelope(await browser.request(method, BASKET, json=body, headers=headers))


async def test_quantities_add_up_and_the_report_tells_it(browser: Browser, shopper: Client, factory: Factory) -> None:
    mine, both, theirs = [await factory.product(stock=9, price="10.00") for _ in range(3)]
    own = await add(shopper, mine, 1)
    await add(shopper, both, 2)
    await add(browser, both, 3)
    guest = await add(browser, theirs, 4, attributes={"size": "L"}, inquiry={"ask": 1})
    await factory.price(theirs, "12.00")
    told = await arrive(browser, shopper)
    assert told.basket.pk == own.pk
    assert quantities(told.basket) == {mine.id: 1, both.id: 5, theirs.id: 4}
    assert told.merge_report == {
        "added": [{"product": theirs.id, "quantity": 4, "total": 4}],
        "summed": [{"product": both.id, "quantity": 3, "total": 5}],
        "capped": [],
        "dropped": [],
        "price_moved": [{"product": theirs.id, "old_price": "10.00", "new_price": "12.00", "currency_type": "try"}],
        "voucher": None,
    }
    assert told.osessionid is None
    again = await arrive(browser, shopper)
    assert (again.basket, again.merge_report) == (told.basket, None)
    assert await look(shopper) == told.basket
    assert (await look(browser)).pk is None
    assert await factory.scalar("SELECT status FROM basket WHERE id = %s", guest.pk) == "merged"
    assert await factory.scalar(
        "SELECT inquiry FROM basket_item WHERE basket_id = %s AND product_id = %s", own.pk, theirs.id
    ) == {"ask": 1}


async def test_stock_caps_and_drops(browser: Browser, shopper: Client, factory: Factory) -> None:
    few, gone, hidden = await factory.product(stock=5), await factory.product(), await factory.product()
    await add(shopper, few, 2, attributes={"size": "L"})
    await add(browser, few, 5)
    await add(browser, gone, 1)
    await add(browser, hidden, 2)
    await factory.stock(gone, 0)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", hidden.id)
    told = await arrive(browser, shopper)
    assert quantities(told.basket) == {few.id: 5}
    assert told.merge_report["capped"] == [{"product": few.id, "wanted": 5, "quantity": 3}]
    assert told.merge_report["dropped"] == [
        {"product": gone.id, "wanted": 1, "quantity": 0},
        {"product": hidden.id, "wanted": 2, "quantity": 0},
    ]


async def test_sub_items_come_along_as_far_as_they_go(browser: Browser, shopper: Client, factory: Factory) -> None:
    table, leg = await factory.product(stock=50), await factory.product(stock=20)
    bundle = [{"product": leg.id, "quantity": 4}]
    await add(shopper, table, 1, sub_items=bundle)
    await add(browser, table, 5, sub_items=bundle)
    told = await arrive(browser, shopper)
    assert quantities(told.basket) == {table.id: 5, leg.id: 20}
    assert told.merge_report["capped"] == [{"product": table.id, "wanted": 5, "quantity": 4}]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_write_merges_first(browser: Browser, shopper: Client, factory: Factory, method: str) -> None:
    product, other = await factory.product(), await factory.product()
    await add(browser, product, 2)
    told = await arrive(browser, shopper, method, {"product": other.id, "quantity": 1})
    assert quantities(told.basket) == {product.id: 2, other.id: 1}
    assert told.merge_report["added"] == [{"product": product.id, "quantity": 2, "total": 2}]
    assert await look(shopper) == told.basket


async def test_refused_write_merges_nothing_and_the_next_request_does(
    browser: Browser, shopper: Client, factory: Factory
) -> None:
    product = await factory.product()
    await add(browser, product, 2)
    headers = {"Authorization": f"Token {shopper.token}"}
    answer = await browser.post(BASKET, json={"product": product.id, "quantity": 9}, headers=headers)
    assert answer.json()["error_code"] == "basket_100"
    assert quantities((await arrive(browser, shopper)).basket) == {product.id: 2}


async def test_session_finds_what_the_guest_had_whose_cookie_it_replaced(
    browser: Browser, shopper: Client, factory: Factory
) -> None:
    product = await factory.product()
    await add(browser, product, 2)
    guest = browser.session_id
    for _ in range(2):  # who signs in twice still has it
        signed_in = await browser.post("/api/v1/sessions", headers={"Authorization": f"Token {shopper.token}"})
        assert signed_in.status_code == 201
    assert browser.session_id != guest
    answer = envelope(await browser.get(BASKET))
    assert quantities(answer.basket) == {product.id: 2}
    assert answer.merge_report is not None
    assert answer.osessionid is None
    assert quantities(await put(browser, product, 1)) == quantities(await look(shopper)) == {product.id: 1}


async def test_session_inherits_nothing_of_another_users(browser: Browser, shopper: Client, factory: Factory) -> None:
    product, other = await factory.product(), await factory.shopper()
    await add(browser, product, 2)
    for user in (shopper, other):
        await browser.post("/api/v1/sessions", headers={"Authorization": f"Token {user.token}"})
    assert quantities(envelope(await browser.get(BASKET)).basket) == {}


async def test_guests_voucher_comes_along_unless_there_is_one_or_it_is_no_good(
    app: Litestar, factory: Factory, scene: Scene
) -> None:
    product, user = await factory.product(price="50.00"), await factory.shopper()
    await scene.coupon("five")
    await scene.coupon("mine")
    await scene.coupon("once", max_usage_per_user=1)
    for guests, own, kept in (("five", None, "five"), ("five", "mine", "mine")):
        user = await factory.shopper()
        async with browsing(app) as browser:
            await add(browser, product)
            await send(browser, "PATCH", {"voucher_code": guests})
            if own:
                await add(user, product)
                await send(user, "PATCH", {"voucher_code": own})
            told = await arrive(browser, user)
            assert told.basket.voucher_code == kept
            assert told.merge_report["voucher"] == (None if own else kept)
            assert await look(user) == told.basket
    user = await factory.shopper()
    async with browsing(app) as browser:
        await add(browser, product)
        await send(browser, "PATCH", {"voucher_code": "five"})
        offer = await factory.scalar("SELECT id FROM basket_offer WHERE voucher_code = 'five'")
        await factory.execute(
            "UPDATE basket_offer SET user_id = %s WHERE id = %s", await factory.user_id(await factory.shopper()), offer
        )
        await scene.moved()
        told = await arrive(browser, user)
        assert (told.basket.voucher_code, told.merge_report["voucher"]) == (None, None)
        assert quantities(told.basket) == {product.id: 1}


@pytest.mark.parametrize("side", ["user", "guest"])
async def test_frozen_basket_waits(browser: Browser, shopper: Client, factory: Factory, side: str) -> None:
    product, system = await factory.product(), await factory.shopper("integration")
    own, guests = await add(shopper, product, 1), await add(browser, product, 2)
    frozen = own.pk if side == "user" else guests.pk
    assert (await system.post(f"/api/v1/baskets/{frozen}/freeze")).status_code == 200
    told = await arrive(browser, shopper)
    assert (quantities(told.basket), told.merge_report) == ({product.id: 1}, None)
    await system.post(f"/api/v1/baskets/{frozen}/release")
    assert quantities((await arrive(browser, shopper)).basket) == {product.id: 3}


async def test_merging_from_many_tabs_at_once_counts_once(browser: Browser, shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=500)
    await add(shopper, product, 1)
    await add(browser, product, 2)
    put_in = {"product": product.id, "quantity": 1}
    answers = await asyncio.gather(
        *(arrive(browser, shopper) for _ in range(10)),
        *(arrive(browser, shopper, "POST", put_in) for _ in range(10)),
    )
    assert sum(answer.merge_report is not None for answer in answers) == 1
    assert quantities(await look(shopper)) == {product.id: 13}


async def test_failure_of_a_merge_does_not_cost_the_request(
    browser: Browser, shopper: Client, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = await factory.product()
    await add(browser, product, 2)
    with monkeypatch.context() as broken:
        broken.setattr("src.modules.baskets.transitions.MARK_MERGED", "SELECT 1 / 0, %s")
        assert quantities((await arrive(browser, shopper)).basket) == {}
        told = await arrive(browser, shopper, "POST", {"product": product.id})
        assert quantities(told.basket) == {product.id: 1}
    assert quantities((await arrive(browser, shopper)).basket) == {product.id: 3}
