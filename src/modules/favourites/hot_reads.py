"""The statements that every page of a shop asks for: shared round trips, with the authentication in them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple
from uuid import UUID

from src.modules.catalogue import EPOCH
from src.modules.favourites.dtos import FavouriteRow, ListContext
from src.modules.favourites.repositories import CREATED_AT, CURRENCY, ONE_PER_PRODUCT
from src.modules.offers import OFFERS_STAMP
from src.platform.coalescing import Coalescer
from src.platform.database import Database

COUNTS = f"""
SELECT shopper.scopes, shopper.user_id, summary.version, coalesce(summary.total, 0), summary.last_changed_at, {EPOCH}
FROM unnest(%s::bytea[]) WITH ORDINALITY AS asked (digest, place)
LEFT JOIN shopper USING (digest)
LEFT JOIN favourite_summary AS summary ON summary.user_id = shopper.user_id
ORDER BY asked.place
"""
# A parent counts as favourite through any of its variants; its own favourite goes first.
STATUSES = f"""
SELECT shopper.scopes, product.id, found.uuid, found.created_at
FROM unnest(%s::bytea[], %s::uuid[]) WITH ORDINALITY AS asked (digest, uuid, place)
LEFT JOIN shopper USING (digest)
LEFT JOIN product ON product.uuid = asked.uuid
LEFT JOIN LATERAL (
    SELECT favourite.uuid, {CREATED_AT} AS created_at
    FROM favourite
    WHERE favourite.user_id = shopper.user_id AND favourite.product_id IN (
        SELECT product.id UNION ALL SELECT child.id FROM product AS child WHERE child.parent_id = product.id)
    ORDER BY favourite.product_id = product.id DESC, favourite.created_date, favourite.id
    LIMIT 1
) AS found ON true
ORDER BY asked.place
"""
# One row per request, its favourites as arrays: a row per favourite would repeat the shopper in each.
LISTS = f"""
SELECT shopper.scopes, shopper.user_id, shopper.user_uuid, shopper.price_list_id, shopper.stock_list_id,
       coalesce(summary.total, 0), settings.epoch, settings.offers, settings.one_per_product, settings.currency, page.*
