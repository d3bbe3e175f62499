"""The SQL of reading collections by their owner (links: linked.py; changes: writing.py); all of it takes the user."""

from collections.abc import Sequence
from typing import Any

from src.modules.catalogue import EPOCH
from src.modules.collections.dtos import CollectionRow, Filters, ItemRow, Listing
from src.modules.offers import OFFERS_STAMP
from src.platform.database import Connection, containing
from src.platform.dynamic_settings import DEFAULT_CURRENCY, sql_text
from src.platform.paging import Page
from src.platform.wire import sql_time

COLUMNS = "collection.id, collection.name, collection.is_public, collection.slug"
CREATED_AT = sql_time("item.created_date")
LOOK = f"{EPOCH} AS epoch, {OFFERS_STAMP} AS offers, {sql_text(DEFAULT_CURRENCY)} AS currency"
FILTERED = """
FROM user_collection AS collection
WHERE collection.user_id = %(user)s
  AND (%(name)s::text IS NULL OR collection.name ILIKE %(name)s::text)
  AND (%(product)s::bigint IS NULL OR EXISTS (
        SELECT FROM user_collection_item AS item
        WHERE item.user_id = collection.user_id AND item.collection_id = collection.id
          AND item.product_id = %(product)s::bigint))
"""
LISTING = f"SELECT (SELECT count(*) {FILTERED}), {LOOK}"
PAGE = f"SELECT {COLUMNS} {FILTERED} ORDER BY collection.id DESC LIMIT %(limit)s OFFSET %(offset)s"
ONE = f"SELECT {COLUMNS} FROM user_collection AS collection WHERE user_id = %(user)s AND id = %(collection)s"
ITEM_COLUMNS = f"item.id, item.collection_id, item.note, {CREATED_AT}, item.product_id, state.version"
ITEMS = f"""
SELECT {ITEM_COLUMNS}
FROM user_collection_item AS item JOIN product_state AS state ON state.product_id = item.product_id
WHERE item.user_id = %(user)s AND item.collection_id = ANY(%(collections)s)
ORDER BY item.collection_id, item.position, item.id
"""
ITEM = f"""
SELECT {ITEM_COLUMNS}
FROM user_collection_item AS item JOIN product_state AS state ON state.product_id = item.product_id
WHERE item.user_id = %(user)s AND item.id = %(item)s
"""
EVERYTHING = Filters()


async def listing(connection: Connection, user_id: int, filters: Filters = EVERYTHING) -> Listing:
    """How many of a user's collections pass the filters, and what decides how their products look."""
    [row] = await (await connection.execute(LISTING, _filtering(user_id, filters))).fetchall()
    return Listing(*row)


async def page(connection: Connection, user_id: int, page: Page, filters: Filters) -> list[CollectionRow]:
    """A page of a user's collections, the newest first."""
    values = {**_filtering(user_id, filters), "limit": page.limit, "offset": page.offset}
    return [CollectionRow(*row) for row in await (await connection.execute(PAGE, values)).fetchall()]


async def one(connection: Connection, user_id: int, collection_id: int) -> CollectionRow | None:
    """A collection of the user; None when there is none such."""
    values = {"user": user_id, "collection": collection_id}
    row = await (await connection.execute(ONE, values)).fetchone()
    return CollectionRow(*row) if row else None


async def items(connection: Connection, user_id: int, collections: Sequence[int]) -> list[ItemRow]:
    """The items of a user's collections, each collection's in the owner's order."""
    cursor = await connection.execute(ITEMS, {"user": user_id, "collections": list(collections)})
    return [ItemRow(*row) for row in await cursor.fetchall()]


async def item(connection: Connection, user_id: int, item_id: int) -> ItemRow | None:
    """An item of the user; None when there is none such."""
    row = await (await connection.execute(ITEM, {"user": user_id, "item": item_id})).fetchone()
    return ItemRow(*row) if row else None


def _filtering(user_id: int, filters: Filters) -> dict[str, Any]:
    name = None if filters.name is None else containing(filters.name)
    return {"user": user_id, "name": name, "product": filters.product}
