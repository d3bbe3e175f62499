"""Whether conditions hold, how often, what is missing, and which units they use up."""

from typing import Any

import pytest

from src.modules.offers.rules import Missing
from tests.modules.offers.rules.campaigns import allocated, fed, line, only, outcome

POINT = ("point", {"amount": 1})
LOCALLY = {"consume_type": "locally"}
GLOBALLY = {"consume_type": "globally"}


def applications(lines: list[Any], condition: tuple[str, dict[str, Any]], **changed: Any) -> int:
    applied = only(lines, fed(1, condition, POINT, **changed))
    return applied.applications if applied else 0


def missing(lines: list[Any], condition: tuple[str, dict[str, Any]], **changed: Any) -> Missing:
    found = outcome(allocated(lines, fed(1, condition, POINT, **changed)), 1)
    assert found.state == "missing"
    assert found.missing is not None
    return found.missing


def test_amount_holds_once_for_each_time_it_is_reached() -> None:
    lines = [line(1, 4000, 2), line(2, 1999)]
    assert applications(lines, ("amount", {"value": 33})) == 3
    assert applications(lines, ("amount", {"value": "99.99"})) == 1
    assert missing(lines, ("amount", {"value": 100})) == Missing("amount", 10000, 9999, 1, 99)


def test_amount_counts_the_prices_that_its_price_type_names() -> None:
    lines = [line(1, 4000, retail_price=6000)]
    assert applications(lines, ("amount", {"value": 60, "price_type": "retail_price"})) == 1
    assert applications(lines, ("amount", {"value": 60, "price_type": "unit_price"})) == 0


def test_amount_of_discounted_prices_counts_what_earlier_offers_have_left() -> None:
    half = fed(1, benefit=("percentage", {"amount": 50, **LOCALLY}), priority=1)
    after = fed(2, ("amount", {"value": 21, "price_type": "discount_unit_price"}), POINT)
    found = outcome(allocated([line(1, 4000)], half, after), 2)
    assert found.state == "beaten"
    assert found.beaten_by == (1,)
    assert found.missing == Missing("amount", 2100, 2000, 100, 95)


def test_quantity_counts_units_of_its_collection() -> None:
    lines = [line(1, quantity=5, collections=frozenset({3})), line(2, quantity=9)]
    assert applications(lines, ("quantity", {"value": 2}), condition_collection=3) == 2
    assert missing(lines, ("quantity", {"value": 8}), condition_collection=3) == Missing("quantity", 8, 5, 3, 62)


def test_condition_about_no_line_misses_products() -> None:
    assert missing([line(1)], ("quantity", {"value": 2}), condition_collection=3) == Missing("products", 2, 0, 2, 0)
    assert missing([], ("quantity", {"value": 0})) == Missing("products")


@pytest.mark.parametrize(("distinct_by", "times"), [("sku", 3), ("base_code", 2), (None, 3)])
def test_distinct_counts_different_codes(distinct_by: str | None, times: int) -> None:
    lines = [
        line(1, quantity=3, base_code="A"),
        line(2, base_code="A"),
        line(3, base_code="B"),
        line(4, base_code=None),
        line(5, base_code=None),
        line(6, base_code="A"),
        line(7, sku="SKU4", base_code=None),
    ]
    assert applications(lines, ("distinct", {"value": 2, "distinct_by": distinct_by})) == times


def test_distinct_uses_the_cheapest_unit_of_each_code() -> None:
    lines = [line(1, 500, 2, sku="A"), line(2, 300, sku="A"), line(3, 900, sku="B")]
    distinct = fed(1, ("distinct", {"value": 2, **GLOBALLY}), POINT, priority=1)
    rest = fed(2, benefit=("percentage", {"amount": 100}))
    assert allocated(lines, distinct, rest).applied[1].by_line == {1: 1000}


def test_query_holds_once_when_a_unit_fulfils_its_terms() -> None:
    lines = [line(1, quantity=4, attributes={"color": "red"}), line(2)]
    assert applications(lines, ("query", {"query": [["attributes__color", "red"]]})) == 1
    assert applications(lines, ("query", {"value": 2})) == 1
    assert missing(lines, ("query", {"query": [["sku_in", ["SKU2"]]], "value": 2})) == Missing("query", 2, 1, 1, 50)
    assert missing(lines, ("query", {"query": [["attributes__color", "blue"]]})) == Missing("products", 1, 0, 1, 0)


