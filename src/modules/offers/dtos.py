"""Campaigns as the engine and the shoppers' pages need them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from src.modules.offers.errors import VoucherRefused
from src.modules.offers.rules import Offer, ProductFacts, Ranking, Term, matches
from src.modules.offers.sql import NOTHING_OF_ONES_OWN


class Collection(msgspec.Struct, frozen=True):
    """Products that an offer is about: the listed ones, or those that fulfil `terms`; none while it is not `live`."""

    id: int
    live: bool
    terms: tuple[Term, ...] | None  # None: they are listed one by one


class Campaign(msgspec.Struct, frozen=True):
    """An offer with everything that the engine does not ask about; long-lived, shared by all requests."""

    offer: Offer
    offer_type: str
    name: str
    names: Mapping[str, str]  # the promotion's, by language
    label: str | None
    labels: Mapping[str, str]
    upsell_message: str | None
    upsell_messages: Mapping[str, str]
    kwargs: msgspec.Raw
    listing_kwargs: msgspec.Raw
    is_visible: bool
    is_visible_on_list: bool
    currencies: frozenset[str]  # empty: any
    max_usage_per_user: int  # 0: no limit
    user_id: int | None
    collections: tuple[Collection, ...]  # those that its condition and its benefit name

    @property
    def id(self) -> int:
        """The basket offer's id."""
        return self.offer.id

    def description(self, language: str) -> str:
        """What shoppers know it by: its label in their language, else its label, else the promotion's name."""
        return self.labels.get(language) or self.label or self.names.get(language) or self.name

    def upsell(self, language: str) -> str | None:
        """What to tell shoppers who are near it, with places like {remaining} to fill in; None: nothing."""
        return self.upsell_messages.get(language) or self.upsell_message or None

    @property
    def tells_shoppers(self) -> bool:
        """Whether shoppers who are near it may hear of it."""
        return self.is_visible and (bool(self.upsell_message) or bool(self.upsell_messages))

    def takes(self, currency: str) -> bool:
        """Whether it is for baskets in this currency."""
        return not self.currencies or currency in self.currencies


class OfferQuery(NamedTuple):
    """The basket that offers are asked for, and the stamps that were just read for it."""

    stamp: str
    user_id: int | None
    voucher_code: str | None
    currency: str
    # None: not read.
    shopper_stamp: str | None = None

    @property
    def has_nothing_own(self) -> bool:
        """Whether it is known that the shopper has no offers of his own and has used none."""
        return self.user_id is None or self.shopper_stamp == NOTHING_OF_ONES_OWN


class OfferSet(msgspec.Struct, frozen=True, dict=True):
    """The offers that a basket is to be judged by."""

    campaigns: tuple[Campaign, ...]
    offers: tuple[Offer, ...]  # of the campaigns, in their order: what `rules.allocate` takes
    by_id: Mapping[int, Campaign]
    collections: Mapping[int, Collection]
    # What the basket's voucher code stands for: why it is refused (None: it is not, or there is none), the offers
    # that it adds, and for each offer that was got by a bulk code, the shopper's own included, the id of that code.
    refusal: type[VoucherRefused] | None = None
    voucher_offers: frozenset[int] = frozenset()
    bulk_codes: Mapping[int, int] = {}

    @cached_property
    def ranking(self) -> Ranking:
        """The offers as `rules.allocate_ranked` takes them; those tell what they lack that have words for it."""
        return Ranking(self.offers, [campaign.id for campaign in self.campaigns if campaign.tells_shoppers])

    def collections_of(self, facts: ProductFacts, listed: Iterable[int] | None) -> frozenset[int]:
        """The collections of these offers that hold a product: `listed` are those that `static_collections` tells."""
        held = self._listing.intersection(listed) if listed else frozenset[int]()
        if not self._by_terms:
            return held
        return held.union([number for number, terms in self._by_terms if matches(facts, terms)])

    @cached_property
    def _listing(self) -> frozenset[int]:
        return frozenset(known.id for known in self.collections.values() if known.live and known.terms is None)

    @cached_property
    def _by_terms(self) -> Sequence[tuple[int, tuple[Term, ...]]]:
        return [(c.id, c.terms) for c in self.collections.values() if c.live and c.terms is not None]


class Candidate(NamedTuple):
    """An offer that a shopper has or a code stands for, with all that decides whether it can be used."""

    by_code: bool
    bulk_id: int | None
    offer_status: str
    bulk_status: str | None
    offer_user: int | None
    bulk_user: int | None
    active_at_present: bool
    used_up: bool
    taken: bool
    uses: int  # by the shopper
    campaign: str


class Use(NamedTuple):
    """An offer that a basket uses up once: by which bulk code, and the coupon (in cents) that its user gets for it."""

    offer_id: int
    bulk_code_id: int | None = None
    coupon: int = 0
    currency: str | None = None  # of the coupon


class ListedOffer(msgspec.Struct):
    """An offer that a product may be part of, as `basket_offers` shows it."""

    pk: int
    label: str | None
    kwargs: msgspec.Raw
    listing_kwargs: msgspec.Raw
