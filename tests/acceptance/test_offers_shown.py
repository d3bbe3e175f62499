"""Where campaigns show themselves: hints in baskets, labels in lists, explanations for those who ask why."""

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import ORDERS, Shop

FAVOURITES = "/wishlists/favourite-products/"
LANGUAGES = {"tr": "Kargo bedava", "ar": "شحن مجاني", "en": "Free shipping"}


def test_offer_within_reach_is_pointed_out_with_what_is_missing(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("50.00")
    shop.offer("percentage", 10, condition="amount", value=150, upsell_message="Only {remaining} to go")
    shop.offer("percentage", 10, condition="quantity", value=8, upsell_message="{remaining} of {required} more")
    shop.offer("percentage", 10, condition="amount", value=500, upsell_message="")
    shop.offer("percentage", 10, condition="amount", value=500, upsell_message="hidden", is_visible=False)
    assert buyer.get().upsell_details == [], "nothing is near in an empty basket"
    hints = buyer.add(product, 2).hints("offer")
    assert len(hints) == 2
    by_required = {hint.params.required: hint for hint in hints}
    amount, quantity = by_required[150], by_required[8]
    assert (amount.params.partial, amount.params.remaining) == (100, 50)
    assert int(amount.params.partial_percentage) in (66, 67)
    assert amount.message.startswith("Only 50")
    assert amount.message.endswith(" to go")
    assert (quantity.params.partial, quantity.params.remaining) == (2, 6)
    assert quantity.message == "6 of 8 more"
    assert buyer.put(product, 3).given
    assert [hint.params.required for hint in buyer.get().hints("offer")] == [8]


def test_offer_for_somebody_else_is_not_pointed_out(shop: Shop) -> None:
    buyer = shop.shopper()
    never = {"query": [["user_in", [1]]]}
    shop.offer("percentage", 10, condition="amount", value=150, upsell_message="{remaining}", when=never)
    assert buyer.add(shop.product("50.00")).upsell_details == []


def test_labels_and_hints_speak_the_shoppers_language(shop: Shop) -> None:
    buyer = shop.shopper()
    texts = {language: {"label": text, "name": text} for language, text in LANGUAGES.items()}
    offer = shop.offer("percentage", 10, label="Kampanya", translations=texts)
    far = shop.offer("percentage", 10, value=5, upsell_message="{remaining} adet daha")
    words = {language: {"upsell_message": f"{text}: {{remaining}}"} for language, text in LANGUAGES.items()}
    shop.feed("campaigns/conditions", {"id": far, "translations": words})
    buyer.add(shop.product("100.00"))
    for language, text in LANGUAGES.items():
        basket = buyer.get(headers={"Accept-Language": language})
        assert basket.given == {text: Decimal(10)}, offer
        assert basket.upsell_messages == [f"{text}: 4"]


def shown(buyer: Browser, **headers: str) -> list[dict[str, Any]]:
    """The offers of the only favourite."""
    answer = buyer.send("GET", FAVOURITES, headers=headers)
    assert answer.status_code == 200
    (row,) = answer.json()["results"]
    offers: list[dict[str, Any]] = row["product"]["basket_offers"]
    return offers


@pytest.fixture
def wished(shop: Shop) -> tuple[Browser, Fed]:
    """Somebody with one favourite."""
    buyer, product = shop.shopper(), shop.product("100.00", usd="10.00")
    assert buyer.send("POST", FAVOURITES, json={"product": product.id}).status_code == 200
    return buyer, product


def test_favourites_show_the_offers_that_apply_to_them_now(shop: Shop, wished: tuple[Browser, Fed]) -> None:
    buyer, product = wished
    assert shown(buyer) == []
    texts: dict[str, Any] = {"kwargs": {"show_benefit_products": True}, "listing_kwargs": {"badge": "red"}}
    visible: dict[str, Any] = {"is_visible": True, "is_visible_on_list": True}
    mine, others = shop.collection(product), shop.collection(shop.product())
    offer = shop.offer("percentage", 10, on=mine, gives_on=mine, label="Mine", **texts, **visible)
    shop.offer("percentage", 10, on=others, gives_on=others, **visible)
    shop.offer("percentage", 10, on=mine, gives_on=mine, currencies=["eur"], **visible)
    shop.coupon(on=mine, gives_on=mine, **visible)
    assert shown(buyer) == [{"pk": offer, "label": "Mine", **texts}]
    everything = shop.offer("percentage", 5, label="All", **visible)
    assert {told["pk"] for told in shown(buyer)} == {offer, everything}
    shop.feed("campaigns/basket-offers", {"id": offer, "status": "passive"})
    assert {told["pk"] for told in shown(buyer)} == {everything}
    assert shown(buyer, **{"X-Currency": "usd"}) == []
    shop.feed("campaigns/basket-offers", {"id": everything, "end_datetime": "2020-01-01T00:00:00Z"})
    assert shown(buyer) == []


def test_tag_of_the_list_moves_with_its_offers(shop: Shop, wished: tuple[Browser, Fed]) -> None:
    buyer, _ = wished
    shown(buyer)
    tag = buyer.answer.headers["etag"]
    assert buyer.send("GET", FAVOURITES, headers={"If-None-Match": tag}).status_code == 304
    shop.offer("percentage", 10, is_visible_on_list=True)
    assert buyer.send("GET", FAVOURITES, headers={"If-None-Match": tag}).status_code == 200


def explained(browser: Browser, **body: Any) -> dict[int, dict[str, Any]]:
    """What is said of each offer, by its id."""
    answer = browser.send("POST", f"{ORDERS}/explain", json=body)
    assert answer.status_code == 200, answer.text
    return {told["offer"]: told for told in answer.json()["offers"]}


def test_every_offer_is_explained(shop: Shop) -> None:
    buyer = shop.shopper()
    buyer.add(shop.product("100.00"), 2)
    big = shop.offer("percentage", 30)
    small = shop.offer("percentage", 10, is_mergable=False)
    far = shop.offer("percentage", 10, condition="amount", value=500)
    empty = shop.offer("percentage", 10, gives_on=shop.collection())
    told = explained(buyer)
    assert {offer: told[offer]["state"] for offer in (big, small, far, empty)} == {
        big: "applied",
        small: "beaten",
        far: "missing",
        empty: "nothing",
    }
    assert told[small]["beaten_by"] == [big]
    assert Decimal(told[big]["discount"]) == 60
    assert Decimal(told[small]["alone"]) == 20
    missing = told[far]["missing"]
    assert missing["reason"] == "amount"
    assert [Decimal(str(missing[name])) for name in ("required", "partial", "remaining")] == [500, 200, 300]
    assert missing["partial_percentage"] == 40


def test_lines_that_are_only_thought_of_are_explained_and_leave_nothing(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("100.00")
    offer, code = shop.offer("percentage", 10, value=3), shop.coupon(amount=5)
    before = buyer.get()
    told = explained(buyer, lines=[{"product": product.id, "quantity": 3}], voucher_code=code)
    assert told[offer]["state"] == "applied"
    assert told[shop.offers[-1]]["state"] == "applied"
    assert explained(buyer, lines=[{"product": product.id, "quantity": 2}])[offer]["state"] == "missing"
    assert buyer.get() == before
    for body in ({"lines": [{"product": product.id, "quantity": 0}]}, {"lines": "x"}, {"surprise": 1}):
        answer = buyer.send("POST", f"{ORDERS}/explain", json=body)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("application/problem+json")
