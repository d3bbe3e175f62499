"""Why a basket costs what it costs: what became of every offer, with amounts."""

from collections.abc import Mapping

from src.modules.baskets.dtos import (
    ExplainedLine,
    ExplainedOffer,
    ExplainedVoucher,
    Explanation,
    LineShare,
    MissingView,
)
from src.modules.baskets.money import money
from src.modules.baskets.pricing import Priced
from src.modules.offers import Applied, Campaign, Missing, Outcome
from src.platform.i18n import translate


def explain(basket_id: int | None, priced: Priced, voucher_code: str | None, language: str) -> Explanation:
    """Every offer in force for the shopper: those that apply in their order, then the others as they would go."""
    applied = {used.offer_id: used for used in priced.allocation.applied}
    outcomes = {outcome.offer_id: outcome for outcome in priced.allocation.outcomes}
    order = [*applied, *(offer for offer in outcomes if offer not in applied)]
    products = {line.id: line.row.product_id for line in priced.lines}
    offers = [
        _offer(priced.offers.by_id[offer], outcomes[offer], applied.get(offer), products, language) for offer in order
    ]
    return Explanation(
        basket=basket_id,
        currency_type=priced.currency,
        total_product_amount=money(priced.total_products),
        total_discount_amount=money(priced.total_discount),
        total_amount=money(priced.total),
        offers=offers,
        voucher=_voucher(priced, voucher_code, language),
        unavailable=[
            ExplainedLine(line.id, line.row.product_id, line.row.quantity, line.reason)
            for line in priced.unavailable
            if line.reason is not None
        ],
    )


def _offer(
    campaign: Campaign, outcome: Outcome, applied: Applied | None, products: Mapping[int, int], language: str
) -> ExplainedOffer:
    shares = applied.by_line.items() if applied else ()
    return ExplainedOffer(
        offer=campaign.id,
        label=campaign.description(language),
        offer_type=campaign.offer_type,
        state=outcome.state,
        applications=applied.applications if applied else 0,
        discount=money(applied.discount if applied else 0),
        alone=money(outcome.alone),
        lines=[LineShare(line, products[line], money(amount)) for line, amount in shares if amount],
        shipping_free=applied is not None and applied.shipping_free,
        points=applied.points if applied else 0,
        coupon=money(applied.coupon) if applied and applied.coupon else None,
        beaten_by=list(outcome.beaten_by),
        missing=_missing(outcome.missing, campaign) if outcome.missing else None,
    )


def _missing(missing: Missing, campaign: Campaign) -> MissingView:
    required, partial, remaining = missing.required, missing.partial, missing.remaining
    if campaign.offer.condition.type == "amount":
        told: tuple[str | int, str | int, str | int] = (money(required), money(partial), _signed(remaining))
    else:
        told = (required, partial, remaining)
    return MissingView(missing.reason, *told, partial_percentage=missing.partial_percentage)


def _signed(cents: int) -> str:
    return money(cents) if cents >= 0 else f"-{money(-cents)}"


def _voucher(priced: Priced, code: str | None, language: str) -> ExplainedVoucher | None:
    if code is None:
        return None
    refusal = priced.offers.refusal
    return ExplainedVoucher(
        code=code,
        offers=sorted(priced.offers.voucher_offers),
        error_code=refusal.code if refusal else None,
        message=translate(refusal.message, language) if refusal else None,
    )
