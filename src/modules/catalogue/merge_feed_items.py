"""The items of a merchant feed while they are staged: temporary tables of one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from src.modules.catalogue.merge import IMAGE_EFFECTS
from src.modules.catalogue.merge_categories import nodes_by_names
from src.platform.database import Connection

# Null is what the feed does not tell; `row` counts items from 0, `line` is where one begins.
COLUMNS = {
    "row": "bigint",
    "line": "bigint",
    "sku": "text",
    "name": "text",
    "description": "text",
    "base_code": "text",
    "url_path": "text",
    "categories": "text[]",
    "images": "text[]",
    "price": "numeric",
    "retail_price": "numeric",
    "currency": "text",
    "stock": "integer",
    "in_stock": "boolean",
    "attributes": "jsonb",
}

CREATE = f"""
CREATE TEMPORARY TABLE feed_item ({", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())}) ON COMMIT DROP;
CREATE TEMPORARY TABLE feed_category (names text[], node_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE feed_touched (product_id bigint, is_new boolean) ON COMMIT DROP
"""
COPY = f"COPY feed_item ({', '.join(COLUMNS)}) FROM STDIN WITH (ON_ERROR ignore, LOG_VERBOSITY silent)"
LOST = "SELECT generate_series(0, %s - 1) EXCEPT SELECT row FROM feed_item"
LEAVE_OUT = "DELETE FROM feed_item WHERE row = ANY(%s) RETURNING row, line"
LAST_ITEMS_COUNT = """
DELETE FROM feed_item USING (SELECT sku, max(row) AS row FROM feed_item GROUP BY sku HAVING count(*) > 1) AS last
WHERE last.sku = feed_item.sku AND last.row > feed_item.row
"""
ANALYZE = "ANALYZE feed_item"
CATEGORIES = "SELECT DISTINCT categories FROM feed_item WHERE categories IS NOT NULL"
ADD_CATEGORY = "INSERT INTO feed_category (names, node_id) VALUES (%s, %s)"
# The pictures of an item are those that the feed tells.
DROP_IMAGES = f"""
WITH merged AS (
    DELETE FROM product_image USING feed_item AS item JOIN product ON product.sku = item.sku
    WHERE product_image.product_id = product.id AND product_image.image <> ALL (item.images)
    RETURNING product_image.id, old.product_id AS old_product_id, new.product_id AS new_product_id
), {", ".join(f"{step} AS ({statement})" for step, statement in IMAGE_EFFECTS.steps.items())}
, touched AS (
    INSERT INTO feed_touched SELECT old_product_id, false FROM merged
)
SELECT id FROM merged
"""
TOUCHED = """
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), count(item.sku)
FROM (SELECT product_id, bool_or(is_new) AS is_new FROM feed_touched GROUP BY product_id) AS touched
JOIN product ON product.id = touched.product_id
LEFT JOIN feed_item AS item ON item.sku = product.sku
"""


class Touched(NamedTuple):
    """How many products a feed made and changed, parents of groups too, and how many of both are its items."""

    created: int
    updated: int
    items: int


class StagedFeed:
    """The items of a feed in a caller's transaction whose turn it is; made by `create`, filled by COPY."""

    columns = COLUMNS
    copy = COPY

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self) -> None:
        """Make the tables, empty."""
        await self._run(CREATE)

    async def lost(self, count: int) -> list[int]:
        """Those of the first `count` rows that are not there."""
        return [row async for (row,) in await self._run(LOST, (count,))]

    async def leave_out(self, rows: Sequence[int]) -> dict[int, int]:
        """Forget items; their lines by their rows."""
        return {row: line async for row, line in await self._run(LEAVE_OUT, (list(rows),))}

    async def complete(self) -> None:
        """All items are there: the last of each code counts, and each category has a node."""
        for statement in (LAST_ITEMS_COUNT, ANALYZE):
            await self._run(statement)
        wanted = [tuple(names) async for (names,) in await self._run(CATEGORIES)]
        nodes = await nodes_by_names(self._connection, wanted)
        async with self._connection.cursor() as cursor:
            await cursor.executemany(ADD_CATEGORY, [(list(names), nodes[names]) for names in wanted])

    async def drop_images(self) -> None:
        """Delete the pictures that the feed no longer tells."""
        await self._run(DROP_IMAGES)

    async def touched(self) -> Touched:
        """What the feed really changed."""
        row = await (await self._run(TOUCHED)).fetchone()
        return Touched(*(row or (0, 0, 0)))

    async def _run(self, statement: str, values: Any = None) -> AsyncCursor[TupleRow]:
        # Never prepared: the tables that they read are others next time.
        return await self._connection.execute(statement, values, prepare=False)
