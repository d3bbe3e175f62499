"""Conditions and benefits from the `kwargs` that other systems feed. What they hold beyond this is left alone."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from src.modules.offers.rules.campaign import (
    BENEFIT_TYPES,
    CONDITION_TYPES,
    DISTINCT_BY,
    PRICE_TYPES,
    Benefit,
    Condition,
    DistinctBy,
    PriceType,
)
from src.modules.offers.rules.terms import read_terms
from src.modules.offers.rules.unfit import UnfitCampaign, cents, choice, number, whole

_KWARGS = "kwargs"
_PERCENT = ("percentage", "multibuy", "sample_product")
_MONEY = ("fixed", "coupon", "voucher", "point", "loyalty_point")
_UNITS = ("multibuy", "sample_product")


def read_condition(type: str, kwargs: Any, collection: int | None) -> Condition:  # noqa: A002
    """The condition that a row tells; raises UnfitCampaign when it tells what no condition may."""
    if type not in CONDITION_TYPES:
        raise UnfitCampaign("condition_type", f"The type must be one of {', '.join(CONDITION_TYPES)}.")
    told = _mapping(kwargs)
    count = cents if type == "amount" else whole
    over_limit = None if told.get("overlimit") is None else count(told["overlimit"], _KWARGS, "overlimit")
    terms = (*read_terms(told.get("query"), _KWARGS, "query"), *_sub_conditions(told))
    return Condition(
        type=type,
        value=0 if told.get("value") is None else count(told["value"], _KWARGS, "value"),
        # As with every limit of a campaign, 0 is none.
        over_limit=over_limit or None,
        price_type=_price_type(told),
        consumes_globally=_consumes_globally(told),
        distinct_by=cast(DistinctBy, choice(told, "distinct_by", DISTINCT_BY, "sku")),
        collection=collection,
        # The documents' own conditions say the same in both lists.
        terms=tuple(dict.fromkeys(terms)),
    )


def read_benefit(type: str, kwargs: Any, collection: int | None) -> Benefit:  # noqa: A002
    """The benefit that a row tells; raises UnfitCampaign when it tells what no benefit may."""
    if type not in BENEFIT_TYPES:
        raise UnfitCampaign("benefit_type", f"The type must be one of {', '.join(BENEFIT_TYPES)}.")
    told = _mapping(kwargs)
    return Benefit(
        type=type,
        amount=_amount(type, told.get("amount")),
        price_type=_price_type(told),
        consumes_globally=_consumes_globally(told),
        allowed_quantity=_allowed_quantity(type, told.get("allowed_quantity")),
        shared_with_condition=_flag(told, "share_benefit_on_conditions"),
        collection=collection,
    )


def _mapping(kwargs: Any) -> Mapping[str, Any]:
    if kwargs is None:
        return {}
    if not isinstance(kwargs, Mapping):
        raise UnfitCampaign(_KWARGS, "Must be an object.")
    return kwargs


def _sub_conditions(told: Mapping[str, Any]) -> tuple[Any, ...]:
    return read_terms(told.get("sub_conditions"), _KWARGS, "sub_conditions")


def _price_type(told: Mapping[str, Any]) -> PriceType:
    return cast(PriceType, choice(told, "price_type", PRICE_TYPES, "unit_price"))


def _consumes_globally(told: Mapping[str, Any]) -> bool:
    return choice(told, "consume_type", ("locally", "globally"), "locally") == "globally"


def _amount(type: str, amount: Any) -> Decimal | None:  # noqa: A002
    if type in _MONEY:
        if amount is None:
            raise UnfitCampaign(_KWARGS, '"amount" is required.')
        return Decimal(cents(amount, _KWARGS, "amount")).scaleb(-2)
    if type not in _PERCENT:
        return None
    if amount is None:
        if type == "percentage":
            raise UnfitCampaign(_KWARGS, '"amount" is required.')
        return None
    percent = number(amount, _KWARGS, "amount")
    if percent > 100:
        raise UnfitCampaign(_KWARGS, '"amount" must not be above 100 percent.')
    return percent


def _allowed_quantity(type: str, quantity: Any) -> int | None:  # noqa: A002
    if quantity is None:
        return None
    allowed = whole(quantity, _KWARGS, "allowed_quantity")
    if type not in _UNITS:
        return None
    if allowed == 0:
        raise UnfitCampaign(_KWARGS, '"allowed_quantity" must be at least 1.')
    return allowed


def _flag(told: Mapping[str, Any], name: str) -> bool:
    value = told.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnfitCampaign(_KWARGS, f'"{name}" must be true or false.')
    return bool(value)
