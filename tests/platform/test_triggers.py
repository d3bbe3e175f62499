"""The database itself knows which transaction wrote a row last, and leaves a tombstone for each that is deleted."""

from src.platform.database import Connection, Database
from tests.factories import Factory

SHOP = "SELECT changed_xid FROM promotion WHERE id = %s"
TOMBSTONES = """
SELECT app_label || '.' || model, object_id FROM deleted_item JOIN content_type ON content_type.id = content_type_id
ORDER BY deleted_item.id
"""


async def _one(connection: Connection, statement: str, *values: object) -> int:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_row_knows_the_transaction_that_wrote_it_last(database: Database) -> None:
    async with database.transaction() as work:
        promotion = await _one(work.connection, "INSERT INTO promotion (name) VALUES ('a') RETURNING id")
        made_in = await _one(work.connection, "SELECT pg_current_xact_id()::text::bigint")
        assert await _one(work.connection, SHOP, promotion) == made_in
    for statement in (
        "UPDATE promotion SET name = 'b' WHERE id = %s",
        "UPDATE promotion SET name = 'c', changed_xid = DEFAULT WHERE id = %s",
        "INSERT INTO promotion (id, name) VALUES (%s, 'd') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    ):
        async with database.transaction() as work:
            await work.connection.execute(statement, (promotion,))
            changed_in = await _one(work.connection, "SELECT pg_current_xact_id()::text::bigint")
            assert changed_in > made_in
            assert await _one(work.connection, SHOP, promotion) == changed_in


async def test_a_cascade_leaves_one_tombstone_for_every_row_it_takes_along(
    database: Database, factory: Factory
) -> None:
    user = await factory.user_id(await factory.shopper())
    favourites = [
        await factory.insert("favourite", user_id=user, product_id=(await factory.product()).id) for _ in range(2)
    ]
    async with database.transaction() as work:
        await work.connection.execute("DELETE FROM users WHERE id = %s", (user,))
        rows = await (await work.connection.execute(TOMBSTONES)).fetchall()
    assert ("users.user", str(user)) in rows
    assert {("wishlists.favouriteproduct", str(favourite)) for favourite in favourites} <= set(rows)
    assert len(rows) == len(set(rows))
