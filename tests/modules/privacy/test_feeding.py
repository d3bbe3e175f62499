"""What other systems feed does not bring back who was erased."""

import httpx

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.privacy.planting import Person, dump, path, with_mark


async def fed(feeder: Client, resource: str, row: dict[str, object]) -> list[str]:
    """Feed a row; what is wrong with it."""
    response = await feeder.post(f"/api/v1/integration/{resource}", json=[row])
    assert response.status_code == httpx.codes.OK, response.text
    return [fault["message"] for each in response.json()["rejected"] for fault in each["errors"]]


async def test_rows_that_would_bring_the_person_back_are_refused(
    factory: Factory, operator: Client, database: Database, people: tuple[Person, Person]
) -> None:
    gone, stays = people
    feeder = await factory.shopper("integration")
    order = await factory.scalar('SELECT id FROM orders_order WHERE "user" = %s', gone.user)
    item = await factory.scalar('SELECT id FROM orders_orderitem WHERE "order" = %s', order)
    await operator.delete(path(gone))
    product = await factory.product()
    refused: list[tuple[str, dict[str, object]]] = [
        ("users", {"id": gone.user, "email": gone.email}),
        ("users", {"id": gone.user, "is_active": True}),
        ("users", {"id": gone.user, "attributes": {"nick": gone.mark}}),
        ("account/email-addresses", {"user": gone.user, "email": gone.email}),
        ("favourite-products", {"user": gone.user, "product": product.id}),
        ("product-alerts", {"user": gone.user, "product": product.id}),
        ("addresses", {"user": gone.user, "line": gone.mark}),
        ("orders/orders", {"id": order, "notes": gone.mark}),
        ("orders/orders", {"user": gone.user, "user_email": gone.email}),
        ("orders/order-items", {"id": item, "attributes": {"engraved": gone.mark}}),
        ("social-account/accounts", {"user": gone.user, "uid": gone.mark}),
        ("audit-events", {"uuid": "again", "user": {"pk": gone.user, "email": gone.email}}),
    ]
    for resource, row in refused:
        assert await fed(feeder, resource, row) != [], (resource, row)
    assert with_mark(await dump(database), gone.mark) == []
    # Orders that were under way go on, as numbers; and whoever was not erased is fed as ever.
    accepted: list[tuple[str, dict[str, object]]] = [
        ("orders/orders", {"id": order, "status": "500", "refund_amount": "3.00", "notes": None, "user_email": ""}),
        ("orders/order-items", {"id": item, "status": "500"}),
        ("users", {"id": gone.user, "is_anonymized": True, "email": "", "is_active": False, "attributes": {}}),
        ("users", {"id": stays.user, "first_name": "Q"}),
        ("orders/orders", {"user": stays.user, "notes": "ring twice"}),
        ("audit-events", {"uuid": "another", "user": {"pk": stays.user, "email": stays.email}}),
        ("audit-events", {"uuid": "nobody's", "user": {"pk": "a name"}}),
    ]
    for resource, row in accepted:
        assert await fed(feeder, resource, row) == [], (resource, row)


async def test_audit_keeps_no_copy_of_what_is_fed_of_people(
    factory: Factory, database: Database, people: tuple[Person, Person]
) -> None:
    feeder = await factory.shopper("integration")
    before = len(with_mark(await dump(database), "Leonora"))
    assert await fed(feeder, "addresses", {"user": people[0].user, "line": "Leonora"}) == []
    assert len(with_mark(await dump(database), "Leonora")) == before + 1
