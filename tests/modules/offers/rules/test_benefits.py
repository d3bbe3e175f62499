"""What each benefit gives, from which price, and how it is spread over lines."""

from decimal import Decimal
from typing import Any

import pytest

from src.modules.offers.rules import Applied, Benefit, Condition, Offer, allocate
from src.modules.offers.rules.benefits import half_up, spread
from tests.modules.offers.rules.campaigns import SHOPPER, allocated, fed, line, only, outcome

ONE = ("quantity", {"value": 1})


def given(lines: list[Any], benefit: tuple[str, dict[str, Any]], **changed: Any) -> Applied:
    condition = changed.pop("condition", ONE)
    applied = only(lines, fed(1, condition, benefit, **changed))
    assert applied is not None
    return applied


def test_percentage_is_rounded_once_over_all_lines() -> None:
    # 12.5 % of 0.99 + 0.99 + 1.98 is 0.495; by line it would be 0.12 + 0.12 + 0.25.
    applied = given([line(1, 99), line(2, 99), line(3, 198)], ("percentage", {"amount": "12.5"}))
    assert applied.discount == 50
    assert applied.by_line == {1: 13, 2: 12, 3: 25}


def test_percentage_is_given_once_however_often_the_condition_holds() -> None:
    assert given([line(1, 1000, 4)], ("percentage", {"amount": 10})).discount == 400


def test_half_a_cent_is_rounded_up() -> None:
    assert given([line(1, 5)], ("percentage", {"amount": 10})).discount == 1
    assert [half_up(above, 10) for above in (4, 5, 6, 14, 15)] == [0, 1, 1, 1, 2]


def test_fixed_is_given_for_each_application() -> None:
    assert given([line(1, 1000, 3)], ("fixed", {"amount": "2.50"})).discount == 750
    assert given([line(1, 1000, 3)], ("fixed", {"amount": "2.50"}), max_applications=2).discount == 500


def test_fixed_takes_at_most_what_is_there() -> None:
    assert given([line(1, 100), line(2, 50)], ("fixed", {"amount": 99})).by_line == {1: 100, 2: 50}


def test_fixed_takes_at_most_the_price_of_units_that_are_free() -> None:
    half_of_one = ("multibuy", {"amount": 50, "consume_type": "globally"})
    first = fed(1, benefit=half_of_one, priority=1, max_applications=1)
    second = fed(2, benefit=("fixed", {"amount": 99}))
    assert [applied.discount for applied in allocated([line(1, 1000, 2)], first, second).applied] == [500, 1000]


def test_multibuy_reduces_the_cheapest_units_of_each_application() -> None:
    lines = [line(1, 300, 2), line(2, 200), line(3, 100), line(4, 900, 3)]
    three_for_two = {"condition": ("quantity", {"value": 3})}
    assert given(lines, ("multibuy", {}), **three_for_two).by_line == {2: 200, 3: 100}
    assert given(lines, ("multibuy", {"allowed_quantity": 2, "amount": 50}), **three_for_two).by_line == {
        1: 300,
        2: 100,
        3: 50,
    }


def test_three_for_two_works_with_just_three() -> None:
    condition = ("quantity", {"value": 3, "consume_type": "globally"})
    applied = given([line(1, 500, 3)], ("multibuy", {"consume_type": "globally"}), condition=condition)
    assert applied.by_line == {1: 500}


def test_sample_product_reduces_so_many_units_in_all() -> None:
    lines = [line(1, 900, 5), line(2, 400, 3, collections=frozenset({8}))]
    benefit = ("sample_product", {"amount": 50, "allowed_quantity": 2})
    assert given(lines, benefit, benefit_collection=8).by_line == {2: 400}
    assert given(lines, ("sample_product", {}), benefit_collection=8).by_line == {2: 400}
    assert given(lines, ("sample_product", {"allowed_quantity": 100}), benefit_collection=8).by_line == {2: 1200}


@pytest.mark.parametrize(
    ("benefit", "told"),
    [
        (("point", {"amount": 10}), {"points": 30}),
        (("loyalty_point", {"amount": "7.90"}), {"points": 21}),
        (("coupon", {"amount": "5.25"}), {"coupon": 1575}),
        (("voucher", {"amount": 1}), {"coupon": 300}),
        (("shipping_free", {}), {"shipping_free": True}),
    ],
)
def test_benefits_that_do_not_touch_totals(benefit: tuple[str, dict[str, Any]], told: dict[str, Any]) -> None:
    plain = {"points": 0, "coupon": 0, "shipping_free": False}
    expected = Applied(offer_id=1, applications=3, discount=0, by_line={}, **{**plain, **told})
    assert given([line(1, quantity=3)], benefit) == expected


def test_benefits_that_do_not_touch_totals_use_no_units_up() -> None:
    lines = [line(1, 1000)]
    shipping = fed(1, benefit=("shipping_free", {"consume_type": "globally"}), priority=1)
    assert [applied.discount for applied in allocated(lines, shipping, fed(2)).applied] == [0, 100]


def test_price_type_names_the_price_that_a_discount_is_computed_from() -> None:
    lines = [line(1, 1000, 2, retail_price=1500)]
    first = fed(1, benefit=("percentage", {"amount": 50, "price_type": "unit_price"}), priority=1)
    for price_type, discount in (("unit_price", 500), ("retail_price", 750), ("discount_unit_price", 250)):
        second = fed(2, benefit=("percentage", {"amount": 25, "price_type": price_type}))
        assert allocated(lines, first, second).applied[1].discount == discount


