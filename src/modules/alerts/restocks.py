"""The SQL of restocks: which products came back for somebody who waits, and which sold out again."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from src.modules.alerts.rules import Shown
from src.platform.database import Connection

# Nulls can't be joined by equality; ids begin with 1.
NO_LIST = 0
WAITS = "alert.is_active AND alert.confirmed_at IS NOT NULL"
WAITER = """
LEFT JOIN users ON users.id = alert.user_id
LEFT JOIN segment ON segment.id = users.segment_id
"""
# Of an alert beside its WAITER, where `seen` is what somebody with this stock list sees.
IS_DUE = f"""
{WAITS} AND (alert.user_id IS NULL OR users.is_active) AND coalesce(segment.stock_list_id, {NO_LIST}) = seen.list_id
AND (alert.not_before IS NULL OR alert.not_before < seen.since)"""

# A parent is waited for through its variants, while it is for sale itself.
WATCHED = f"""
SELECT product.id, parent.id
FROM product LEFT JOIN product AS parent ON parent.id = product.parent_id AND parent.is_active
WHERE product.id = ANY(%(products)s::bigint[]) AND (
    EXISTS (SELECT FROM restock WHERE restock.product_id = product.id)
    OR EXISTS (SELECT FROM product_alert AS alert WHERE alert.product_id IN (product.id, parent.id) AND {WAITS}))
ORDER BY product.id
"""
# The products for which somebody waits and of which some list has stock, after a product that somebody waits for.
WAITED_FOR = f"""
WITH RECURSIVE waited AS (
    (SELECT product_id FROM product_alert AS alert WHERE {WAITS} AND product_id > %(after)s
     ORDER BY product_id LIMIT 1)
    UNION ALL
    SELECT (SELECT alert.product_id FROM product_alert AS alert
            WHERE {WAITS} AND alert.product_id > waited.product_id ORDER BY alert.product_id LIMIT 1)
    FROM waited WHERE waited.product_id IS NOT NULL
), page AS (
    SELECT product_id FROM waited WHERE product_id IS NOT NULL LIMIT %(limit)s
)
SELECT (SELECT max(product_id) FROM page), array(
    SELECT DISTINCT sold.id
    FROM page CROSS JOIN LATERAL (
        SELECT id FROM product WHERE id = page.product_id AND is_active
        UNION ALL
        SELECT id FROM product WHERE parent_id = page.product_id AND is_active
    ) AS sold
    WHERE EXISTS (SELECT FROM product_stock AS held WHERE held.product_id = sold.id AND held.in_stock))
"""
SEGMENT_LISTS = "SELECT DISTINCT stock_list_id FROM segment WHERE stock_list_id IS NOT NULL"
# What the pass under way is about.
FRESH = """
SELECT id FROM catalogue_change
WHERE product_id = ANY(%(products)s::bigint[]) AND kind IN ('availability', 'activity')
  AND NOT pg_visible_in_snapshot(xid, (SELECT done FROM update_progress))
"""
BEGIN = f"""
INSERT INTO restock (product_id, stock_list_id, changed_at)
SELECT seen.product_id, seen.stock_list_id, coalesce(min(seen.since), now())
FROM unnest(%(products)s::bigint[], %(parents)s::bigint[], %(lists)s::bigint[], %(stock_lists)s::bigint[],
            %(sinces)s::timestamptz[]) AS seen (product_id, parent_id, list_id, stock_list_id, since)
WHERE EXISTS (
    SELECT FROM product_alert AS alert {WAITER}
    WHERE alert.product_id IN (seen.product_id, seen.parent_id) AND {IS_DUE})
GROUP BY seen.product_id, seen.stock_list_id
ORDER BY seen.product_id, seen.stock_list_id
ON CONFLICT (product_id, stock_list_id) DO NOTHING
"""
END_SOLD_OUT = """
DELETE FROM restock
WHERE product_id = ANY(%(looked_at)s::bigint[]) AND NOT EXISTS (
    SELECT FROM unnest(%(products)s::bigint[], %(stock_lists)s::bigint[]) AS there (product_id, stock_list_id)
    WHERE there.product_id = restock.product_id AND there.stock_list_id = restock.stock_list_id)
"""


class Watched(NamedTuple):
    """A product that somebody waits for, perhaps through its parent."""

    id: int
    parent_id: int | None

    @property
    def targets(self) -> list[int]:
        """The products whose alerts it fires."""
        return [self.id] if self.parent_id is None else [self.id, self.parent_id]


async def watched(connection: Connection, products: Iterable[int]) -> list[Watched]:
    """Those of the products for which somebody waits, or whose alerts are being fired."""
    cursor = await connection.execute(WATCHED, {"products": list(products)})
    return [Watched(*row) for row in await cursor.fetchall()]


async def waited_for(connection: Connection, after: int, limit: int) -> tuple[int | None, list[int]]:
    """Products with stock that up to `limit` products are waited for through, and the last of those, if any."""
    cursor = await connection.execute(WAITED_FOR, {"after": after, "limit": limit})
    [(last, products)] = await cursor.fetchall()
    return last, products


async def segment_lists(connection: Connection) -> list[int | None]:
    """The stock lists of segments, and None for who is in none."""
    cursor = await connection.execute(SEGMENT_LISTS)
    return [None, *(row[0] for row in await cursor.fetchall())]


async def fresh_changes(connection: Connection, products: Sequence[int]) -> set[int]:
    """The rows of the log about these products that no pass has finished with."""
    cursor = await connection.execute(FRESH, {"products": list(products)})
    return {row[0] for row in await cursor.fetchall()}


async def begin(connection: Connection, seen: Sequence[tuple[Watched, Shown]]) -> int:
    """Let waves begin where any of `seen`, which is available, is what somebody waits for; how many begin."""
    values = {
        "products": [product.id for product, _ in seen],
        "parents": [product.parent_id for product, _ in seen],
        "lists": [each.segment_list or NO_LIST for _, each in seen],
        "stock_lists": [each.stock_list for _, each in seen],
        "sinces": [each.since for _, each in seen],
    }
    return (await connection.execute(BEGIN, values)).rowcount


async def end_sold_out(
    connection: Connection, looked_at: Sequence[int], available: Sequence[tuple[int, int | None]]
) -> None:
    """End the waves of these products on every list but those where they are available."""
    values = {
        "looked_at": list(looked_at),
        "products": [product for product, _ in available],
        "stock_lists": [stock_list for _, stock_list in available],
    }
    await connection.execute(END_SOLD_OUT, values)
