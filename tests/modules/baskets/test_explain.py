"""POST /api/v1/baskets/explain: every offer says what became of it, for a basket or for one only thought of."""

import json
from typing import Any

import httpx
import pytest

from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import look
from tests.modules.baskets.scene import Guest, Scene

EXPLAIN = "/api/v1/baskets/explain"
# Stands for the id of a product that is there.
KNOWN = -1


async def explained(who: Client | Guest, body: Any = None, **headers: str) -> dict[str, Any]:
    """The whole answer."""
    answer = await who.request("POST", EXPLAIN, headers=headers, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def by_offer(who: Client | Guest, body: Any = None, **headers: str) -> dict[int, dict[str, Any]]:
    """What is said of each offer."""
    return {told["offer"]: told for told in (await explained(who, body, **headers))["offers"]}


@pytest.fixture
async def product(factory: Factory) -> Product:
    """A product of which there are nine, at 10.00."""
    return await factory.product(price="10.00", stock=9)


@pytest.fixture
async def basket(shopper: Client, scene: Scene, product: Product) -> int:
    """A basket with two units of the product."""
    basket = await scene.basket(shopper)
    await scene.line(basket, product, 2)
    return basket


async def test_every_offer_says_what_became_of_it(shopper: Client, scene: Scene, product: Product, basket: int) -> None:
    best = await scene.offer("percentage", 30, label="Best")
    beaten = await scene.offer("percentage", 10, label="Beaten", is_mergable=False)
    missing = await scene.offer("percentage", 10, label="Far", condition={"value": 50})
    units = await scene.offer("percentage", 10, condition_type="quantity", condition={"value": 3})
    nothing = await scene.offer("percentage", 10, benefit_products=await scene.collection())
    told = await explained(shopper)
    assert {name: told[name] for name in told if name not in ("offers", "voucher", "unavailable")} == {
        "basket": basket,
        "currency_type": "try",
        "total_product_amount": "20.00",
        "total_discount_amount": "6.00",
        "total_amount": "14.00",
    }
    assert (told["voucher"], told["unavailable"]) == (None, [])
    offers = {offer["offer"]: offer for offer in told["offers"]}
    line = (await look(shopper)).basketitem_set[0].id
    assert offers[best] == {
        "offer": best,
        "label": "Best",
        "offer_type": "sitewide",
        "state": "applied",
        "applications": 1,
        "discount": "6.00",
        "alone": "6.00",
        "lines": [{"line": line, "product": product.id, "discount": "6.00"}],
        "shipping_free": False,
        "points": 0,
        "coupon": None,
        "beaten_by": [],
        "missing": None,
    }
    assert [offers[beaten][name] for name in ("state", "discount", "alone", "beaten_by")] == [
        "beaten",
        "0.00",
        "2.00",
        [best],
    ]
    assert offers[missing]["state"] == "missing"
    assert offers[missing]["missing"] == {
        "reason": "amount",
        "required": "50.00",
        "partial": "20.00",
        "remaining": "30.00",
        "partial_percentage": 40,
    }
    assert [offers[units]["missing"][name] for name in ("reason", "required", "partial", "remaining")] == [
        "quantity",
        3,
        2,
        1,
    ]
    assert offers[nothing]["state"] == "nothing"
    assert told["offers"][0]["offer"] == best


async def test_what_touches_no_total_is_told_too(shopper: Client, scene: Scene, basket: int) -> None:
    shipping = await scene.offer("shipping_free", None)
    points = await scene.offer("point", 7)
    coupon = await scene.offer("coupon", 5)
    offers = await by_offer(shopper)
    assert offers[shipping]["shipping_free"]
    assert offers[points]["points"] == 7
    assert offers[coupon]["coupon"] == "5.00"
    assert {told["discount"] for told in offers.values()} == {"0.00"}


async def test_lines_only_thought_of_take_the_place_of_the_basket_and_leave_nothing(
    shopper: Client, scene: Scene, factory: Factory, product: Product, basket: int
) -> None:
    offer = await scene.offer("percentage", 10, condition_type="quantity", condition={"value": 3})
    sold = await factory.product(stock=0)
    before = await look(shopper)
    body = {"lines": [{"product": product.id, "quantity": 3}, {"product": sold.id, "quantity": 1}]}
    told = await explained(shopper, body)
    assert (told["total_product_amount"], told["total_amount"]) == ("30.00", "27.00")
    assert told["offers"][0]["lines"] == [{"line": 1, "product": product.id, "discount": "3.00"}]
    assert told["unavailable"] == [{"line": 2, "product": sold.id, "quantity": 1, "reason": "out_of_stock"}]
    two = [{"product": product.id, "quantity": 1, "attributes": {"size": size}} for size in "LM"]
    assert (await by_offer(shopper, {"lines": two}))[offer]["state"] == "missing"
    assert (await explained(shopper, {"lines": []}))["total_amount"] == "0.00"
    assert await look(shopper) == before


async def test_voucher_that_is_thought_of_is_judged(shopper: Client, scene: Scene, basket: int) -> None:
    offer = await scene.offer("fixed", 5, offer_type="voucher_code", voucher_code="FIVE")
    passed = await scene.offer(
        "fixed", 6, offer_type="voucher_code", voucher_code="OLD", end_datetime="2020-01-01T00:00:00Z"
    )
    told = await explained(shopper, {"voucher_code": "FIVE"})
    assert told["voucher"] == {"code": "FIVE", "offers": [offer], "error_code": None, "message": None}
    assert told["total_amount"] == "15.00"
    told = await explained(shopper, {"voucher_code": "OLD"}, **{"Accept-Language": "tr"})
    assert passed not in told["voucher"]["offers"]
    assert told["voucher"]["error_code"] == "basket_111"
    assert (await explained(shopper, {"voucher_code": "?"}))["voucher"]["error_code"] == "basket_110"
    assert (await explained(shopper))["voucher"] is None
    assert (await explained(shopper, {"lines": []}))["voucher"] is None


async def test_currency_that_is_thought_of_counts_if_anything_has_a_price_in_it(
    shopper: Client, factory: Factory, product: Product, basket: int
) -> None:
    assert (await explained(shopper, {"currency": "USD"}))["currency_type"] == "try"
    await factory.price(product, "4.00", currency_type="usd")
    told = await explained(shopper, {"currency": "USD"})
    assert (told["currency_type"], told["total_amount"]) == ("usd", "8.00")
    assert (await explained(shopper, **{"X-Currency": "usd"}))["currency_type"] == "usd"


async def test_guests_may_ask_with_and_without_a_cookie(
    client: httpx.AsyncClient, guest: Guest, scene: Scene, factory: Factory, product: Product
) -> None:
    await scene.offer("percentage", 10)
    body = {"lines": [{"product": product.id, "quantity": 1}]}
    answer = await client.post(EXPLAIN, json=body)
    assert (answer.status_code, answer.json()["basket"], answer.json()["total_amount"]) == (200, None, "9.00")
    assert "set-cookie" not in answer.headers
    assert (await explained(guest))["total_amount"] == "0.00"
    assert await factory.scalar("SELECT count(*) FROM basket") == 0
    await scene.line(await scene.basket(guest), product)
    assert (await explained(guest))["total_amount"] == "9.00"


async def test_coupons_of_others_are_not_told(
    shopper: Client, guest: Guest, scene: Scene, factory: Factory, basket: int
) -> None:
    user = await factory.user_id(shopper)
    own = await scene.offer("fixed", 5, offer_type="coupon", user_id=user)
    await factory.execute("INSERT INTO shopper_offer_state (user_id) VALUES (%s)", user)
    assert list(await by_offer(shopper)) == [own]
    assert await by_offer(await factory.shopper()) == {}
    assert await by_offer(guest) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": "x"}, "lines"),
        ({"lines": [{"product": KNOWN, "quantity": 0}]}, "lines"),
        ({"lines": [{"product": KNOWN, "quantity": 10_000}]}, "lines"),
        ({"lines": [{"product": KNOWN, "quantity": 1.5}]}, "lines"),
        ({"lines": [{"product": 0, "quantity": 1}]}, "lines"),
        ({"lines": [{"product": 10**12, "quantity": 1}]}, "lines"),
        ({"lines": [{"product": 10**30, "quantity": 1}]}, "lines"),
        ({"lines": [{"quantity": 1}]}, "lines"),
        ({"lines": [{"product": KNOWN, "quantity": 1, "attributes": {"\0": 1}}]}, "lines"),
        ({"lines": [{"product": KNOWN, "quantity": 1}] * 501}, "lines"),
        ({"voucher_code": 5.5}, "voucher_code"),
        ({"voucher_code": "\0"}, "voucher_code"),
        ({"currency": "dollars"}, "currency"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_nonsense_is_a_400_that_names_the_field(
    shopper: Client, product: Product, basket: int, body: dict[str, Any], field: str
) -> None:
    text = json.dumps(body).replace(f'"product": {KNOWN},', f'"product": {product.id},')
    answer = await shopper.post(EXPLAIN, content=text)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_credentials_and_keys_are_judged_like_everywhere(
    factory: Factory, shopper: Client, guest: Guest, scene: Scene, basket: int
) -> None:
    feeder = await factory.shopper("integration")
    assert (await feeder.post(EXPLAIN)).status_code == 403
    refused = await shopper.post(EXPLAIN, headers={"Authorization": "Token unknown"})
    assert refused.status_code == 401
    assert (await guest.post(EXPLAIN, headers={"X-Requested-With": ""})).status_code == 403
    for who in (shopper, guest):
        once = {"headers": {"Idempotency-Key": "k"}}
        first = await who.post(EXPLAIN, json={}, **once)
        await scene.offer("fixed", 1)
        assert (await who.post(EXPLAIN, json={}, **once)).content == first.content
        assert (await who.post(EXPLAIN, json={"lines": []}, **once)).status_code == 422
