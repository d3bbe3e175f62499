"""Collections put together from their rows and the products that the catalogue renders."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from src.modules.catalogue import Extras, PriceContext, ProductViews, wanted_currency
from src.modules.collections.dtos import CollectionRow, CollectionView, ItemRow, ItemView, Listing
from src.modules.collections.rules import public_url, status_of
from src.modules.identity import Shopper
from src.modules.offers import Offers
from src.platform.database import Connection

Item: TypeAlias = ItemView[msgspec.Raw]
Collection: TypeAlias = CollectionView[msgspec.Raw]


def price_context(viewer: Shopper | None, listing: Listing, currency: str | None) -> PriceContext:
    """What decides the prices and stocks that somebody sees; `currency` is what X-Currency says."""
    return PriceContext(
        price_list_id=viewer.price_list_id if viewer else None,
        stock_list_id=viewer.stock_list_id if viewer else None,
        wanted_currency=wanted_currency(currency, listing.default_currency),
        default_currency=listing.default_currency,
    )


class Showing:
    """Renders collections and items; one per process."""

    def __init__(self, views: ProductViews, offers: Offers) -> None:
        self._views = views
        self._offers = offers

    async def collections(
        self,
        rows: Iterable[CollectionRow],
        items: Sequence[ItemRow],
        prices: PriceContext,
        listing: Listing,
        connection: Connection | None = None,
    ) -> list[Collection]:
        """Each of the collections with its items, which are given in their order."""
        shown = await self.items(items, prices, listing, connection)
        by_collection: dict[int, list[Item]] = {}
        for row, item in zip(items, shown, strict=True):
            by_collection.setdefault(row.collection_id, []).append(item)
        return [
            Collection(
                pk=row.id,
                status=status_of(is_public=row.is_public),
                name=row.name,
                slug=row.slug,
                items=by_collection.get(row.id, []),
                public_url=public_url(row.slug, is_public=row.is_public),
            )
            for row in rows
        ]

    async def items(
        self, items: Sequence[ItemRow], prices: PriceContext, listing: Listing, connection: Connection | None = None
    ) -> list[Item]:
        """Each of the items, in their order; who holds a connection passes it on."""
        versions = {row.product_id: row.product_version for row in items}
        extras = Extras(listing.offers_stamp, self._offers.listing)
        products = await self._views.render(
            "collected", versions, prices, epoch=listing.epoch, extras=extras, connection=connection
        )
        # Products are never deleted, so each of them was found.
        bodies = products.bodies
        return [Item(row.id, row.note, msgspec.Raw(bodies[row.product_id]), row.created_date) for row in items]
