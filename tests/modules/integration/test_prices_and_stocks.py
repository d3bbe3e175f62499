"""Prices, stocks and pictures: rows that belong to a product."""

from decimal import Decimal
from typing import Any

import pytest

from src.modules.integration.errors import StillInUse
from src.platform.errors import NotFound
from src.platform.openapi import CSV
from tests.modules.integration.feeds import IMAGES, PRICES, STOCKS, Feed, counts, faults

PRICE_ROWS = "SELECT product_id, price_list_id, currency_type, price_type, price FROM product_price ORDER BY 1, 2, 3, 4"
STOCK_ROWS = "SELECT product_id, stock_list_id, stock, in_stock FROM product_stock ORDER BY 1, 2"


async def test_price_is_found_by_product_list_currency_and_type(feed: Feed) -> None:
    a = await feed.product("A")
    await feed.rows("catalogs/price-lists", {"id": 7, "name": "club"})
    rows = [
        {"product": a, "price": "10.00"},
        {"product": a, "price": "11.00", "price_list": 7},
        {"product": a, "price": "12.00", "currency_type": "usd"},
        {"product": a, "price": "13.00", "price_type": "special"},
    ]
    assert counts(await feed.rows(PRICES, *rows)) == (4, 0, 0)
    assert counts(await feed.rows(PRICES, *rows)) == (0, 0, 4)
    assert counts(await feed.rows(PRICES, {**rows[1], "price": "11.50"})) == (0, 1, 0)
    assert await feed.query(PRICE_ROWS) == [
        (a, 1, "try", "default", Decimal("10.00")),
        (a, 1, "try", "special", Decimal("13.00")),
        (a, 1, "usd", "default", Decimal("12.00")),
        (a, 7, "try", "default", Decimal("11.50")),
    ]


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"price_list": 1},
        {"price_list": None},
        {"currency_type": "TRY"},
        {"currency_type": None},
        {"price_type": "default"},
    ],
    ids=str,
)
async def test_what_a_key_does_not_tell_is_the_default(feed: Feed, key: dict[str, Any]) -> None:
    a = await feed.product("A")
    await feed.rows(PRICES, {"product": a, "price": "10.00"})
    assert counts(await feed.rows(PRICES, {"product": a, "price": "10.00", **key})) == (0, 0, 1)
    assert counts(await feed.rows(PRICES, {"sku": "A", "price": "11.00", **key})) == (0, 1, 0)


async def test_last_price_counts_however_its_key_is_told(feed: Feed) -> None:
    a = await feed.product("A")
    rows = [
        {"product": a, "price": "1.00"},
        {"product": "A", "price": "2.00", "price_list": 1},
        {"sku": "A", "price": "3.00", "currency_type": "TRY"},
    ]
    assert counts(await feed.rows(PRICES, *rows)) == (1, 0, 2)
    assert await feed.query("SELECT price FROM product_price") == [Decimal("3.00")]
    assert counts(await feed.rows(PRICES, {"product": a, "price": "5.00"}, {"sku": "A", "price": 3})) == (0, 0, 2)


async def test_amounts_are_compared_as_numbers(feed: Feed) -> None:
    a = await feed.product("A")
    await feed.rows(PRICES, {"product": a, "price": "10.50", "retail_price": "20", "tax_rate": "0.18"})
    same = {"product": a, "price": 10.5, "retail_price": "20.000", "tax_rate": 0.18}
    assert counts(await feed.rows(PRICES, same)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"price": "-0.01"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"price": "1e400"}, "price"),
        ({"price": "1" + "0" * 16}, "price"),
        ({"retail_price": -1}, "retail_price"),
        ({"tax_rate": -1}, "tax_rate"),
        ({"tax_rate": "10000000"}, "tax_rate"),
        ({"currency_type": "lira"}, "currency_type"),
        ({"currency_type": ""}, "currency_type"),
        ({"product": 2**40}, "product"),
        ({"product": "no-such-sku"}, "product"),
        ({"price_list": 77}, "price_list"),
        ({"extra_field": []}, "extra_field"),
        ({"extra_field": "x"}, "extra_field"),
    ],
    ids=str,
)
async def test_bad_price_is_rejected_and_nothing_changes(feed: Feed, bad: dict[str, Any], field: str) -> None:
    a = await feed.product("A")
    await feed.rows(PRICES, {"product": a, "price": "3.00"})
    report = await feed.rows(PRICES, {"product": a, "price": "4.00", **bad})
    assert (counts(report), faults(report)) == ((0, 0, 0), {0: [field]})
    assert await feed.query(PRICE_ROWS) == [(a, 1, "try", "default", Decimal("3.00"))]


@pytest.mark.parametrize("document", ['{"a": 1e400000}', '{"a": "\\u0000"}', '{"\\u0000": 1}'])
async def test_json_that_the_database_can_not_hold_is_rejected(feed: Feed, document: str) -> None:
    a = await feed.product("A")
    lines = [f'{{"product": {a}, "price": 1, "extra_field": {told}}}' for told in (document, '{"a": 1e300}')]
    report = await feed.body(PRICES, "\n".join(lines), "application/x-ndjson")
    assert (counts(report), list(faults(report))) == ((1, 0, 0), [0])


