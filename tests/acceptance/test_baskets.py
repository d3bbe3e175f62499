"""A basket from the first look to the last line, as the basket document and the contract have it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.basket_browser import BASKET, ITEMS, Browser
from tests.acceptance.basket_shop import Shop

IMAGE = "https://cdn.example.com/products/gitar.jpg"


def test_document_example_replays_with_its_figures(shop: Shop) -> None:
    product = shop.product("120.00", retail_price="200.00", stock=51, name="Gitar", attribute_set=152)
    shop.feed("products/product-images", {"product": product.id, "image": IMAGE, "order": 1})
    shop.offer("percentage", 20, label="Sitewide Campaign")
    buyer = shop.shopper()
    basket = buyer.add(product)
    (line,) = basket.basketitem_set
    shown = line.product
    assert (shown.pk, shown.name, shown.sku, shown.base_code) == (product.id, "Gitar", product.sku, product.base_code)
    assert (shown.attributes, shown.attribute_set, shown.attributes_kwargs, shown.extra_attributes) == ({}, 152, {}, {})
    assert [image.image for image in shown.productimage_set] == [IMAGE]
    assert (shown.price, shown.retail_price, shown.currency_type) == ("120.00", "200.00", "try")
    assert (shown.in_stock, shown.is_ready_to_basket, shown.stock) == (True, True, 51)
    assert (shown.product_type, shown.price_type, shown.unit_type) == ("0", "default", "qty")
    assert (shown.productvideo_set, shown.form_schema, shown.data_source) == ([], None, None)
    assert (line.quantity, line.unit_price, line.price, line.retail_price) == (1, "120.00", "120.00", "200.00")
    assert (line.currency_type, line.tax_rate, line.stock) == ("try", "18.00", 51)
    assert line.currency_type_label
    assert (line.total_amount, line.discount_amount, line.shipping_discount) == ("120.00", "24.00", None)
    assert (line.attributes, line.attributes_kwargs, line.parent) == ({}, {}, None)
    assert line.discounts == {"Sitewide Campaign": Decimal("24.00")}
    assert basket.given == {"Sitewide Campaign": Decimal("24.00")}
    assert basket.sums == ("120.00", "24.00", "96.00")
    assert (basket.total_quantity, basket.voucher_code, basket.external_offer_code) == (1, None, None)
    assert (basket.unavailable_basket_products, basket.upsell_details) == ([], [])
    assert (basket.shipping_free, basket.points) == (False, 0)


def test_emptying_answers_the_documented_empty_basket(shop: Shop) -> None:
    buyer = shop.shopper()
    pk = buyer.add(shop.product(), 2).pk
    basket = buyer.empty()
    assert (basket.pk, basket.basketitem_set, basket.total_quantity) == (pk, [], 0)
    assert basket.sums == ("0.00", "0.00", "0.00")
    assert (basket.segment.pk, basket.segment.stock_list, basket.segment.price_list) == (None, None, None)
    assert buyer.empty().pk == pk


def test_signed_in_look_makes_the_one_basket_that_stays(shop: Shop) -> None:
    buyer = shop.shopper()
    first = buyer.get()
    assert first.pk is not None
    assert first.basketitem_set == []
    assert buyer.get() == first
    assert buyer.add(shop.product()).pk == first.pk
    assert shop.shopper().get().pk != first.pk


def test_adding_sums_up_and_setting_sets(shop: Shop) -> None:
    buyer, one, two = shop.shopper(), shop.product("10.00"), shop.product("2.50")
    assert buyer.add(one).quantities == {one.id: 1}
    assert buyer.add(one, 2).quantities == {one.id: 3}
    basket = buyer.add(two, 4)
    assert basket.quantities == {one.id: 3, two.id: 4}
    assert basket.sums == ("40.00", "0.00", "40.00")
    assert buyer.put(one, 2).quantities == {one.id: 2, two.id: 4}
    assert buyer.patch(product=two.id, quantity=1).quantities == {one.id: 2, two.id: 1}
    assert buyer.put(one, 0).quantities == {two.id: 1}
    assert buyer.patch(product=two.id, quantity=0).quantities == {}
    assert buyer.put(one, 7).quantities == {one.id: 7}


def test_every_write_answers_what_the_next_look_shows(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    writes: list[tuple[str, Any]] = [
        ("POST", {"product": product.id, "quantity": 3}),
        ("PUT", {"product": product.id, "quantity": 2}),
        ("PATCH", {"product": product.id, "quantity": 1}),
        ("PATCH", {"external_offer_code": "x"}),
        ("PATCH", {"remove_voucher_code": True}),
        ("DELETE", None),
    ]
    buyer.get()
    version = buyer.version
    for method, body in writes:
        written = buyer.send(method, json=body)
        tag, told = written.headers["etag"], written.json()
        looked = buyer.send("GET")
        assert looked.json() == told
        assert looked.headers["etag"] == tag
        if body != {"remove_voucher_code": True}:
            assert buyer.version > version
        version = buyer.version


def test_quantity_is_one_where_a_post_names_none_and_needed_elsewhere(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    assert buyer.told("POST", json={"product": product.id}).basket.quantities == {product.id: 1}
    for method in ("PUT", "PATCH"):
        assert buyer.invalid(method, json={"product": product.id}) == {"quantity"}
    assert buyer.invalid("PUT", json={"quantity": 1}) == {"product"}
    assert buyer.invalid("POST", json={"quantity": 1}) == {"product"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_bodies_may_be_forms_and_numbers_may_be_texts(shop: Shop, method: str) -> None:
    buyer, product = shop.shopper(), shop.product()
    body = {"product": str(product.id), "quantity": "2"}
    for sent in ({"json": body}, {"data": body}, {"files": {name: (None, text) for name, text in body.items()}}):
        buyer.empty()
        buyer.add(product)
        assert buyer.told(method, **sent).basket.quantities == {product.id: 3 if method == "POST" else 2}


def test_paths_answer_with_and_without_their_slash(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    for path in (BASKET, BASKET.rstrip("/")):
        for method, body in (("POST", {"product": product.id}), ("GET", None), ("PUT", None), ("DELETE", None)):
            body = {"product": product.id, "quantity": 1} if method == "PUT" else body
            assert buyer.send(method, path, json=body).status_code == 200
    line = buyer.add(product).basketitem_set[0]
    for path in (ITEMS, ITEMS.rstrip("/")):
        assert buyer.send("PATCH", path, json={"id": line.id, "is_all": True, "attributes": {}}).status_code == 200


def test_lines_are_told_apart_by_their_attributes(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    buyer.add(product, attributes={"size": "L", "gift": {"note": "hi"}})
    buyer.add(product, 2)
    basket = buyer.add(product, 3, attributes={"gift": {"note": "hi"}, "size": "L"})
    assert attributes(buyer) == [({"size": "L", "gift": {"note": "hi"}}, 4), ({}, 2)]
    assert basket.quantities == {product.id: 6}
    buyer.put(product, 1, attributes={"size": "L", "gift": {"note": "hi"}})
    assert attributes(buyer) == [({"size": "L", "gift": {"note": "hi"}}, 1), ({}, 2)]
    # Without attributes: the line without attributes, where there are several.
    buyer.put(product, 5)
    assert attributes(buyer) == [({"size": "L", "gift": {"note": "hi"}}, 1), ({}, 5)]
    buyer.put(product, 0)
    # And the only line, whatever it has.
    buyer.put(product, 9)
    assert attributes(buyer) == [({"size": "L", "gift": {"note": "hi"}}, 9)]
    buyer.add(product, attributes={"size": "S"})
    answer = buyer.send("PUT", json={"product": product.id, "quantity": 1})
    assert answer.status_code == 400
    assert len(attributes(buyer)) == 2


def attributes(buyer: Browser) -> list[tuple[Any, int]]:
    return [(line.attributes, line.quantity) for line in buyer.get().basketitem_set]


def test_one_unit_is_split_off_and_comes_together_again(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    line = buyer.add(product, 3).basketitem_set[0]
    split = buyer.send("PATCH", ITEMS, json={"id": line.id, "is_all": False, "attributes": {"gift": True}})
    assert split.status_code == 200, split.text
    assert (split.json()["quantity"], split.json()["attributes"]) == (1, {"gift": True})
    assert split.json()["product"]["pk"] == product.id
    assert split.json()["id"] != line.id
    assert attributes(buyer) == [({}, 2), ({"gift": True}, 1)]
    again = buyer.send("PATCH", ITEMS, json={"id": line.id, "is_all": "false", "attributes": {"gift": True}})
    assert (again.json()["id"], again.json()["quantity"]) == (split.json()["id"], 2)
    assert attributes(buyer) == [({}, 1), ({"gift": True}, 2)]
    whole = buyer.send("PATCH", ITEMS, json={"id": line.id, "is_all": True, "attributes": {"gift": True}})
    assert (whole.status_code, whole.json()["quantity"]) == (200, 3)
    assert attributes(buyer) == [({"gift": True}, 3)]
    alone = buyer.send("PATCH", ITEMS, json={"id": whole.json()["id"], "is_all": True, "attributes": {"a": [1, None]}})
    assert (alone.json()["quantity"], alone.json()["attributes"]) == (3, {"a": [1, None]})
    assert buyer.get().sums == ("30.00", "0.00", "30.00")


def test_item_that_is_not_there_or_not_ones_own_is_a_400(shop: Shop) -> None:
    buyer, other = shop.shopper(), shop.shopper()
    product = shop.product()
    line = buyer.add(product, 2).basketitem_set[0]
    other.get()
    for identifier in (line.id, 2**53, 0, -1, "x", None, 1.5):
        body = {"id": identifier, "is_all": True, "attributes": {"mine": 1}}
        assert other.send("PATCH", ITEMS, json=body).status_code == 400
    assert other.send("PATCH", ITEMS, json={"is_all": True}).status_code == 400
    assert attributes(buyer) == [({}, 2)]


def test_namespaces_are_baskets_of_their_own(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    plain = buyer.add(product)
    rental = buyer.told("POST", params={"namespace": "rental"}, json={"product": product.id, "quantity": 4}).basket
    assert rental.pk != plain.pk
    assert (rental.quantities, buyer.get().quantities) == ({product.id: 4}, {product.id: 1})
    assert buyer.get(headers={"X-Basket-Namespace": "rental"}) == rental
    assert buyer.get(namespace="rental") == rental
    assert buyer.told("DELETE", headers={"X-Basket-Namespace": "rental"}).basket.pk == rental.pk
    assert buyer.get().quantities == {product.id: 1}


def test_external_code_is_stored_and_shown_unverified(shop: Shop) -> None:
    buyer = shop.shopper()
    buyer.add(shop.product("50.00"))
    assert buyer.patch(external_offer_code="ddd-eee-fff").external_offer_code == "ddd-eee-fff"
    shown = buyer.patch(external_offer_code="ggg", remove_voucher_code=True)
    assert (shown.external_offer_code, shown.voucher_code) == ("ggg", None)
    assert shown.sums == ("50.00", "0.00", "50.00")
    assert buyer.patch(remove_voucher_code=True).voucher_code is None


def test_inquiry_and_sub_items_are_taken(shop: Shop) -> None:
    buyer, case, lens = shop.shopper(), shop.product("10.00"), shop.product("3.00")
    inquiry = {"condition": "used", "year": 2020}
    assert buyer.add(case, inquiry=inquiry).quantities == {case.id: 1}
    answer = buyer.send("POST", json={"product": lens.id, "quantity": 1, "sub_items": {}})
    assert answer.status_code == 200
    assert buyer.get().quantities == {case.id: 1, lens.id: 1}


def test_baskets_of_shoppers_never_meet(shop: Shop) -> None:
    product = shop.product()
    buyers = [shop.shopper() for _ in range(3)]
    for number, buyer in enumerate(buyers, 1):
        buyer.add(product, number)
    assert [buyer.get().quantities for buyer in buyers] == [{product.id: number} for number in (1, 2, 3)]
    assert len({buyer.get().pk for buyer in buyers}) == 3


def test_credentials_are_judged_like_everywhere(shop: Shop) -> None:
    stranger = Browser(shop.address, "nobodys-token")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = stranger.send(method, json={} if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"]
        assert set(answer.json()) == {"detail"}
    feeder = Browser(shop.address, shop.token("feeding@example.com", "integration"))
    for method in ("GET", "DELETE"):
        assert feeder.send(method).status_code == 403
    for browser in (stranger, feeder):
        browser.http.close()
