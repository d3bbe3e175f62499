"""What shoppers are told about offers within reach, prices that rose and offers that lapsed."""

from decimal import Decimal
from typing import Any

import pytest

from src.modules.baskets.dtos import UpsellDetail, UpsellParams
from src.modules.baskets.hints import hints
from src.modules.baskets.lines import LineRow
from src.modules.baskets.pricing import price
from src.modules.offers import Campaign, Condition, VoucherNotInForce
from tests.modules.baskets.rows import SHOPPER, campaign, offers, row

AMOUNT = Condition("amount", 5000)
UNITS = Condition("quantity", 4)


def told(rows: list[LineRow], *campaigns: Campaign, code: str | None = None, **more: Any) -> list[UpsellDetail]:
    """The hints for a basket."""
    language, written = more.pop("language", "en"), more.pop("written", ())
    return hints(price(rows, offers(*campaigns, **more), SHOPPER), code, language, written)


def params(percentage: int, required: str, partial: str, remaining: str) -> UpsellParams:
    return UpsellParams(percentage, Decimal(required), Decimal(partial), Decimal(remaining))


def test_amount_within_reach_is_told_as_money() -> None:
    offer = campaign(1, condition=AMOUNT, upsell_message="{remaining} of {required}, {partial} so far")
    assert told([row(1, 1234)], offer) == [
        UpsellDetail("offer", "37.66 TL of 50.00 TL, 12.34 TL so far", params(24, "50.00", "12.34", "37.66"))
    ]


def test_units_within_reach_are_counted() -> None:
    offer = campaign(1, condition=UNITS, upsell_message="{partial}/{required} ({partial_percentage}%), {remaining}")
    assert told([row(1, quantity=3)], offer) == [UpsellDetail("offer", "3/4 (75%), 1", params(75, "4", "3", "1"))]


@pytest.mark.parametrize(
    "message", ["{0} {} {x}", "{remaining.__class__}", "{remaining!r} %s %(x)s", "{ remaining }", "{{"]
)
def test_only_the_places_that_are_known_are_filled_in(message: str) -> None:
    (hint,) = told([row(1)], campaign(1, condition=UNITS, upsell_message=message))
    assert hint.message == message


def test_message_is_that_of_the_language_where_there_is_one() -> None:
    offer = campaign(1, condition=UNITS, upsell_message="more", upsell_messages={"tr": "daha"})
    assert [told([row(1)], offer, language=language)[0].message for language in ("tr", "en", "ar")] == [
        "daha",
        "more",
        "more",
    ]


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ([row(1, quantity=3)], {"upsell_message": None}),
        ([row(1, quantity=3)], {"upsell_message": ""}),
        ([row(1, quantity=3)], {"is_visible": False}),
        ([], {}),
        ([row(1, quantity=3, is_for_sale=False)], {}),
        ([row(1, quantity=4)], {}),
        ([row(1, quantity=3)], {"condition": Condition("quantity", 1, over_limit=2)}),
        ([row(1, quantity=3)], {"condition": Condition("quantity", 4, collection=7)}),
    ],
    ids=["silent", "empty", "hidden", "nothing", "unavailable", "reached", "above", "others"],
)
def test_nothing_is_said_of_offers_that_are_not_within_reach(lines: list[LineRow], changed: dict[str, Any]) -> None:
    assert told(lines, campaign(1, **{"condition": UNITS, "upsell_message": "more", **changed})) == []


def test_voucher_that_gives_nothing_is_always_told() -> None:
    offer = campaign(1, condition=UNITS, is_visible=False)
    assert told([row(1)], offer, code="X", voucher_offers=frozenset({1})) == [
        UpsellDetail("offer", "The voucher X takes nothing off this basket at the moment.", params(25, "4", "1", "3"))
    ]
    worded = campaign(1, condition=UNITS, upsell_message="{remaining} more")
    assert [hint.message for hint in told([row(1)], worded, code="X", voucher_offers=frozenset({1}))] == ["3 more"]
    (hint,) = told([row(1)], code="X", refusal=VoucherNotInForce)
    assert (hint.kind, hint.params) == ("offer", params(0, "0", "0", "0"))


def test_voucher_that_gives_something_or_is_not_there_is_not_told() -> None:
    assert told([row(1)], campaign(1), code="X", voucher_offers=frozenset({1})) == []
    assert told([row(1)], code=None) == []


def test_voucher_that_others_beat_is_told() -> None:
    offer = campaign(1, is_mergable=False)
    (hint,) = told([row(1)], offer, campaign(2), campaign(3), code="X", voucher_offers=frozenset({1}))
    assert hint.params == params(0, "0", "0", "0")


def test_price_that_rose_is_told_in_its_currency_only() -> None:
    seen: dict[str, Any] = {"seen_price": 800, "seen_currency": "try"}
    assert told([row(1, 1000, **seen)]) == [
        UpsellDetail(
            "price_increase",
            "The price of Product 1 has risen from 8.00 TL to 10.00 TL.",
            params(80, "10.00", "8.00", "2.00"),
        )
    ]
    assert told([row(1, 800, **seen), row(2, 700, **seen), row(3, 1000, seen_price=800, seen_currency="usd")]) == []
    assert told([row(1, 1000, **seen, in_stock=False)]) == []


def test_offer_that_gives_a_line_nothing_any_more_is_told() -> None:
    assert told([row(1, seen_offers=(1, 2))], campaign(1)) == [
        UpsellDetail("offer_lapsed", "An offer for Product 1 no longer applies.", params(0, "0", "0", "0"))
    ]
    assert told([row(1, seen_offers=(1,))], campaign(1)) == []


def test_lines_that_were_just_written_are_as_the_shopper_sees_them() -> None:
    line = row(1, 1000, seen_price=800, seen_currency="try", seen_offers=(9,))
    assert len(told([line])) == 2
    assert told([line], written=[1]) == []
