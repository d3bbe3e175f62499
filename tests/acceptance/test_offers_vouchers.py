"""Vouchers: codes that many share, codes that are good once, coupons of one shopper; and why one is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import Shop

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


@pytest.fixture
def product(shop: Shop) -> Fed:
    return shop.product("100.00")


@pytest.fixture
def buyer(shop: Shop, product: Fed) -> Browser:
    """Somebody with a basket of 100.00."""
    someone = shop.shopper()
    someone.add(product)
    return someone


def refused(buyer: Browser, code: str) -> str:
    return buyer.refused("PATCH", json={"voucher_code": code})


@pytest.mark.parametrize("offer_type", ["coupon_code", "voucher_code"])
def test_code_gives_while_it_is_on_the_basket(shop: Shop, buyer: Browser, offer_type: str) -> None:
    code = shop.coupon(label="Code", offer_type=offer_type)
    assert buyer.get().sums == ("100.00", "0.00", "100.00"), "the code types need their code"
    shown = buyer.apply(code)
    assert (shown.sums, shown.given) == (("100.00", "10.00", "90.00"), {"Code": Decimal(10)})
    assert shown.line(shown.basketitem_set[0].product.pk).discounts == {"Code": Decimal(10)}
    assert buyer.get() == shown
    gone = buyer.patch(remove_voucher_code=True)
    assert (gone.voucher_code, gone.sums) == (None, ("100.00", "0.00", "100.00"))
    assert buyer.patch(remove_voucher_code="true").voucher_code is None, "200 even when there is none"


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "over": ("basket_111", {"end_datetime": YESTERDAY}),
    "not begun": ("basket_111", {"start_datetime": TOMORROW}),
    "another's": ("basket_113", {"offer_type": "coupon_code", "user": 1}),
    "another currency": ("basket_113", {"currencies": ["eur"]}),
    "too much asked for": ("basket_113", {"value": 2}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused_voucher_says_why_and_leaves_the_good_one(shop: Shop, buyer: Browser, why: str) -> None:
    expected, columns = REFUSED[why]
    if "user" in columns:
        columns = {**columns, "user": shop.shopper().user}
    bad, good = shop.coupon(**columns), shop.coupon()
    assert refused(buyer, bad) == expected
    buyer.apply(good)
    assert refused(buyer, bad) == expected
    assert refused(buyer, "no such code") == "basket_110"
    assert buyer.get().voucher_code == good


def test_codes_that_are_no_codes(shop: Shop, buyer: Browser) -> None:
    for code in ("x" * 5000, "a\0b", "%", "'", "\N{SHOPPING TROLLEY}"):
        answer = buyer.send("PATCH", json={"voucher_code": code})
        assert answer.status_code in (400, 406), code
    for wrong in (1.5, {"a": 1}, ["x"]):
        assert buyer.invalid("PATCH", json={"voucher_code": wrong}) == {"voucher_code"}
    assert buyer.invalid("PATCH", json={"remove_voucher_code": "perhaps"}) == {"remove_voucher_code"}
    assert buyer.send("PATCH", json={}).status_code == 400
    assert buyer.get().voucher_code is None


def test_another_code_takes_the_place_of_the_first(shop: Shop, buyer: Browser) -> None:
    one, two = shop.coupon(), shop.coupon(benefit="fixed", amount=25)
    buyer.apply(one)
    assert buyer.apply(two).total_discount_amount == "25.00"
    assert buyer.apply(two).total_discount_amount == "25.00"


def test_code_is_for_guests_too(shop: Shop, product: Fed) -> None:
    guest, code = shop.guest(), shop.coupon()
    guest.add(product)
    assert guest.apply(code).total_amount == "90.00"


def test_voucher_whose_condition_stops_holding_stays_and_gives_nothing(
    shop: Shop, buyer: Browser, product: Fed
) -> None:
    code = shop.coupon(value=2)
    buyer.put(product, 2)
    assert buyer.apply(code).total_discount_amount == "20.00"
    less = buyer.put(product, 1)
    assert (less.voucher_code, less.total_discount_amount) == (code, "0.00")
    (hint,) = less.hints("offer")
    assert (hint.params.required, hint.params.partial, hint.params.remaining) == (2, 1, 1)
    assert hint.params.partial_percentage == 50
    assert buyer.put(product, 3).total_discount_amount == "30.00"
    assert buyer.get().upsell_details == []
    assert buyer.empty().voucher_code is None
    assert buyer.add(product, 2).voucher_code is None


@pytest.mark.parametrize("ending", [{"status": "passive"}, {"end_datetime": YESTERDAY}])
def test_voucher_that_ends_while_it_is_on_a_basket_gives_nothing(
    shop: Shop, buyer: Browser, ending: dict[str, Any]
) -> None:
    code = shop.coupon()
    assert buyer.apply(code).total_amount == "90.00"
    shop.feed("campaigns/basket-offers", {"id": shop.offers[-1], **ending})
    basket = buyer.get()
    assert (basket.voucher_code, basket.total_amount) == (code, "100.00")
    assert basket.upsell_details


def test_bulk_code_is_good_for_one_redemption(shop: Shop, buyer: Browser, product: Fed) -> None:
    offer = shop.offer("fixed", 5, offer_type="bulk_voucher_code")
    first, second = shop.bulk_codes(offer, 2)
    assert buyer.get().total_discount_amount == "0.00"
    other = shop.shopper()
    other.add(product)
    assert buyer.apply(first).total_amount == "95.00"
    assert other.apply(first).total_amount == "95.00"
    shop.moved(buyer.get().pk, "submit")
    assert other.get().total_amount == "100.00", "it was used meanwhile"
    assert refused(other, first) == "basket_112"
    assert other.apply(second).total_amount == "95.00"
    shop.moved(other.get().pk, "submit")
    other.add(product)
    assert refused(other, second) == "basket_112"


def test_bulk_code_of_a_user_is_nobody_elses(shop: Shop, buyer: Browser, product: Fed) -> None:
    offer = shop.offer("fixed", 5, offer_type="bulk_voucher_code")
    (code,) = shop.bulk_codes(offer, 1, user=buyer.user)
    other = shop.shopper()
    other.add(product)
    assert refused(other, code) == "basket_113"
    assert buyer.apply(code).total_amount == "95.00"


def test_passive_bulk_code_is_no_code(shop: Shop, buyer: Browser) -> None:
    offer = shop.offer("fixed", 5, offer_type="bulk_voucher_code")
    (code,) = shop.bulk_codes(offer, 1, status="passive")
    assert refused(buyer, code) in ("basket_110", "basket_111")


def test_coupons_of_a_shopper_apply_by_themselves(shop: Shop, buyer: Browser, product: Fed) -> None:
    other = shop.shopper()
    other.add(product)
    shop.offer("fixed", 5, offer_type="coupon", user=buyer.user)
    assert buyer.get().total_amount == "95.00"
    bulk = shop.offer("fixed", 7, offer_type="bulk_coupon")
    shop.bulk_codes(bulk, 1, user=buyer.user)
    assert buyer.get().total_amount == "88.00"
    assert other.get().total_amount == "100.00"
    guest = shop.guest()
    assert guest.add(product).total_amount == "100.00"
    shop.moved(buyer.get().pk, "submit")
    assert buyer.add(product).total_amount != "88.00", "the bulk coupon was redeemed"


def test_used_coupon_gives_nothing(shop: Shop, buyer: Browser) -> None:
    shop.offer("fixed", 5, offer_type="coupon", user=buyer.user, status="used")
    assert buyer.get().total_amount == "100.00"


def test_voucher_and_campaigns_go_together_as_any_offers_do(shop: Shop, buyer: Browser) -> None:
    shop.offer("percentage", 20)
    merging, alone = shop.coupon(amount=10), shop.coupon(amount=15, is_mergable=False)
    assert buyer.apply(merging).total_discount_amount == "30.00"
    answer = buyer.send("PATCH", json={"voucher_code": alone})
    assert answer.status_code in (200, 406), "beaten by the campaign, it may be refused or stay without effect"
    assert buyer.get().total_discount_amount in ("30.00", "20.00")


def test_per_user_limit_of_a_code(shop: Shop, buyer: Browser, product: Fed) -> None:
    code = shop.coupon(max_usage_per_user=1)
    buyer.apply(code)
    shop.moved(buyer.get().pk, "submit")
    buyer.add(product)
    assert refused(buyer, code) == "basket_112"
    other = shop.shopper()
    other.add(product)
    assert other.apply(code).total_amount == "90.00"


def test_external_code_and_voucher_keep_the_documents_precedence(shop: Shop, buyer: Browser) -> None:
    code = shop.coupon()
    buyer.apply(code)
    shown = buyer.patch(external_offer_code="ext", remove_voucher_code=True)
    assert shown.external_offer_code == "ext"
    shown = buyer.patch(external_offer_code="ext2", voucher_code="no such code")
    assert shown.external_offer_code == "ext2", "applied without verification, regardless of other fields"
