"""Whether a shopper may use an offer that is his own or that a voucher code stands for: pure decisions."""

from src.modules.offers.dtos import Campaign, Candidate
from src.modules.offers.errors import (
    VoucherNotForThisBasket,
    VoucherNotInForce,
    VoucherRefused,
    VoucherUnknown,
    VoucherUsedUp,
)

Verdict = type[VoucherRefused] | None
# Of several offers under one code, the shopper hears of the one that came nearest.
NEAREST_FIRST: tuple[type[VoucherRefused], ...] = (
    VoucherNotForThisBasket,
    VoucherUsedUp,
    VoucherNotInForce,
    VoucherUnknown,
)


def verdict(candidate: Candidate, campaign: Campaign, user_id: int | None, currency: str) -> Verdict:
    """Why an offer can't be used, whatever is in the basket; None when it can.

    Somebody else learns nothing about a voucher but that it is not for him.
    """
    if "passive" in (candidate.offer_status, candidate.bulk_status):
        return VoucherUnknown
    owners = {candidate.offer_user, candidate.bulk_user} - {None}
    if owners - {user_id}:
        return VoucherNotForThisBasket
    if candidate.taken or candidate.used_up or "used" in (candidate.offer_status, candidate.bulk_status):
        return VoucherUsedUp
    if not candidate.active_at_present:
        return VoucherNotInForce
    if 0 < campaign.max_usage_per_user <= candidate.uses:
        return VoucherUsedUp
    # How often a guest has used it nobody knows.
    if (campaign.max_usage_per_user and user_id is None) or not campaign.takes(currency):
        return VoucherNotForThisBasket
    return None


def nearest(verdicts: set[Verdict]) -> Verdict:
    """What to say of a code that stands for offers with these verdicts; one that can be used is enough."""
    if None in verdicts:
        return None
    return next((refusal for refusal in NEAREST_FIRST if refusal in verdicts), VoucherUnknown)
