"""The small tables of the catalogue, and users."""

from typing import Any

import pytest

from src.modules.integration.errors import StillInUse
from src.platform.errors import NotFound
from tests.modules.integration.feeds import PRODUCTS, Feed, counts, faults

UUID = "c4cd34ad-8270-4355-8715-62862c74cad1"
SOURCE = {
    "id": 5,
    "name": "bayram ticaret",
    "slug": "bayram-ticaret",
    "title": "Bayram Ticaret",
    "supplier_code": "BAY",
    "address": None,
    "email": None,
    "phone_number": None,
    "fax_number": None,
    "kep_address": None,
    "mersis_number": None,
    "trade_association": None,
    "extras": {},
    "price_list": 1,
    "stock_list": 1,
    "is_active": True,
}
NODE = {
    "id": 9,
    "created_date": "2021-12-14T09:31:21.317126Z",
    "modified_date": "2024-07-26T07:26:41.610456Z",
    "uuid": UUID,
    "attributes": {},
    "attributes_kwargs": {},
    "localized_attributes": {},
    "localized_attributes_kwargs": {},
    "path": "0001000100010005",
    "depth": 4,
    "numchild": 1,
    "order": 1,
    "name": "Swimwear",
    "pretty_url": 67,
    "sort_option": 431,
}
USER = {
    "id": 2214,
    "gender": "male",
    "user_type": "registered",
    "last_login": "2022-02-15T13:06:30.944355Z",
    "is_superuser": False,
    "username": "john@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "email": "John@example.com",
    "is_staff": False,
    "is_active": False,
    "date_joined": "2021-12-27T11:12:17.584260Z",
    "attributes": {"verified_user": True},
    "attributes_kwargs": {},
    "localized_attributes": {},
    "localized_attributes_kwargs": {},
    "email_allowed": True,
    "sms_allowed": True,
    "call_allowed": None,
    "avatar": None,
    "is_anonymized": True,
    "phone": "e2042aa1f736e2b77c50cc17201d2742",
    "date_of_birth": "1990-02-28",
    "modified_date": "2023-01-10T15:02:57.295313Z",
    "language_code": "tr-tr",
    "groups": [68, 34, 1],
    "user_permissions": [],
}


@pytest.mark.parametrize(
    ("path", "row", "change"),
    [
        ("catalogs/price-lists", {"id": 5, "name": "club"}, {"name": "clubs"}),
        ("catalogs/stock-lists", {"id": 5, "name": "shop"}, {"name": "shops"}),
        ("catalogs/data-sources", SOURCE, {"price_list": None}),
        ("catalogs/segments", {"id": 5, "name": "club", "price_list": 1, "stock_list": None}, {"stock_list": 1}),
        ("catalogs/markets", {"id": 5, "uuid": UUID, "name": "tr"}, {"name": "TR"}),
        ("catalogs/category-nodes", NODE, {"order": None}),
        ("users", USER, {"call_allowed": True}),
    ],
)
async def test_rows_are_made_changed_and_deleted(
    feed: Feed, path: str, row: dict[str, Any], change: dict[str, Any]
) -> None:
    assert counts(await feed.rows(path, row)) == (1, 0, 0)
    assert counts(await feed.rows(path, row)) == (0, 0, 1)
    assert counts(await feed.rows(path, {"id": row["id"], **change}, {"id": row["id"], **change})) == (0, 1, 1)
    assert counts(await feed.rows(path, {**row, **change})) == (
        0,
        int("modified_date" in row),
        1 - int("modified_date" in row),
    )
    await feed.delete(path, row["id"])
    tombstones = "SELECT object_id FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
    # With a user goes their address.
    assert await feed.query(f"{tombstones} WHERE model <> 'emailaddress'") == [str(row["id"])]
    with pytest.raises(NotFound):
        await feed.delete(path, row["id"])
    assert counts(await feed.rows(path, row)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("path", "row", "fields"),
    [
        ("catalogs/segments", {"name": "x", "price_list": 77, "stock_list": 78}, ["price_list", "stock_list"]),
        ("catalogs/data-sources", {"name": "x", "slug": "x", "price_list": 77}, ["price_list"]),
        ("catalogs/data-sources", {"name": "x"}, ["slug"]),
        ("catalogs/price-lists", {"name": None}, ["name"]),
        ("catalogs/category-nodes", {"name": "x"}, ["path"]),
        ("users", {"segment": 77}, ["segment"]),
        ("users", {"issuer": "x"}, ["issuer"]),
        ("users", {"email": "x" * 260}, ["email"]),
        ("users", {"groups": {}}, ["groups"]),
    ],
    ids=str,
)
async def test_bad_row_is_rejected(feed: Feed, path: str, row: dict[str, Any], fields: list[str]) -> None:
    report = await feed.rows(path, row)
    assert (counts(report), faults(report)) == ((0, 0, 0), {0: fields})


async def test_address_belongs_to_one_user_however_it_is_written(feed: Feed) -> None:
    await feed.rows("users", {"id": 1, "email": "a@example.com"}, {"id": 2, "email": ""}, {"id": 3})
    report = await feed.rows(
        "users",
        {"id": 2, "email": "A@Example.com"},
        {"id": 4, "email": "b@example.com"},
        {"id": 5, "email": "B@example.com"},
        {"id": 1, "email": "A@EXAMPLE.com"},
    )
    assert (counts(report), faults(report)) == ((1, 1, 0), {0: ["email"], 2: ["email"]})


async def test_what_others_name_is_not_deleted(feed: Feed) -> None:
    await feed.rows("catalogs/segments", {"id": 5, "name": "club"})
    await feed.rows("catalogs/category-nodes", NODE)
    await feed.rows("catalogs/markets", {"id": 5, "name": "tr"})
    await feed.rows("users", {"id": 1, "segment": 5})
    await feed.product("A", category_nodes=[9], market=5)
    for path, row in (("catalogs/segments", 5), ("catalogs/category-nodes", 9), ("catalogs/markets", 5)):
        with pytest.raises(StillInUse):
            await feed.delete(path, row)
    assert await feed.query("SELECT object_id FROM deleted_item") == []
    await feed.rows(PRODUCTS, {"sku": "A", "category_nodes": [], "market": None})
    await feed.delete("catalogs/category-nodes", 9)
    await feed.delete("catalogs/markets", 5)