def test_discounted_price_of_a_unit_is_a_part_of_what_is_left_of_its_line() -> None:
    # A cent less than 10.00 for three: 333 and a third cents each, of which half is taken off one.
    lines = [line(1, 1000, 3), line(2, 5000)]
    first = fed(1, benefit=("fixed", {"amount": 20}), benefit_collection=1, priority=1, max_applications=1)
    second = fed(2, benefit=("multibuy", {"amount": 50, "price_type": "discount_unit_price"}), max_applications=1)
    lines[0] = line(1, 1000, 3, collections=frozenset({1}))
    assert [dict(applied.by_line) for applied in allocated(lines, first, second).applied] == [{1: 2000}, {1: 167}]


def test_spread_goes_by_largest_remainder_then_by_line() -> None:
    lines = [line(3, 100), line(1, 100), line(2, 100)]
    assert given(lines, ("fixed", {"amount": 1}), max_applications=1).by_line == {1: 34, 2: 33, 3: 33}
    lines = [line(1, 100), line(2, 250)]
    assert given(lines, ("fixed", {"amount": 1}), max_applications=1).by_line == {1: 29, 2: 71}


def test_share_that_exceeds_its_line_goes_on_to_the_next() -> None:
    lines = [line(1, 100, retail_price=900), line(2, 900, retail_price=900), line(3, 900, retail_price=900)]
    applied = given(lines, ("fixed", {"amount": 9, "price_type": "retail_price"}), max_applications=1)
    assert applied.by_line == {1: 100, 2: 500, 3: 300}


def test_share_that_exceeds_the_last_line_goes_on_to_the_first() -> None:
    assert spread(90, [1, 1, 1], [100, 100, 10]) == [50, 30, 10]
    assert spread(90, [1, 1, 1], [40, 35, 15]) == [40, 35, 15]


def test_no_line_costs_less_than_nothing_whatever_price_a_discount_is_computed_from() -> None:
    lines = [line(1, 100, retail_price=9900), line(2, 50)]
    applied = given(lines, ("percentage", {"amount": 50, "price_type": "retail_price"}))
    assert applied.by_line == {1: 100, 2: 50}


def test_spread_over_the_conditions_lines_too() -> None:
    lines = [line(1, 3000, collections=frozenset({1})), line(2, 1000, collections=frozenset({2}))]
    collections = {"condition_collection": 1, "benefit_collection": 2}
    shared: dict[str, Any] = {"amount": 100, "share_benefit_on_conditions": True}
    assert given(lines, ("percentage", shared), **collections).by_line == {1: 750, 2: 250}
    shared["share_benefit_on_conditions"] = False
    assert given(lines, ("percentage", shared), **collections).by_line == {2: 1000}


def test_spread_over_the_conditions_lines_too_goes_by_line_where_remainders_are_equal() -> None:
    lines = [line(1, 1000, collections=frozenset({1})), line(2, 1000, collections=frozenset({2}))]
    benefit = ("fixed", {"amount": "0.01", "share_benefit_on_conditions": True})
    assert given(lines, benefit, condition_collection=1, benefit_collection=2).by_line == {1: 1}


def test_unit_of_both_condition_and_benefit_counts_once_in_the_spread() -> None:
    lines = [line(1, 1000, 2), line(2, 2000, collections=frozenset({2}))]
    benefit = ("fixed", {"amount": 10, "share_benefit_on_conditions": True})
    applied = given(lines, benefit, condition=("quantity", {"value": 3}), benefit_collection=2)
    assert applied.by_line == {1: 500, 2: 500}


def test_benefits_units_used_globally_are_gone_for_later_offers() -> None:
    lines = [line(1, 1000, 2)]
    first = fed(1, benefit=("multibuy", {"consume_type": "globally"}), priority=1, max_applications=1)
    assert allocated(lines, first, fed(2)).applied[1].discount == 100
    everything = fed(1, benefit=("percentage", {"amount": 10, "consume_type": "globally"}), priority=1)
    late = outcome(allocated(lines, everything, fed(2)), 2)
    assert (late.state, late.beaten_by, late.alone) == ("beaten", (1,), 200)


def test_unit_that_condition_and_benefit_both_use_up_is_gone_once() -> None:
    lines = [line(1, 1000, 4)]
    everything = {"consume_type": "globally"}
    first = fed(1, ("quantity", {"value": 3, **everything}), ("multibuy", everything), priority=1)
    assert allocated(lines, first, fed(2)).applied[1].discount == 100


def test_benefit_without_its_products_gives_nothing() -> None:
    found = outcome(allocated([line(1)], fed(1, benefit_collection=5)), 1)
    assert (found.state, found.missing) == ("nothing", None)
    found = outcome(allocated([line(1)], fed(1, benefit=("point", {"amount": 0}))), 1)
    assert found.state == "nothing"


def test_offer_that_gives_nothing_uses_nothing_up() -> None:
    idle = fed(1, ("quantity", {"value": 1, "consume_type": "globally"}), priority=1, benefit_collection=5)
    assert [applied.offer_id for applied in allocated([line(1)], idle, fed(2)).applied] == [2]


def test_offers_made_without_the_words_of_the_documents_have_the_same_defaults() -> None:
    made = Offer(1, 0, True, 0, False, Condition("quantity", 2), Benefit("multibuy"))
    assert allocate([line(1, 700, 2)], [made], SHOPPER).applied[0].discount == 700
    made = Offer(1, 0, True, 0, False, Condition("quantity", 2), Benefit("multibuy", Decimal("0.5")))
    assert allocate([line(1, 700, 2)], [made], SHOPPER).applied[0].discount == 4
