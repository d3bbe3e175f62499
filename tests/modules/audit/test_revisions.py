"""Revisions and versions: what operators' changes replaced, as it was, one revision a call."""

from typing import Any

import pytest

from tests.factories import Client, Factory
from tests.modules.audit.records import Records, fields

IN = "/api/v1/integration"
PRODUCTS = f"{IN}/products/products"
# A row of each campaign resource, in the order in which they name each other, and a change of it.
CAMPAIGNS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("promotions", {"id": 1, "name": "Spring"}, {"name": "Summer"}),
    ("product-collections", {"id": 1, "name": "Linen"}, {"is_active": False}),
    ("product-collection-items", {"id": 1, "collection": 1, "sku": "A", "uuid": "u-1"}, {"uuid": "u-2"}),
    ("conditions", {"id": 1, "condition_type": "amount", "kwargs": {"value": 10}}, {"upsell_message": "more"}),
    ("benefits", {"id": 1, "benefit_type": "percentage", "kwargs": {"amount": 10}}, {"kwargs": {"amount": 20}}),
    (
        "basket-offers",
        {
            "id": 1,
            "promotion": 1,
            "condition": 1,
            "benefit": 1,
            "label": "Ten",
            "start_datetime": "2026-01-02T03:04:05Z",
        },
        {"label": "Twenty", "priority": 3},
    ),
    ("bulk-voucher-codes", {"id": 1, "code": "X1", "basket_offer": 1}, {"status": "passive"}),
]


async def feed(feeder: Client, path: str, *rows: dict[str, Any]) -> dict[str, Any]:
    answer = await feeder.post(f"{IN}/{path}", json=rows)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert not told["rejected"]
    return told


async def test_changed_product_is_kept_as_it_was(feeder: Client, factory: Factory, records: Records) -> None:
    parent = await factory.product(sku="P")
    product = await factory.product(sku="A", name="Before", parent_id=parent.id, attributes={"size": [1, None]})
    (was,) = await records.rows("SELECT * FROM product WHERE sku = 'A'")
    await feed(feeder, "products/products", {"sku": "A", "name": "After"}, {"sku": "P"}, {"sku": "C", "name": "New"})
    version = await records.version()
    assert (version["kind"], version["object_id"]) == ("products.product", str(product.id))
    assert version["object_repr"] == "A -- Before"
    assert (version["db"], version["format"]) == ("default", "json")
    assert version["comment"] == f"POST {PRODUCTS}"
    assert version["user_id"] == await factory.user_id(feeder)
    kept = fields(version)
    assert (kept["name"], kept["parent"], kept["attributes"]) == ("Before", parent.id, {"size": [1, None]})
    assert kept["uuid"] == str(product.uuid)
    assert kept["modified_date"] == f"{was['modified_date']:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert kept["market"] is None
    assert not {"id", "parent_id", "changed_xid"} & kept.keys()


async def test_fields_of_a_version_fed_back_undo_the_change(feeder: Client, records: Records) -> None:
    await feed(feeder, "products/products", {"id": 5, "sku": "A", "name": "Before", "slug": "a"})
    (was,) = await records.rows("SELECT * FROM product")
    await feed(feeder, "products/products", {"id": 5, "name": "After", "slug": None, "sku": "B"})
    await feed(feeder, "products/products", {"id": 5, **fields(await records.version())})
    (now,) = await records.rows("SELECT * FROM product")
    assert {**now, "changed_xid": 0} == {**was, "changed_xid": 0}


async def test_every_campaign_resource_keeps_what_was_changed_and_deleted(
    feeder: Client, factory: Factory, records: Records
) -> None:
    await factory.product(sku="A")
    for path, row, _ in CAMPAIGNS:
        await feed(feeder, f"campaigns/{path}", row)
    assert await records.revisions() == 0  # what is new was nothing before
    for path, row, change in CAMPAIGNS:
        assert (await feed(feeder, f"campaigns/{path}", {"id": row["id"], **change}))["updated"] == 1
    versions = await records.versions()
    assert len({version["revision_id"] for version in versions}) == len(versions) == len(CAMPAIGNS)
    assert [version["object_repr"] for version in versions] == [
        "Spring", "Linen", "u-1", "amount", "percentage", "Ten", "X1",
    ]  # fmt: skip
    for (path, row, change), version in zip(CAMPAIGNS, versions, strict=True):
        kept = fields(version)
        for name in change.keys() & row.keys():
            assert kept[name] == row[name], path
    offer = fields(versions[5])
    assert offer["start_datetime"] == "2026-01-02T03:04:05.000000Z"
    assert (offer["promotion"], offer["priority"], offer["user"]) == (1, 0, None)
    for path, row, change in reversed(CAMPAIGNS):
        assert (await feeder.delete(f"{IN}/campaigns/{path}/{row['id']}")).status_code == 204
        *_, version = await records.versions()
        assert version["comment"] == f"DELETE {IN}/campaigns/{path}/{row['id']}"
        for name, value in change.items():
            assert fields(version)[name] == value
    assert await records.revisions() == 2 * len(CAMPAIGNS)


