"""What is behind a link: a collection that its owner shows to everybody, or the owner's own private one.

The database is asked one small question: who may see what, and the versions that decide its look. The answer's bytes
are kept under those, so a warm look costs nothing else. Whoever is not the owner gets the same for a private link as
for one that nobody made, and by the same steps.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from src.modules.collections import repositories
from src.modules.collections.dtos import CollectionRow, Listing
from src.modules.collections.repositories import COLUMNS, LOOK
from src.modules.collections.rules import is_slug
from src.modules.collections.showing import Showing, price_context
from src.modules.identity import Identity, Shopper
from src.platform.cache import VersionedCache
from src.platform.coalescing import Coalescer
from src.platform.conditional import etag
from src.platform.database import Database
from src.platform.errors import NotFound
from src.platform.forgetting import user_tag
from src.platform.wire import JSON_ENCODER

# An item never changes its product and versions only rise: while the collection's own stands, the sum tells all.
QUESTION = f"""
SELECT {COLUMNS}, collection.user_id, collection.version,
       (SELECT coalesce(sum(state.version), 0)::bigint
        FROM user_collection_item AS item JOIN product_state AS state ON state.product_id = item.product_id
        WHERE item.user_id = collection.user_id AND item.collection_id = collection.id),
       look.epoch, look.offers, look.currency
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS asked (slug, viewer, place)
CROSS JOIN (SELECT {LOOK}) AS look
LEFT JOIN LATERAL (
    SELECT id, name, is_public, slug, user_id, version
    FROM user_collection WHERE is_public AND slug = asked.slug
    UNION ALL
    SELECT id, name, is_public, slug, user_id, version
    FROM user_collection WHERE user_id = asked.viewer AND slug = asked.slug AND NOT is_public
    LIMIT 1
) AS collection ON true
ORDER BY asked.place
"""
COLLECTION_COLUMNS = len(CollectionRow._fields)
TAG_LENGTH = len(etag(b""))


class Found(NamedTuple):
    """A collection that somebody may see, and what its bytes depend on."""

    row: CollectionRow
    user_id: int
    version: int
    products_version: int
    listing: Listing


class Shown(NamedTuple):
    """A collection as bytes, with the ETag over them."""

    body: bytes
    tag: str


class LinkedCollections:
    """Follows links; one per process."""

    def __init__(self, database: Database, identity: Identity, showing: Showing, cache: VersionedCache) -> None:
        self._database = database
        self.identity = identity
        self._showing = showing
        self._cache = cache
        self._found: Coalescer[tuple[str, int | None], Found | None] = Coalescer(self._fetch)

    async def show(self, slug: str, viewer: Shopper | None, currency: str | None) -> Shown:
        """What the link leads to, at the prices of the viewer; raises NotFound."""
        found = await self._found.get((slug, viewer.id if viewer else None)) if is_slug(slug) else None
        if found is None:
            # A cache between must not hold on to it: the link may be made public at any moment.
            raise NotFound(headers={"Cache-Control": "no-store"})
        prices = price_context(viewer, found.listing, currency)
        row, listing = found.row, found.listing
        key = (
            f"{user_tag(found.user_id)}:collection:{row.id}:{found.version}:{found.products_version}"
            f":{listing.epoch}:{prices.key}:{listing.offers_stamp}"
        )
        kept = (await self._cache.get_many([key])).get(key)
        if kept is not None:
            return Shown(kept[TAG_LENGTH:], kept[:TAG_LENGTH].decode())
        async with self._database.read() as connection:
            items = await repositories.items(connection, found.user_id, [row.id])
        (collection,) = await self._showing.collections([row], items, prices, listing)
        body = JSON_ENCODER.encode(collection)
        tag = etag(body)
        # What changed since the question was asked has moved a version, so nobody asks for this key again.
        self._cache.set_many({key: tag.encode() + body})
        return Shown(body, tag)

    async def _fetch(self, asked: Sequence[tuple[str, int | None]]) -> list[Found | None]:
        slugs, viewers = zip(*asked, strict=True)
        async with self._database.read() as connection:
            cursor = await connection.execute(QUESTION, (list(slugs), list(viewers)), binary=True)
            rows = await cursor.fetchall()
        return [_found(row) if row[0] is not None else None for row in rows]


def _found(row: tuple[Any, ...]) -> Found:
    user_id, version, products_version, *look = row[COLLECTION_COLUMNS:]
    return Found(CollectionRow(*row[:COLLECTION_COLUMNS]), user_id, version, products_version, Listing(1, *look))
