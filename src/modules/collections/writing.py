"""The SQL of changing collections; all of it takes the user.

Whoever adds or moves takes the user's turn first: limits and positions are counted, and no constraint can say them.
A change locks collections in the order of their ids, and items after them.
"""

from collections.abc import Sequence

from src.modules.collections.dtos import Room
from src.platform.database import Connection
from src.platform.orm import next_version

TAKE_TURN = "SELECT pg_advisory_xact_lock(7208, hashint8(%s::bigint))"
COUNT = "SELECT count(*) FROM user_collection WHERE user_id = %s"
CREATE = """
INSERT INTO user_collection (user_id, name, is_public, slug) VALUES (%(user)s, %(name)s, %(is_public)s, %(slug)s)
RETURNING id
"""
CHANGED = f"version = {next_version('collection')}, modified_date = clock_timestamp()"
# What is told anew is no change: its version stands, and whoever holds the answer still holds it.
CHANGE = f"""
UPDATE user_collection AS collection
SET name = coalesce(%(name)s, name), is_public = coalesce(%(is_public)s, is_public),
    slug = coalesce(%(slug)s, slug), {CHANGED}
WHERE user_id = %(user)s AND id = %(collection)s
  AND (coalesce(%(name)s, name), coalesce(%(is_public)s, is_public), coalesce(%(slug)s, slug))
      IS DISTINCT FROM (name, is_public, slug)
"""
TOUCH = f"""
UPDATE user_collection AS collection SET {CHANGED}
FROM (SELECT id FROM user_collection WHERE user_id = %(user)s AND id = ANY(%(collections)s) ORDER BY id FOR UPDATE)
     AS touched
WHERE collection.user_id = %(user)s AND collection.id = touched.id
"""
REMOVE = "DELETE FROM user_collection WHERE user_id = %s AND id = %s RETURNING id"
ROOM = """
SELECT EXISTS (SELECT FROM user_collection WHERE user_id = %(user)s AND id = %(collection)s),
       EXISTS (SELECT FROM product WHERE id = %(product)s AND is_active),
       coalesce(bool_or(collection_id = %(collection)s AND product_id = %(product)s), false),
       count(*) FILTER (WHERE collection_id = %(collection)s), count(*)
FROM user_collection_item WHERE user_id = %(user)s
"""
BEHIND = """
(SELECT coalesce(max(position), -1) + 1 FROM user_collection_item
 WHERE user_id = %(user)s AND collection_id = %(collection)s)"""
ADD_ITEM = f"""
INSERT INTO user_collection_item (user_id, collection_id, product_id, note, position)
VALUES (%(user)s, %(collection)s, %(product)s, %(note)s, {BEHIND})
RETURNING id
"""
MOVE_ITEM = f"""
UPDATE user_collection_item SET collection_id = %(collection)s, position = {BEHIND}, modified_date = clock_timestamp()
WHERE user_id = %(user)s AND id = %(item)s
"""
NOTE = """
UPDATE user_collection_item SET note = %(note)s, modified_date = clock_timestamp()
WHERE user_id = %(user)s AND id = %(item)s
"""
REMOVE_ITEM = "DELETE FROM user_collection_item WHERE user_id = %s AND id = %s"
REORDER = """
UPDATE user_collection_item AS item SET position = wanted.place, modified_date = clock_timestamp()
FROM unnest(%(items)s::bigint[]) WITH ORDINALITY AS wanted (id, place)
WHERE item.user_id = %(user)s AND item.id = wanted.id AND item.position <> wanted.place
"""


async def take_turn(connection: Connection, user_id: int) -> None:
    """Make other changes of this user wait for the end of this transaction."""
    await connection.execute(TAKE_TURN, (user_id,))


async def count(connection: Connection, user_id: int) -> int:
    """How many collections a user has."""
    [row] = await (await connection.execute(COUNT, (user_id,))).fetchall()
    return int(row[0])


async def create(connection: Connection, user_id: int, *, name: str, is_public: bool, slug: str) -> int:
    """A new collection; its id."""
    values = {"user": user_id, "name": name, "is_public": is_public, "slug": slug}
    [row] = await (await connection.execute(CREATE, values)).fetchall()
    return int(row[0])


async def change(
    connection: Connection,
    user_id: int,
    collection_id: int,
    *,
    name: str | None = None,
    is_public: bool | None = None,
    slug: str | None = None,
) -> None:
    """Give a collection what is not None, if it is the user's."""
    values = {"user": user_id, "collection": collection_id, "name": name, "is_public": is_public, "slug": slug}
    await connection.execute(CHANGE, values)


async def touch(connection: Connection, user_id: int, *collections: int) -> None:
    """Note that the items of these collections have changed."""
    await connection.execute(TOUCH, {"user": user_id, "collections": sorted(collections)})


async def remove(connection: Connection, user_id: int, collection_id: int) -> bool:
    """Remove a collection with its items; whether it was the user's."""
    return await (await connection.execute(REMOVE, (user_id, collection_id))).fetchone() is not None


async def room(connection: Connection, user_id: int, collection_id: int, product_id: int) -> Room:
    """What decides whether the product can go into the collection."""
    values = {"user": user_id, "collection": collection_id, "product": product_id}
    [row] = await (await connection.execute(ROOM, values)).fetchall()
    return Room(*row)


async def add_item(
    connection: Connection, user_id: int, collection_id: int, *, product_id: int, note: str | None
) -> int:
    """Put a product behind the others of a collection; the item's id."""
    values = {"user": user_id, "collection": collection_id, "product": product_id, "note": note}
    [row] = await (await connection.execute(ADD_ITEM, values)).fetchall()
    return int(row[0])


async def move_item(connection: Connection, user_id: int, item_id: int, collection_id: int) -> None:
    """Put an item behind those of another collection."""
    await connection.execute(MOVE_ITEM, {"user": user_id, "item": item_id, "collection": collection_id})


async def note(connection: Connection, user_id: int, item_id: int, note: str | None) -> None:
    """Note something about an item, or nothing."""
    await connection.execute(NOTE, {"user": user_id, "item": item_id, "note": note})


async def remove_item(connection: Connection, user_id: int, item_id: int) -> None:
    """Take an item out."""
    await connection.execute(REMOVE_ITEM, (user_id, item_id))


async def reorder(connection: Connection, user_id: int, items: Sequence[int]) -> None:
    """Give the items of a collection, all of them, this order."""
    await connection.execute(REORDER, {"user": user_id, "items": list(items)})
