"""The engine against the slow reference, and what must be true of any basket with any offers."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.offers.rules import Allocation, Line, Missing, Ranking, Shopper, allocate, allocate_ranked
from tests.modules.offers.rules.campaigns import fed, line, offer
from tests.modules.offers.rules.fed import Fed
from tests.modules.offers.rules.reference import Lacking, work_out

COLLECTIONS = [1, 2, 3]
COLLECTION = st.sampled_from([None, None, None, *COLLECTIONS])
PRICE_TYPE = st.sampled_from(["unit_price", "discount_unit_price", "retail_price"])
CONSUME_TYPE = st.sampled_from(["locally", "globally"])
CENTS = st.sampled_from([0, 1, 33, 50, 99, 100, 100, 250, 999])
MONEY = st.sampled_from([0, "0.01", "0.33", 0.5, 1, "2.50", 7])
PERCENT = st.sampled_from([0, 1, "12.5", 33.3333, 50, 50, 100, 100])

TERM = st.one_of(
    st.tuples(st.just("sku_in"), st.lists(st.sampled_from(["SKU1", "SKU2", "SKU3"]), min_size=1)),
    st.tuples(st.just("base_code_in"), st.lists(st.sampled_from(["A", "B"]), min_size=1)),
    st.tuples(st.just("category_in"), st.lists(st.sampled_from([10, 20]), min_size=1)),
    st.tuples(st.just("attributes__color"), st.sampled_from(["red", "blue", 5])),
    st.tuples(st.just("attributes__color__in"), st.lists(st.sampled_from(["red", "5"]), min_size=1)),
    st.tuples(st.just("basket__get_total_product_amount__gte"), MONEY),
    st.tuples(st.just("basket__get_total_product_amount__lte"), MONEY),
    st.tuples(st.just("basket__total_quantity__gte"), st.integers(0, 6)),
    st.tuples(st.just("basket__total_quantity__lte"), st.integers(0, 9)),
    st.tuples(st.just("user_in"), st.lists(st.sampled_from([7, 8]), min_size=1)),
    st.tuples(st.just("user_group_in"), st.just(["members"])),
    st.tuples(st.just("email_in"), st.just(["shopper@example.com"])),
    st.tuples(st.just("currency_in"), st.lists(st.sampled_from(["try", "usd"]), min_size=1)),
    st.tuples(st.just("client_type_in"), st.lists(st.sampled_from(["default", "ios"]), min_size=1)),
).map(list)
TERMS = st.sampled_from(range(5)).flatmap(lambda one: st.lists(TERM, max_size=0 if one else 2))
SHOPPERS = st.sampled_from(
    [
        Shopper(7, "shopper@example.com", frozenset({"members"}), "try", "default"),
        Shopper(None, None, frozenset(), "usd", "ios"),
    ]
)


@st.composite
def baskets(draw: st.DrawFn) -> list[Line]:
    """A few lines of a few units, with prices that are often equal and discounts that often don't divide."""
    return [
        line(
            number,
            draw(CENTS),
            draw(st.integers(1, 7)),
            sku=draw(st.sampled_from([f"SKU{number}", "SKU1"])),
            retail_price=draw(CENTS),
            base_code=draw(st.sampled_from([None, "A", "B"])),
            collections=draw(st.frozensets(st.sampled_from(COLLECTIONS), min_size=1)),
            categories=draw(st.frozensets(st.sampled_from([10, 20]))),
            attributes=draw(st.sampled_from([{}, {"color": "red"}, {"color": 5}, {"color": ["red", "blue"]}])),
            from_data_source=draw(st.integers(0, 5)) == 0,
        )
        for number in draw(st.lists(st.integers(1, 9), unique=True, min_size=1, max_size=5))
    ]


@st.composite
def campaigns(draw: st.DrawFn, number: int) -> Fed:
    """An offer of any kind."""
    condition_type = draw(st.sampled_from(["amount", "quantity", "distinct", "query"]))
    value = MONEY if condition_type == "amount" else st.integers(0, 3)
    condition: dict[str, Any] = {
        "value": draw(value),
        "price_type": draw(PRICE_TYPE),
        "consume_type": draw(CONSUME_TYPE),
        "query": draw(TERMS),
        "sub_conditions": draw(TERMS),
        "distinct_by": draw(st.sampled_from(["sku", "base_code"])),
    }
    if draw(st.integers(0, 5)) == 0:
        condition["overlimit"] = draw(st.integers(1, 12))
    benefit_type = draw(
        st.sampled_from(["percentage", "percentage", "fixed", "fixed", "multibuy", "multibuy", "sample_product"])
        | st.sampled_from(["shipping_free", "point", "loyalty_point", "coupon", "voucher"])
    )
    takes_percent = benefit_type in ("percentage", "multibuy", "sample_product")
    benefit: dict[str, Any] = {
        "amount": draw(PERCENT if takes_percent else MONEY),
        "price_type": draw(PRICE_TYPE),
        "consume_type": draw(CONSUME_TYPE),
        "share_benefit_on_conditions": draw(st.booleans()),
    }
    if draw(st.booleans()):
        benefit["allowed_quantity"] = draw(st.integers(1, 4))
    return fed(
        number,
        (condition_type, condition),
        (benefit_type, benefit),
        condition_collection=draw(COLLECTION),
        benefit_collection=draw(COLLECTION),
        priority=draw(st.integers(0, 3)),
        is_mergable=draw(st.integers(0, 3)) > 0,
        max_applications=draw(st.integers(0, 2)),
        for_data_sources=draw(st.booleans()),
    )


