"""Versions, tags, keys and languages of baskets."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.acceptance.basket_browser import BASKET, ITEMS, http_client
from tests.acceptance.basket_shop import Shop

LANGUAGES = ("en", "tr", "ar", "ku")


def test_tag_is_strong_private_and_answers_304_until_anything_moves(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    buyer.add(product, 2)
    buyer.get()
    seen = [buyer.answer.headers["etag"]]
    assert buyer.answer.headers["cache-control"] == "private, no-cache"

    def moved() -> None:
        answer = buyer.send("GET", headers={"If-None-Match": seen[-1]})
        assert answer.status_code == 200, "something moved, so the old tag must not match"
        assert answer.headers["etag"] not in seen
        seen.append(answer.headers["etag"])
        kept = buyer.send("GET", headers={"If-None-Match": f'"x", W/{seen[-1]}'})
        assert (kept.status_code, kept.content, kept.headers["etag"]) == (304, b"", seen[-1])

    assert buyer.send("GET", headers={"If-None-Match": seen[-1]}).status_code == 304
    version = buyer.version
    shop.price(product, "11.00")
    moved()
    shop.stock(product, 7)
    moved()
    offer = shop.offer("percentage", 50)
    moved()
    shop.feed("campaigns/basket-offers", {"id": offer, "status": "passive"})
    moved()
    shop.feed("products/products", {"id": product.id, "sku": product.sku, "name": "Another name"})
    moved()
    assert buyer.version == version, "none of that was a change of the basket itself"
    buyer.put(product, 1)
    assert buyer.version > version
    moved()
    empty = shop.guest()
    empty.get()
    assert empty.version == 0
    tag = empty.answer.headers["etag"]
    assert empty.send("GET", headers={"If-None-Match": tag}).status_code == 304


def test_language_and_currency_have_tags_of_their_own(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00", usd="4.00")
    buyer.add(product)
    tags = set()
    for headers in ({}, {"X-Currency": "usd"}, {"Accept-Language": "ar"}):
        buyer.get(headers=headers)
        tags.add(buyer.answer.headers["etag"])
    assert len(tags) == 3
    assert buyer.send("GET", headers={"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ITEM"])
def test_write_goes_through_only_on_the_version_it_was_meant_for(shop: Shop, method: str) -> None:
    buyer, product = shop.shopper(), shop.product()
    line = buyer.add(product, 2).basketitem_set[0].id
    stale = buyer.answer.headers["etag"]
    buyer.add(product)
    path = BASKET
    body: dict[str, object] = {"product": product.id, "quantity": 7}
    if method == "ITEM":
        path, method, body = ITEMS, "PATCH", {"id": line, "is_all": True, "attributes": {"a": 1}}
    refused = buyer.send(method, path, json=body, headers={"If-Match": stale})
    assert refused.status_code == 412, refused.text
    assert buyer.get().quantities == {product.id: 3}
    current = buyer.answer.headers["etag"]
    # The fingerprint is about prices, which do not belong to the basket.
    shop.price(product, "1.00")
    taken = buyer.send(method, path, json=body, headers={"If-Match": f'"0-x", {current}'})
    assert taken.status_code == 200, taken.text
    assert buyer.send(method, path, json=body, headers={"If-Match": current}).status_code == 412
    assert buyer.send("DELETE", headers={"If-Match": "*"}).status_code == 200


def test_key_makes_repeats_one_effect(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    headers = {"Idempotency-Key": "add-once"}
    first = buyer.send("POST", json={"product": product.id, "quantity": 2}, headers=headers)
    assert first.status_code == 200
    buyer.add(product, 1)
    again = buyer.send("POST", json={"product": product.id, "quantity": 2}, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert buyer.get().quantities == {product.id: 3}
    assert buyer.send("POST", json={"product": product.id}, headers=headers).status_code == 422
    other = shop.shopper()
    assert other.send("POST", json={"product": product.id, "quantity": 2}, headers=headers).status_code == 200
    assert other.get().quantities == {product.id: 2}


def test_refusals_are_not_kept_under_a_key(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product(stock=1)
    body, headers = {"product": product.id, "quantity": 2}, {"Idempotency-Key": "again"}
    assert buyer.refused("POST", json=body, headers=headers) == "basket_100"
    shop.stock(product, 2)
    assert buyer.send("POST", json=body, headers=headers).status_code == 200
    assert buyer.get().quantities == {product.id: 2}


def test_key_of_a_guest_belongs_to_that_guest(shop: Shop) -> None:
    product, headers = shop.product(), {"Idempotency-Key": "guests"}
    guests = [shop.guest() for _ in range(2)]
    for guest in guests:
        guest.add(product)
    for guest in guests:
        for _ in range(2):
            answer = guest.send("POST", json={"product": product.id, "quantity": 2}, headers=headers)
            assert answer.status_code == 200
    assert [guest.get().quantities for guest in guests] == [{product.id: 3}] * 2


def test_first_write_of_a_guest_under_a_key_makes_one_basket(shop: Shop) -> None:
    product, guest = shop.product(), shop.guest()
    headers = {"Idempotency-Key": f"first-{product.id}"}
    first = guest.send("POST", json={"product": product.id}, headers=headers)
    guest.http.cookies.clear()  # the answer got lost
    again = guest.send("POST", json={"product": product.id}, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert guest.get().quantities == {product.id: 1}, "the cookie came along with the repeated answer"


def test_two_hundred_adds_at_once_end_at_two_hundred(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("1.00", stock=None)
    with http_client(shop.address, buyer.http.headers) as client:

        def add(_: int) -> tuple[int, str]:
            answer = client.post(BASKET, json={"product": product.id, "quantity": 1})
            return answer.status_code, answer.headers["etag"]

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(add, range(200)))
    assert {status for status, _ in answers} == {200}
    assert len({tag for _, tag in answers}) == 200, "each add has a version of its own"
    basket = buyer.get()
    assert (basket.quantities, basket.total_amount) == ({product.id: 200}, "200.00")
    assert len(basket.basketitem_set) == 1


def test_first_adds_at_once_make_one_basket(shop: Shop) -> None:
    buyer, products = shop.shopper(), [shop.product() for _ in range(4)]
    with http_client(shop.address, buyer.http.headers) as client:

        def add(number: int) -> int:
            body = {"product": products[number % 4].id}
            method = "POST" if number % 3 else "GET"
            answer = client.request(method, BASKET, json=body if method == "POST" else None)
            assert answer.status_code == 200, answer.text
            pk: int = answer.json()["basket"]["pk"]
            return pk

        with ThreadPoolExecutor(8) as pool:
            pks = set(pool.map(add, range(24)))
    assert len(pks) == 1
    assert buyer.get().total_quantity == 16


def test_writers_with_if_match_never_lose_each_others_change(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product()
    buyer.add(product)
    tag = buyer.answer.headers["etag"]
    with http_client(shop.address, buyer.http.headers) as client:

        def put(quantity: int) -> int:
            body = {"product": product.id, "quantity": quantity}
            return client.put(BASKET, json=body, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(put, range(2, 10)))
    assert sorted(statuses) == [200, *[412] * 7]


def test_messages_follow_the_language_and_codes_do_not(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product(stock=1)
    shop.offer(
        "percentage",
        10,
        value=3,
        label="Autumn",
        upsell_message="{remaining} more",
        translations={"tr": {"label": "Sonbahar"}, "ar": {"label": "الخريف"}},
    )
    told = {}
    for language in LANGUAGES:
        answer = buyer.send(
            "POST", json={"product": product.id, "quantity": 2}, headers={"Accept-Language": f"{language}, en;q=0.5"}
        )
        assert answer.json()["error_code"] == "basket_100"
        told[language] = answer.json()["non_field_errors"]
    assert len(set(told.values())) == len(LANGUAGES), told
    default = buyer.send(
        "POST", json={"product": product.id, "quantity": 2}, headers={"Accept-Language": "undefined"}
    ).json()["non_field_errors"]
    assert default == told["en"]


def test_currency_is_that_of_the_request_and_then_of_the_basket(shop: Shop) -> None:
    buyer = shop.shopper()
    both, lira = shop.product("10.00", usd="4.00"), shop.product("7.00")
    buyer.add(both)
    buyer.add(lira)
    assert buyer.get().sums == ("17.00", "0.00", "17.00")
    dollars = buyer.get(headers={"X-Currency": "usd"})
    assert [line.currency_type for line in dollars.basketitem_set] == ["usd"]
    assert (dollars.sums, dollars.reasons) == (("4.00", "0.00", "4.00"), {lira.id: "no_price"})
    assert buyer.get().sums == ("17.00", "0.00", "17.00"), "a look is not remembered"
    for ignored in ("eur", "nonsense", "undefined", ""):
        assert buyer.get(headers={"X-Currency": ignored}).sums == ("17.00", "0.00", "17.00")
    assert buyer.refused("POST", json={"product": lira.id}, headers={"X-Currency": "usd"}) == "basket_101"
    assert buyer.add(both, headers={"X-Currency": "USD"}).sums == ("8.00", "0.00", "8.00")
    assert buyer.get().sums == ("8.00", "0.00", "8.00"), "a write is remembered"
    assert buyer.add(both).sums == ("12.00", "0.00", "12.00")
    again = buyer.add(both, headers={"X-Currency": "try"})
    assert (again.sums, again.reasons) == (("47.00", "0.00", "47.00"), {})


def test_default_currency_counts_for_baskets_that_never_chose(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00", usd="4.00")
    buyer.add(product)
    shop.setting("DEFAULT_CURRENCY", "usd")
    assert buyer.get().total_amount == "4.00"
    other = shop.shopper()
    assert other.add(product).total_amount == "4.00"