async def test_price_may_be_told_by_its_id(feed: Feed) -> None:
    a, b = await feed.product("A"), await feed.product("B")
    await feed.rows(PRICES, {"id": 50, "product": a, "price": "1.00"}, {"id": 60, "product": b, "price": "1.00"})
    report = await feed.rows(
        PRICES,
        {"id": 50, "price": "2.00"},
        {"id": 60, "product": a},
        {"id": 70, "product": a, "price": "3.00"},
        {"id": 60, "currency_type": "usd"},
        {"id": 80, "price": "3.00"},
    )
    assert (counts(report), faults(report)) == ((0, 2, 0), {1: ["product"], 2: ["product"], 4: ["product"]})
    assert await feed.query("SELECT id, product_id, currency_type, price FROM product_price ORDER BY id") == [
        (50, a, "try", Decimal("2.00")),
        (60, b, "usd", Decimal("1.00")),
    ]


async def test_prices_from_a_spreadsheet(feed: Feed) -> None:
    a = await feed.product("A")
    text = f"product,currency_type,price,retail_price,tax_rate\n{a},try,12.50,20.00,18.00\nA,usd,5,,\nB,usd,5,,\n"
    report = await feed.body(PRICES, text, CSV)
    assert (counts(report), faults(report)) == ((2, 0, 0), {2: ["product"]})
    assert await feed.query("SELECT price, retail_price FROM product_price ORDER BY currency_type") == [
        (Decimal("12.50"), Decimal("20.00")),
        (Decimal("5.00"), None),
    ]


async def test_stock_is_found_by_product_and_list(feed: Feed) -> None:
    a = await feed.product("A")
    await feed.rows("catalogs/stock-lists", {"id": 7, "name": "shop"})
    rows = [
        {"product": a, "stock": 5, "unit_type": "qty"},
        {"product": a, "stock": 6, "unit_type": "qty", "stock_list": 1},
        {"product": a, "stock": 0, "unit_type": "qty", "stock_list": 7},
        {"product": a, "stock": 7, "unit_type": "qty", "stock_list": None},
    ]
    assert counts(await feed.rows(STOCKS, *rows)) == (2, 0, 2)
    assert await feed.query(STOCK_ROWS) == [(a, 1, 7, True), (a, 7, 0, False)]
    assert counts(await feed.rows(STOCKS, {"sku": "A", "stock": 7})) == (0, 0, 1)


@pytest.mark.parametrize(
    ("row", "stock", "in_stock"),
    [
        ({"stock": 0}, 0, False),
        ({"stock": 4}, 4, True),
        ({"stock": None}, None, True),
        ({"stock": None, "in_stock": False}, None, False),
        ({"in_stock": False}, 3, False),
        ({"stock": 0, "in_stock": True}, 0, True),
    ],
    ids=str,
)
async def test_availability_follows_the_stock_unless_it_is_told(
    feed: Feed, row: dict[str, Any], stock: int | None, in_stock: bool
) -> None:
    a = await feed.product("A")
    await feed.rows(STOCKS, {"product": a, "stock": 3})
    await feed.rows(STOCKS, {"product": a, **row})
    assert await feed.query(STOCK_ROWS) == [(a, 1, stock, in_stock)]


@pytest.mark.parametrize("bad", [-1, 2**31, 2**70, 1.5, "3", "x", True, []], ids=str)
async def test_bad_stock_is_rejected(feed: Feed, bad: Any) -> None:
    report = await feed.rows(STOCKS, {"product": await feed.product("A"), "stock": bad})
    assert (counts(report), faults(report)) == ((0, 0, 0), {0: ["stock"]})


async def test_pictures_are_told_by_their_ids(feed: Feed) -> None:
    a = await feed.product("A")
    rows = [{"id": n, "product": a, "image": f"https://a/{n}.jpg", "order": n, "status": "active"} for n in (5, 6)]
    assert counts(await feed.rows(IMAGES, *rows)) == (2, 0, 0)
    assert counts(await feed.rows(IMAGES, *rows)) == (0, 0, 2)
    assert counts(await feed.rows(IMAGES, {"id": 5, "order": 9}, {"sku": "A", "image": "https://a/7.jpg"})) == (1, 1, 0)
    assert await feed.query('SELECT image, "order" FROM product_image ORDER BY id') == [
        ("https://a/5.jpg", 9),
        ("https://a/6.jpg", 6),
        ("https://a/7.jpg", 0),
    ]
    assert faults(await feed.rows(IMAGES, {"product": a}, {"image": "x"}, {"id": 5, "product": None})) == {
        0: ["image"],
        1: ["product"],
        2: ["product"],
    }


@pytest.mark.parametrize(
    ("path", "row", "content_type"),
    [
        (PRICES, {"price": "1.00"}, "productprice"),
        (STOCKS, {"stock": 1}, "productstock"),
        (IMAGES, {"image": "https://a/1.jpg"}, "productimage"),
    ],
)
async def test_deleted_row_leaves_a_tombstone(feed: Feed, path: str, row: dict[str, Any], content_type: str) -> None:
    await feed.rows(path, {"id": 5, "product": await feed.product("A"), **row})
    await feed.delete(path, 5)
    assert await feed.query(
        "SELECT object_id, model FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
    ) == [("5", content_type)]
    with pytest.raises(NotFound):
        await feed.delete(path, 5)


async def test_list_in_use_is_not_deleted(feed: Feed) -> None:
    await feed.rows("catalogs/price-lists", {"id": 7, "name": "club"}, {"id": 8, "name": "unused"})
    await feed.rows(PRICES, {"product": await feed.product("A"), "price": 1, "price_list": 7})
    for path, row in (("catalogs/price-lists", 7), ("catalogs/price-lists", 1), ("catalogs/stock-lists", 1)):
        with pytest.raises(StillInUse):
            await feed.delete(path, row)
    await feed.delete("catalogs/price-lists", 8)
    assert await feed.query("SELECT id FROM price_list ORDER BY id") == [1, 7]
