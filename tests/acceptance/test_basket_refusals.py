"""What a basket does not take: each has its code, each can be repeated, none has an effect."""

import json
from typing import Any

import pytest

from tests.acceptance.basket_browser import BASKET, ITEMS, Fed
from tests.acceptance.basket_shop import Shop

NO_NUMBERS: list[object] = ["", "abc", 1.5, "1.5", True, [], {}, "٣", "1 0", "NaN", "0x10"]
OUT_OF_RANGE: list[object] = [-1, "-1", 10_000, 2**31, 10**12, 2**63, 10**40]
NO_PRODUCTS: list[object] = [None, "", "abc", 0, -1, 1.5, True, [], {}, 2**31, 2**53, 2**63, 10**40, "1\0", "9" * 5000]
BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b'{"product":NaN}',
    b'{"product":1e999,"quantity":1}',
    b'{"product":"\xff\xfe"}',
    b'{"\\ud800":1}',
    b'{"product":' + b"[" * 50_000,
]


def body(product: Fed, **more: Any) -> dict[str, Any]:
    return {"product": product.id, "quantity": 1, **more}


def test_stock_is_the_limit_for_all_lines_of_a_product_together(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product(stock=5)
    assert buyer.refused("POST", json=body(product, quantity=6)) == "basket_100"
    buyer.add(product, 3, attributes={"size": "L"})
    buyer.add(product, 2)
    for refused in (
        buyer.refused("POST", json=body(product)),
        buyer.refused("PUT", json=body(product, quantity=3, attributes={})),
        buyer.refused("PATCH", json=body(product, quantity=4, attributes={"size": "L"})),
    ):
        assert refused == "basket_100"
    buyer.put(product, 1, attributes={"size": "L"})
    assert buyer.add(product, 2).quantities == {product.id: 5}
    assert shop.shopper().add(product, 5).quantities == {product.id: 5}, "a basket holds nothing back from others"


def test_stock_that_nobody_counted_is_enough_for_anything(shop: Shop) -> None:
    assert shop.shopper().add(shop.product(stock=None), 9999).total_quantity == 9999


def test_products_that_nobody_can_buy_have_their_codes(shop: Shop) -> None:
    buyer = shop.shopper()
    inactive, parent, sold_out = shop.product(is_active=False), shop.product(product_type="1"), shop.product(stock=0)
    shop.product(parent=parent.id)
    unpriced, foreign = shop.product(price=None), shop.product(price=None, usd="5.00")
    for method in ("POST", "PUT", "PATCH"):
        for product, code in (
            (inactive, "basket_101"),
            (parent, "basket_101"),
            (sold_out, "basket_100"),
        ):
            assert buyer.refused(method, json=body(product)) == code, (method, code)
    assert buyer.refused("POST", json=body(unpriced)) == "basket_101"
    assert buyer.refused("POST", json=body(foreign)) == "basket_101"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_product_that_does_not_exist_is_a_400_on_its_field(shop: Shop, method: str) -> None:
    buyer = shop.shopper()
    before = buyer.get()
    for value in NO_PRODUCTS:
        content = json.dumps({"product": value, "quantity": 1})
        told = buyer.invalid(method, content=content, headers={"Content-Type": "application/json"})
        # A product of null is like none, which a PATCH may leave out.
        assert told == {"product"} or (method == "PATCH" and value is None), value
    assert buyer.get() == before


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_quantities_are_whole_and_in_range(shop: Shop, method: str) -> None:
    buyer, product = shop.shopper(), shop.product(stock=None)
    buyer.add(product, 2)
    for value in NO_NUMBERS:
        assert buyer.invalid(method, json=body(product, quantity=value)) == {"quantity"}, value
    for value in [*OUT_OF_RANGE, *([0] if method == "POST" else [])]:
        assert buyer.refused(method, json=body(product, quantity=value)) == "basket_102", value
    assert buyer.get().quantities == {product.id: 2}
    assert buyer.put(product, 9999).total_quantity == 9999
    assert buyer.send("POST", json=body(product)).status_code == 406, "one line never exceeds 9999"
    assert buyer.get().total_quantity == 9999


def test_setting_nothing_in_a_basket_without_the_product_changes_nothing(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    assert buyer.put(product, 0).quantities == {}
    assert buyer.patch(product=product.id, quantity=0).quantities == {}


def test_lines_that_went_out_of_sale_can_still_be_taken_out(shop: Shop) -> None:
    buyer = shop.shopper()
    gone, sold_out, less = shop.product(), shop.product(), shop.product()
    for product in (gone, sold_out, less):
        buyer.add(product, 4)
    shop.activity(gone, active=False)
    shop.stock(sold_out, 0)
    shop.stock(less, 2)
    assert buyer.get().reasons == {gone.id: "inactive", sold_out.id: "out_of_stock", less.id: "over_stock"}
    assert buyer.refused("PUT", json=body(less, quantity=3)) == "basket_100"
    assert buyer.put(less, 2).quantities == {less.id: 2}
    assert buyer.put(gone, 0).reasons == {sold_out.id: "out_of_stock"}
    assert buyer.put(sold_out, 0).unavailable_basket_products == []


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_bodies_that_make_no_sense_are_refused_in_the_dialect(shop: Shop, content_type: str) -> None:
    buyer = shop.shopper()
    before = buyer.get()
    for path, methods in ((BASKET, ("POST", "PUT", "PATCH")), (ITEMS, ("PATCH",))):
        for method in methods:
            for content in BODIES:
                answer = buyer.send(method, path, content=content, headers={"Content-Type": content_type})
                assert answer.status_code in (400, 415), (method, content[:30], answer.text)
                assert isinstance(answer.json(), dict)
    assert buyer.get() == before


def test_attributes_are_an_object_of_reasonable_size(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    for wrong in ("x", 1, [1], True):
        assert buyer.invalid("POST", json=body(product, attributes=wrong)) == {"attributes"}
    for content in (body(product, attributes={"n\0ul": "x"}), body(product, attributes={"a": "\ud800"})):
        assert buyer.send("POST", content=json.dumps(content)).status_code in (200, 400)
    nested = '{"product": 1, "attributes": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}"
    nested = nested.replace(": 1,", f": {product.id},")
    assert buyer.send("POST", content=nested, headers={"Content-Type": "application/json"}).status_code in (200, 400)
    huge = {"product": product.id, "attributes": {"a": "x" * 11_000_000}}
    assert buyer.send("POST", json=huge).status_code == 413
    buyer.get()


def test_odd_headers_and_queries_harm_nobody(shop: Shop) -> None:
    buyer = shop.shopper()
    buyer.add(shop.product())
    for headers in (
        {"Accept-Language": "undefined"},
        {"Accept-Language": "a" * 3000},
        {"X-Currency": "nonsense"},
        {"X-Currency": "eur"},
        {"X-Client-Type": "x" * 3000},
        {"If-None-Match": '"' * 500},
        {"If-None-Match": 'W/"1-x", "2-y"'},
        {"Content-Type": "application/json"},
    ):
        basket = buyer.get(headers=headers)
        assert basket.sums == ("100.00", "0.00", "100.00"), headers
    for namespace in ("x" * 5000, "\N{SHOPPING TROLLEY}", "a\0b", "'; drop table basket"):
        assert buyer.send("GET", params={"namespace": namespace}).status_code in (200, 400)


def test_methods_that_are_not_there_are_a_405(shop: Shop) -> None:
    buyer = shop.shopper()
    for method, path in (("GET", ITEMS), ("POST", ITEMS), ("DELETE", ITEMS), ("TRACE", BASKET)):
        assert buyer.send(method, path).status_code == 405
