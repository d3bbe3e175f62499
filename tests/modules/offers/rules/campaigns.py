"""Baskets and campaigns for tests of the engine: everything but what a test is about has a plain value."""

from typing import Any

from src.modules.offers.rules import Allocation, Applied, Line, Offer, Outcome, Shopper, allocate
from src.modules.offers.rules import read_benefit as benefit_of
from src.modules.offers.rules import read_condition as condition_of
from tests.modules.offers.rules.fed import Fed

SHOPPER = Shopper(7, "shopper@example.com", frozenset({"members"}), "try", "default")


def line(number: int, price: int = 1000, quantity: int = 1, **changed: Any) -> Line:
    """A line with its own product, whose retail price is its price."""
    values: dict[str, Any] = {
        "id": number,
        "product_id": 100 + number,
        "sku": f"SKU{number}",
        "base_code": None,
        "quantity": quantity,
        "unit_price": price,
        "retail_price": price,
        "collections": frozenset(),
        "categories": frozenset(),
        "attributes": {},
        "from_data_source": False,
    }
    return Line(**{**values, **changed})


def offer(fed: Fed) -> Offer:
    """The engine's offer for one in the words of the documents."""
    return Offer(
        id=fed.id,
        priority=fed.priority,
        is_mergable=fed.is_mergable,
        max_applications=fed.max_applications,
        for_data_sources=fed.for_data_sources,
        condition=condition_of(fed.condition_type, fed.condition, fed.condition_collection),
        benefit=benefit_of(fed.benefit_type, fed.benefit, fed.benefit_collection),
    )


def fed(
    number: int,
    condition: tuple[str, dict[str, Any]] = ("quantity", {"value": 1}),
    benefit: tuple[str, dict[str, Any]] = ("percentage", {"amount": 10}),
    **changed: Any,
) -> Fed:
    """An offer whose condition is one unit of anything, and that takes ten percent off everything."""
    return Fed(
        id=number,
        condition_type=condition[0],
        condition=condition[1],
        benefit_type=benefit[0],
        benefit=benefit[1],
        **changed,
    )


def allocated(lines: list[Line], *campaigns: Fed, shopper: Shopper = SHOPPER) -> Allocation:
    """What the engine makes of them."""
    return allocate(lines, [offer(campaign) for campaign in campaigns], shopper)


def only(lines: list[Line], *campaigns: Fed, shopper: Shopper = SHOPPER) -> Applied | None:
    """What the first of the applied offers gives, None when none applies."""
    applied = allocated(lines, *campaigns, shopper=shopper).applied
    return applied[0] if applied else None


def outcome(allocation: Allocation, number: int) -> Outcome:
    """What became of the offer with this id."""
    return next(found for found in allocation.outcomes if found.offer_id == number)
