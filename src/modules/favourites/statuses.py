"""Which products are favourites: one at a time, or all of a listing page in one answer."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from src.modules.favourites import repositories
from src.modules.favourites.dtos import FavoriteCount, FavoriteStatus
from src.modules.favourites.errors import ProductNotFound
from src.modules.favourites.hot_reads import HotReads
from src.modules.identity import Identity, Presented
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.forgetting import user_tag
from src.platform.wire import JSON_ENCODER, optional_time, time

# Up to here a shopper's favourites are read as one cached map; beyond it, only the products asked for.
MAP_LIMIT = 500
StatusMap: TypeAlias = dict[str, msgspec.Raw]
MAP_DECODER = msgspec.json.Decoder(StatusMap)
NOT_FAVORITED = msgspec.Raw(JSON_ENCODER.encode(FavoriteStatus(False, None, None)))


class Statuses:
    """Answers from the shared hot reads and, for whole pages, from the versioned cache; one per process."""

    def __init__(self, database: Database, identity: Identity, cache: VersionedCache, hot: HotReads) -> None:
        self._database = database
        self.identity = identity
        self._cache = cache
        self._hot = hot

    async def count(self, presented: Presented) -> FavoriteCount:
        """How many favourites the shopper has, and when one last came or went."""
        count = await self._hot.count(presented.digest)
        self.identity.admit(presented, count.scopes, "storefront")
        return FavoriteCount(count=count.total, last_updated=optional_time(count.last_changed_at))

    async def status(self, presented: Presented, product: UUID) -> FavoriteStatus:
        """Whether this product, or a variant of it, is a favourite; raises ProductNotFound."""
        found = await self._hot.status(presented.digest, product)
        self.identity.admit(presented, found.scopes, "storefront")
        if found.product_id is None:
            raise ProductNotFound
        return FavoriteStatus(
            is_favorited=found.favourite_uuid is not None,
            favorite_id=found.favourite_uuid,
            favorited_at=found.created_at,
        )

    async def batch(self, presented: Presented, products: Sequence[str]) -> dict[str, msgspec.Raw]:
        """The status of each product by its id, as JSON; unknown ids are no favourites."""
        count = await self._hot.count(presented.digest)
        self.identity.admit(presented, count.scopes, "storefront")
        if not count.total or count.user_id is None:
            return dict.fromkeys(products, NOT_FAVORITED)
        key = f"{user_tag(count.user_id)}:favourites:{count.version}:{count.epoch}:statuses"
        favourites = await self._map(key, count.user_id, count.total, products)
        return {product: favourites.get(product.lower(), NOT_FAVORITED) for product in products}

    async def _map(self, key: str, user_id: int, total: int, products: Sequence[str]) -> StatusMap:
        small = total <= MAP_LIMIT
        if small and (kept := await self._cache.get_many([key])):
            return MAP_DECODER.decode(kept[key])
        async with self._database.read() as connection:
            found = await repositories.statuses(connection, user_id, None if small else products)
        favourites = {
            str(product): msgspec.Raw(JSON_ENCODER.encode(FavoriteStatus(True, favourite, time(created))))
            for product, favourite, created in found
        }
        if small:
            self._cache.set_many({key: JSON_ENCODER.encode(favourites)})
        return favourites
