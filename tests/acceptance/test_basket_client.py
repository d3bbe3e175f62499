"""The web client that the commerce API is published with: it must work unchanged."""

import re
from typing import Any

import pytest

from tests.acceptance.basket_browser import BASKET, http_client
from tests.acceptance.basket_shop import Shop

# What it sends with everything; `undefined` is a language that was never set.
SENDS = {"X-Requested-With": "XMLHttpRequest", "Accept-Language": "undefined", "Accept": "*/*"}


class PublishedClient:
    """It knows no Authorization header: whoever shops is the cookie."""

    def __init__(self, shop: Shop) -> None:
        self.http = http_client(shop.address, SENDS)

    def __enter__(self) -> "PublishedClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sent(self, method: str, body: Any = None) -> dict[str, Any]:
        """The whole basket that every answer holds."""
        request: dict[str, Any] = {"json": body} if body is not None else {}
        if method == "GET":
            request = {"headers": {"Content-Type": "application/json"}}
        if method == "DELETE":
            request = {"content": "{}", "headers": {"Content-Type": "text/plain"}}
        answer = self.http.request(method, BASKET, **request)
        assert answer.status_code == 200, answer.text
        basket: dict[str, Any] = answer.json()["basket"]
        return basket


def test_journey_of_a_guest_with_the_published_client(shop: Shop) -> None:
    product = shop.product("30.00")
    code = shop.coupon(benefit="fixed", amount=5, allowed_quantity_per_basket=1)
    with PublishedClient(shop) as browser:
        assert browser.sent("GET")["pk"] is None
        basket = browser.sent("POST", {"product": product.id, "quantity": 2, "attributes": {}})
        assert basket["total_quantity"] == 2
        assert {"pk", "stock_list", "price_list"} <= set(basket["segment"])
        assert basket["upsell_messages"] == []
        assert basket["basketitem_set"][0]["currency_type_label"]
        assert browser.sent("PUT", {"product": product.id, "quantity": 3, "attributes": {}})["total_quantity"] == 3
        assert browser.sent("PATCH", {"voucher_code": code})["total_amount"] == "85.00"
        assert browser.sent("PATCH", {"remove_voucher_code": True})["total_amount"] == "90.00"
        assert browser.sent("PATCH", {"remove_voucher_code": True})["voucher_code"] is None
        assert browser.sent("PUT", {"product": product.id, "quantity": 0})["basketitem_set"] == []
        assert browser.sent("DELETE")["total_quantity"] == 0


def test_session_of_a_shopper_with_the_published_client(shop: Shop) -> None:
    product, buyer = shop.product(), shop.shopper()
    with PublishedClient(shop) as browser:
        started = browser.http.post("/api/v1/sessions", headers={"Authorization": f"Token {buyer.token}"})
        assert started.status_code == 201, started.text
        assert browser.sent("POST", {"product": product.id, "quantity": 2})["total_quantity"] == 2
        assert buyer.get().quantities == {product.id: 2}
        told = browser.http.get(BASKET).json()
        assert not told.get("osessionid"), "that is for anonymous shoppers"


def test_cookie_is_one_that_the_client_can_read(shop: Shop) -> None:
    answer = shop.guest().send("POST", json={"product": shop.product().id})
    (cookie,) = answer.headers.get_list("set-cookie")
    found = re.match(r"osessionid=(\w+)(;|$)", cookie)
    assert found is not None
    assert len(found[1]) >= 22, "unguessable"
    assert answer.json()["osessionid"] == found[1]
    flags = [flag.strip().lower() for flag in cookie.split(";")[1:]]
    assert {"path=/", "httponly", "samesite=lax"} <= set(flags)
    assert not [flag for flag in flags if flag.startswith("domain")]


@pytest.mark.parametrize("refusal", ["stock", "voucher", "quantity"])
def test_refusal_sent_four_times_is_the_same_four_times(shop: Shop, refusal: str) -> None:
    product = shop.product(stock=2)
    bodies = {
        "stock": ("POST", {"product": product.id, "quantity": 3}, "basket_100"),
        "voucher": ("PATCH", {"voucher_code": "no such code"}, "basket_110"),
        "quantity": ("PUT", {"product": product.id, "quantity": 10_000}, "basket_102"),
    }
    method, body, code = bodies[refusal]
    with PublishedClient(shop) as browser:
        browser.sent("POST", {"product": product.id, "quantity": 1})
        before = browser.http.get(BASKET)
        answers = [browser.http.request(method, BASKET, json=body) for _ in range(4)]
        assert {answer.status_code for answer in answers} == {406}
        assert len({answer.content for answer in answers}) == 1
        told = answers[0].json()
        assert isinstance(told["non_field_errors"], str)
        assert told["error_code"] == code
        after = browser.http.get(BASKET)
        assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


def test_cookie_alone_writes_only_from_the_shops_own_pages(shop: Shop) -> None:
    product = shop.product()
    with PublishedClient(shop) as browser:
        browser.sent("POST", {"product": product.id})
        cookies = dict(browser.http.cookies)
    with http_client(shop.address, cookies=cookies) as foreign:
        body = {"product": product.id, "quantity": 5}
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            refused = foreign.request(method, BASKET, json=body)
            assert refused.status_code == 403, (method, refused.text)
        assert foreign.get(BASKET).json()["basket"]["total_quantity"] == 1
        foreign.cookies.set("csrftoken", "abc")
        assert foreign.put(BASKET, json=body, headers={"X-CSRFToken": "abd"}).status_code == 403
        assert foreign.put(BASKET, json=body, headers={"X-CSRFToken": "abc"}).status_code == 200
