"""Which offers a list shows beside a product: pure decisions. Lists are the same for all shoppers."""

from collections.abc import Iterable

from src.modules.catalogue import ProductRow
from src.modules.offers.dtos import Campaign, ListedOffer
from src.modules.offers.rules import ProductFacts, matches

# Terms that only a shopper or a request fulfils. Those about the basket may be fulfilled by buying.
PERSONAL = frozenset({"email_in", "user_in", "user_group_in", "client_type_in"})


def is_listable(campaign: Campaign) -> bool:
    """Whether an offer may be shown to everybody."""
    shown = campaign.is_visible or campaign.is_visible_on_list
    return shown and PERSONAL.isdisjoint(term.name for term in campaign.offer.condition.terms)


def listed_offers(
    product: ProductRow, facts: ProductFacts, members: frozenset[int], campaigns: Iterable[Campaign]
) -> list[ListedOffer]:
    """The offers that a product may be part of, as a condition's or a benefit's; `members` are its collections."""
    return [
        ListedOffer(campaign.id, campaign.label, campaign.kwargs, campaign.listing_kwargs)
        for campaign in campaigns
        if _is_for(campaign, product) and _is_about(campaign, facts, members)
    ]


def _is_for(campaign: Campaign, product: ProductRow) -> bool:
    """Whether baskets that hold the product at its price can have the offer."""
    if product.data_source is not None and not campaign.offer.for_data_sources:
        return False
    currency = product.currency_type
    if currency is None:
        return True
    named = [term.values for term in campaign.offer.condition.terms if term.name == "currency_in"]
    return campaign.takes(currency) and all(currency in values for values in named)


def _is_about(campaign: Campaign, facts: ProductFacts, members: frozenset[int]) -> bool:
    condition, benefit = campaign.offer.condition, campaign.offer.benefit
    counts = condition.collection is None or condition.collection in members
    if counts and matches(facts, condition.about_products):
        return True
    return benefit.collection is None or benefit.collection in members
