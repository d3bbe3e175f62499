"""Products as they are fed: found by id or code, told in full or in part."""

from typing import Any

import pytest

from src.platform.errors import NotFound
from tests.modules.integration.feeds import PRODUCTS, Feed, counts, faults

UUID = "c4cd34ad-8270-4355-8715-62862c74cad1"
FULL = {
    "id": 335,
    "product_type": "0",
    "created_date": "2023-03-10T13:46:04.258931Z",
    "modified_date": "2024-06-13T07:47:16.178157Z",
    "attributes": {"min_miktar": "5", "has_dynamic_price": True},
    "attributes_kwargs": {"Age": {"value": "5-10", "label": "Genç"}},
    "localized_attributes": {"tr-tr": {"description": "34"}},
    "localized_attributes_kwargs": {"tr-tr": {}},
    "name": "Test product",
    "base_code": "TUP-001",
    "sku": "TUP-001-XS",
    "uuid": UUID,
    "is_active": False,
    "extra_attributes": {},
    "listing_code": None,
    "is_seller_product": False,
    "is_listable": False,
    "is_form_required": True,
    "parent": None,
    "attribute_set": 3,
    "custom_attribute_set": None,
    "pretty_url": 1977,
    "listable_product": None,
    "data_source": None,
    "group_products": [1, {"a": None}],
    "slug": "test-product",
    "market": None,
    "translations": {"en": {"name": "Test"}, "ar": {"name": "اختبار", "description": None}},
    "category_nodes": [],
}
SHOWN = """
SELECT to_jsonb(shown) FROM (
    SELECT product.*, parent_id AS parent, data_source_id AS data_source, market_id AS market FROM product
) AS shown WHERE id = %s"""


async def shown(feed: Feed, product_id: int) -> dict[str, Any]:
    (row,) = await feed.query(SHOWN, product_id)
    return {
        name: value.replace("+00:00", "Z") if name.endswith("_date") else value
        for name, value in row.items()
        if name in FULL
    }


async def test_everything_that_is_told_is_kept(feed: Feed) -> None:
    assert counts(await feed.rows(PRODUCTS, FULL)) == (1, 0, 0)
    assert await shown(feed, 335) == FULL
    assert counts(await feed.rows(PRODUCTS, FULL)) == (0, 0, 1)


async def test_absent_fields_take_defaults_on_create(feed: Feed) -> None:
    product = await shown(feed, await feed.product("A"))
    assert (product["is_active"], product["attributes"], product["group_products"]) == (True, {}, [])
    assert product["uuid"]
    assert product["created_date"] == product["modified_date"]


@pytest.mark.parametrize("found_by", [{"id": 335}, {"sku": "TUP-001-XS"}, {"id": 335, "sku": "TUP-001-XS"}], ids=str)
async def test_absent_fields_keep_their_value_and_null_means_null(feed: Feed, found_by: dict[str, Any]) -> None:
    await feed.rows(PRODUCTS, FULL)
    assert counts(await feed.rows(PRODUCTS, {**found_by, "name": "New", "attribute_set": None})) == (0, 1, 0)
    now = await shown(feed, 335)
    assert now.pop("modified_date") > FULL["modified_date"]
    assert now == {k: v for k, v in {**FULL, "name": "New", "attribute_set": None}.items() if k != "modified_date"}


CHANGED = {
    "product_type": "1",
    "created_date": "2020-01-02T03:04:05.000006Z",
    "attributes": {},
    "attributes_kwargs": {},
    "localized_attributes": {"en": None},
    "localized_attributes_kwargs": {},
    "name": "Other",
    "base_code": None,
    "sku": "OTHER",
    "uuid": "6fa16734-0678-4a86-8827-d0e596fe49ef",
    "is_active": True,
    "extra_attributes": {"a": 1},
    "listing_code": "LC",
    "is_seller_product": True,
    "is_listable": True,
    "is_form_required": False,
    "parent": 5,
    "attribute_set": 4,
    "custom_attribute_set": 4,
    "pretty_url": None,
    "listable_product": 5,
    "data_source": 5,
    "group_products": [],
    "slug": None,
    "market": 5,
    "translations": {},
    "category_nodes": [5],
}


