"""Campaigns as a marketing team feeds them: what holds, what it gives, and how offers go together."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import Shop

FABRIC = {"fabric": "wool", "sizes": ["S", "M"], "weight": 3}


class Full(NamedTuple):
    """A basket of six units and 100.00 in all."""

    buyer: Browser
    a: Fed  # 1 x 30.00
    b: Fed  # 2 x 20.00
    c: Fed  # 3 x 10.00, of the base code of b

    def collection(self, shop: Shop, about: str) -> int | None:
        """A collection of the products with these names; none is every product."""
        return shop.collection(*(getattr(self, name) for name in about)) if about else None


@pytest.fixture
def full(shop: Shop) -> Full:
    a = shop.product("30.00", retail_price="60.00", attributes=FABRIC)
    b = shop.product("20.00", retail_price="40.00")
    c = shop.product("10.00", retail_price="20.00", base_code=b.base_code)
    buyer = shop.shopper()
    for product, quantity in ((a, 1), (b, 2), (c, 3)):
        buyer.add(product, quantity)
    return Full(buyer, a, b, c)


# How often one lira is given: type, value, what else, the products it is about.
CONDITIONS: list[tuple[str, object, dict[str, Any], str, int]] = [
    ("amount", 0, {}, "", 1),
    ("amount", 40, {}, "", 2),
    ("amount", 100, {}, "", 1),
    ("amount", 100.01, {}, "", 0),
    ("amount", 15, {}, "b", 2),
    ("amount", 150, {"price_type": "retail_price"}, "", 1),
    ("amount", 201, {"price_type": "retail_price"}, "", 0),
    ("amount", 10, {"overlimit": 100}, "", 10),
    ("amount", 10, {"overlimit": 99.99}, "", 0),
    ("quantity", 2, {}, "", 3),
    ("quantity", 4, {}, "", 1),
    ("quantity", 7, {}, "", 0),
    ("quantity", 2, {}, "c", 1),
    ("quantity", 1, {"overlimit": 5}, "", 0),
    ("quantity", 3, {"overlimit": 6}, "", 2),
    ("distinct", 1, {"distinct_by": "sku"}, "", 3),
    ("distinct", 2, {"distinct_by": "sku"}, "", 1),
    ("distinct", 4, {"distinct_by": "sku"}, "", 0),
    ("distinct", 1, {"distinct_by": "base_code"}, "", 2),
    ("distinct", 3, {"distinct_by": "base_code"}, "", 0),
    ("distinct", 1, {"distinct_by": "base_code"}, "bc", 1),
    ("query", 1, {"query": [["attributes__fabric", "wool"]]}, "", 1),
    ("query", 2, {"query": [["attributes__fabric", "wool"]]}, "", 0),
    ("query", 1, {"query": [["attributes__fabric", "linen"]]}, "", 0),
    ("query", 1, {"query": [["attributes__fabric", "wool"]]}, "bc", 0),
]


def test_conditions_hold_as_often_as_there_is_enough(shop: Shop, full: Full) -> None:
    collections = {about: full.collection(shop, about) for about in ("", "b", "c", "bc")}
    offer = shop.offer("fixed", 1)
    for limit in (0, 2):
        shop.feed("campaigns/basket-offers", {"id": offer, "allowed_quantity_per_basket": limit})
        for condition, value, when, about, times in CONDITIONS:
            kwargs = {"value": value, "consume_type": "locally", **when}
            row = {"condition_type": condition, "kwargs": kwargs, "product_collection": collections[about]}
            shop.feed("campaigns/conditions", {"id": offer, **row})
            expected = min(times, limit) if limit else times
            given = full.buyer.get().given
            assert given == ({str(offer): Decimal(expected)} if expected else {}), (row, about, limit)


# What is given where three units, so two times, are asked for: amount, what else, the products it is about.
BENEFITS: list[tuple[str, object, dict[str, Any], str, str]] = [
    ("percentage", 10, {}, "", "10.00"),
    ("percentage", 12.345, {}, "", "12.35"),
    ("percentage", 100, {}, "", "100.00"),
    ("percentage", 0.01, {}, "a", "0.00"),
    ("percentage", 15, {}, "ab", "10.50"),
    ("percentage", 15, {"price_type": "retail_price"}, "ab", "21.00"),
    ("fixed", 7.5, {}, "", "15.00"),
    ("fixed", 500, {}, "", "100.00"),
    ("fixed", 25, {}, "c", "30.00"),
    ("multibuy", None, {}, "", "20.00"),
    ("multibuy", 50, {}, "", "10.00"),
    ("multibuy", 100, {"allowed_quantity": 2}, "", "50.00"),
    ("multibuy", 100, {}, "a", "30.00"),
    ("multibuy", 33.33, {"allowed_quantity": 9}, "", "33.33"),
    ("sample_product", 100, {}, "b", "20.00"),
    ("sample_product", 50, {"allowed_quantity": 100}, "b", "20.00"),
    ("sample_product", 100, {"allowed_quantity": 2}, "", "20.00"),
]


def test_benefits_take_off_to_the_cent(shop: Shop, full: Full) -> None:
    collections = {about: full.collection(shop, about) for about in ("", "a", "b", "c", "ab")}
    offer = shop.offer("percentage", 1, value=3)
    for benefit, amount, gives, about, discount in BENEFITS:
        kwargs = {"consume_type": "locally", **({} if amount is None else {"amount": amount}), **gives}
        row = {"benefit_type": benefit, "kwargs": kwargs, "product_collection": collections[about]}
        shop.feed("campaigns/benefits", {"id": offer, **row})
        basket = full.buyer.get()
        assert basket.total_discount_amount == discount, (row, about)
        assert basket.given == ({str(offer): Decimal(discount)} if Decimal(discount) else {})
        touched = {line.product.pk for line in basket.basketitem_set if Decimal(line.discount_amount)}
        assert touched <= {getattr(full, name).id for name in about or "abc"}


def test_benefits_that_leave_the_totals_alone(shop: Shop, full: Full) -> None:
    once: dict[str, Any] = {"allowed_quantity_per_basket": 1}
    shop.offer("point", 5, **once)
    shop.offer("loyalty_point", 7, **once)
    assert full.buyer.get().points == 12
    shop.offer("shipping_free", None, **once)
    basket = full.buyer.get()
    assert basket.shipping_free is True
    assert all(line.shipping_discount is not None for line in basket.basketitem_set)
    shop.offer("coupon", 15, **once)
    shop.offer("voucher", 15, **once)
    basket = full.buyer.get()
    assert basket.sums == ("100.00", "0.00", "100.00")
    assert basket.points == 12


def test_spread_adds_up_where_cents_do_not_divide(shop: Shop) -> None:
    buyer = shop.shopper()
    for price in ("0.01", "0.02", "3.33", "9.99", "0.00"):
        buyer.add(shop.product(price), 3)
    total = Decimal("40.05")
    for percent in ("33.33", "7.77", "99.99"):
        offer = shop.offer("percentage", float(percent))
        basket = buyer.get()  # which checks the sums
        assert Decimal(basket.total_discount_amount) == (total * Decimal(percent) / 100).quantize(Decimal("0.01"))
        shop.feed("campaigns/basket-offers", {"id": offer, "status": "passive"})


def test_discount_may_be_shared_with_the_lines_of_the_condition(shop: Shop, full: Full) -> None:
    on, gives_on = shop.collection(full.b), shop.collection(full.a)
    shop.offer("percentage", 10, on=on, gives_on=gives_on, gives={"share_benefit_on_conditions": True})
    basket = full.buyer.get()
    assert basket.total_discount_amount == "3.00"
    shares = {line.product.pk: Decimal(line.discount_amount) for line in basket.basketitem_set}
    assert shares == {full.a.id: Decimal("1.29"), full.b.id: Decimal("1.71"), full.c.id: Decimal(0)}


@pytest.mark.parametrize(
    ("price_type", "discount"), [("unit_price", "60.00"), ("discount_unit_price", "55.00"), ("retail_price", "100.00")]
)
def test_price_type_names_the_price_that_later_offers_reduce(
    shop: Shop, full: Full, price_type: str, discount: str
) -> None:
    shop.offer("percentage", 50, gives={"price_type": price_type}, priority=2)
    shop.offer("percentage", 10, priority=1)
    assert full.buyer.get().total_discount_amount == discount


def test_offers_apply_by_priority_and_those_without_one_last(shop: Shop, full: Full) -> None:
    left = {"price_type": "discount_unit_price"}
    last = shop.offer("percentage", 50, gives=left, priority=0)
    second = shop.offer("percentage", 10, gives=left, priority=2)
    first = shop.offer("fixed", 20, priority=1, allowed_quantity_per_basket=1)
    expected = {str(first): Decimal(20), str(second): Decimal(8), str(last): Decimal(36)}
    assert full.buyer.get().given == expected
    shop.feed("campaigns/basket-offers", {"id": last, "priority": 1}, {"id": first, "priority": 3})
    expected = {str(last): Decimal(50), str(second): Decimal(5), str(first): Decimal(20)}
    assert full.buyer.get().given == expected


@pytest.mark.parametrize(
    ("alone", "given"), [(14.99, {"10": 10, "5": 5}), (15.01, {"alone": 15.01}), (0, {"10": 10, "5": 5})]
)
def test_offer_that_does_not_merge_is_alone_or_not_there(
    shop: Shop, full: Full, alone: float, given: dict[str, float]
) -> None:
    shop.offer("percentage", 10, label="10")
    shop.offer("percentage", 5, label="5")
    shop.offer("percentage", alone, label="alone", is_mergable=False, priority=1)
    shop.offer("percentage", 1, label="other", is_mergable=False)
    assert full.buyer.get().given == {name: Decimal(str(amount)) for name, amount in given.items()}


def test_units_used_up_globally_are_gone_for_later_offers(shop: Shop, full: Full) -> None:
    everywhere = {"consume_type": "globally"}
    first = shop.offer("fixed", 1, value=4, when=everywhere, priority=1, allowed_quantity_per_basket=1)
    second = shop.offer("fixed", 1, value=2, priority=2)
    # The four cheapest are gone; two are left.
    assert full.buyer.get().given == {str(first): Decimal(1), str(second): Decimal(1)}
    shop.feed("campaigns/conditions", {"id": first, "kwargs": {"value": 4, "consume_type": "locally"}})
    assert full.buyer.get().given == {str(first): Decimal(1), str(second): Decimal(3)}


def test_units_benefited_globally_are_gone_for_later_offers(shop: Shop, full: Full) -> None:
    on = shop.collection(full.c)
    first = shop.offer("percentage", 10, gives={"consume_type": "globally"}, gives_on=on, priority=1)
    second = shop.offer("percentage", 10, priority=2)
    assert full.buyer.get().given == {str(first): Decimal(3), str(second): Decimal(7)}


def test_offer_is_for_its_currencies_only(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("100.00", usd="10.00")
    buyer.add(product)
    lira, both = shop.offer("percentage", 10), shop.offer("percentage", 20, currencies=["try", "usd"])
    assert set(buyer.get().given) == {str(lira), str(both)}
    assert buyer.get(headers={"X-Currency": "usd"}).given == {str(both): Decimal(2)}


def test_sellers_products_are_only_seen_by_offers_for_them(shop: Shop) -> None:
    source = shop.product().id
    shop.feed("catalogs/data-sources", {"id": source, "name": "Seller", "slug": f"seller-{source}"})
    buyer = shop.shopper()
    buyer.add(shop.product("100.00", data_source=source))
    buyer.add(shop.product("50.00"))
    offer = shop.offer("percentage", 10)
    assert buyer.get().total_discount_amount == "5.00"
    shop.feed("campaigns/basket-offers", {"id": offer, "is_available_for_data_sources": True})
    assert buyer.get().total_discount_amount == "15.00"


def test_answer_does_not_depend_on_the_order_in_which_lines_came(shop: Shop) -> None:
    products = [shop.product(price) for price in ("19.99", "20.00", "20.00", "7.77")]
    shop.offer("multibuy", 50, value=3, priority=1)
    shop.offer("percentage", 7, priority=2)
    shown = []
    for order in (products, products[::-1], products[2:] + products[:2]):
        buyer = shop.shopper()
        for product in order:
            buyer.add(product, 2)
        shown.append(buyer.get().sums)
    assert len(set(shown)) == 1