async def test_call_has_one_revision_however_many_it_changes(feeder: Client, records: Records) -> None:
    rows = [{"sku": f"S{n}", "name": "before"} for n in range(30)]
    await feed(feeder, "products/products", *rows)
    await feed(feeder, "products/products", *({**row, "name": "after"} for row in rows[:20]), rows[20])
    versions = await records.versions()
    assert {fields(version)["sku"] for version in versions} == {row["sku"] for row in rows[:20]}
    assert await records.revisions() == 1


async def test_call_that_changed_nothing_or_failed_makes_no_revision(feeder: Client, records: Records) -> None:
    row = {"sku": "A", "name": "a"}
    await feed(feeder, "products/products", row)
    await feed(feeder, "products/products", row)
    refused = await feeder.post(f"{PRODUCTS}?atomic=true", json=[{**row, "name": "b"}, {"sku": ""}])
    assert refused.status_code == 422
    await feed(feeder, "catalogs/product-prices", {"sku": "A", "price": "1.00"})
    await feed(feeder, "catalogs/product-prices", {"sku": "A", "price": "2.00"})
    assert await records.revisions() == 0
    assert await records.versions() == []


async def test_product_that_ends_is_kept_as_it_was(feeder: Client, factory: Factory, records: Records) -> None:
    product = await factory.product()
    await feeder.delete(f"{PRODUCTS}/{product.id}")
    assert fields(await records.version())["is_active"] is True
    assert (await feeder.delete(f"{PRODUCTS}/{product.id}")).status_code == 404
    assert await records.revisions() == 1


async def test_object_in_use_that_stays_has_no_version(feeder: Client, records: Records) -> None:
    for path, row, _ in CAMPAIGNS[3:6]:
        await feed(feeder, f"campaigns/{path}", {**row, "promotion": None} if path == "basket-offers" else row)
    assert (await feeder.delete(f"{IN}/campaigns/conditions/1")).status_code == 409
    assert await records.revisions() == 0


async def test_merchant_feed_has_one_revision(feeder: Client, records: Records) -> None:
    lines = ["id\ttitle\titem_group_id\tprice\tavailability"]
    lines += [f"A{n}\t{{}}\tG\t10.00 TRY\tin_stock" for n in range(3)]
    for title in ("before", "after"):
        answer = await feeder.post(
            f"{IN}/feeds/merchant",
            content="\n".join(lines).format(title, title, title),
            headers={"Content-Type": "text/tab-separated-values"},
        )
        assert answer.status_code == 200
    versions = await records.versions()
    kept = {fields(version)["sku"]: fields(version)["name"] for version in versions}
    assert kept == dict.fromkeys(("group:G", "A0", "A1", "A2"), "before")
    assert await records.revisions() == 1


@pytest.mark.parametrize("again", [False, True])
async def test_setting_is_kept_as_it_was(operator: Client, factory: Factory, records: Records, again: bool) -> None:
    url = "/api/v1/settings/DEFAULT_CURRENCY"
    for value in ("try", "usd", *(["usd", "eur"] if again else [])):
        assert (await operator.put(url, json={"value": value})).status_code == 200
    first, *others = await records.versions()
    assert (first["kind"], first["object_id"]) == ("settings.setting", "DEFAULT_CURRENCY")
    assert first["object_repr"] == "DEFAULT_CURRENCY"
    assert fields(first) == {"value": "try"}
    assert (first["comment"], first["user_id"]) == (f"PUT {url}", await factory.user_id(operator))
    assert [fields(version) for version in others] == [{"value": "usd"}] * again
