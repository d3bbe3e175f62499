"""Erasing guests, whom an address names: all of theirs, and nothing of anybody else."""

import pytest
from litestar import Litestar
from psycopg.types.json import Jsonb

from src.modules.notifications import is_suppressed
from src.modules.privacy import AddressOfUser, erase_guest, erase_user, repositories
from src.platform.database import Database
from tests.factories import Factory
from tests.modules.privacy.planting import Person, dump, with_mark


async def test_guest_is_erased_by_address_but_never_a_user(
    database: Database, factory: Factory, people: tuple[Person, Person]
) -> None:
    owner = people[0]
    before = await dump(database)
    with pytest.raises(AddressOfUser) as refused:
        await erase_guest(database, owner.email)
    assert refused.value.user_id == owner.user
    assert await dump(database) == before
    product = await factory.product()
    await factory.execute("INSERT INTO suppressed_address (email) VALUES ('guest@example.com')")
    await factory.insert("product_alert", email="Guest@Example.com", product_id=product.id)
    bought = await factory.insert("basket", status="submitted", guest_digest=b"guest@example.com")
    written = {"basket_id": bought, "product_id": product.id, "attributes": Jsonb({"for": "guest@example.com"})}
    await factory.insert("basket_item", reference="1", quantity=1, **written)
    await factory.insert(
        "orders_order", user_email="guest@Example.com", notes="guest@example.com at the door", basket=bought
    )
    assert (await erase_guest(database, "GUEST@example.com")).blanked
    after = await dump(database)
    assert with_mark(after, "guest@example.com") == []
    assert with_mark(after, owner.mark) == with_mark(before, owner.mark)


async def test_what_is_no_address_makes_no_guest_s_rows_a_user_s(
    app: Litestar, database: Database, factory: Factory
) -> None:
    product = await factory.product()
    for user, email in enumerate(("", "n/a"), 7_100_000):
        await factory.insert("users", id=user, email=email)
        await factory.execute("UPDATE email_address SET verified = true WHERE user_id = %s", user)
        await factory.insert("orders_order", user_email=email, notes="kept")
        await factory.insert("product_alert", email=email, product_id=product.id)
        await erase_user(database, app.state.cache, user)
    async with database.transaction() as work:
        assert await repositories.erase(work.connection, repositories.Person(None, [""])) == (0, 0)
    assert await factory.scalar("SELECT count(*) FROM orders_order WHERE notes = 'kept'") == 2
    assert await factory.scalar("SELECT count(*) FROM product_alert") == 2


async def test_address_that_wants_no_more_mail_still_gets_none(database: Database, factory: Factory) -> None:
    await factory.execute("INSERT INTO suppressed_address (email) VALUES ('guest@example.com')")
    await erase_guest(database, "guest@example.com")
    held = f"SELECT count(*) FROM suppressed_address WHERE {is_suppressed('email', '%s::text')}"
    for address, expected in (("Guest@example.com", 1), ("other@example.com", 0)):
        assert await factory.scalar(held, address, address) == expected