@st.composite
def sets_of_campaigns(draw: st.DrawFn) -> list[Fed]:
    """Offers in any order of ids."""
    return [draw(campaigns(number)) for number in draw(st.lists(st.integers(1, 50), unique=True, max_size=6))]


def allocation_of(lines: Sequence[Line], offers: Sequence[Fed], shopper: Shopper) -> Allocation:
    return allocate(lines, [offer(campaign) for campaign in offers], shopper)


def discount_of(allocation: Allocation) -> int:
    return sum(applied.discount for applied in allocation.applied)


@settings(max_examples=200, deadline=None)
@given(baskets(), sets_of_campaigns(), SHOPPERS)
def test_engine_says_what_the_reference_says(lines: list[Line], offers: list[Fed], shopper: Shopper) -> None:
    allocation = allocation_of(lines, offers, shopper)
    given_, became = work_out(lines, offers, shopper)
    assert [
        (one.offer_id, one.applications, dict(one.by_line), one.shipping_free, one.points, one.coupon)
        for one in allocation.applied
    ] == [tuple(one) for one in given_]
    assert [
        (one.offer_id, one.state, one.beaten_by, one.alone, lacking(one.missing)) for one in allocation.outcomes
    ] == [tuple(one) for one in became]


def lacking(missing: Missing | None) -> Lacking | None:
    return None if missing is None else Lacking(missing.reason, missing.required, missing.partial)


@settings(max_examples=100, deadline=None)
@given(baskets(), sets_of_campaigns(), SHOPPERS)
def test_totals_add_up_and_no_line_costs_less_than_nothing(
    lines: list[Line], offers: list[Fed], shopper: Shopper
) -> None:
    allocation = allocation_of(lines, offers, shopper)
    left = {one.id: one.unit_price * one.quantity for one in lines}
    for applied in allocation.applied:
        assert applied.discount == sum(applied.by_line.values())
        assert all(part > 0 for part in applied.by_line.values())
        for line_id, part in applied.by_line.items():
            left[line_id] -= part
    assert all(cents >= 0 for cents in left.values())
    assert sum(left.values()) == sum(one.unit_price * one.quantity for one in lines) - discount_of(allocation)
    assert sorted(one.offer_id for one in allocation.outcomes) == sorted(campaign.id for campaign in offers)
    for outcome in allocation.outcomes:
        assert outcome.missing is None or 0 <= outcome.missing.partial_percentage <= 100
        assert bool(outcome.beaten_by) == (outcome.state == "beaten")


@settings(max_examples=100, deadline=None)
@given(baskets(), sets_of_campaigns(), SHOPPERS, campaigns(99))
def test_an_offer_that_goes_with_others_behind_them_all_never_makes_a_basket_dearer(
    lines: list[Line], offers: list[Fed], shopper: Shopper, another: Fed
) -> None:
    last = fed(
        99,
        (another.condition_type, another.condition),
        (another.benefit_type, another.benefit),
        condition_collection=another.condition_collection,
        benefit_collection=another.benefit_collection,
        max_applications=another.max_applications,
    )
    before = discount_of(allocation_of(lines, offers, shopper))
    assert discount_of(allocation_of(lines, [*offers, last], shopper)) >= before


@settings(max_examples=100, deadline=None)
@given(baskets(), sets_of_campaigns(), SHOPPERS, st.randoms(use_true_random=False))
def test_answer_does_not_depend_on_the_order_of_lines_or_offers(
    lines: list[Line], offers: list[Fed], shopper: Shopper, randomness: Any
) -> None:
    told = allocation_of(lines, offers, shopper)
    assert allocation_of(lines[::-1], offers[::-1], shopper) == told
    shuffled_lines, shuffled_offers = randomness.sample(lines, len(lines)), randomness.sample(offers, len(offers))
    assert allocation_of(shuffled_lines, shuffled_offers, shopper) == told


@settings(max_examples=150, deadline=None)
@given(st.lists(baskets(), min_size=1, max_size=3), sets_of_campaigns(), st.lists(SHOPPERS, min_size=1, max_size=3))
def test_ranked_offers_give_what_all_of_them_give(
    carts: list[list[Line]], offers: list[Fed], shoppers: list[Shopper]
) -> None:
    """Every second one tells shoppers what they lack; what it says is what it says beside all others."""
    read = [offer(campaign) for campaign in offers]
    telling = {one.id for one in read if one.id % 2}
    ranking = Ranking(read, telling)
    for lines in carts:
        for shopper in shoppers:
            full, ranked = allocate(lines, read, shopper), allocate_ranked(lines, ranking, shopper)
            assert ranked.applied == full.applied
            known = {outcome.offer_id: outcome for outcome in full.outcomes}
            looked_at = {outcome.offer_id for outcome in ranked.outcomes}
            assert ranked.outcomes == tuple(outcome for outcome in full.outcomes if outcome.offer_id in looked_at)
            for number in telling - looked_at:
                missing = known[number].missing
                assert missing is not None
                assert missing.reason in ("terms", "products")
