"""Terms of conditions and of dynamic collections."""

from typing import Any

import pytest

from src.modules.offers.rules import (
    Missing,
    ProductFacts,
    Shopper,
    UnfitCampaign,
    matches,
    product_terms,
    read_condition,
)
from tests.modules.offers.rules.campaigns import allocated, fed, line, outcome

LINES = [line(1, 3000, 2), line(2, 1000)]
GUEST = Shopper(None, None, frozenset(), "usd", "ios")
PRODUCT = ProductFacts(
    "SKU1", "BASE", frozenset({10, 20}), {"color": "red", "size": 30, "new": True, "width": 1.5, "tags": ["a", 5]}
)


def missing(*terms: list[Any], shopper: Shopper | None = None, where: str = "query") -> Missing | None:
    campaign = fed(1, ("quantity", {"value": 1, where: list(terms)}))
    allocation = allocated(LINES, campaign, shopper=shopper) if shopper else allocated(LINES, campaign)
    return outcome(allocation, 1).missing


@pytest.mark.parametrize("where", ["query", "sub_conditions"])
@pytest.mark.parametrize(
    ("holding", "failing"),
    [
        (["email_in", ["else@example.com", " Shopper@Example.com"]], ["email_in", ["else@example.com"]]),
        (["user_in", [7, "8"]], ["user_in", [8]]),
        (["user_group_in", ["members", "staff"]], ["user_group_in", ["staff"]]),
        (["currency_in", ["TRY"]], ["currency_in", ["usd"]]),
        (["client_type_in", ["default"]], ["client_type_in", ["ios"]]),
        (["basket__get_total_product_amount__lte", "70.00"], ["basket__get_total_product_amount__lte", "69.99"]),
        (["basket__total_quantity__lte", 3], ["basket__total_quantity__lte", 2]),
    ],
)
def test_terms_about_shopper_and_basket_hold_or_shut_the_offer_out(
    where: str, holding: list[Any], failing: list[Any]
) -> None:
    assert missing(holding, where=where) is None
    assert missing(failing, where=where) == Missing("terms")
    assert missing(holding, failing, where=where) == Missing("terms")


def test_basket_that_is_too_small_is_told_by_how_much() -> None:
    assert missing(["basket__get_total_product_amount__gte", 70]) is None
    assert missing(["basket__get_total_product_amount__gte", 100]) == Missing("amount", 10000, 7000, 3000, 70)
    assert missing(["basket__total_quantity__gte", 4]) == Missing("quantity", 4, 3, 1, 75)
    assert missing(["basket__total_quantity__gte", 4], ["user_in", [8]]) == Missing("terms")


def test_guest_is_nobody() -> None:
    assert missing(["email_in", ["shopper@example.com"]], shopper=GUEST) == Missing("terms")
    assert missing(["user_in", [7]], shopper=GUEST) == Missing("terms")
    assert missing(["client_type_in", ["ios"]], ["currency_in", ["usd"]], shopper=GUEST) is None


def test_basket_terms_count_lines_of_data_sources_too() -> None:
    lines = [line(1, 1000), line(2, 9000, from_data_source=True)]
    campaign = fed(1, ("quantity", {"value": 1, "query": [["basket__get_total_product_amount__gte", 100]]}))
    assert outcome(allocated(lines, campaign), 1).state == "applied"


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (["sku_in", ["SKU1", "SKU2"]], True),
        (["sku_in", ["SKU2"]], False),
        (["sku_in", []], False),
        (["base_code_in", ["BASE"]], True),
        (["base_code_in", ["SKU1"]], False),
        (["category_in", [20, 30]], True),
        (["category_in", ["20"]], True),
        (["category_in", [30]], False),
        (["attributes__color", "red"], True),
        (["attributes__color", "Red"], False),
        (["attributes__color__in", ["blue", "red"]], True),
        (["attributes__color__in", ["blue"]], False),
        (["attributes__size", "30"], True),
        (["attributes__size", 30.0], True),
        (["attributes__new", True], True),
        (["attributes__new", 1], False),
        (["attributes__width", "1.5"], True),
        (["attributes__tags", "a"], True),
        (["attributes__tags__in", ["5"]], True),
        (["attributes__tags", "b"], False),
        (["attributes__absent", "None"], False),
    ],
)
def test_terms_about_products(term: list[Any], fits: bool) -> None:
    assert matches(PRODUCT, product_terms([term])) is fits


def test_product_fulfils_all_terms_of_a_collection() -> None:
    assert matches(PRODUCT, product_terms([["sku_in", ["SKU1"]], ["attributes__color", "red"]]))
    assert not matches(PRODUCT, product_terms([["sku_in", ["SKU1"]], ["attributes__color", "blue"]]))
    assert matches(PRODUCT, product_terms([]))
    assert not matches(ProductFacts("A", None, frozenset(), {}), product_terms([["base_code_in", ["A"]]]))


@pytest.mark.parametrize(
    "query",
    [
        [["sku", "SKU1"]],
        [["sku__in", ["SKU1"]]],
        [["attributes__", "red"]],
        [["attributes____in", ["red"]]],
        [["basket__total_quantity", 3]],
        [["", 3]],
        [["sku_in", "SKU1"]],
        [["sku_in", [None]]],
        [["sku_in", [["SKU1"]]]],
        [["sku_in", [True]]],
        [["user_in", ["seven"]]],
        [["user_in", [7.0]]],
        [["category_in", [True]]],
        [["email_in", [7]]],
        [["attributes__color", None]],
        [["attributes__color", ["red"]]],
        [["attributes__color__in", "red"]],
        [["basket__total_quantity__gte", -1]],
        [["basket__total_quantity__gte", 1.5]],
        [["basket__total_quantity__gte", [1]]],
        [["basket__get_total_product_amount__lte", "1.005"]],
        [["basket__get_total_product_amount__lte", float("nan")]],
        [["basket__get_total_product_amount__lte", True]],
        [["sku_in"]],
        [["sku_in", ["A"], ["B"]]],
        ["sku_in", ["A"]],
        [[7, ["A"]]],
        [{"name": "sku_in"}],
        {"sku_in": ["A"]},
        "sku_in",
        7,
    ],
)
@pytest.mark.parametrize("where", ["query", "sub_conditions"])
def test_unknown_terms_and_values_of_wrong_types_are_refused(query: Any, where: str) -> None:
    with pytest.raises(UnfitCampaign) as refusal:
        read_condition("query", {where: query}, None)
    assert refusal.value.field == "kwargs"
    assert refusal.value.message


def test_collection_takes_only_terms_about_products() -> None:
    with pytest.raises(UnfitCampaign, match="email_in") as refusal:
        product_terms([["email_in", ["shopper@example.com"]]])
    assert refusal.value.field == "query"
    with pytest.raises(UnfitCampaign):
        product_terms([["colour_in", ["red"]]])


def test_long_wrong_name_is_not_repeated_whole() -> None:
    with pytest.raises(UnfitCampaign) as refusal:
        product_terms([["x" * 100_000, 1]])
    assert len(refusal.value.message) < 200