@pytest.mark.parametrize("field", CHANGED)
async def test_each_field_changes_alone(feed: Feed, field: str) -> None:
    await feed.rows("catalogs/markets", {"id": 5, "name": "m"})
    await feed.rows("catalogs/data-sources", {"id": 5, "name": "d", "slug": "d"})
    await feed.rows("catalogs/category-nodes", {"id": 5, "name": "c", "path": "0001"})
    await feed.rows(PRODUCTS, FULL, {"id": 5, "sku": "P", "name": "p"})
    assert counts(await feed.rows(PRODUCTS, {"id": 335, field: CHANGED[field]})) == (0, 1, 0)
    now = await shown(feed, 335)
    assert now.pop("modified_date") > FULL["modified_date"]
    assert now == {name: value for name, value in {**FULL, field: CHANGED[field]}.items() if name != "modified_date"}


async def test_given_modified_date_is_a_field_and_else_it_moves_only_with_a_change(feed: Feed) -> None:
    await feed.rows(PRODUCTS, FULL)
    assert counts(await feed.rows(PRODUCTS, {"id": 335, "name": FULL["name"]})) == (0, 0, 1)
    assert (await shown(feed, 335))["modified_date"] == FULL["modified_date"]
    later = {"id": 335, "modified_date": "2025-01-01T00:00:00.000000Z"}
    assert counts(await feed.rows(PRODUCTS, later)) == (0, 1, 0)


async def test_rows_of_one_body_may_tell_different_fields(feed: Feed) -> None:
    a, b = await feed.product("A", slug="a", listing_code="x"), await feed.product("B", slug="b", listing_code="x")
    report = await feed.rows(
        PRODUCTS, {"sku": "A", "slug": None}, {"id": b, "name": "new"}, {"sku": "C", "name": "c", "listing_code": "y"}
    )
    assert counts(report) == (1, 2, 0)
    rows = await feed.query("SELECT sku, name, slug, listing_code, is_active FROM product ORDER BY sku")
    assert rows == [("A", "A", None, "x", True), ("B", "new", "b", "x", True), ("C", "c", None, "y", True)]
    assert await feed.query("SELECT id FROM product WHERE sku IN ('A', 'B') ORDER BY sku") == [a, b]


async def test_last_of_several_rows_of_a_product_counts_however_they_name_it(feed: Feed) -> None:
    product = await feed.product("A")
    report = await feed.rows(
        PRODUCTS, {"sku": "A", "name": "1"}, {"id": product, "name": "2"}, {"sku": "A", "id": product, "name": "3"}
    )
    assert counts(report) == (0, 1, 2)
    report = await feed.rows(PRODUCTS, {"id": product, "name": "4"}, {"sku": "A", "name": "3"})
    assert counts(report) == (0, 0, 2), "the last one tells what is there"
    report = await feed.rows(PRODUCTS, {"sku": "N", "name": "1"}, {"sku": "N", "name": "2"})
    assert counts(report) == (1, 0, 1)
    assert await feed.query("SELECT name FROM product ORDER BY sku") == ["3", "2"]


async def test_rejected_row_does_not_replace_a_good_one(feed: Feed) -> None:
    report = await feed.rows(PRODUCTS, {"sku": "A", "name": "good"}, {"sku": "A", "name": "bad", "category_nodes": [1]})
    assert (counts(report), faults(report)) == ((1, 0, 0), {1: ["category_nodes"]})


async def test_rows_that_would_share_what_is_unique_are_rejected(feed: Feed) -> None:
    a, b = await feed.product("A", uuid=UUID), await feed.product("B")
    report = await feed.rows(
        PRODUCTS,
        {"id": 900, "sku": "A", "name": "another id"},
        {"id": b, "sku": "A"},
        {"id": b, "uuid": UUID},
        {"sku": "C", "name": "c", "uuid": UUID},
        {"id": 901, "sku": "D", "name": "first"},
        {"id": 902, "sku": "D", "name": "second"},
        {"sku": "D", "name": "first, again"},
        {"id": a, "sku": "A2"},
    )
    assert (counts(report), faults(report)) == (
        (1, 1, 1),
        {n: [f] for n, f in enumerate(["sku", "sku", "uuid", "uuid"])} | {5: ["sku"]},
    )
    rows = await feed.query("SELECT id, sku, name FROM product ORDER BY sku")
    assert rows == [(a, "A2", "A"), (b, "B", "B"), (901, "D", "first, again")]


