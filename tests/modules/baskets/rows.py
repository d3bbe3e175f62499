"""Lines and campaigns for tests of what is pure: everything but what a test is about has a plain value."""

from decimal import Decimal
from typing import Any

import msgspec

from src.modules.baskets.lines import LineRow
from src.modules.offers import Benefit, Campaign, Condition, Offer, OfferSet, Shopper

SHOPPER = Shopper(7, "shopper@example.com", frozenset(), "try", "default")
EMPTY = msgspec.Raw(b"{}")


def row(number: int, price: int | None = 1000, quantity: int = 1, **changed: Any) -> LineRow:
    """A line with its own product, of which there is plenty."""
    values: dict[str, Any] = {
        "id": number,
        "product_id": 100 + number,
        "quantity": quantity,
        "attributes": EMPTY,
        "attributes_kwargs": EMPTY,
        "image": None,
        "parent_id": None,
        "seen_price": None,
        "seen_currency": None,
        "seen_offers": (),
        "product_version": 1,
        "sku": f"SKU{number}",
        "base_code": None,
        "name": f"Product {number}",
        "is_for_sale": True,
        "from_data_source": False,
        "category_nodes": (),
        "product_attributes": EMPTY,
        "collections": None,
        "price": price,
        "retail_price": None,
        "tax_rate": None,
        "stock": None,
        "in_stock": True,
    }
    return LineRow(**{**values, **changed})


def campaign(
    number: int, benefit: Benefit | None = None, condition: Condition | None = None, **changed: Any
) -> Campaign:
    """Ten percent off everything, whatever is in the basket."""
    offer = Offer(
        id=number,
        priority=changed.pop("priority", 0),
        is_mergable=changed.pop("is_mergable", True),
        max_applications=0,
        for_data_sources=True,
        condition=condition or Condition(type="amount"),
        benefit=benefit or Benefit(type="percentage", amount=Decimal(10)),
    )
    values: dict[str, Any] = {
        "offer": offer,
        "offer_type": "sitewide",
        "name": f"Promotion {number}",
        "names": {},
        "label": f"Offer {number}",
        "labels": {},
        "upsell_message": None,
        "upsell_messages": {},
        "kwargs": EMPTY,
        "listing_kwargs": EMPTY,
        "is_visible": True,
        "is_visible_on_list": False,
        "currencies": frozenset(),
        "max_usage_per_user": 0,
        "user_id": None,
        "collections": (),
    }
    return Campaign(**{**values, **changed})


def offers(*campaigns: Campaign, **voucher: Any) -> OfferSet:
    """These campaigns and no others."""
    return OfferSet(
        campaigns=campaigns,
        offers=tuple(campaign.offer for campaign in campaigns),
        by_id={campaign.id: campaign for campaign in campaigns},
        collections={known.id: known for campaign in campaigns for known in campaign.collections},
        **voucher,
    )