FROM unnest(%s::bytea[], %s::bigint[], %s::bigint[]) WITH ORDINALITY AS asked (digest, skipped, wanted, place)
CROSS JOIN (
    SELECT {EPOCH} AS epoch, {{offers}} AS offers, {ONE_PER_PRODUCT} AS one_per_product, {CURRENCY} AS currency
) AS settings
LEFT JOIN shopper USING (digest)
LEFT JOIN favourite_summary AS summary ON summary.user_id = shopper.user_id
LEFT JOIN LATERAL (
    SELECT array_agg(shown.id), {{own}}, array_agg(shown.product_id), array_agg(shown.version)
    FROM (
        SELECT favourite.id, favourite.uuid, favourite.created_date, favourite.product_id, state.version
        FROM ({{page}}) AS favourite
        JOIN product_state AS state ON state.product_id = favourite.product_id
        ORDER BY {{order}}
    ) AS shown
) AS page ON true
ORDER BY asked.place
"""
FIRST_PAGES = """
SELECT id, uuid, created_date, product_id FROM favourite WHERE user_id = shopper.user_id
ORDER BY {order} OFFSET asked.skipped LIMIT asked.wanted"""
# What comes before a later page is skipped in the index alone and from the nearer end, so that a long list costs
# little more than a short one.
LATER_PAGES = """
SELECT favourite.id, favourite.uuid, favourite.created_date, favourite.product_id
FROM (
    (SELECT {key} FROM favourite WHERE user_id = shopper.user_id AND asked.skipped * 2 <= summary.total
     ORDER BY {order} OFFSET asked.skipped LIMIT asked.wanted)
    UNION ALL
    (SELECT {key} FROM favourite WHERE user_id = shopper.user_id AND asked.skipped * 2 > summary.total
     ORDER BY {backwards} OFFSET greatest(summary.total - asked.skipped - asked.wanted, 0)
     LIMIT greatest(least(asked.wanted, summary.total - asked.skipped), 0))
) AS chosen
JOIN favourite ON favourite.user_id = shopper.user_id AND favourite.{key} = chosen.{key}"""
LATER_FROM = 200
CONTEXT_COLUMNS = 10


class Order(NamedTuple):
    """An order of the list: how it is written forwards and backwards, and what of a favourite it shows."""

    key: str
    forwards: str
    backwards: str
    own: str
    # The stamp of the offers that it shows, an expression.
    offers: str

    def statement(self, page: str) -> str:
        """The statement that reads pages in this order, found as `page` says."""
        found = page.format(key=self.key, order=self.forwards, backwards=self.backwards)
        return LISTS.format(page=found, order=self.forwards, own=self.own, offers=self.offers)


# The commerce dialect shows neither UUIDs nor times, and only it shows offers.
BY_PRODUCT = Order(
    "product_id", "favourite.product_id", "favourite.product_id DESC", "NULL::text[], NULL::text[]", OFFERS_STAMP
)
NEWEST_FIRST = Order(
    "id",
    "favourite.created_date DESC, favourite.id DESC",
    "favourite.created_date, favourite.id",
    f"array_agg(shown.uuid::text), array_agg({CREATED_AT.replace('favourite.', 'shown.')})",
    "NULL::text",
)


class Count(NamedTuple):
    """How many favourites the holder of a credential has; `scopes` is None when nobody holds it."""

    scopes: list[str] | None
    user_id: int | None
    version: int | None
    total: int
    last_changed_at: datetime | None
    epoch: int


class Status(NamedTuple):
    """Whether a product is there, and the favourite that stands for it."""

    scopes: list[str] | None
    product_id: int | None
    favourite_uuid: UUID | None
    created_at: str | None


class Slice(NamedTuple):
    """A page that a credential asks for."""

    digest: bytes
    offset: int
    limit: int


class HotReads:
    """Coalesced reads; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: Coalescer[bytes, Count] = Coalescer(self._fetch_counts)
        self._statuses: Coalescer[tuple[bytes, UUID], Status] = Coalescer(self._fetch_statuses)
        self._lists = {
            (order, later): Coalescer(partial(self._fetch_lists, order.statement(page)), max_batch=16)
            for order in (BY_PRODUCT, NEWEST_FIRST)
            for later, page in ((False, FIRST_PAGES), (True, LATER_PAGES))
        }

    async def count(self, digest: bytes) -> Count:
        """The favourites of the credential's holder, counted."""
        return await self._counts.get(digest)

    async def status(self, digest: bytes, product: UUID) -> Status:
        """Whether a product, or a variant of it, is a favourite of the credential's holder."""
        return await self._statuses.get((digest, product))

    async def page(self, order: Order, part: Slice) -> ListContext:
        """A page of the favourites of the credential's holder."""
        return await self._lists[order, part.offset >= LATER_FROM].get(part)

    async def _fetch_counts(self, digests: Sequence[bytes]) -> list[Count]:
        async with self._database.read() as connection:
            cursor = await connection.execute(COUNTS, (list(digests),), binary=True)
            return [Count(*row) for row in await cursor.fetchall()]

    async def _fetch_statuses(self, keys: Sequence[tuple[bytes, UUID]]) -> list[Status]:
        digests, products = zip(*keys, strict=True)
        async with self._database.read() as connection:
            cursor = await connection.execute(STATUSES, (list(digests), list(products)), binary=True)
            return [Status(*row) for row in await cursor.fetchall()]

    async def _fetch_lists(self, statement: str, parts: Sequence[Slice]) -> list[ListContext]:
        digests, offsets, limits = zip(*parts, strict=True)
        async with self._database.read() as connection:
            cursor = await connection.execute(statement, (list(digests), list(offsets), list(limits)), binary=True)
            return [_list_context(row) for row in await cursor.fetchall()]


def _list_context(row: tuple[Any, ...]) -> ListContext:
    ids, uuids, times, products, versions = row[CONTEXT_COLUMNS:]
    parts = zip(ids or (), uuids or repeat(""), times or repeat(""), products or (), versions or (), strict=False)
    context: tuple[Any, ...] = (*row[:CONTEXT_COLUMNS], [FavouriteRow(*part) for part in parts])
    return ListContext(*context)
