"""Which offers there are for whom; what they give is the engine's business."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from src.modules.catalogue import ProductRow
from src.modules.offers import repositories
from src.modules.offers.campaigns import CampaignReader
from src.modules.offers.dtos import Campaign, ListedOffer, OfferQuery, OfferSet
from src.modules.offers.listing import is_listable, listed_offers
from src.modules.offers.rules import ProductFacts
from src.modules.offers.verdicts import Verdict, nearest, verdict
from src.platform.database import Connection

# How many stamps are remembered, and of each the sets of offers that shoppers share.
MAX_STAMPS = 4
MAX_SETS = 64


def offer_set(
    campaigns: Iterable[Campaign],
    *,
    refusal: Verdict = None,
    voucher_offers: Iterable[int] = (),
    bulk_codes: Mapping[int, int] | None = None,
) -> OfferSet:
    """These campaigns, each offer once."""
    by_id = {campaign.id: campaign for campaign in campaigns}
    return OfferSet(
        campaigns=tuple(by_id.values()),
        offers=tuple(campaign.offer for campaign in by_id.values()),
        by_id=by_id,
        collections={known.id: known for campaign in by_id.values() for known in campaign.collections},
        refusal=refusal,
        voucher_offers=frozenset(voucher_offers),
        bulk_codes=bulk_codes or {},
    )


class Campaigns:
    """The offers for everybody under one stamp."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        self.all = tuple(sorted(campaigns, key=lambda campaign: campaign.id))
        self.limited = tuple(campaign.id for campaign in self.all if campaign.max_usage_per_user)
        # What each user has only so many times: of guests nobody could count it.
        self.not_for_guests = frozenset(self.limited)
        self.listable = offer_set(campaign for campaign in self.all if is_listable(campaign))
        self._sets: dict[tuple[str, frozenset[int]], OfferSet] = {}

    def taking(self, currency: str, without: frozenset[int] = frozenset()) -> OfferSet:
        """Those for baskets in a currency, but for some."""
        found = self._sets.get((currency, without))
        if found is None:
            found = offer_set(c for c in self.all if c.takes(currency) and c.id not in without)
            if len(self._sets) < MAX_SETS:
                self._sets[currency, without] = found
        return found


class Offers:
    """Finds the offers that there are; one per process."""

    def __init__(self) -> None:
        self._reader = CampaignReader()
        self._campaigns: OrderedDict[str, Campaigns] = OrderedDict()
        self._loading = asyncio.Lock()

    async def campaigns(self, stamp: str, connection: Connection) -> Campaigns:
        """The offers for everybody as of an OFFERS_STAMP that was just read; asks the database once per stamp."""
        found = self._campaigns.get(stamp)
        if found is not None:
            return found
        # One asks, the others wait for the answer.
        async with self._loading:
            found = self._campaigns.get(stamp)
            if found is None:
                read = [self._reader.read(told) for told in await repositories.sitewide(connection)]
                found = Campaigns(campaign for campaign in read if campaign)
                # What was read may be newer than the stamp: it is kept only if that is still the present one.
                if await repositories.offers_stamp(connection) != stamp:
                    return found
                self._campaigns[stamp] = found
                while len(self._campaigns) > MAX_STAMPS:
                    self._campaigns.popitem(last=False)
            return found

    async def for_basket(self, connection: Connection, query: OfferQuery) -> OfferSet:
        """The offers that a basket is judged by: those for everybody, the shopper's own and its voucher's.

        Who has just read the `shopper_stamp` as well spares the database questions that it has answered.
        """
        campaigns = await self.campaigns(query.stamp, connection)
        everybodys = campaigns.taking(query.currency, await _without(connection, campaigns, query))
        if query.has_nothing_own and not query.voucher_code:
            return everybodys
        return await self._with_own(connection, everybodys, query)

    def remembered(self, query: OfferQuery) -> OfferSet | None:
        """What `for_basket` answers without a question to the database; None where it has to ask."""
        campaigns = self._campaigns.get(query.stamp)
        if campaigns is None or query.voucher_code or not query.has_nothing_own:
            return None
        return campaigns.taking(query.currency, campaigns.not_for_guests if query.user_id is None else frozenset())

    async def _with_own(self, connection: Connection, everybodys: OfferSet, query: OfferQuery) -> OfferSet:
        found: list[Campaign] = []
        bulk_codes: dict[int, int] = {}
        voucher_offers: set[int] = set()
        verdicts: set[Verdict] = set()
        code = query.voucher_code or None
        for candidate in await repositories.own_and_voucher(connection, query.user_id, code):
            campaign = self._reader.read(candidate.campaign)
            if campaign is None:
                continue
            judged = verdict(candidate, campaign, query.user_id, query.currency)
            if candidate.by_code:
                verdicts.add(judged)
            if judged is None:
                found.append(campaign)
                if candidate.by_code:
                    voucher_offers.add(campaign.id)
                if candidate.bulk_id is not None and (candidate.by_code or campaign.id not in bulk_codes):
                    bulk_codes[campaign.id] = candidate.bulk_id
        if not found and code is None:
            return everybodys
        return offer_set(
            (*everybodys.campaigns, *found),
            refusal=None if code is None else nearest(verdicts),
            voucher_offers=voucher_offers,
            bulk_codes=bulk_codes,
        )

    async def listing(
        self, connection: Connection, stamp: str, products: Sequence[ProductRow]
    ) -> dict[int, list[ListedOffer]]:
        """What `basket_offers` shows of each of these products; those without offers are left out."""
        listable = (await self.campaigns(stamp, connection)).listable
        static = [known.id for known in listable.collections.values() if known.terms is None]
        listed = await repositories.listed(connection, [p.id for p in products], static) if static else {}
        shown: dict[int, list[ListedOffer]] = {}
        for product in products:
            facts = ProductFacts(
                sku=product.sku,
                base_code=product.base_code,
                categories=frozenset(product.category_nodes),
                attributes=product.attributes,
            )
            members = listable.collections_of(facts, listed.get(product.id))
            offers = listed_offers(product, facts, members, listable.campaigns)
            if offers:
                shown[product.id] = offers
        return shown


async def _without(connection: Connection, campaigns: Campaigns, query: OfferQuery) -> frozenset[int]:
    """The offers for everybody that this shopper has used up."""
    if query.user_id is None:
        return campaigns.not_for_guests
    if query.has_nothing_own or not campaigns.limited:
        return frozenset()
    uses = await repositories.uses(connection, query.user_id, campaigns.limited)
    return frozenset(c.id for c in campaigns.all if 0 < c.max_usage_per_user <= uses.get(c.id, 0))
