"""What a shopper might like to know: offers within reach, prices that rose, offers that lapsed."""

import re
from collections.abc import Collection, Iterator
from decimal import Decimal

from src.modules.baskets.dtos import UpsellDetail, UpsellParams
from src.modules.baskets.money import label, money
from src.modules.baskets.pricing import Priced, PricedLine
from src.modules.offers import Campaign, Missing
from src.platform.i18n import translate

# Only these places are filled in; whatever else a message holds stays as it is.
PLACES = re.compile(r"\{(remaining|required|partial|partial_percentage)\}")
COUNTED = frozenset({"amount", "quantity", "distinct", "query"})
NONE_MISSING = Missing("terms")


def hints(priced: Priced, voucher_code: str | None, language: str, written: Collection[int]) -> list[UpsellDetail]:
    """All of them; of lines that were `written` just now the shopper has seen everything."""
    return [
        *_voucher(priced, voucher_code, language),
        *_within_reach(priced, language),
        *(
            hint
            for line in priced.lines
            if line.id not in written
            for hint in _changed(line, priced.currency, language)
        ),
    ]


def _voucher(priced: Priced, code: str | None, language: str) -> Iterator[UpsellDetail]:
    ours = priced.offers.voucher_offers
    if code is None or any(applied.offer_id in ours for applied in priced.allocation.applied):
        return
    missing = {outcome.offer_id: outcome.missing for outcome in priced.allocation.outcomes if outcome.offer_id in ours}
    gives_nothing = translate(
        "The voucher %(code)s takes nothing off this basket at the moment.", language, {"code": code}
    )
    for offer_id in missing:
        campaign, lack = priced.offers.by_id[offer_id], missing[offer_id]
        message = campaign.upsell(language) if lack is not None and lack.reason in COUNTED else None
        yield _offer(campaign, message or gives_nothing, lack or NONE_MISSING, priced.currency)
    if not missing:
        yield UpsellDetail("offer", gives_nothing, _params(0, 0, 0))


def _within_reach(priced: Priced, language: str) -> Iterator[UpsellDetail]:
    for outcome in priced.allocation.outcomes:
        campaign, lack = priced.offers.by_id[outcome.offer_id], outcome.missing
        if lack is None or lack.reason not in COUNTED or not 0 < lack.partial < lack.required:
            continue
        message = campaign.upsell(language) if campaign.is_visible else None
        if message and campaign.id not in priced.offers.voucher_offers:
            yield _offer(campaign, message, lack, priced.currency)


def _offer(campaign: Campaign, message: str, lack: Missing, currency: str) -> UpsellDetail:
    of_money = campaign.offer.condition.type == "amount"
    numbers = {"required": lack.required, "partial": lack.partial, "remaining": max(lack.remaining, 0)}
    texts = {name: f"{money(n)} {label(currency)}" if of_money else str(n) for name, n in numbers.items()}
    percentage = min(max(lack.partial_percentage, 0), 100)
    texts["partial_percentage"] = str(percentage)
    return UpsellDetail(
        kind="offer",
        message=PLACES.sub(lambda place: texts[place[1]], message),
        params=_params(**numbers, of_money=of_money, partial_percentage=percentage),
    )


def _changed(line: PricedLine, currency: str, language: str) -> Iterator[UpsellDetail]:
    row = line.row
    if row.price is not None and row.seen_price is not None and row.seen_currency == currency:
        before, now = row.seen_price, row.price
        if now > before:
            amounts = {name: f"{money(n)} {label(currency)}" for name, n in (("before", before), ("now", now))}
            rose = translate(
                "The price of %(name)s has risen from %(before)s to %(now)s.", language, {"name": row.name, **amounts}
            )
            params = _params(now, before, now - before, of_money=True, partial_percentage=before * 100 // now)
            yield UpsellDetail("price_increase", rose, params)
    if not set(row.seen_offers) <= set(line.offer_ids):
        lapsed = translate("An offer for %(name)s no longer applies.", language, {"name": row.name})
        yield UpsellDetail("offer_lapsed", lapsed, _params(0, 0, 0))


def _params(
    required: int, partial: int, remaining: int, *, of_money: bool = False, partial_percentage: int = 0
) -> UpsellParams:
    scale = -2 if of_money else 0
    return UpsellParams(
        partial_percentage=partial_percentage,
        required=Decimal(required).scaleb(scale),
        partial=Decimal(partial).scaleb(scale),
        remaining=Decimal(remaining).scaleb(scale),
    )
