"""The terms of conditions: who, what, when; and campaigns that no feed may bring in."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import IDS, Shop

Terms = list[list[Any]]
# What makes a term true, and what makes it false, for this buyer with one unit of this product for 100.00.
TERMS: dict[str, Callable[[Browser, Fed], tuple[object, object]]] = {
    "basket__get_total_product_amount__gte": lambda buyer, product: (100, 100.01),
    "basket__get_total_product_amount__lte": lambda buyer, product: (100, 99.99),
    "basket__total_quantity__gte": lambda buyer, product: (1, 2),
    "basket__total_quantity__lte": lambda buyer, product: (1, 0),
    "email_in": lambda buyer, product: (["x@example.com", buyer.email], ["x@example.com"]),
    "user_in": lambda buyer, product: ([1, buyer.user], [1]),
    "user_group_in": lambda buyer, product: (["other", "vip"], ["other"]),
    "currency_in": lambda buyer, product: (["usd", "try"], ["usd"]),
    "client_type_in": lambda buyer, product: (["default"], ["ios"]),
    "sku_in": lambda buyer, product: (["x", product.sku], ["x"]),
    "base_code_in": lambda buyer, product: (["x", product.base_code], ["x"]),
    "category_in": lambda buyer, product: ([1, product.id], [1]),
    "attributes__color": lambda buyer, product: ("red", "blue"),
    "attributes__color__in": lambda buyer, product: (["blue", "red"], ["blue"]),
}


@pytest.mark.parametrize("where", ["query", "sub_conditions"])
def test_terms_decide_whether_the_offer_holds(shop: Shop, where: str) -> None:
    buyer = shop.shopper(groups=["vip"])
    number = next(IDS)
    shop.feed("catalogs/category-nodes", {"id": number, "name": "Wool", "path": f"{number}"})
    product = shop.product("100.00", attributes={"color": "red"}, category_nodes=[number])
    buyer.add(product)
    offer = shop.offer("percentage", 10)
    for term, values in TERMS.items():
        good, bad = values(buyer, Fed(number, product.sku, product.base_code))
        # All terms must hold.
        for terms, discount in (([good], "10.00"), ([bad], "0.00"), ([good, bad], "0.00"), ([good, good], "10.00")):
            kwargs = {"value": 1, "consume_type": "locally", where: [[term, value] for value in terms]}
            shop.feed("campaigns/conditions", {"id": offer, "kwargs": kwargs})
            assert buyer.get().total_discount_amount == discount, (term, terms)


def test_client_type_is_told_by_its_header(shop: Shop) -> None:
    buyer = shop.shopper()
    buyer.add(shop.product("100.00"))
    shop.offer("percentage", 10, when={"query": [["client_type_in", ["ios"]]]})
    for client, discount in ((None, "0.00"), ("ios", "10.00"), ("android", "0.00")):
        headers = {"X-Client-Type": client} if client else {}
        assert buyer.get(headers=headers).total_discount_amount == discount


def test_terms_about_products_narrow_what_the_condition_counts(shop: Shop) -> None:
    buyer, wool, linen = shop.shopper(), shop.product("100.00"), shop.product("50.00")
    buyer.add(wool, 2)
    buyer.add(linen, 2)
    offer = shop.offer("fixed", 1, condition="amount", value=100, when={"query": [["sku_in", [wool.sku]]]})
    assert buyer.get().given == {str(offer): 2}
    buyer.put(wool, 0)
    assert buyer.get().given == {}


def test_terms_about_people_are_never_fulfilled_by_guests(shop: Shop) -> None:
    guest, buyer, product = shop.guest(), shop.shopper(), shop.product("100.00")
    guest.add(product)
    for term, value in (("email_in", [buyer.email, ""]), ("user_in", [buyer.user, 0]), ("user_group_in", ["vip"])):
        shop.offer("percentage", 10, when={"query": [[term, value]]})
        assert guest.get().total_discount_amount == "0.00"


def test_change_of_who_somebody_is_counts_at_once(shop: Shop) -> None:
    buyer = shop.shopper()
    buyer.add(shop.product("100.00"))
    shop.offer("percentage", 10, when={"query": [["user_group_in", ["vip"]]]})
    assert buyer.get().total_discount_amount == "0.00"
    shop.feed("users", {"id": buyer.user, "groups": ["vip"]})
    assert buyer.get().total_discount_amount == "10.00"


UNFIT: list[tuple[str, dict[str, Any]]] = [
    ("campaigns/conditions", {"condition_type": "quantity", "kwargs": {"value": 1, "query": [["moon_phase", 1]]}}),
    ("campaigns/conditions", {"condition_type": "quantity", "kwargs": {"value": 1, "sub_conditions": [["x__gte", 1]]}}),
    ("campaigns/conditions", {"condition_type": "mood", "kwargs": {"value": 1}}),
    ("campaigns/conditions", {"condition_type": "amount", "kwargs": {"value": "much"}}),
    ("campaigns/conditions", {"condition_type": "amount", "kwargs": {"value": 1}, "product_collection": 2**52}),
    ("campaigns/conditions", {"condition_type": "quantity", "kwargs": {"value": 1, "query": "all"}}),
    ("campaigns/benefits", {"benefit_type": "gold", "kwargs": {"amount": 1}}),
    ("campaigns/benefits", {"benefit_type": "percentage", "kwargs": {"amount": "half"}}),
    ("campaigns/benefits", {"benefit_type": "percentage", "kwargs": {"amount": -5}}),
    ("campaigns/basket-offers", {"offer_type": "sitewide", "promotion": 2**52}),
    ("campaigns/basket-offers", {"offer_type": "gift"}),
    ("campaigns/basket-offers", {"status": "perhaps"}),
    ("campaigns/bulk-voucher-codes", {"code": "x", "basket_offer": 2**52}),
    ("campaigns/product-collections", {"collection_type": "moving"}),
    ("campaigns/product-collections", {"collection_type": "dynamic", "query": [["moon_phase", 1]]}),
    ("campaigns/product-collection-items", {"product": 2**52, "collection": 2**52}),
]


@pytest.mark.parametrize(("resource", "row"), UNFIT)
def test_campaign_that_makes_no_sense_is_refused_when_fed(shop: Shop, resource: str, row: dict[str, Any]) -> None:
    assert shop.rejected(resource, row)


@pytest.mark.parametrize("kwargs", [{"amount": "half"}, {"amount": -5}, {"amount": 500}, {}])
def test_benefits_kwargs_alone_are_judged_too(shop: Shop, kwargs: dict[str, Any]) -> None:
    offer = shop.offer("percentage", 10)
    assert shop.rejected("campaigns/benefits", {"id": offer, "kwargs": kwargs})


def test_documents_own_campaigns_go_in_as_they_are_shown(shop: Shop) -> None:
    """The examples of the warehouse document, with ids of their own."""
    n = next(IDS)
    buyer = shop.shopper()
    collection = shop.collection(name="Çok sevilenler", slug="cok-sevilenler", sort_option=298)
    stamps = {"created_date": "2022-01-17T10:08:26.767434Z", "modified_date": "2022-08-02T21:37:14.517944Z"}
    names = {"name": "Hoş geldin", "slug": "hos-geldin", "translations": None}
    shop.feed("campaigns/promotions", {"id": n, **names, **stamps})
    total: Terms = [["basket__get_total_product_amount__gte", 0]]
    kwargs = {"price_type": "unit_price", "overlimit": 9999, "value": 100, "consume_type": "locally"}
    condition = {
        "id": n,
        "condition_type": "amount",
        "translations": None,
        "upsell_message": "İndirime {remaining} var.",
        "kwargs": {**kwargs, "sub_conditions": total, "query": total},
        "product_collection": None,
    }
    by_mail = {"email_in": ["a@example.com", "b@example.com", "c@example.com"]}
    other = {
        "id": n + 1,
        "condition_type": "quantity",
        "upsell_message": "",
        "kwargs": {"value": 3, "distinct_by": "sku", "query": [list(term) for term in by_mail.items()]},
        "product_collection": collection,
    }
    shop.feed("campaigns/conditions", {**condition, **stamps}, {**other, **stamps})
    sample = {"price_type": "unit_price", "allowed_quantity": 100, "amount": 50, "consume_type": "locally"}
    benefit = {"benefit_type": "sample_product", "kwargs": {**sample, "share_benefit_on_conditions": True}}
    shop.feed("campaigns/benefits", {"id": n, **benefit, "product_collection": None, **stamps})
    shop.offers.append(n)
    offer: dict[str, Any] = {
        "status": "active",
        "offer_type": "coupon",
        "currencies": ["try"],
        "translations": None,
        "label": "Hoş geldin",
        "voucher_code": None,
        "is_visible": True,
        "is_visible_on_list": False,
        "start_datetime": "2022-01-17T10:04:29.208000Z",
        "end_datetime": None,
        "priority": 1,
        "allowed_quantity_per_basket": 1,
        "is_mergable": True,
        "max_usage_per_user": 0,
        "kwargs": {},
        "is_available_for_data_sources": False,
        "max_stock_limit": 0,
    }
    parts = {"promotion": n, "condition": n, "benefit": n, "user": buyer.user}
    shop.feed("campaigns/basket-offers", {"id": n, **offer, **parts, **stamps})
    basket = buyer.add(shop.product("80.00"))
    assert basket.sums == ("80.00", "0.00", "80.00")
    (hint,) = basket.hints("offer")
    assert (hint.params.required, hint.params.partial, hint.params.remaining) == (100, 80, 20)
    assert "{" not in hint.message
    assert hint.message.startswith("İndirime 20")
    assert buyer.add(shop.product("40.00")).sums == ("120.00", "60.00", "60.00")
