"""Order systems: a basket is frozen while it is paid for, let go of, or submitted; its offers are used up exactly."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import (
    BASKET,
    ITEMS,
    Basket,
    add,
    look,
    put,
    quantities,
    refused,
    send,
)
from tests.modules.baskets.ordering import ORDERS, call, conflict, moved
from tests.modules.baskets.scene import Scene


async def full(shopper: Client, product: Product, **columns: Any) -> Basket:
    """A basket that can be submitted."""
    return await add(shopper, product, 1, **columns)


async def test_frozen_basket_stays_as_it_is_until_it_is_released(
    shopper: Client, system: Client, factory: Factory, scene: Scene
) -> None:
    offer = await scene.offer("percentage", 10)
    product = await factory.product(price="100.00")
    basket = await full(shopper, product)
    told = await moved(system, basket.pk, "freeze")
    assert (told["id"], told["status"]) == (basket.pk, "frozen")
    assert told["version"] > basket.version
    frozen = await look(shopper)
    assert (frozen.status, frozen.version, frozen.total_amount) == ("frozen", told["version"], "90.00")
    await factory.price(product, "1.00")
    await factory.execute("UPDATE basket_offer SET status = 'passive' WHERE id = %s", offer)
    await scene.moved()
    assert await look(shopper) == frozen
    line = frozen.basketitem_set[0].id
    for method, url, body in (
        ("POST", BASKET, {"product": product.id}),
        ("PUT", BASKET, {"product": product.id, "quantity": 0}),
        ("PATCH", BASKET, {"voucher_code": "x"}),
        ("PATCH", BASKET, {"remove_voucher_code": True}),
        ("PATCH", BASKET, {"external_offer_code": "x"}),
        ("DELETE", BASKET, None),
        ("PATCH", ITEMS, {"id": line, "is_all": True, "attributes": {"a": 1}}),
    ):
        assert await refused(shopper, method, body, url=url) == "basket_120"
    released = await moved(system, basket.pk, "release")
    assert released["status"] == "active"
    assert (await look(shopper)).total_amount == "1.00"
    assert quantities(await put(shopper, product, 2)) == {product.id: 2}


async def test_basket_that_was_frozen_for_too_long_is_frozen_anew(
    shopper: Client, system: Client, factory: Factory, scene: Scene
) -> None:
    product = await factory.product(price="100.00")
    basket = await full(shopper, product)
    first = await moved(system, basket.pk, "freeze")
    await factory.execute("UPDATE basket SET frozen_until = now() - interval '1 second' WHERE id = %s", basket.pk)
    await factory.price(product, "80.00")
    again = await moved(system, basket.pk, "freeze")
    assert again["version"] > first["version"]
    frozen = await look(shopper)
    assert (frozen.status, frozen.version, frozen.total_amount) == ("frozen", again["version"], "80.00")


async def test_submitted_basket_is_history(shopper: Client, system: Client, factory: Factory) -> None:
    product = await factory.product()
    for through_frozen in (False, True):
        basket = await full(shopper, product)
        if through_frozen:
            await moved(system, basket.pk, "freeze")
            await factory.stock(product, 0)  # What is being paid for does not change.
        told = await moved(system, basket.pk, "submit")
        assert told["status"] == "submitted"
        new = await look(shopper)
        assert (new.basketitem_set, new.status) == ([], "active")
        assert new.pk != basket.pk
        assert await conflict(system, basket.pk, "freeze") == "basket_120"
        assert await conflict(system, basket.pk, "release") == "basket_120"
        kept = await factory.scalar("SELECT count(*) FROM basket_item WHERE basket_id = %s", basket.pk)
        assert kept == 1


async def test_release_of_an_active_basket_changes_nothing(shopper: Client, system: Client, factory: Factory) -> None:
    basket = await full(shopper, await factory.product())
    told = await moved(system, basket.pk, "release")
    assert told == {"id": basket.pk, "status": "active", "version": basket.version}
    assert await look(shopper) == basket


@pytest.mark.parametrize("status", ["expired", "merged", "inactive"])
async def test_basket_that_is_over_is_not_moved(shopper: Client, system: Client, factory: Factory, status: str) -> None:
    basket = await full(shopper, await factory.product())
    await factory.execute("UPDATE basket SET status = %s", status)
    for step in ("freeze", "release", "submit"):
        assert await conflict(system, basket.pk, step) == "basket_120"


async def test_basket_that_nobody_can_order_is_not_submitted(shopper: Client, system: Client, factory: Factory) -> None:
    pk = (await look(shopper)).pk
    assert await conflict(system, pk, "submit") == "basket_121"
    product, gone = await factory.product(), await factory.product()
    await full(shopper, product)
    await full(shopper, gone)
    await factory.stock(gone, 0)
    assert await conflict(system, pk, "submit") == "basket_121"
    await moved(system, pk, "freeze")
    assert await conflict(system, pk, "submit") == "basket_121"
    await moved(system, pk, "release")
    await put(shopper, gone, 0)
    assert (await moved(system, pk, "submit"))["status"] == "submitted"


async def test_steps_are_for_order_systems_and_baskets_that_are_there(
    shopper: Client, system: Client, factory: Factory
) -> None:
    pk = (await full(shopper, await factory.product())).pk
    for step in ("freeze", "release", "submit"):
        assert (await call(shopper, pk, step)).status_code == 403
        for unknown in (10**12, 2**63, "9" * 400, 0, -1, "x", "1.5", "%00"):
            answer = await system.post(f"{ORDERS}/{unknown}/{step}")
            assert answer.status_code == 404, unknown
            assert answer.headers["content-type"] == "application/problem+json"


async def test_code_with_n_uses_is_redeemed_n_times(system: Client, factory: Factory, scene: Scene) -> None:
    uses = 20
    offer = await scene.coupon("hot", max_stock_limit=uses)
    product = await factory.product(price="100.00", stock=5000)
    baskets = []
    for _ in range(60):
        shopper = await factory.shopper()
        await full(shopper, product)
        basket = await send(shopper, "PATCH", {"voucher_code": "hot"})
        assert basket.total_amount == "95.00"
        baskets.append(basket.pk)
    answers = await asyncio.gather(*(call(system, pk, "submit") for pk in baskets for _ in range(3)))
    by_basket = {pk: {a.status_code for a in answers[3 * n : 3 * n + 3]} for n, pk in enumerate(baskets)}
    assert Counter(map(tuple, by_basket.values())) == {(200,): uses, (409,): 60 - uses}
    assert {a.json()["error_code"] for a in answers if a.status_code == 409} == {"basket_112"}
    assert await factory.scalar("SELECT count(*) FROM offer_redemption WHERE basket_offer_id = %s", offer) == uses
    assert await factory.scalar("SELECT used FROM offer_usage WHERE basket_offer_id = %s", offer) == uses


async def test_bulk_code_is_redeemed_once(system: Client, factory: Factory, scene: Scene) -> None:
    offer = await scene.coupon("unused", offer_type="bulk_voucher_code")
    await factory.execute("INSERT INTO bulk_voucher_code (code, basket_offer_id) VALUES ('bulk', %s)", offer)
    product = await factory.product(price="100.00", stock=500)
    baskets = []
    for _ in range(8):
        shopper = await factory.shopper()
        await full(shopper, product)
        baskets.append((await send(shopper, "PATCH", {"voucher_code": "bulk"})).pk)
    answers = await asyncio.gather(*(call(system, pk, "submit") for pk in baskets))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    assert await factory.scalar("SELECT status FROM bulk_voucher_code") == "used"


async def test_frozen_basket_holds_its_uses_and_gives_them_back(system: Client, factory: Factory, scene: Scene) -> None:
    await scene.coupon("one", max_stock_limit=1)
    product = await factory.product(price="100.00")
    shoppers = [await factory.shopper() for _ in range(3)]
    for shopper in shoppers:
        await full(shopper, product)
    first, second = [(await send(shopper, "PATCH", {"voucher_code": "one"})).pk for shopper in shoppers[:2]]
    await moved(system, first, "freeze")
    assert await refused(shoppers[2], "PATCH", {"voucher_code": "one"}) == "basket_112"
    assert await conflict(system, second, "freeze") == "basket_112"
    assert await conflict(system, second, "submit") == "basket_112"
    assert (await look(shoppers[1])).status == "active"
    await moved(system, first, "release")
    assert (await moved(system, second, "submit"))["status"] == "submitted"
    assert await conflict(system, first, "submit") == "basket_112"
    await send(shoppers[0], "PATCH", {"remove_voucher_code": True})
    assert (await moved(system, first, "submit"))["status"] == "submitted"


async def test_what_a_frozen_basket_holds_is_redeemed(
    shopper: Client, system: Client, factory: Factory, scene: Scene
) -> None:
    offer = await scene.coupon("one", max_stock_limit=1)
    await full(shopper, await factory.product(price="100.00"))
    pk = (await send(shopper, "PATCH", {"voucher_code": "one"})).pk
    await moved(system, pk, "freeze")
    await moved(system, pk, "submit")
    state = await factory.scalar("SELECT state FROM offer_redemption WHERE basket_offer_id = %s", offer)
    assert state == "redeemed"


async def test_step_under_a_key_is_made_once(shopper: Client, system: Client, factory: Factory) -> None:
    pk = (await full(shopper, await factory.product())).pk
    headers = {"Idempotency-Key": "k"}
    first = await call(system, pk, "freeze", headers=headers)
    await moved(system, pk, "release")
    assert (await call(system, pk, "freeze", headers=headers)).content == first.content
    assert (await look(shopper)).status == "active"


async def test_writes_and_a_submit_at_once_end_in_one_basket_or_the_next(
    shopper: Client, system: Client, factory: Factory
) -> None:
    product = await factory.product(stock=500)
    pk = (await full(shopper, product)).pk
    answers = await asyncio.gather(
        *(shopper.post(BASKET, json={"product": product.id}) for _ in range(20)),
        call(system, pk, "submit"),
        *(shopper.post(BASKET, json={"product": product.id}) for _ in range(20)),
    )
    assert {answer.status_code for answer in answers} == {200}
    counted = await factory.scalar("SELECT sum(quantity) FROM basket_item WHERE product_id = %s", product.id)
    assert counted == 41
    assert await factory.scalar("SELECT count(*) FROM basket WHERE status = 'active'") == 1
