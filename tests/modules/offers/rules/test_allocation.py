"""Which offers apply together, in which order, and what is told of the others."""

import pytest

from src.modules.offers.rules import Missing
from tests.modules.offers.rules.campaigns import allocated, fed, line, outcome

LINES = [line(1, 10000)]


def test_priority_goes_from_one_upwards_and_none_comes_last() -> None:
    offers = [fed(1, priority=0), fed(2, priority=2), fed(3, priority=1), fed(4, priority=0), fed(5, priority=2)]
    allocation = allocated(LINES, *offers)
    assert [applied.offer_id for applied in allocation.applied] == [3, 2, 5, 1, 4]
    assert [found.offer_id for found in allocation.outcomes] == [3, 2, 5, 1, 4]


def test_later_offers_have_what_earlier_ones_leave() -> None:
    first = fed(1, benefit=("percentage", {"amount": 80}), priority=1)
    second = fed(2, benefit=("percentage", {"amount": 50}))
    allocation = allocated(LINES, first, second)
    assert [applied.discount for applied in allocation.applied] == [8000, 2000]
    assert [found.alone for found in allocation.outcomes] == [8000, 5000]


def test_each_offer_sees_what_all_before_it_have_changed() -> None:
    half = {"amount": 50, "price_type": "discount_unit_price"}
    offers = [fed(number, benefit=("percentage", half), priority=number) for number in range(1, 5)]
    assert [applied.discount for applied in allocated(LINES, *offers).applied] == [5000, 2500, 1250, 625]


def test_each_offer_finds_the_cheapest_units_by_what_all_before_it_have_left() -> None:
    cheapest = {"amount": 50, "price_type": "discount_unit_price"}
    off_the_dear = {"amount": 90}
    lines = [line(1, 1000), line(2, 2000, collections=frozenset({2}))]
    offers = [
        fed(1, benefit=("fixed", {"amount": "0.01"}), priority=1, max_applications=1),
        fed(2, benefit=("multibuy", cheapest), priority=2, max_applications=1),
        fed(3, benefit=("percentage", off_the_dear), priority=3, benefit_collection=2),
        fed(4, benefit=("multibuy", cheapest), priority=4, max_applications=1),
    ]
    by_line = [dict(applied.by_line) for applied in allocated(lines, *offers).applied]
    assert by_line == [{2: 1}, {1: 500}, {2: 1800}, {2: 100}]


def test_offer_sees_changes_of_the_lines_that_only_its_benefit_is_about() -> None:
    lines = [line(1, 1000, collections=frozenset({1})), line(2, 1000, collections=frozenset({2}))]
    first = fed(1, benefit=("percentage", {"amount": 80}), benefit_collection=2, priority=1)
    second = fed(2, benefit=("percentage", {"amount": 50}), condition_collection=1, benefit_collection=2)
    assert [applied.discount for applied in allocated(lines, first, second).applied] == [800, 200]


def test_offer_that_goes_with_others_wins_over_a_single_one_of_the_same_discount() -> None:
    offers = [fed(2), fed(1, is_mergable=False, priority=1)]
    assert [applied.offer_id for applied in allocated(LINES, *offers).applied] == [2]


@pytest.mark.parametrize(
    ("alone", "winners"),
    [(29, [1, 2]), (30, [1, 2]), (31, [3])],
)
def test_offer_that_goes_with_no_other_applies_if_it_takes_more_off(alone: int, winners: list[int]) -> None:
    offers = [
        fed(1, benefit=("percentage", {"amount": 10})),
        fed(2, benefit=("percentage", {"amount": 20})),
        fed(3, benefit=("percentage", {"amount": alone}), is_mergable=False, priority=1),
    ]
    allocation = allocated(LINES, *offers)
    assert [applied.offer_id for applied in allocation.applied] == winners
    for found in allocation.outcomes:
        assert found.state == ("applied" if found.offer_id in winners else "beaten")
        assert found.beaten_by == (() if found.offer_id in winners else tuple(winners))
    assert outcome(allocation, 3).alone == alone * 100


def test_equal_discounts_of_single_offers_go_by_priority_then_id() -> None:
    offers = [fed(1, is_mergable=False), fed(2, is_mergable=False, priority=3), fed(3, is_mergable=False, priority=3)]
    assert [applied.offer_id for applied in allocated(LINES, *offers).applied] == [2]


def test_more_offers_win_over_one_of_the_same_discount() -> None:
    shipping = fed(1, benefit=("shipping_free", {}))
    discount = fed(2)
    single = fed(3, is_mergable=False, priority=1)
    assert [applied.offer_id for applied in allocated(LINES, shipping, discount, single).applied] == [1, 2]


def test_single_offer_that_touches_no_total_applies_where_nothing_else_does() -> None:
    single = fed(1, benefit=("shipping_free", {}), is_mergable=False)
    assert allocated(LINES, single).applied[0].shipping_free is True
    allocation = allocated(LINES, single, fed(2))
    assert [applied.offer_id for applied in allocation.applied] == [2]
    assert outcome(allocation, 1).beaten_by == (2,)


def test_offer_is_beaten_only_by_those_before_it() -> None:
    everything = {"amount": 10, "consume_type": "globally"}
    offers = [
        fed(1, benefit=("percentage", everything), priority=1),
        fed(2, ("quantity", {"value": 1}), ("percentage", {"amount": 50}), priority=2),
        fed(3, benefit=("shipping_free", {}), condition_collection=None, for_data_sources=True),
    ]
    lines = [*LINES, line(2, from_data_source=True)]
    allocation = allocated(lines, *offers)
    assert [applied.offer_id for applied in allocation.applied] == [1, 3]
    beaten = outcome(allocation, 2)
    assert (beaten.state, beaten.beaten_by, beaten.alone) == ("beaten", (1,), 5000)
    assert beaten.missing == Missing("quantity", 1, 0, 1, 0)


def test_offer_beside_a_single_winner_is_missing_what_it_is_missing_alone() -> None:
    single = fed(1, benefit=("percentage", {"amount": 90}), is_mergable=False)
    far = fed(2, ("amount", {"value": 250}))
    found = outcome(allocated(LINES, single, far), 2)
    assert (found.state, found.beaten_by, found.alone) == ("missing", (), 0)
    assert found.missing == Missing("amount", 25000, 10000, 15000, 40)


def test_lines_of_data_sources_are_only_for_offers_that_say_so() -> None:
    lines = [line(1, 1000), line(2, 4000, from_data_source=True)]
    assert allocated(lines, fed(1)).applied[0].by_line == {1: 100}
    assert allocated(lines, fed(1, for_data_sources=True)).applied[0].by_line == {1: 100, 2: 400}
    assert outcome(allocated(lines, fed(1, ("quantity", {"value": 2}))), 1).state == "missing"
    assert outcome(allocated(lines[1:], fed(1)), 1).missing == Missing("products", 1, 0, 1, 0)


def test_basket_without_lines_and_offers_without_baskets_are_fine() -> None:
    assert allocated([]).outcomes == ()
    assert allocated(LINES).applied == ()
    everything_free = fed(1, ("amount", {"value": 0}), ("shipping_free", {}))
    assert outcome(allocated([], everything_free), 1).state == "missing"


def test_offers_can_be_used_for_many_baskets() -> None:
    offers = [fed(1, ("quantity", {"value": 2, "query": [["sku_in", ["SKU1"]]]}), ("multibuy", {}))]
    first = allocated([line(1, 500, 2)], *offers)
    assert allocated([line(1, 900, 2)], *offers).applied[0].discount == 900
    assert allocated([line(1, 500, 2)], *offers) == first