def test_terms_about_products_narrow_what_any_condition_counts() -> None:
    lines = [line(1, quantity=4, categories=frozenset({10})), line(2, quantity=4)]
    assert applications(lines, ("quantity", {"value": 2, "sub_conditions": [["category_in", [10]]]})) == 2


def test_over_limit_is_the_most_that_may_be_there() -> None:
    condition = ("amount", {"value": 10, "overlimit": 20})
    assert applications([line(1, 2000)], condition) == 2
    assert missing([line(1, 2001)], condition) == Missing("over_limit", 2000, 2001, 0, 100)


def test_over_limit_of_nothing_is_none() -> None:
    assert applications([line(1, 2000)], ("amount", {"value": 10, "overlimit": 0})) == 2


def test_condition_without_a_value_holds_once() -> None:
    assert applications([line(1, quantity=5)], ("quantity", {"value": 0})) == 1
    assert applications([line(1, quantity=5)], ("amount", {})) == 1


def test_applications_stop_at_the_limit_per_basket() -> None:
    assert applications([line(1, quantity=5)], ("quantity", {"value": 1}), max_applications=3) == 3
    assert applications([line(1, quantity=5)], ("quantity", {"value": 1}), max_applications=0) == 5


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (("quantity", {"value": 2}), {2: 1000, 3: 5000}),
        # Two units and a bit are needed: the third is used whole.
        (("amount", {"value": "10.01"}), {3: 5000}),
        (("query", {"value": 2}), {2: 1000, 3: 5000}),
        (("query", {}), {1: 500, 2: 1000, 3: 5000}),
        (("distinct", {"value": 2}), {1: 500, 3: 5000}),
    ],
)
def test_units_that_a_condition_uses_globally_are_gone_for_later_offers(
    condition: tuple[str, dict[str, Any]], left: dict[int, int]
) -> None:
    lines = [line(3, 5000), line(2, 1000), line(1, 500, 2)]
    first = fed(1, (condition[0], {**condition[1], **GLOBALLY}), POINT, priority=1, max_applications=1)
    rest = fed(2, benefit=("percentage", {"amount": 100}))
    assert allocated(lines, first, rest).applied[1].by_line == left


def test_units_that_a_condition_uses_locally_stay_free() -> None:
    lines = [line(1, quantity=2)]
    offers = [fed(number, ("quantity", {"value": 2, **LOCALLY}), POINT) for number in (1, 2)]
    assert [applied.offer_id for applied in allocated(lines, *offers).applied] == [1, 2]
    offers = [fed(number, ("quantity", {"value": 2, **GLOBALLY}), POINT) for number in (1, 2)]
    assert [applied.offer_id for applied in allocated(lines, *offers).applied] == [1]


def test_each_offer_counts_the_units_that_all_before_it_have_left() -> None:
    offers = [fed(number, ("quantity", {"value": 1, **GLOBALLY}), POINT, max_applications=1) for number in (1, 2, 3)]
    assert [applied.offer_id for applied in allocated([line(1, quantity=2)], *offers).applied] == [1, 2]


def test_condition_uses_the_cheapest_units_by_its_own_price_type() -> None:
    lines = [line(1, 100, retail_price=900), line(2, 200, retail_price=800)]
    condition = ("quantity", {"value": 1, "price_type": "retail_price", **GLOBALLY})
    first = fed(1, condition, POINT, priority=1, max_applications=1)
    rest = fed(2, benefit=("percentage", {"amount": 100}))
    assert allocated(lines, first, rest).applied[1].by_line == {1: 100}


def test_distinct_uses_only_units_that_are_free() -> None:
    lines = [line(1, 300, sku="A"), line(2, 500, sku="A"), line(3, 900, sku="B")]
    first = fed(1, ("quantity", {"value": 1, **GLOBALLY}), POINT, priority=1, max_applications=1)
    second = fed(2, ("distinct", {"value": 1, **GLOBALLY}), POINT, priority=2, max_applications=1)
    rest = fed(3, benefit=("percentage", {"amount": 100}))
    assert allocated(lines, first, second, rest).applied[2].by_line == {3: 900}
