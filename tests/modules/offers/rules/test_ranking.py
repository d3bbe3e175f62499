"""A ranking leaves out what can't apply, and nothing else."""

from typing import Any

import pytest

from src.modules.offers.rules import Ranking, Shopper, allocate_ranked
from src.modules.offers.rules.ranking import MAX_KINDS
from tests.modules.offers.rules.campaigns import SHOPPER, fed, line, offer

LINES = [
    line(
        1,
        1000,
        2,
        retail_price=1500,
        base_code="A",
        collections=frozenset({5}),
        categories=frozenset({10}),
        attributes={"color": ["red", "blue"], "size": 30},
    ),
    line(2, 500),
]
# Each holds, and holds no more once its value is raised by the least that counts.
JUST_HOLDING: list[tuple[str, dict[str, Any], int | None]] = [
    ("amount", {"value": "25.00"}, None),
    ("amount", {"value": "25.00", "price_type": "discount_unit_price"}, None),
    ("amount", {"value": "35.00", "price_type": "retail_price"}, None),
    ("quantity", {"value": 3}, None),
    ("query", {"value": 3}, None),
    ("distinct", {"value": 2, "distinct_by": "sku"}, None),
]
ABOUT: list[tuple[list[Any], list[Any]]] = [
    (["sku_in", ["X", "SKU1"]], ["sku_in", ["X"]]),
    (["base_code_in", ["A"]], ["base_code_in", ["B"]]),
    (["category_in", [10, 11]], ["category_in", [11]]),
    (["attributes__color", "blue"], ["attributes__color", "green"]),
    (["attributes__size__in", ["30"]], ["attributes__size__in", ["31"]]),
    (["user_group_in", ["members"]], ["user_group_in", ["staff"]]),
    (["client_type_in", ["default"]], ["client_type_in", ["ios"]]),
    (["currency_in", ["TRY"]], ["currency_in", ["usd"]]),
]


def looked_at(ranking: Ranking, shopper: Shopper = SHOPPER) -> list[tuple[int, str]]:
    """The offers that were looked at, and what became of them."""
    return [(found.offer_id, found.state) for found in allocate_ranked(LINES, ranking, shopper).outcomes]


@pytest.mark.parametrize(("condition_type", "condition", "collection"), JUST_HOLDING)
def test_offer_is_left_out_when_the_basket_is_too_small_for_it(
    condition_type: str, condition: dict[str, Any], collection: int | None
) -> None:
    raised = "35.01" if condition["value"] == "35.00" else "25.01"
    more = raised if condition_type == "amount" else condition["value"] + 1
    holding = fed(1, (condition_type, condition), condition_collection=collection)
    lacking = fed(2, (condition_type, {**condition, "value": more}), condition_collection=collection)
    assert looked_at(Ranking([offer(holding), offer(lacking)])) == [(1, "applied")]


@pytest.mark.parametrize(("fitting", "other"), ABOUT)
def test_offer_is_found_by_what_it_is_about(fitting: list[Any], other: list[Any]) -> None:
    offers = [
        offer(fed(number, ("quantity", {"value": 1, "query": [term]}))) for number, term in enumerate([other, fitting])
    ]
    assert looked_at(Ranking(offers)) == [(1, "applied")]


def test_offer_of_a_collection_is_found_where_one_of_its_products_is() -> None:
    offers = [offer(fed(number, condition_collection=number)) for number in (4, 5)]
    assert looked_at(Ranking(offers)) == [(5, "applied")]


def test_offer_that_tells_what_it_lacks_is_looked_at() -> None:
    offers = [offer(fed(number, ("quantity", {"value": 4}))) for number in (1, 2)]
    assert looked_at(Ranking(offers, telling=[2])) == [(2, "missing")]


def test_offer_that_was_too_much_comes_within_its_limit_when_others_have_taken_something_off() -> None:
    limited = {"value": 1, "overlimit": 24, "price_type": "discount_unit_price"}
    offers = [offer(fed(1)), offer(fed(2, ("amount", limited)))]
    assert [found.offer_id for found in allocate_ranked(LINES, Ranking(offers), SHOPPER).applied] == [1, 2]


def test_any_number_of_kinds_of_shoppers_get_what_is_theirs() -> None:
    groups = [f"group {number}" for number in range(MAX_KINDS + 10)]
    ranking = Ranking(
        [
            offer(fed(n, ("quantity", {"value": 1, "query": [["user_group_in", [group]]]})))
            for n, group in enumerate(groups)
        ]
    )
    for _ in range(2):
        for number, group in enumerate(groups):
            shopper = Shopper(None, None, frozenset({group}), "try", "default")
            applied = allocate_ranked(LINES, ranking, shopper).applied
            assert [found.offer_id for found in applied] == [number]
