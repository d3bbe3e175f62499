"""Offers: campaigns, what they give a basket, vouchers, and what has been used of them.

For others' statements there are stamps (`OFFERS_STAMP`, `shopper_stamp`, `voucher_stamp`), texts that change when the
offers change that everybody, a shopper or a voucher code gets.
"""

from src.modules.offers.dtos import Campaign, Collection, OfferQuery, OfferSet, Use
from src.modules.offers.errors import (
    VoucherNotForThisBasket,
    VoucherNotInForce,
    VoucherRefused,
    VoucherUnknown,
    VoucherUsedUp,
)
from src.modules.offers.personal import IMPERSONAL, PERSONAL
from src.modules.offers.redemption import hold, redeem, release
from src.modules.offers.resources import RESOURCES
from src.modules.offers.rules import (
    Allocation,
    Applied,
    Benefit,
    Condition,
    Line,
    Missing,
    Offer,
    Outcome,
    ProductFacts,
    Shopper,
    allocate,
    allocate_ranked,
)
from src.modules.offers.services import Offers
from src.modules.offers.sql import (
    NOTHING_OF_ONES_OWN,
    OFFERS_STAMP,
    shopper_stamp,
    static_collections,
    voucher_stamp,
)

__all__ = (
    "IMPERSONAL",
    "NOTHING_OF_ONES_OWN",
    "OFFERS_STAMP",
    "PERSONAL",
    "RESOURCES",
    "Allocation",
    "Applied",
    "Benefit",
    "Campaign",
    "Collection",
    "Condition",
    "Line",
    "Missing",
    "Offer",
    "OfferQuery",
    "OfferSet",
    "Offers",
    "Outcome",
    "ProductFacts",
    "Shopper",
    "Use",
    "VoucherNotForThisBasket",
    "VoucherNotInForce",
    "VoucherRefused",
    "VoucherUnknown",
    "VoucherUsedUp",
    "allocate",
    "allocate_ranked",
    "hold",
    "redeem",
    "release",
    "shopper_stamp",
    "static_collections",
    "voucher_stamp",
)
