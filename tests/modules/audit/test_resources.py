"""Events, revisions and versions that a shop brings along: kept as told."""

from typing import Any

from tests.factories import Client, Factory
from tests.modules.audit.records import Records

IN = "/api/v1/integration"
EVENT = {
    "uuid": "0b51-not-quite-a-uuid",
    "user": {"pk": 7, "email": "old@example.com", "first_name": "O", "last_name": "P"},
    "timestamp": "2024-03-04T05:06:07.080910Z",
    "remote_addr": "198.51.100.4",
    "url": "https://old.example.com/api/widgets/9/",
    "query_params": {},
    "post_data": {},
    "headers": {"X-Old": "1"},
    "object_id": 9,
    "content": {"request_method": "PATCH", "request_data": {"name": "x"}},
    "content_type": None,
}


async def feed(feeder: Client, path: str, *rows: dict[str, Any]) -> tuple[int, int, int, int]:
    told = (await feeder.post(f"{IN}/{path}", json=rows)).json()
    return told["created"], told["updated"], told["unchanged"], len(told["rejected"])


async def test_events_are_known_by_their_uuid(feeder: Client, factory: Factory, records: Records) -> None:
    kind = await factory.scalar("SELECT id FROM content_type WHERE model = 'product'")
    told = {**EVENT, "content_type": kind}
    assert await feed(feeder, "audit-events", told) == (1, 0, 0, 0)
    assert await feed(feeder, "audit-events", told) == (0, 0, 1, 0)
    assert await feed(feeder, "audit-events", {**EVENT, "content_type": 0}, {"url": "x"}) == (0, 0, 0, 2)
    kept, call = await records.events()
    assert kept["timestamp"].isoformat() == "2024-03-04T05:06:07.080910+00:00"
    assert {name: kept[name] for name in EVENT.keys() - {"timestamp", "content_type"}} == {
        name: EVENT[name] for name in EVENT.keys() - {"timestamp", "content_type"}
    }
    assert (kept["kind"], call["kind"]) == ("products.product", "audit.auditevent")


async def test_revisions_and_versions_are_kept_as_told(feeder: Client, factory: Factory, records: Records) -> None:
    user = await factory.user_id(feeder)
    kind = await factory.scalar("SELECT id FROM content_type WHERE model = 'user'")
    revision = {"id": 77_000, "date_created": "2024-01-02T03:04:05.678901Z", "comment": "by hand", "user": user}
    data = [{"pk": 3, "model": "users.user", "fields": {"sms_allowed": None}}]
    version = {
        "id": 88_000, "object_id": "3", "db": "other", "format": "json", "serialized_data": data,
        "object_repr": "me", "revision": 77_000, "content_type": kind,
    }  # fmt: skip
    assert await feed(feeder, "reversions/revisions", revision, {"id": 78_000, "user": None}) == (2, 0, 0, 0)
    assert await feed(feeder, "reversions/versions", version, {**version, "id": 89_000, "revision": 9}) == (1, 0, 0, 1)
    kept = await records.version()
    assert (kept["id"], kept["object_id"], kept["db"], kept["object_repr"]) == (88_000, "3", "other", "me")
    assert (kept["serialized_data"], kept["comment"], kept["user_id"]) == (data, "by hand", user)
    # Ours are far behind those that came along.
    await factory.product(sku="A")
    await feed(feeder, "products/products", {"sku": "A", "name": "other"})
    _, ours = await records.versions()
    assert min(ours["id"], ours["revision_id"]) >= 10**9
    assert (await feeder.delete(f"{IN}/reversions/revisions/77000")).status_code == 204
    assert [version["id"] for version in await records.versions()] == [ours["id"]]
