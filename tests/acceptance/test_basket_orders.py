"""Order systems: a basket is frozen while it is being paid for, then submitted or released."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.acceptance.basket_browser import BASKET, ITEMS, Browser, Fed
from tests.acceptance.basket_shop import ORDERS, Shop


def full(shop: Shop, product: Fed, quantity: int = 1) -> tuple[Browser, int]:
    """A shopper with a basket that can be submitted, and its id."""
    buyer = shop.shopper()
    pk = buyer.add(product, quantity).pk
    assert pk is not None
    return buyer, pk


def test_submitted_basket_is_history_and_the_next_look_finds_a_new_one(shop: Shop) -> None:
    buyer, pk = full(shop, shop.product())
    version = buyer.version
    told = shop.moved(pk, "submit")
    assert told["status"] == "submitted"
    assert told["version"] > version
    assert shop.moved(pk, "submit") == told, "a repeat is harmless"
    basket = buyer.get()
    assert basket.pk != pk
    assert (basket.basketitem_set, basket.voucher_code) == ([], None)


def test_frozen_basket_shows_what_is_being_paid_for_whatever_changes(shop: Shop) -> None:
    product, second = shop.product("100.00"), shop.product()
    offer = shop.offer("percentage", 10)
    buyer, pk = full(shop, product, 2)
    told = shop.moved(pk, "freeze")
    assert told["status"] == "frozen"
    assert shop.moved(pk, "freeze") == told
    shown = buyer.get()
    shop.price(product, "1.00")
    shop.activity(product, active=False)
    shop.feed("campaigns/basket-offers", {"id": offer, "status": "passive"})
    assert buyer.get() == shown
    assert shown.sums == ("200.00", "20.00", "180.00")
    line = shown.basketitem_set[0].id
    for method, path, body in (
        ("POST", BASKET, {"product": second.id}),
        ("PUT", BASKET, {"product": product.id, "quantity": 1}),
        ("PATCH", BASKET, {"voucher_code": "x"}),
        ("PATCH", BASKET, {"external_offer_code": "x"}),
        ("DELETE", BASKET, None),
        ("PATCH", ITEMS, {"id": line, "is_all": True, "attributes": {"a": 1}}),
    ):
        assert buyer.refused(method, path=path, json=body) == "basket_120"


def test_released_basket_is_as_open_as_before(shop: Shop) -> None:
    product = shop.product("100.00")
    buyer, pk = full(shop, product)
    shop.moved(pk, "freeze")
    shop.price(product, "30.00")
    assert shop.moved(pk, "release")["status"] == "active"
    assert shop.moved(pk, "release")["status"] == "active"
    basket = buyer.get()
    assert (basket.pk, basket.total_amount) == (pk, "30.00")
    assert buyer.add(product).total_amount == "60.00"
    shop.moved(pk, "freeze")
    assert shop.moved(pk, "submit")["status"] == "submitted"


def test_release_of_an_active_basket_changes_nothing(shop: Shop) -> None:
    buyer, pk = full(shop, shop.product())
    version = buyer.version
    assert shop.moved(pk, "release") == {"id": pk, "status": "active", "version": version}
    buyer.get()
    assert buyer.version == version


def test_wrong_steps_are_conflicts(shop: Shop) -> None:
    _, pk = full(shop, shop.product())
    shop.moved(pk, "submit")
    assert shop.conflict(pk, "freeze") == "basket_120"
    assert shop.conflict(pk, "release") == "basket_120"


def test_baskets_that_nobody_can_order_are_not_submitted(shop: Shop) -> None:
    product, gone = shop.product(), shop.product()
    buyer, pk = full(shop, product)
    buyer.add(gone)
    shop.activity(gone, active=False)
    assert shop.conflict(pk, "submit") == "basket_121"
    buyer.put(gone, 0)
    shop.stock(product, 0)
    assert shop.conflict(pk, "submit") == "basket_121"
    buyer.empty()
    assert shop.conflict(pk, "submit") == "basket_121"
    shop.stock(product, 1)
    buyer.add(product)
    assert shop.moved(pk, "submit")["status"] == "submitted"


def test_steps_are_for_order_systems_and_baskets_that_exist(shop: Shop) -> None:
    buyer, pk = full(shop, shop.product())
    for step in ("freeze", "release", "submit"):
        refused = buyer.send("POST", f"{ORDERS}/{pk}/{step}")
        assert refused.status_code == 403
        assert refused.headers["content-type"].startswith("application/problem+json")
        assert shop.guest().send("POST", f"{ORDERS}/{pk}/{step}").status_code == 401
        for unknown in (2**53, 0, -1, "x", "9" * 40):
            answer = shop.feeder.post(f"{ORDERS}/{unknown}/{step}")
            assert answer.status_code in (400, 404), answer.text
            assert answer.headers["content-type"].startswith("application/problem+json")
    assert shop.feeder.post(f"{ORDERS}/{pk}/burn").status_code == 404
    assert buyer.get().pk == pk


def test_guest_basket_can_be_ordered_too(shop: Shop) -> None:
    guest = shop.guest()
    pk = guest.add(shop.product()).pk
    assert shop.moved(pk, "submit")["status"] == "submitted"
    assert guest.get().basketitem_set == []
    assert guest.add(shop.product()).pk != pk


def test_submitting_at_once_and_again_counts_once(shop: Shop) -> None:
    product = shop.product("100.00")
    code = shop.coupon(benefit="fixed", amount=5, max_stock_limit=2)
    buyer, pk = full(shop, product)
    buyer.apply(code)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.order(pk, "submit"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    second, another = full(shop, product)
    second.apply(code)
    shop.moved(another, "submit")
    third, _ = full(shop, product)
    assert third.refused("PATCH", json={"voucher_code": code}) == "basket_112"


@pytest.mark.parametrize("uses", [1, 7])
def test_code_with_n_uses_is_redeemed_n_times_whatever_the_concurrency(shop: Shop, uses: int) -> None:
    product = shop.product("100.00")
    code = shop.coupon(benefit="fixed", amount=5, max_stock_limit=uses)
    baskets = []
    for _ in range(uses + 8):
        buyer, pk = full(shop, product)
        assert buyer.apply(code).total_amount == "95.00"
        baskets.append(pk)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda pk: shop.order(pk, "submit"), baskets))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == uses
    assert statuses.count(409) == 8
    for pk, answer in zip(baskets, answers, strict=True):
        if answer.status_code == 409:
            assert answer.json()["error_code"] == "basket_112"
        else:
            assert shop.moved(pk, "submit")["status"] == "submitted"


def test_freeze_holds_a_use_and_release_gives_it_back(shop: Shop) -> None:
    product = shop.product("100.00")
    code = shop.coupon(benefit="fixed", amount=5, max_stock_limit=1)
    one, first = full(shop, product)
    two, second = full(shop, product)
    one.apply(code)
    two.apply(code)
    shop.moved(first, "freeze")
    assert shop.conflict(second, "freeze") == "basket_112"
    assert shop.conflict(second, "submit") == "basket_112"
    shop.moved(first, "release")
    assert shop.moved(second, "submit")["status"] == "submitted"
    assert one.get().total_amount == "100.00", "somebody else has used it up"
    assert shop.conflict(first, "submit") == "basket_112"
    one.patch(remove_voucher_code=True)
    assert shop.moved(first, "submit")["status"] == "submitted"


def test_use_limits_of_sitewide_campaigns_hold(shop: Shop) -> None:
    product = shop.product("100.00")
    shop.offer("percentage", 10, max_stock_limit=1)
    one, first = full(shop, product)
    two, second = full(shop, product)
    assert (one.get().total_amount, two.get().total_amount) == ("90.00", "90.00")
    shop.moved(first, "submit")
    assert two.get().total_amount == "100.00", "nothing is left of it"
    assert shop.moved(second, "submit")["status"] == "submitted"


def test_limit_per_user_counts_each_user_alone(shop: Shop) -> None:
    product = shop.product("100.00")
    shop.offer("percentage", 10, max_usage_per_user=1)
    one, first = full(shop, product)
    two, _ = full(shop, product)
    assert one.get().total_amount == "90.00"
    shop.moved(first, "submit")
    assert one.add(product).total_amount == "100.00"
    assert two.get().total_amount == "90.00"


def test_coupon_is_made_at_submit_and_good_for_the_next_basket(shop: Shop) -> None:
    product = shop.product("100.00")
    shop.offer("coupon", 15, max_usage_per_user=1)
    buyer, pk = full(shop, product)
    assert buyer.get().sums == ("100.00", "0.00", "100.00")
    other = shop.shopper()
    shop.moved(pk, "freeze")
    shop.moved(pk, "submit")
    shop.moved(pk, "submit")
    assert buyer.add(product).sums == ("100.00", "15.00", "85.00")
    assert other.add(product).sums == ("100.00", "0.00", "100.00")
    shop.moved(buyer.get().pk, "submit")
    assert buyer.add(product).sums == ("100.00", "0.00", "100.00"), "a coupon is good once"