async def test_new_row_needs_its_code_and_its_name(feed: Feed) -> None:
    report = await feed.rows(PRODUCTS, {"name": "x"}, {"sku": "A"}, {"id": 5}, {"sku": "", "name": "x"}, {})
    assert faults(report) == {0: ["sku"], 1: ["name"], 2: ["sku", "name"], 3: ["sku"], 4: ["sku", "name"]}


async def test_parents_may_come_in_any_order(feed: Feed) -> None:
    rows = [
        {"id": 1, "sku": "grandchild", "name": "x", "parent": 2},
        {"id": 2, "sku": "child", "name": "x", "parent": 3},
        {"id": 3, "sku": "root", "name": "x"},
        {"sku": "late", "name": "x", "parent": 1},
    ]
    assert counts(await feed.rows(PRODUCTS, *rows)) == (4, 0, 0)
    assert counts(await feed.rows(PRODUCTS, *rows)) == (0, 0, 4)


async def test_whoever_has_no_parent_is_rejected_with_all_descendants(feed: Feed) -> None:
    product = await feed.product("A")
    # Ids after its own: a chain that came upon the product itself would end well.
    own, bad = product + 1, product + 1200
    chain = [{"id": n, "sku": f"S{n}", "name": "x", "parent": n + 1} for n in range(bad - 200, bad)]
    report = await feed.rows(
        PRODUCTS,
        *chain,
        {"id": bad, "sku": "bad", "name": "x", "category_nodes": [1]},
        {"id": product, "parent": product},
        {"sku": "B", "name": "x", "parent": 2**40},
        {"id": own, "sku": "own", "name": "x", "parent": own},
    )
    assert counts(report) == (0, 0, 0)
    assert faults(report) == {
        **{n: ["parent"] for n in range(200)},
        200: ["category_nodes"],
        201: ["parent"],
        202: ["parent"],
        203: ["parent"],
    }


async def test_market_may_be_named_by_its_uuid(feed: Feed) -> None:
    await feed.rows("catalogs/markets", {"id": 5, "uuid": UUID, "name": "m"})
    report = await feed.rows(
        PRODUCTS,
        {"sku": "A", "name": "a", "market": UUID},
        {"sku": "B", "name": "b", "market": 5},
        {"sku": "C", "name": "c", "market": UUID.replace("c", "d")},
        {"sku": "D", "name": "d", "market": "none"},
        {"sku": "E", "name": "e", "market": 6},
    )
    assert (counts(report), faults(report)) == ((2, 0, 0), {2: ["market"], 3: ["market"], 4: ["market"]})
    assert await feed.query("SELECT market_id FROM product") == [5, 5]
    assert faults(await feed.rows(PRODUCTS, {"sku": "A", "market": "none"})) == {0: ["market"]}


async def test_ids_that_are_made_begin_behind_those_that_were_given(feed: Feed) -> None:
    await feed.rows(PRODUCTS, {"sku": "made", "name": "x"}, {"id": 5000, "sku": "given", "name": "x"})
    assert await feed.product("later") > 5000
    await feed.rows(PRODUCTS, {"id": 77, "sku": "low", "name": "x"})
    assert await feed.product("last") > 5000
    assert faults(await feed.rows(PRODUCTS, {"id": 2**53, "sku": "h", "name": "x"})) == {0: ["id"]}


async def test_deleted_product_is_inactive_until_it_is_fed_again(feed: Feed) -> None:
    product = await feed.product("A")
    await feed.delete(PRODUCTS, product)
    assert await feed.query("SELECT is_active FROM product") == [False]
    with pytest.raises(NotFound):
        await feed.delete(PRODUCTS, product)
    assert counts(await feed.rows(PRODUCTS, {"sku": "A", "name": "A", "is_active": True})) == (0, 1, 0)
    assert await feed.query("SELECT is_active FROM product") == [True]
    await feed.delete(PRODUCTS, product)
    assert await feed.query("SELECT object_id FROM deleted_item") == [str(product)] * 2


async def test_inactive_product_can_be_deleted(feed: Feed) -> None:
    product = await feed.product("A", is_active=False)
    await feed.delete(PRODUCTS, product)
    with pytest.raises(NotFound):
        await feed.delete(PRODUCTS, product)
    assert await feed.query("SELECT object_id FROM deleted_item") == [str(product)]
