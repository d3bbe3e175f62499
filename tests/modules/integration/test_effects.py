"""What follows from a change: the change log, the products' versions, and the epoch; and nothing without a change."""

from decimal import Decimal
from typing import Any

import pytest

from tests.modules.integration.feeds import IMAGES, PRICES, PRODUCTS, STOCKS, Feed

LOG = """
SELECT sku, kind, coalesce(price_list_id, stock_list_id), currency_type, old_price, new_price, old_available,
       new_available
FROM catalogue_change LEFT JOIN product ON product.id = product_id ORDER BY catalogue_change.id"""


async def log(feed: Feed) -> list[Any]:
    """What has been logged, which is then forgotten."""
    entries = await feed.query(LOG)
    await feed.query("WITH gone AS (DELETE FROM catalogue_change) SELECT 1")
    return entries


def price(sku: str, old: str | None, new: str | None, *, price_list: int = 1, currency: str = "try") -> tuple[Any, ...]:
    old_price, new_price = (None if told is None else Decimal(told) for told in (old, new))
    return (sku, "price", price_list, currency, old_price, new_price, None, None)


def available(sku: str, old: bool | None, new: bool | None) -> tuple[Any, ...]:
    return (sku, "availability", 1, None, None, None, old, new)


async def test_price_changes_are_logged(feed: Feed) -> None:
    await feed.product("A")
    await feed.rows(PRICES, {"id": 5, "sku": "A", "price": "10.00"})
    assert await log(feed) == [price("A", None, "10.00")]
    await feed.rows(PRICES, {"sku": "A", "price": "8.00"})
    assert await log(feed) == [price("A", "10.00", "8.00")]
    await feed.rows(PRICES, {"sku": "A", "price": "8.00", "retail_price": "10.00"})
    await feed.rows(PRICES, {"sku": "A", "price": "8.00"})
    await feed.rows(PRICES, {"sku": "A", "price": "7.00", "price_type": "special"})
    assert await log(feed) == []
    await feed.delete(PRICES, 5)
    assert await log(feed) == [price("A", "8.00", None)]


async def test_price_that_moves_leaves_one_place_for_another(feed: Feed) -> None:
    await feed.product("A")
    b = await feed.product("B")
    await feed.rows(PRICES, {"id": 5, "sku": "A", "price": "10.00"})
    await log(feed)
    await feed.rows(PRICES, {"id": 5, "product": b})
    assert await log(feed) == [price("A", "10.00", None), price("B", None, "10.00")]
    await feed.rows(PRICES, {"id": 5, "currency_type": "usd", "price": "9.00"})
    assert await log(feed) == [price("B", "10.00", None), price("B", None, "9.00", currency="usd")]
    await feed.rows(PRICES, {"id": 5, "price_type": "special"})
    assert await log(feed) == [price("B", "9.00", None, currency="usd")]
    await feed.rows(PRICES, {"id": 5, "price_type": "default", "price": "1.00"})
    assert await log(feed) == [price("B", None, "1.00", currency="usd")]


async def test_availability_is_logged_when_it_flips(feed: Feed) -> None:
    await feed.product("A")
    b = await feed.product("B")
    await feed.rows(STOCKS, {"id": 5, "sku": "A", "stock": 3}, {"product": b, "stock": 0})
    assert sorted(await log(feed)) == [available("A", None, True), available("B", None, False)]
    await feed.rows(STOCKS, {"sku": "A", "stock": 2}, {"product": b, "stock": 0, "unit_type": "kg"})
    assert await log(feed) == []
    await feed.rows(STOCKS, {"sku": "A", "stock": 0}, {"product": b, "stock": None, "in_stock": True})
    assert sorted(await log(feed)) == [available("A", True, False), available("B", False, True)]
    await feed.rows("catalogs/stock-lists", {"id": 7, "name": "x"})
    await feed.rows(STOCKS, {"id": 5, "stock_list": 7})
    assert [entry[2:3] + entry[6:] for entry in await log(feed)] == [(1, False, None), (7, None, False)]
    await feed.delete(STOCKS, 5)
    assert [entry[2:3] + entry[6:] for entry in await log(feed)] == [(7, False, None)]


async def test_activity_is_logged_when_it_flips(feed: Feed) -> None:
    product = await feed.product("A")
    await feed.product("B", is_active=False)
    assert await log(feed) == []
    await feed.rows(PRODUCTS, {"sku": "A", "is_active": False}, {"sku": "B", "name": "new"})
    await feed.rows(PRODUCTS, {"sku": "A", "is_active": True})
    await feed.delete(PRODUCTS, product)
    await feed.rows(PRODUCTS, {"sku": "A", "is_active": True})
    assert await log(feed) == [
        ("A", "activity", None, None, None, None, old, new)
        for old, new in ((True, False), (False, True), (True, False), (False, True))
    ]


