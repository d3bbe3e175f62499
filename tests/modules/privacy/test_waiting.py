"""Erasing somebody who is just shopping: neither ends the other."""

import asyncio

import httpx
import pytest

from src.platform.database import Database
from tests.factories import Client
from tests.modules.privacy.planting import Person, dump, path, with_mark

WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE wait_event_type = 'Lock' AND datname = current_database() AND pid <> pg_backend_pid())"""
# It is to get what it wants at once, whatever else waits.
AT_ONCE = "SET LOCAL lock_timeout = '500ms'"


async def waiting(operator: Client, database: Database, person: Person) -> "asyncio.Task[httpx.Response]":
    """An erasure that waits for what the test holds."""
    asked = asyncio.create_task(operator.delete(path(person)))
    async with database.read() as watching, asyncio.timeout(10):
        while (await (await watching.execute(WAITING)).fetchone()) != (True,):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return asked


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(
            "SELECT FROM basket WHERE user_id = %s ORDER BY id FOR UPDATE",
            "UPDATE basket_item SET quantity = 7 WHERE basket_id IN (SELECT id FROM basket WHERE user_id = %s)",
            id="basket",
        ),
        pytest.param(
            "UPDATE favourite_summary SET version = version + 1 WHERE user_id = %s",
            "SELECT FROM users WHERE id = %s FOR KEY SHARE",
            id="added",
        ),
        pytest.param(
            "DELETE FROM favourite WHERE user_id = %s",
            "UPDATE favourite_summary SET version = version + 1 WHERE user_id = %s",
            id="removed",
        ),
        pytest.param(
            "UPDATE user_collection SET version = version + 1 WHERE user_id = %s",
            "UPDATE user_collection_item SET position = 7 WHERE user_id = %s",
            id="collection",
        ),
    ],
)
async def test_what_shoppers_write_goes_on_while_the_erasure_waits_for_it(
    operator: Client, database: Database, people: tuple[Person, Person], first: str, then: str
) -> None:
    gone = people[0]
    async with database.transaction() as shopping:
        await shopping.connection.execute(first, (gone.user,))
        asked = await waiting(operator, database, gone)
        await shopping.connection.execute(AT_ONCE)
        await shopping.connection.execute(then, (gone.user,))
    assert (await asked).status_code == httpx.codes.OK
    assert with_mark(await dump(database), gone.mark) == []


async def test_erasure_that_is_ended_as_a_deadlock_is_tried_again(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone = people[0]
    async with database.transaction() as feeding:
        # Addresses first and users then, which is nobody's order.
        await feeding.connection.execute("SELECT FROM email_address WHERE user_id = %s FOR UPDATE", (gone.user,))
        asked = await waiting(operator, database, gone)
        # Who waits longest is ended.
        await feeding.connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (gone.user,))
    assert (await asked).status_code == httpx.codes.OK
    assert with_mark(await dump(database), gone.mark) == []
