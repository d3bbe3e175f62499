"""The SQL of the feed; what is a user's takes the user."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from src.modules.catalogue import DATA_SOURCE_JOIN, stock_lateral
from src.modules.updates.rules import GRACE, Baseline, Context, Facts, Sight
from src.platform.database import Connection

# Past so many rows behind the pass, each product's own part of the log is looked at instead.
LONG_TAIL = 256
# Only favourites whose product the log knows something of. The facts that a pass left hold as long as the log has
# nothing about the product that the pass has not seen. The tail is read in the order of its index: a planner that
# knows nothing of snapshots would read the whole log for it.
CANDIDATES = f"""
WITH progress AS MATERIALIZED (
    SELECT done FROM update_progress
), tail AS MATERIALIZED (
    SELECT newer.product_id
    FROM progress CROSS JOIN LATERAL (
        SELECT change.product_id FROM catalogue_change AS change
        WHERE change.xid >= pg_snapshot_xmin(progress.done) AND NOT pg_visible_in_snapshot(change.xid, progress.done)
        ORDER BY change.xid LIMIT {LONG_TAIL}
    ) AS newer
)
SELECT favourite.user_id, favourite.id, favourite.uuid, favourite.product_id,
       favourite.baseline_at, favourite.baseline_price, favourite.baseline_available, favourite.baseline_currency,
       segment.price_list_id, segment.stock_list_id, known.context,
       known.price_changed_at, known.became_available_at, known.became_unavailable_at
FROM {{asked}}
JOIN users ON users.id = favourite.user_id
LEFT JOIN segment ON segment.id = users.segment_id
LEFT JOIN favourite_update AS known ON known.user_id = favourite.user_id AND known.favourite_id = favourite.id
    AND NOT CASE WHEN (SELECT count(*) FROM tail) < {LONG_TAIL}
        THEN favourite.product_id = ANY(ARRAY(SELECT product_id FROM tail))
        ELSE EXISTS (
            SELECT FROM catalogue_change AS change, progress
            WHERE change.product_id = favourite.product_id AND change.changed_at > %(horizon)s
              AND NOT pg_visible_in_snapshot(change.xid, progress.done)) END
WHERE EXISTS (
    SELECT FROM catalogue_change AS change
    WHERE change.product_id = favourite.product_id
      AND change.changed_at > greatest(%(horizon)s, favourite.baseline_at - %(grace)s))
"""
OF_USERS = CANDIDATES.format(
    asked="unnest(%(users)s::bigint[]) AS asked (user_id) JOIN favourite ON favourite.user_id = asked.user_id"
)
OF_PRODUCTS = CANDIDATES.format(
    asked="""unnest(%(users)s::bigint[], %(products)s::bigint[]) AS asked (user_id, product_id)
JOIN favourite ON favourite.user_id = asked.user_id AND favourite.product_id = asked.product_id"""
)
VARIANTS = f"""
SELECT product.id, asked.stock_list, product.uuid, market.uuid,
       coalesce((SELECT jsonb_object_agg(language, told ->> 'name') FROM jsonb_each(product.translations)
                     AS translation (language, told) WHERE told ->> 'name' <> ''),
                jsonb_build_object('en', product.name)),
       stock.stock,
       ARRAY(SELECT image FROM product_image WHERE product_id = product.id AND status = 'active' ORDER BY "order", id)
FROM unnest(%(products)s::bigint[], %(stock_lists)s::bigint[]) AS asked (product_id, stock_list)
JOIN product ON product.id = asked.product_id
LEFT JOIN market ON market.id = product.market_id
{DATA_SOURCE_JOIN}
{stock_lateral(segment_list="asked.stock_list")}
"""
# Favourites come first, then the summary, as in every statement that touches both; they in the order of their products,
# as when a shop feeds them.
LOCK = """
SELECT id, product_id, baseline_currency FROM favourite
WHERE user_id = %(user)s AND baseline_at < %(up_to)s
  AND (%(uuids)s::uuid[] IS NULL OR uuid = ANY(%(uuids)s::uuid[]))
ORDER BY product_id FOR NO KEY UPDATE
"""
SET_BASELINES = """
UPDATE favourite SET baseline_at = %(up_to)s, baseline_price = became.price, baseline_currency = became.currency,
                     baseline_available = became.available