@pytest.mark.parametrize(
    ("path", "row", "change"),
    [
        (PRODUCTS, {}, {"listing_code": "x"}),
        (PRODUCTS, {}, {"modified_date": "2030-01-01T00:00:00Z"}),
        (PRICES, {"price": "1.00"}, {"tax_rate": "8.00"}),
        (PRICES, {"price": "1.00", "price_type": "special"}, {"price": "2.00"}),
        (STOCKS, {"stock": 1}, {"stock": 2}),
        (IMAGES, {"id": 5, "image": "https://a/1.jpg"}, {"order": 2}),
    ],
    ids=str,
)
async def test_version_moves_once_with_each_change_and_only_then(
    feed: Feed, path: str, row: dict[str, Any], change: dict[str, Any]
) -> None:
    await feed.product("A")
    await feed.product("B")
    if path != PRODUCTS:
        await feed.rows(path, {**row, "sku": "A"})
    before = await feed.versions()
    await feed.rows(path, {**row, "sku": "A"})
    assert await feed.versions() == before
    await feed.rows(path, {**row, "sku": "A", **change})
    assert await feed.versions() == {"A": before["A"] + 1, "B": before["B"]}
    if path != PRODUCTS:
        (number,) = await feed.query(f"SELECT id FROM {path.partition('/')[2].removesuffix('s').replace('-', '_')}")
        await feed.delete(path, number)
        assert await feed.versions() == {"A": before["A"] + 2, "B": before["B"]}


async def test_row_that_moves_moves_the_versions_of_both_products(feed: Feed) -> None:
    for sku in "ABC":
        await feed.product(sku)
    await feed.rows(IMAGES, {"id": 5, "sku": "A", "image": "https://a/1.jpg"})
    before = await feed.versions()
    await feed.rows(IMAGES, {"id": 5, "sku": "B"})
    assert await feed.versions() == {"A": before["A"] + 1, "B": before["B"] + 1, "C": before["C"]}


async def test_families_show_each_other(feed: Feed) -> None:
    """A child shows the name of its parent, a parent whether it has children."""
    parent = await feed.product("parent")
    await feed.product("other")
    before = await feed.versions()
    await feed.product("child", parent=parent)
    now = await feed.versions()
    assert now == {**before, "parent": before["parent"] + 1, "child": 1}
    for change in ({"name": "new"}, {"slug": "new"}, {"uuid": "c4cd34ad-8270-4355-8715-62862c74cad1"}):
        before = now
        await feed.rows(PRODUCTS, {"id": parent, **change})
        now = await feed.versions()
        assert now == {**before, "parent": before["parent"] + 1, "child": before["child"] + 1}
    await feed.rows(PRODUCTS, {"id": parent, "attribute_set": 5})
    assert (await feed.versions())["child"] == now["child"]
    before = await feed.versions()
    (other,) = await feed.query("SELECT id FROM product WHERE sku = 'other'")
    await feed.rows(PRODUCTS, {"sku": "child", "parent": other})
    assert await feed.versions() == {name: version + 1 for name, version in before.items()}


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("catalogs/price-lists", {"id": 5, "name": "a"}),
        ("catalogs/stock-lists", {"id": 5, "name": "a"}),
        ("catalogs/data-sources", {"id": 5, "name": "a", "slug": "a"}),
        ("catalogs/segments", {"id": 5, "name": "a"}),
        ("catalogs/markets", {"id": 5, "name": "a"}),
    ],
)
async def test_epoch_moves_with_the_tables_that_touch_many_products(feed: Feed, path: str, row: dict[str, Any]) -> None:
    before = await feed.epoch()
    await feed.rows(path, row)
    await feed.rows(path, row)
    assert await feed.epoch() == before + 1
    await feed.rows(path, {"id": 5, "name": "b"})
    await feed.delete(path, 5)
    assert await feed.epoch() == before + 3


async def test_epoch_moves_when_products_change_families_or_public_ids(feed: Feed) -> None:
    """Shoppers' favourites are kept in caches under the uuids of products and of their parents."""
    parent = await feed.product("parent")
    before = await feed.epoch()
    await feed.product("child", parent=parent)
    await feed.rows(PRODUCTS, {"sku": "child", "name": "new", "is_active": False})
    assert await feed.epoch() == before
    await feed.rows(PRODUCTS, {"sku": "child", "parent": None})
    assert await feed.epoch() == before + 1
    await feed.rows(PRODUCTS, {"sku": "parent", "uuid": "c4cd34ad-8270-4355-8715-62862c74cad1"})
    assert await feed.epoch() == before + 2


async def test_unchanged_rows_write_nothing_at_all(feed: Feed) -> None:
    """Not even a new version of a row: `xmin` names the transaction that wrote it last."""
    rows: dict[str, dict[str, Any]] = {
        PRODUCTS: {"sku": "A", "name": "a"},
        PRICES: {"sku": "A", "price": "1.00"},
        STOCKS: {"sku": "A", "stock": 1},
        IMAGES: {"id": 5, "sku": "A", "image": "https://a/1.jpg"},
        "catalogs/segments": {"id": 5, "name": "a"},
        "users": {"id": 5, "email": "a@example.com"},
    }
    tables = ("product", "product_price", "product_stock", "product_image", "segment", "users", "product_state")
    written = " UNION ALL ".join(
        f"SELECT '{table}', xmin::text FROM {table}" for table in (*tables, "catalogue_epoch", "catalogue_change")
    )
    for path, row in rows.items():
        await feed.rows(path, row)
    before = await feed.query(written)
    for path, row in rows.items():
        await feed.rows(path, row, row)
    assert await feed.query(written) == before
