"""Everything that is kept of one person, and nothing of anybody else."""

import json

import httpx
import pytest
from litestar import Litestar

from src.modules.privacy import ALL_PERSONAL
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from tests.factories import Client, Factory
from tests.modules.privacy.planting import Person, dump, path, with_mark

# What is no row of the person's, but names one of theirs.
WITHHELD = {"withheld", "digest", "guest_digest", "p256dh", "auth", "source", "changed_xid"}


async def test_document_has_every_row_of_the_person_and_no_other(
    operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    asker, other = people
    response = await operator.get(path(asker))
    assert response.status_code == httpx.codes.OK, response.text
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told["user_id"] == asker.user
    assert set(told["tables"]) == {str(each.table.name) for each in ALL_PERSONAL}
    rows = [f"{table}: {json.dumps(row)}" for table, found in told["tables"].items() for row in found]
    kept = with_mark(await dump(database), asker.mark)
    for table in {row.partition(":")[0] for row in kept}:
        count = sum(row.startswith(f"{table}:") for row in kept)
        assert len(told["tables"][table]) >= count, table
    assert with_mark(rows, other.mark) == []
    assert {name for found in told["tables"].values() for row in found for name in row} & WITHHELD == set()
    [user] = told["tables"]["users"]
    assert user["email"] == asker.email


async def test_guest_s_things_are_told_to_whom_the_address_is_known_to_belong(
    operator: Client, factory: Factory, people: tuple[Person, Person]
) -> None:
    asker, other = people
    await factory.insert("orders_order", user_email="guest@example.com", notes="at the back door")
    await factory.insert("email_address", user_id=asker.user, email="Guest@example.com")
    await factory.insert("email_address", user_id=asker.user, email=other.email, verified=True)
    response = await operator.get(path(asker))
    assert "back door" not in response.text
    assert [order for order in response.json()["tables"]["orders_order"] if other.mark in json.dumps(order)] == []
    await factory.execute("UPDATE email_address SET verified = true WHERE user_id = %s", asker.user)
    assert "back door" in (await operator.get(path(asker))).text


async def test_events_do_not_tell_who_else_did_something(operator: Client, people: tuple[Person, Person]) -> None:
    await operator.get(path(people[0]))
    response = await operator.get(path(people[0]))
    assert any(str(event["url"]).endswith(path(people[0])) for event in response.json()["tables"]["audit_event"])
    assert operator.email not in response.text


async def test_as_many_as_there_may_be_at_once_are_told(app: Litestar, operator: Client, factory: Factory) -> None:
    shopper = await factory.shopper()
    user = await factory.user_id(shopper)
    telling = app.state.telling
    async with telling.begun(user), telling.begun(user):
        with pytest.raises(ServiceUnavailable):
            async with telling.begun(user):
                pass
        busy = await operator.get(f"/api/v1/users/{user}/data")
        assert (busy.status_code, "retry-after" in busy.headers) == (httpx.codes.SERVICE_UNAVAILABLE, True)
    assert (await operator.get(f"/api/v1/users/{user}/data")).status_code == httpx.codes.OK
