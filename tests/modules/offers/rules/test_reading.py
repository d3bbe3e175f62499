"""Conditions and benefits from the kwargs that other systems feed."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.offers.rules import Benefit, Condition, Term, UnfitCampaign, read_benefit, read_condition
from src.modules.offers.rules.campaign import BENEFIT_TYPES, CONDITION_TYPES
from tests.modules.offers.rules.campaigns import allocated, fed, line


def test_conditions_of_the_documents_are_read() -> None:
    emails = ["email_in", ["xxx@example.com", "yyy@example.com"]]
    total = ["basket__get_total_product_amount__gte", 0]
    assert read_condition(
        "amount",
        {"price_type": "unit_price", "query": [], "consume_type": "globally", "value": 100, "sub_conditions": []},
        None,
    ) == Condition("amount", 10000, consumes_globally=True)
    assert read_condition(
        "amount",
        {"overlimit": 9999, "value": 100, "sub_conditions": [total], "query": [total], "consume_type": "locally"},
        None,
    ) == Condition("amount", 10000, 999900, terms=(Term("basket__get_total_product_amount__gte"),))
    assert read_condition("quantity", {"value": 3, "query": [emails], "distinct_by": "sku"}, 1) == Condition(
        "quantity", 3, collection=1, terms=(Term("email_in", frozenset({"xxx@example.com", "yyy@example.com"})),)
    )


def test_benefits_of_the_documents_are_read() -> None:
    assert read_benefit(
        "fixed", {"price_type": "discount_unit_price", "amount": 1234, "consume_type": "locally"}, None
    ) == Benefit("fixed", Decimal("1234.00"), "discount_unit_price")
    assert read_benefit(
        "sample_product", {"allowed_quantity": 100, "amount": 50, "share_benefit_on_conditions": True}, 4
    ) == Benefit("sample_product", Decimal(50), allowed_quantity=100, shared_with_condition=True, collection=4)
    assert read_benefit("shipping_free", {"price_type": "unit_price", "consume_type": "globally"}, None) == Benefit(
        "shipping_free", consumes_globally=True
    )


def test_absent_and_null_kwargs_take_defaults() -> None:
    nothing = dict.fromkeys(
        ["value", "overlimit", "price_type", "consume_type", "distinct_by", "query", "sub_conditions"]
    )
    assert read_condition("distinct", nothing, None) == read_condition("distinct", None, None) == Condition("distinct")
    nothing = dict.fromkeys(["amount", "price_type", "consume_type", "allowed_quantity", "share_benefit_on_conditions"])
    assert read_benefit("multibuy", nothing, None) == read_benefit("multibuy", {}, None) == Benefit("multibuy")


def test_kwargs_that_mean_nothing_here_are_left_alone() -> None:
    extra = {"show_benefit_products": True, "anything": [{"else": None}]}
    assert read_condition("quantity", {"value": 1, **extra}, None) == Condition("quantity", 1)
    assert read_benefit("percentage", {"amount": 1, "allowed_quantity": 0, **extra}, None).amount == 1
    assert read_benefit("shipping_free", {"amount": "none"}, None).amount is None


@pytest.mark.parametrize("value", [3, "3", " 3 ", 3.0, "3.00", Decimal("3.0"), Decimal("0.3E1")])
def test_numbers_may_be_told_in_any_way(value: Any) -> None:
    assert read_condition("quantity", {"value": value}, None).value == 3
    assert read_condition("amount", {"value": value}, None).value == 300
    assert read_benefit("percentage", {"amount": value}, None).amount == 3


@pytest.mark.parametrize(
    "value",
    [
        -1,
        "-1",
        -0.01,
        float("nan"),
        float("inf"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        "NaN",
        "1e3",
        "",
        "\N{ARABIC-INDIC DIGIT ONE}",
        10**12 + 1,
        10**400,
        -(10**400),
        1e300,
        1e-300,
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        "1" * 100_000,
        True,
        [1],
        {},
        b"1",
    ],
)
def test_numbers_out_of_hand_are_refused(value: Any) -> None:
    for counted in CONDITION_TYPES:
        for name in ("value", "overlimit"):
            with pytest.raises(UnfitCampaign, match=name) as refusal:
                read_condition(counted, {name: value}, None)
            assert refusal.value.field == "kwargs"
    for given_ in set(BENEFIT_TYPES) - {"shipping_free"}:
        with pytest.raises(UnfitCampaign, match="amount"):
            read_benefit(given_, {"amount": value}, None)
    with pytest.raises(UnfitCampaign, match="allowed_quantity"):
        read_benefit("multibuy", {"allowed_quantity": value}, None)


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("amount", {"value": "1.005"}),
        ("quantity", {"value": 1.5}),
        ("distinct", {"overlimit": "2.5"}),
        ("amount", {"price_type": "price"}),
        ("amount", {"price_type": ["unit_price"]}),
        ("amount", {"consume_type": "global"}),
        ("distinct", {"distinct_by": "product"}),
        ("amount", []),
        ("amount", "value"),
    ],
)
def test_unfit_conditions_are_refused(type_: str, kwargs: Any) -> None:
    with pytest.raises(UnfitCampaign) as refusal:
        read_condition(type_, kwargs, None)
    assert refusal.value.field == "kwargs"


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("percentage", {}),
        ("percentage", {"amount": "100.01"}),
        ("multibuy", {"amount": 101}),
        ("sample_product", {"amount": 101}),
        ("fixed", {}),
        ("fixed", {"amount": None}),
        ("fixed", {"amount": "0.001"}),
        ("coupon", {}),
        ("voucher", {}),
        ("point", {}),
        ("loyalty_point", {"amount": "many"}),
        ("multibuy", {"allowed_quantity": 0}),
        ("sample_product", {"allowed_quantity": 0.5}),
        ("percentage", {"amount": 1, "share_benefit_on_conditions": "yes"}),
        ("percentage", {"amount": 1, "price_type": "list_price"}),
        ("percentage", {"amount": 1, "consume_type": "never"}),
        ("shipping_free", [1]),
    ],
)
def test_unfit_benefits_are_refused(type_: str, kwargs: Any) -> None:
    with pytest.raises(UnfitCampaign) as refusal:
        read_benefit(type_, kwargs, None)
    assert refusal.value.field == "kwargs"


def test_unknown_types_are_refused() -> None:
    for read, field in ((read_condition, "condition_type"), (read_benefit, "benefit_type")):
        with pytest.raises(UnfitCampaign) as refusal:
            read("gift", {"amount": 1, "value": 1}, None)
        assert refusal.value.field == field


def test_a_float_is_the_number_that_was_written() -> None:
    assert read_condition("amount", {"value": 19.99}, None).value == 1999
    assert allocated([line(1, 2000)], fed(1, benefit=("fixed", {"amount": 19.99}))).applied[0].discount == 1999
    assert read_benefit("percentage", {"amount": 100 / 3}, None).amount == Decimal("33.333333333333336")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("value", "overlimit", "price_type", "consume_type", "distinct_by", "query", "sub_conditions", "amount"),
        *("allowed_quantity", "share_benefit_on_conditions"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(CONDITION_TYPES),
    st.sampled_from(BENEFIT_TYPES),
    st.dictionaries(NAMES, JSON, max_size=4) | JSON,
)
def test_whatever_is_fed_is_either_refused_or_can_be_worked_with(condition: str, benefit: str, kwargs: Any) -> None:
    lines = [line(1, 999, 3), line(2, 1)]
    with contextlib.suppress(UnfitCampaign):
        campaign = fed(1, (condition, kwargs), (benefit, {"amount": 1}))
        assert len(allocated(lines, campaign).outcomes) == 1
    with contextlib.suppress(UnfitCampaign):
        applied = allocated(lines, fed(1, benefit=(benefit, kwargs))).applied
        assert sum(one.discount for one in applied) <= 2998
