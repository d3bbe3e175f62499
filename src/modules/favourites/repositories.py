"""The SQL of the feature but the hot statements (hot_reads.py, additions.py); what is a user's takes the user."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from src.modules.favourites.dtos import FavouriteRow
from src.platform.database import Connection, containing
from src.platform.dynamic_settings import DEFAULT_CURRENCY, FAVOURITE_SKU_IS_ACTIVE, sql_text, sql_value
from src.platform.wire import sql_time

ONE_PER_PRODUCT = f"({sql_value(FAVOURITE_SKU_IS_ACTIVE)})::boolean"
CURRENCY = sql_text(DEFAULT_CURRENCY)
# Before the base codes are compared, so that two adds of one base code take turns. It is no row's lock: adds by
# product, from before or after a switch of the setting, lock the favourite first and the summary last.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(7205, hashint8(%s::bigint))"
HAS_BASE_CODE = """
SELECT EXISTS (
    SELECT FROM favourite JOIN product ON product.id = favourite.product_id, product AS wanted
    WHERE favourite.user_id = %s AND wanted.id = %s
      AND (product.base_code = wanted.base_code OR product.id = wanted.id))
"""
REMOVE = """
WITH gone AS (
    DELETE FROM favourite USING ({target}) AS target
    WHERE favourite.user_id = %(user)s AND favourite.id = target.id RETURNING favourite.id
), remembered AS (
    INSERT INTO removed_favourite (user_id, favourite_id) SELECT %(user)s, id FROM gone ON CONFLICT DO NOTHING
), counted AS (
    UPDATE favourite_summary SET version = version + 1, total = total - 1,
        last_changed_at = greatest(clock_timestamp(), last_changed_at + interval '1 microsecond')
    WHERE user_id = %(user)s AND EXISTS (SELECT FROM gone)
    RETURNING last_changed_at
)
SELECT gone.id, counted.last_changed_at FROM gone, counted
"""
# A favourite's own id first; only a number that this user never had as such an id is a product's.
REMOVE_BY_NUMBER = REMOVE.format(
    target="""
    SELECT id FROM favourite WHERE user_id = %(user)s AND id = %(number)s
    UNION ALL
    SELECT id FROM favourite WHERE user_id = %(user)s AND product_id = %(number)s
      AND NOT EXISTS (SELECT FROM favourite WHERE user_id = %(user)s AND id = %(number)s)
      AND NOT EXISTS (SELECT FROM removed_favourite WHERE user_id = %(user)s AND favourite_id = %(number)s)"""
)
REMOVE_BY_UUID = REMOVE.format(target="SELECT id FROM favourite WHERE user_id = %(user)s AND uuid = %(uuid)s")
EXISTS_FOR_ANYBODY = "SELECT EXISTS (SELECT FROM favourite WHERE uuid = %s)"

CREATED_AT = sql_time("favourite.created_date")
FILTERED = """
FROM favourite JOIN product ON product.id = favourite.product_id
WHERE favourite.user_id = %(user)s
  AND (%(products)s::bigint[] IS NULL OR product.id = ANY(%(products)s::bigint[]))
  AND (%(base_codes)s::text[] IS NULL OR product.base_code = ANY(%(base_codes)s::text[]))
  AND (%(name)s::text IS NULL OR product.name ILIKE %(name)s::text)
  AND (%(market)s::uuid IS NULL OR product.market_id = (SELECT id FROM market WHERE uuid = %(market)s::uuid))
"""
COUNT_FILTERED = f"SELECT count(*) {FILTERED}"
ORDERS = {
    "product": "favourite.product_id",
    "base_code": 'product.base_code COLLATE "C" NULLS LAST, favourite.product_id',
    "newest": "favourite.created_date DESC, favourite.id DESC",
}
PAGE_FILTERED = f"""
SELECT id, uuid::text, created_at, product_id, state.version AS product_version
FROM (
    SELECT favourite.id, favourite.uuid, {CREATED_AT} AS created_at, favourite.product_id,
           row_number() OVER (ORDER BY {{order}}) AS place
    {FILTERED} ORDER BY {{order}} LIMIT %(limit)s OFFSET %(offset)s
) AS page JOIN product_state AS state USING (product_id) ORDER BY place
"""

# Each favourite under its own product and under the product's parent; a parent's own favourite goes first.
MAP = """
SELECT DISTINCT ON (shown.uuid) shown.uuid, favourite.uuid, favourite.created_date
FROM favourite
JOIN product ON product.id = favourite.product_id
JOIN product AS shown ON shown.id IN (product.id, product.parent_id)
WHERE favourite.user_id = %(user)s AND (%(asked)s::uuid[] IS NULL OR shown.uuid = ANY(%(asked)s::uuid[]))
ORDER BY shown.uuid, shown.id = favourite.product_id DESC, favourite.created_date, favourite.id
"""


async def take_turns(connection: Connection, user_id: int) -> None:
    """Make other adds by base code of this user wait for the end of this transaction."""
    await connection.execute(TAKE_TURNS, (user_id,))


async def has_base_code_of(connection: Connection, user_id: int, product_id: int) -> bool:
    """Whether the user has a favourite with the base code of this product, or the product itself."""
    row = await (await connection.execute(HAS_BASE_CODE, (user_id, product_id))).fetchone()
    return bool(row and row[0])


async def remove_by_number(connection: Connection, user_id: int, number: int) -> tuple[int, datetime] | None:
    """Remove the favourite that `number` means; its id and the time, or None when it means none."""
    row = await (await connection.execute(REMOVE_BY_NUMBER, {"user": user_id, "number": number})).fetchone()
    return (row[0], row[1]) if row else None


async def remove_by_uuid(connection: Connection, user_id: int, uuid: UUID) -> tuple[int, datetime] | None:
    """Remove the user's favourite of this UUID; its id and the time, or None when the user has none such."""
    row = await (await connection.execute(REMOVE_BY_UUID, {"user": user_id, "uuid": uuid})).fetchone()
    return (row[0], row[1]) if row else None


async def exists_for_anybody(connection: Connection, uuid: UUID) -> bool:
    """Whether some user has a favourite of this UUID; tells a 403 from a 404 and nothing else."""
    row = await (await connection.execute(EXISTS_FOR_ANYBODY, (uuid,))).fetchone()
    return bool(row and row[0])


async def page(
    connection: Connection,
    user_id: int,
    *,
    order: str,
    limit: int,
    offset: int,
    products: Sequence[int] | None = None,
    base_codes: Sequence[str] | None = None,
    name: str | None = None,
    market: UUID | None = None,
) -> tuple[int, list[FavouriteRow]]:
    """The number of the user's favourites that pass the filters, and one page of them in one of ORDERS."""
    values = {
        "user": user_id,
        "products": products,
        "base_codes": base_codes,
        "name": containing(name) if name else None,
        "market": market,
        "limit": limit,
        "offset": offset,
    }
    counted = await (await connection.execute(COUNT_FILTERED, values)).fetchone()
    total = int(counted[0]) if counted else 0
    if offset >= total:
        return total, []
    async with connection.cursor(row_factory=class_row(FavouriteRow)) as cursor:
        await cursor.execute(PAGE_FILTERED.format(order=ORDERS[order]), values)
        return total, await cursor.fetchall()


async def statuses(
    connection: Connection, user_id: int, products: Sequence[str] | None
) -> list[tuple[UUID, UUID, datetime]]:
    """Product, favourite and its time, for each of these products that is one, or for all when none are named."""
    cursor = await connection.execute(MAP, {"user": user_id, "asked": products}, binary=True)
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
