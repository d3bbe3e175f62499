"""What a basket does not take, and says so in a way that may be repeated."""

import json
from typing import Any

import pytest

from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, ITEMS, add, invalid, look, put, quantities, refused

# Neither whole numbers nor texts that are.
NO_NUMBERS: tuple[Any, ...] = (1.5, "1.5", "x", "", " 1", "1e3", "٣", "1\0", True, None, [], {}, [1], "9" * 5000 + "x")
HUGE = (2**63 - 1, 2**63, 10**12, 10**40, "1" + "0" * 300)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_more_than_there_is_is_refused(shopper: Client, factory: Factory, method: str) -> None:
    product, gone = await factory.product(stock=5), await factory.product(stock=0)
    await add(shopper, product, 3)
    wanted = 3 if method == "POST" else 6
    assert await refused(shopper, method, {"product": product.id, "quantity": wanted}) == "basket_100"
    assert await refused(shopper, method, {"product": gone.id, "quantity": 1}) == "basket_100"
    assert quantities(await put(shopper, product, 5)) == {product.id: 5}


async def test_stock_is_shared_by_the_lines_of_a_product(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=5)
    await add(shopper, product, 3)
    body = {"product": product.id, "quantity": 3, "attributes": {"size": "L"}}
    assert await refused(shopper, "POST", body) == "basket_100"
    await add(shopper, product, 2, attributes={"size": "L"})
    assert await refused(shopper, "POST", {"product": product.id}) == "basket_100"
    # There is too little for both now, but each may shrink to what there is.
    await factory.stock(product, 3)
    assert await refused(shopper, "PUT", {"product": product.id, "quantity": 4}) == "basket_100"
    assert quantities(await put(shopper, product, 2)) == {product.id: 2}
    assert quantities(await put(shopper, product, 1)) == {product.id: 3}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_what_is_not_for_sale_is_refused(shopper: Client, factory: Factory, method: str) -> None:
    inactive = await factory.product(is_active=False)
    parent, priceless = await factory.product(), await factory.product(price=None)
    await factory.product(parent_id=parent.id)
    in_dollars = await factory.product(price=None)
    await factory.price(in_dollars, "5.00", currency_type="usd")
    for product in (inactive, parent, priceless, in_dollars):
        assert await refused(shopper, method, {"product": product.id, "quantity": 1}) == "basket_101"


async def test_what_can_no_longer_be_bought_can_still_be_taken_out(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add(shopper, product, 2)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", product.id)
    await factory.touch(product.id)
    assert [line.reason for line in (await look(shopper)).unavailable_basket_products] == ["inactive"]
    assert await refused(shopper, "PUT", {"product": product.id, "quantity": 1}) == "basket_101"
    assert (await put(shopper, product, 0)).unavailable_basket_products == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_quantity_out_of_range_is_refused(shopper: Client, factory: Factory, method: str) -> None:
    product = await factory.product(stock=None)
    await factory.stock(product, None, in_stock=True)
    await add(shopper, product, 2)
    for quantity in (-1, "-5", 10_000, *HUGE, *((0, "0") if method == "POST" else ())):
        assert await refused(shopper, method, {"product": product.id, "quantity": quantity}) == "basket_102", quantity
    if method == "POST":
        assert await refused(shopper, "POST", {"product": product.id, "quantity": 9998}) == "basket_102"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_quantity_that_is_no_whole_number_is_invalid(shopper: Client, factory: Factory, method: str) -> None:
    product = await factory.product()
    await add(shopper, product, 2)
    for quantity in NO_NUMBERS:
        if quantity is None and method == "PATCH":
            continue
        fields = await invalid(shopper, method, {"product": product.id, "quantity": quantity})
        assert fields == {"quantity"}, quantity


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_product_that_is_none_is_invalid(shopper: Client, method: str) -> None:
    for product in (*NO_NUMBERS, *HUGE, 0, -1, 999_999_999):
        if product is None and method == "PATCH":
            continue
        assert await invalid(shopper, method, {"product": product, "quantity": 1}) == {"product"}, product


async def test_half_a_change_is_invalid(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    assert await invalid(shopper, "POST", {"quantity": 1}) == {"product"}
    assert await invalid(shopper, "PUT", {"product": product.id}) == {"quantity"}
    assert await invalid(shopper, "PATCH", {"product": product.id}) == {"quantity"}
    assert await invalid(shopper, "PATCH", {"quantity": 1}) == {"product"}
    assert await invalid(shopper, "PATCH", {}) == {"non_field_errors", "error_code"}
    assert await invalid(shopper, "POST", {"product": product.id, "color": "red"}) == {"color"}


async def test_lines_that_only_attributes_tell_apart_have_to_be_named(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add(shopper, product, attributes={"size": "M"})
    await add(shopper, product, attributes={"size": "L"})
    for quantity in (0, 2):
        assert await invalid(shopper, "PUT", {"product": product.id, "quantity": quantity}) == {"attributes"}


@pytest.mark.parametrize("field", ["attributes", "inquiry", "sub_items"])
async def test_objects_that_are_none_are_invalid(shopper: Client, factory: Factory, field: str) -> None:
    product = await factory.product()
    wrong: tuple[Any, ...] = (1, True, "x", "[", {"a": "\0"}, {"\0": 1}, {"a": "\ud800"}, {"a": "x" * 20_000})
    wrong += ([1], [{}], [{"product": 1.5}]) if field == "sub_items" else ([], [1])
    for value in wrong:
        answer = await shopper.post(BASKET, content=_json({"product": product.id, field: value}))
        assert answer.status_code == 400, value
    assert (await look(shopper)).basketitem_set == []


async def test_bodies_that_are_none_are_invalid(shopper: Client) -> None:
    for method, url in (("POST", BASKET), ("PUT", BASKET), ("PATCH", BASKET), ("PATCH", ITEMS)):
        for body in ("", "[]", "1", "null", "{", '{"product": 1' + "0" * 5000 + "}", "[" * 2000, "\0"):
            answer = await shopper.request(method, url, content=body)
            assert answer.status_code == 400, (method, url, body[:20])
        nothing = await shopper.request(method, url, content="a", headers={"Content-Type": "image/png"})
        assert nothing.status_code == 415


async def test_refusals_are_told_in_four_languages(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=1)
    told = set()
    for language in ("en", "tr", "ar", "ku"):
        headers = {"Accept-Language": language}
        answer = await shopper.post(BASKET, json={"product": product.id, "quantity": 2}, headers=headers)
        assert answer.json()["error_code"] == "basket_100"
        told.add(answer.json()["non_field_errors"])
    assert len(told) == 4


async def test_basket_takes_only_so_many_lines(
    shopper: Client, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.modules.baskets.cart.MAX_LINES", 2)
    products = [await factory.product() for _ in range(3)]
    await add(shopper, products[0])
    await add(shopper, products[1])
    assert await refused(shopper, "POST", {"product": products[2].id}) == "basket_103"
    await add(shopper, products[1])


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