FROM unnest(%(ids)s::bigint[], %(prices)s::numeric[], %(currencies)s::text[], %(availabilities)s::boolean[])
     AS became (id, price, currency, available)
WHERE favourite.user_id = %(user)s AND favourite.id = became.id
"""
MOVE_VERSION = "UPDATE favourite_summary SET version = version + 1 WHERE user_id = %s"

# A product, and the stock list of the shopper who looks at it.
Place: TypeAlias = tuple[int, int | None]


class Candidate(NamedTuple):
    """A favourite that there may be updates of, and what a pass found: it holds in the context of this key only."""

    user_id: int
    id: int
    uuid: UUID
    product_id: int
    baseline: Baseline
    currency: str | None
    price_list_id: int | None
    stock_list_id: int | None
    found_in: int | None
    found: Facts

    def context(self, sight: Sight) -> Context:
        """What decides the prices and stocks of this favourite, whose product is seen so."""
        return sight.context(self.price_list_id, self.stock_list_id, self.currency)


class Shown(NamedTuple):
    """What an element shows of a product besides its price."""

    uuid: UUID
    market: UUID | None
    name: dict[str, str]
    stock: int | None
    images: list[str]


async def candidates_of_users(connection: Connection, users: Sequence[int], horizon: datetime) -> list[Candidate]:
    """The favourites of these users that may have changed after `horizon`."""
    return await _candidates(connection, OF_USERS, {"users": list(users), "horizon": horizon})


async def candidates_of_products(
    connection: Connection, pairs: Sequence[tuple[int, int]], horizon: datetime
) -> list[Candidate]:
    """The favourites among these pairs of a user and a product that may have changed after `horizon`."""
    users, products = [user for user, _ in pairs], [product for _, product in pairs]
    return await _candidates(connection, OF_PRODUCTS, {"users": users, "products": products, "horizon": horizon})


async def _candidates(connection: Connection, statement: str, values: dict[str, Any]) -> list[Candidate]:
    cursor = await connection.execute(statement, {**values, "grace": GRACE}, binary=True)
    return [_candidate(row) for row in await cursor.fetchall()]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    own, baseline, seen, found = row[:4], Baseline(*row[4:7]), row[7:11], Facts(*row[11:])
    return Candidate._make((*own, baseline, *seen, found))


async def shown(connection: Connection, wanted: Sequence[Place]) -> dict[Place, Shown]:
    """What there is to show of products."""
    products, stock_lists = [product for product, _ in wanted], [stock_list for _, stock_list in wanted]
    cursor = await connection.execute(VARIANTS, {"products": products, "stock_lists": stock_lists}, binary=True)
    return {(row[0], row[1]): Shown(*row[2:]) for row in await cursor.fetchall()}


class OwnFavourite(NamedTuple):
    """A favourite of a shopper whose baseline is about to move."""

    id: int
    product_id: int
    currency: str | None


class NewBaseline(NamedTuple):
    """What a favourite is compared with from now on."""

    id: int
    price: Decimal | None
    currency: str | None
    available: bool


async def lock_favourites(
    connection: Connection, user_id: int, uuids: Sequence[UUID] | None, up_to: datetime
) -> list[OwnFavourite]:
    """The user's favourites of these UUIDs, or all, whose baseline is older than `up_to`; nobody else moves it now."""
    values = {"user": user_id, "uuids": None if uuids is None else list(uuids), "up_to": up_to}
    cursor = await connection.execute(LOCK, values, binary=True)
    return [OwnFavourite(*row) for row in await cursor.fetchall()]


async def set_baselines(
    connection: Connection, user_id: int, up_to: datetime, baselines: Sequence[NewBaseline]
) -> None:
    """Make `baselines` what the user's favourites were at `up_to`."""
    ids, prices, currencies, availabilities = zip(*baselines, strict=True)
    values = {
        "user": user_id,
        "up_to": up_to,
        "ids": list(ids),
        "prices": list(prices),
        "currencies": list(currencies),
        "availabilities": list(availabilities),
    }
    await connection.execute(SET_BASELINES, values)


async def move_version(connection: Connection, user_id: int) -> None:
    """Make every answer about the user's favourites a new one."""
    await connection.execute(MOVE_VERSION, (user_id,))
