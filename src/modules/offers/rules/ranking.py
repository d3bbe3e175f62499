"""Offers in their order, arranged so that a basket only meets those that may give it something.

What is left out could not apply, and nothing that other offers do would change that: they only ever take units and
cents away.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import TypeAlias

from src.modules.offers.rules.basket import Shopper
from src.modules.offers.rules.campaign import Offer
from src.modules.offers.rules.ledger import Basket
from src.modules.offers.rules.terms import Kinds, values_of

# For so many kinds of shoppers it is remembered which offers are not for them.
MAX_KINDS = 64
_Places: TypeAlias = list[int]


class Ranking:
    """Offers in their order; made once for many baskets."""

    def __init__(self, offers: Iterable[Offer], telling: Collection[int] = ()) -> None:
        """`telling` are offers of which shoppers hear also where they lack something."""
        self.offers: Sequence[Offer] = sorted(offers, key=attrgetter("rank"))
        self._telling = frozenset(telling)
        self._kinds = Kinds(term for offer in self.offers for term in offer.condition.about_others)
        self._everybodys = _Index(self.offers, range(len(self.offers)), self._telling)
        self._indexes: dict[Hashable, _Index] = {}

    def for_basket(self, basket: Basket) -> list[Offer]:
        """Those that may give the basket something, and the telling ones that may lack something that counts."""
        index = self._index(basket.situation.shopper)
        offers = self.offers
        return [offers[place] for place in sorted(index.places(basket))]

    def _index(self, shopper: Shopper) -> "_Index":
        kind = self._kinds.of(shopper)
        index = self._indexes.get(kind)
        if index is None:
            if len(self._indexes) >= MAX_KINDS:
                return self._everybodys
            places = [
                place
                for place, offer in enumerate(self.offers)
                if self._kinds.admits(shopper, offer.condition.about_others)
            ]
            index = self._indexes[kind] = _Index(self.offers, places, self._telling)
        return index


class _Index:
    """Some of the offers, by what a basket must hold for them."""

    def __init__(self, offers: Sequence[Offer], places: Iterable[int], telling: Collection[int]) -> None:
        self._offers = offers
        # Each offer is in one of these; None stands for any collection.
        self._telling: _Places = []
        self._by_collection: dict[int | None, _Places] = defaultdict(list)
        self._by_product: dict[tuple[str, str], dict[Hashable, _Places]] = {}
        for place in places:
            condition = offers[place].condition
            if offers[place].id in telling:
                self._telling.append(place)
            elif condition.about_products:
                # One of its terms is enough to find it by.
                term = condition.about_products[0]
                by_value = self._by_product.setdefault((term.name, term.key), defaultdict(list))
                for value in term.values:
                    by_value[value].append(place)
            else:
                self._by_collection[condition.collection].append(place)

    def places(self, basket: Basket) -> set[int]:
        """Where those offers are that may be about the basket and are not too big for it."""
        offers, here = self._offers, basket.collections
        met: set[int] = set()
        for collection in here:
            met.update(self._by_collection.get(collection, ()))
        for (name, key), by_value in self._by_product.items():
            for line in basket.lines:
                for value in values_of(line, name, key):
                    met.update(by_value.get(value, ()))
        found = {place for place in met if offers[place].condition.least <= basket.most(offers[place].condition)}
        found.update([place for place in self._telling if offers[place].may_be_for(here)])
        return found
