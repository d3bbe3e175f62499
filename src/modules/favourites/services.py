"""The use cases of favourites; one favourite serves both dialects."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from src.modules.catalogue import Extras, PriceContext, ProductViews, read_currency, rendered, wanted_currency
from src.modules.favourites import repositories
from src.modules.favourites.additions import Addition, SharedAdditions, add
from src.modules.favourites.dtos import AddOutcome, FavouriteAdded, FavouriteRow, ListContext
from src.modules.favourites.errors import (
    AlreadyFavourite,
    AlreadyInFavorites,
    FavouriteNotFound,
    NotYourFavourite,
    ProductNotAccessible,
    UnknownProduct,
)
from src.modules.favourites.hot_reads import BY_PRODUCT, NEWEST_FIRST, HotReads, Order, Slice
from src.modules.identity import Identity, Presented, Shopper
from src.modules.offers import Offers
from src.platform.database import Connection, Database, Transaction
from src.platform.edge import TransactionNeeded
from src.platform.errors import NotFound
from src.platform.paging import Page
from src.platform.wire import time

T = TypeVar("T")


def _known(value: T | None) -> T:
    """`value`, which an admitted shopper or a made favourite always has."""
    assert value is not None  # noqa: S101
    return value


class Filters(msgspec.Struct, frozen=True):
    """What a list may be narrowed to."""

    products: Sequence[int] | None = None
    base_codes: Sequence[str] | None = None
    name: str | None = None
    market: UUID | None = None


EVERYTHING = Filters()


class Listed(msgspec.Struct):
    """A page of favourites with their products as JSON."""

    user_uuid: UUID
    total: int
    items: list[tuple[FavouriteRow, bytes]]


class Favourites:
    """Lists, adds and removes favourites; one per process."""

    def __init__(self, database: Database, identity: Identity, views: ProductViews, offers: Offers) -> None:
        self._database = database
        self.identity = identity
        self._views = views
        self._offers = offers
        self._additions = SharedAdditions(database)
        self.hot = HotReads(database)

    async def list_commerce(self, presented: Presented, page: Page, filters: Filters, currency: str | None) -> Listed:
        """A page in the order of product ids, or of base codes when the setting says so; NotFound past the end."""
        plain = filters == EVERYTHING
        context = await self._context(presented, page if plain else None, BY_PRODUCT)
        if not plain or not context.one_per_product:
            order = "product" if context.one_per_product else "base_code"
            await self._narrow(context, page, filters, order)
        if page.past_end(context.total):
            raise NotFound
        return await self._listed("commerce", context, currency)

    async def list_storefront(self, presented: Presented, page: Page, filters: Filters, currency: str | None) -> Listed:
        """A page with the newest favourite first; empty past the end."""
        plain = filters == EVERYTHING
        context = await self._context(presented, page if plain else None, NEWEST_FIRST)
        if not plain:
            await self._narrow(context, page, filters, "newest")
        return await self._listed("storefront", context, currency)

    async def _context(self, presented: Presented, page: Page | None, order: Order) -> ListContext:
        wanted = Slice(presented.digest, page.offset, page.limit) if page else Slice(presented.digest, 0, 0)
        context = await self.hot.page(order, wanted)
        self.identity.admit(presented, context.scopes, "storefront")
        return context

    async def _narrow(self, context: ListContext, page: Page, filters: Filters, order: str) -> None:
        async with self._database.read() as connection:
            context.total, context.rows = await repositories.page(
                connection,
                _known(context.user_id),
                order=order,
                limit=page.limit,
                offset=page.offset,
                products=filters.products,
                base_codes=filters.base_codes,
                name=filters.name,
                market=filters.market,
            )

    async def _listed(self, dialect: str, context: ListContext, currency: str | None) -> Listed:
        prices = PriceContext(
            price_list_id=context.price_list_id,
            stock_list_id=context.stock_list_id,
            wanted_currency=wanted_currency(currency, context.default_currency),
            default_currency=context.default_currency,
        )
        versions = {row.product_id: row.product_version for row in context.rows}
        extras = Extras(context.offers_stamp, self._offers.listing) if context.offers_stamp else None
        products = (await self._views.render(dialect, versions, prices, epoch=context.epoch, extras=extras)).bodies
        return Listed(
            user_uuid=_known(context.user_uuid),
            total=context.total,
            items=[(row, products[row.product_id]) for row in context.rows if row.product_id in products],
        )

    async def add_commerce(
        self, work: Transaction | None, shopper: Shopper, product: int, currency: str | None
    ) -> FavouriteAdded:
        """Add a product by its id; raises UnknownProduct or AlreadyFavourite."""
        outcome = await self._add(work, shopper, product, currency)
        if not outcome.is_active:
            raise UnknownProduct
        if outcome.favourite_id is None:
            raise AlreadyFavourite
        return FavouriteAdded(pk=outcome.favourite_id, product=product)

    async def add_storefront(
        self, work: Transaction | None, shopper: Shopper, variant: UUID, currency: str | None
    ) -> tuple[FavouriteRow, bytes]:
        """Add a product row by its UUID, and render it; raises ProductNotAccessible or AlreadyInFavorites."""
        outcome = await self._add(work, shopper, variant, currency)
        if not outcome.is_active:
            raise ProductNotAccessible
        if outcome.favourite_id is None:
            raise AlreadyInFavorites
        product = _known(outcome.product)
        row = FavouriteRow(
            id=outcome.favourite_id,
            uuid=str(outcome.favourite_uuid),
            created_at=time(_known(outcome.created_at)),
            product_id=product.id,
            product_version=product.version,
        )
        return row, rendered("storefront", product)

    async def _add(
        self, work: Transaction | None, shopper: Shopper, product: int | UUID, currency: str | None
    ) -> AddOutcome:
        addition = Addition(shopper, product, read_currency(currency))
        if work is None:
            outcome = await self._additions.add(addition)
        else:
            (outcome,) = await add(work.connection, [addition])
        if outcome.one_per_product or outcome.product_id is None or not outcome.is_active:
            return outcome
        # One favourite per base code: compared in turns, because no constraint can say it.
        if work is None:
            raise TransactionNeeded
        await repositories.take_turns(work.connection, shopper.id)
        if not await repositories.has_base_code_of(work.connection, shopper.id, outcome.product_id):
            (outcome,) = await add(work.connection, [addition], base_code_checked=True)
        return outcome

    async def remove_by_number(self, connection: Connection, shopper: Shopper, number: int) -> None:
        """Remove a favourite by its own id, else by its product's; raises FavouriteNotFound."""
        removed = await repositories.remove_by_number(connection, shopper.id, number)
        if removed is None:
            raise FavouriteNotFound

    async def remove_by_uuid(self, connection: Connection, shopper: Shopper, uuid: UUID) -> datetime:
        """Remove a favourite by its UUID and say when; raises FavouriteNotFound or NotYourFavourite."""
        removed = await repositories.remove_by_uuid(connection, shopper.id, uuid)
        if removed is None:
            if await repositories.exists_for_anybody(connection, uuid):
                raise NotYourFavourite
            raise FavouriteNotFound
        return removed[1]
