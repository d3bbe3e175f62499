"""From the rows of a campaign to what the engine works with; the same row is read once per process."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from src.modules.offers.dtos import Campaign, Collection
from src.modules.offers.rules import Offer, UnfitCampaign, product_terms, read_benefit, read_condition

log = structlog.get_logger(__name__)
MAX_KEPT = 10_000


class CollectionRow(msgspec.Struct):
    """A collection as `repositories.CAMPAIGN` tells it."""

    id: int
    type: str
    query: Any
    live: bool


class PromotionRow(msgspec.Struct):
    """A promotion as `repositories.CAMPAIGN` tells it; it need not be there."""

    name: str | None
    translations: Any


class BenefitRow(msgspec.Struct):
    """A benefit as `repositories.CAMPAIGN` tells it."""

    type: str
    kwargs: Any
    collection: CollectionRow | None


class ConditionRow(BenefitRow):
    """A condition as `repositories.CAMPAIGN` tells it."""

    upsell_message: str | None
    translations: Any


class CampaignRow(msgspec.Struct):
    """An offer as `repositories.CAMPAIGN` tells it."""

    id: int
    offer_type: str
    label: str | None
    translations: Any
    kwargs: msgspec.Raw
    listing_kwargs: msgspec.Raw
    is_visible: bool
    is_visible_on_list: bool
    currencies: list[str]
    priority: int
    is_mergable: bool
    max_applications: int
    for_data_sources: bool
    max_usage_per_user: int
    user_id: int | None
    promotion: PromotionRow
    condition: ConditionRow
    benefit: BenefitRow


DECODER = msgspec.json.Decoder(CampaignRow)


class CampaignReader:
    """Reads campaigns and remembers them; one per process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Campaign | None] = OrderedDict()

    def read(self, told: str) -> Campaign | None:
        """The campaign that a text of CAMPAIGN tells; None when it says what no campaign may, which is logged."""
        if told in self._kept:
            self._kept.move_to_end(told)
            return self._kept[told]
        row = DECODER.decode(told)
        campaign: Campaign | None
        try:
            campaign = read_campaign(row)
        except UnfitCampaign as error:
            # Rows are judged when they come in, but each by itself, and perhaps by an earlier release.
            log.warning("offers.unfit", offer=row.id, field=error.field, reason=str(error))
            campaign = None
        self._kept[told] = campaign
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return campaign


def read_campaign(row: CampaignRow) -> Campaign:
    """The campaign of a row; raises UnfitCampaign."""
    collections = {told.id: told for told in (row.condition.collection, row.benefit.collection) if told}
    offer = Offer(
        id=row.id,
        priority=row.priority,
        is_mergable=row.is_mergable,
        max_applications=row.max_applications,
        for_data_sources=row.for_data_sources,
        condition=read_condition(row.condition.type, row.condition.kwargs, _id(row.condition.collection)),
        benefit=read_benefit(row.benefit.type, row.benefit.kwargs, _id(row.benefit.collection)),
    )
    return Campaign(
        offer=offer,
        offer_type=row.offer_type,
        name=row.promotion.name or "",
        names=_texts(row.promotion.translations, "name"),
        label=row.label,
        labels=_texts(row.translations, "label"),
        upsell_message=row.condition.upsell_message,
        upsell_messages=_texts(row.condition.translations, "upsell_message"),
        kwargs=row.kwargs,
        listing_kwargs=row.listing_kwargs,
        is_visible=row.is_visible,
        is_visible_on_list=row.is_visible_on_list,
        currencies=frozenset(row.currencies),
        max_usage_per_user=row.max_usage_per_user,
        user_id=row.user_id,
        collections=tuple(
            Collection(told.id, told.live, product_terms(told.query) if told.type == "dynamic" else None)
            for told in collections.values()
        ),
    )


def _id(collection: CollectionRow | None) -> int | None:
    return collection.id if collection else None


def _texts(translations: Any, field: str) -> dict[str, str]:
    """`field` by language; a language may be told with its country (`tr-tr`)."""
    if not isinstance(translations, Mapping):
        return {}
    told = {
        str(language).lower().replace("_", "-").partition("-")[0]: fields.get(field)
        for language, fields in translations.items()
        if isinstance(fields, Mapping)
    }
    return {language: text for language, text in told.items() if isinstance(text, str) and text}
