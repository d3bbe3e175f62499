"""Codes: applied at once or not at all, removed, kept unverified; and what becomes of them with the basket."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET as URL
from tests.modules.baskets.buying import add, invalid, look, put, read, refused, send
from tests.modules.baskets.scene import Scene


@pytest.fixture
async def buyer(shopper: Client, factory: Factory) -> Client:
    """A shopper with something in the basket."""
    await add(shopper, await factory.product(price="50.00"))
    return shopper


async def test_good_code_takes_effect_in_its_own_answer(buyer: Client, scene: Scene) -> None:
    await scene.coupon("five")
    basket = await send(buyer, "PATCH", {"voucher_code": " five "})
    assert (basket.voucher_code, basket.total_amount) == ("five", "45.00")
    assert await look(buyer) == basket
    assert await send(buyer, "PATCH", {"voucher_code": "five"}) == basket
    removed = await send(buyer, "PATCH", {"remove_voucher_code": True})
    assert (removed.voucher_code, removed.total_amount) == (None, "50.00")
    assert [await send(buyer, "PATCH", {"remove_voucher_code": True}) for _ in range(3)] == [removed] * 3


async def test_bad_code_is_refused_and_the_one_before_stays(buyer: Client, factory: Factory, scene: Scene) -> None:
    now = datetime.now(UTC)
    await scene.coupon("good")
    await scene.coupon("over", end_datetime=now - timedelta(days=1))
    await scene.coupon("soon", start_datetime=now + timedelta(days=1))
    await scene.coupon("theirs", user_id=await factory.user_id(await factory.shopper()))
    await scene.coupon("dollars", currencies=Jsonb(["usd"]))
    await scene.coupon("rich", condition={"value": 1000})
    used = await scene.coupon("used", max_stock_limit=1)
    await factory.execute("INSERT INTO offer_usage (basket_offer_id, used) VALUES (%s, 1)", used)
    await send(buyer, "PATCH", {"voucher_code": "good"})
    for code, refusal in {
        "nobody": "basket_110",
        "": "basket_110",
        "over": "basket_111",
        "soon": "basket_111",
        "used": "basket_112",
        "theirs": "basket_113",
        "dollars": "basket_113",
        "rich": "basket_113",
    }.items():
        assert await refused(buyer, "PATCH", {"voucher_code": code}) == refusal, code
    assert (await look(buyer)).voucher_code == "good"


async def test_code_is_no_good_for_an_empty_basket(shopper: Client, scene: Scene) -> None:
    await scene.coupon("five")
    assert await refused(shopper, "PATCH", {"voucher_code": "five"}) == "basket_113"


async def test_codes_that_are_none_are_invalid(buyer: Client) -> None:
    wrong: tuple[Any, ...] = (1, True, [], {}, "a\0b", "x" * 256, "\ud800")
    for code in wrong:
        answer = await buyer.request("PATCH", URL, content=json.dumps({"voucher_code": code}))
        assert answer.status_code == 400, code
        answer = await buyer.request("PATCH", URL, content=json.dumps({"external_offer_code": code}))
        assert answer.status_code == 400, code
    assert await invalid(buyer, "PATCH", {"remove_voucher_code": "perhaps"}) == {"remove_voucher_code"}


async def test_external_code_is_kept_unverified_whatever_comes_with_it(buyer: Client, scene: Scene) -> None:
    await scene.coupon("five")
    basket = await send(buyer, "PATCH", {"external_offer_code": "theirs"})
    assert (basket.external_offer_code, basket.voucher_code) == ("theirs", None)
    basket = await send(buyer, "PATCH", {"external_offer_code": "other", "voucher_code": "five"})
    assert (basket.external_offer_code, basket.voucher_code, basket.total_amount) == ("other", "five", "45.00")
    basket = await send(buyer, "PATCH", {"external_offer_code": "third", "voucher_code": "nobody"})
    assert (basket.external_offer_code, basket.voucher_code, basket.total_amount) == ("third", "five", "45.00")
    assert await look(buyer) == basket
    basket = await send(buyer, "PATCH", {"external_offer_code": "fourth", "remove_voucher_code": True})
    assert (basket.external_offer_code, basket.voucher_code) == ("fourth", None)
    basket = await send(buyer, "PATCH", {"remove_voucher_code": True})
    assert (basket.external_offer_code, basket.voucher_code) == (None, None)
    await send(buyer, "PATCH", {"external_offer_code": "fifth"})
    assert (await send(buyer, "PATCH", {"external_offer_code": None})).external_offer_code is None


async def test_removal_goes_before_a_new_code(buyer: Client, scene: Scene) -> None:
    await scene.coupon("five")
    basket = await send(buyer, "PATCH", {"voucher_code": "five", "remove_voucher_code": True})
    assert (basket.voucher_code, basket.total_amount) == (None, "50.00")


async def test_one_request_may_set_a_quantity_and_apply_a_code(buyer: Client, factory: Factory, scene: Scene) -> None:
    await scene.coupon("two", condition_type="quantity", condition={"value": 2})
    product = (await look(buyer)).basketitem_set[0].product.pk
    both = {"product": product, "quantity": 2, "voucher_code": "two"}
    assert await refused(buyer, "PATCH", {**both, "quantity": 1}) == "basket_113"
    assert (await send(buyer, "PATCH", both)).total_amount == "95.00"


async def test_code_whose_condition_stops_holding_stays_and_gives_nothing(
    buyer: Client, factory: Factory, scene: Scene
) -> None:
    await scene.coupon("two", condition_type="quantity", condition={"value": 2})
    product = await factory.product(price="10.00")
    await add(buyer, product)
    await send(buyer, "PATCH", {"voucher_code": "two"})
    basket = await put(buyer, product, 0)
    assert (basket.voucher_code, basket.total_amount) == ("two", "50.00")
    assert [detail.kind for detail in basket.upsell_details] == ["offer"]


@pytest.mark.parametrize("way", ["delete", "put"])
async def test_emptying_the_basket_removes_the_codes(shopper: Client, factory: Factory, scene: Scene, way: str) -> None:
    await scene.coupon("five")
    product = await factory.product(price="50.00")
    await add(shopper, product)
    await send(shopper, "PATCH", {"voucher_code": "five", "external_offer_code": "abc"})
    empty = read(await shopper.delete(URL)) if way == "delete" else await put(shopper, product, 0)
    assert (empty.voucher_code, empty.external_offer_code) == (None, None)
    basket = await add(shopper, product)
    assert (basket.voucher_code, basket.total_amount) == (None, "50.00")


async def test_offers_of_a_line_are_remembered_when_it_is_written(
    shopper: Client, factory: Factory, scene: Scene
) -> None:
    first = await scene.offer("percentage", 10)
    product, other = await factory.product(), await factory.product()
    await add(shopper, product)
    statement = "SELECT offer_ids FROM basket_item WHERE product_id = %s"
    assert await factory.scalar(statement, product.id) == [first]
    second = await scene.offer("percentage", 10)
    await add(shopper, other)
    assert await factory.scalar(statement, product.id) == [first]
    assert await factory.scalar(statement, other.id) == [first, second]
    await factory.execute("UPDATE basket_offer SET status = 'passive' WHERE id = %s", first)
    await scene.moved()
    assert [detail.kind for detail in (await look(shopper)).upsell_details] == ["offer_lapsed"] * 2
    basket = await put(shopper, product, 2)
    assert [detail.kind for detail in basket.upsell_details] == ["offer_lapsed"]
    assert await look(shopper) == basket
    assert await factory.scalar(statement, product.id) == [second]
