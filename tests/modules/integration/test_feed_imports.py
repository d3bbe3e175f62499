"""Merchant feeds: what they make of the catalogue."""

from decimal import Decimal
from typing import Any

import pytest

from src.modules.integration.errors import NoFeed, RowsRejected
from src.modules.integration.feed_imports import feed_in, import_feed
from tests.modules.integration.bodies import body, chunks
from tests.modules.integration.feeds import PRODUCTS, Feed

COLUMNS = (
    "id",
    "item_group_id",
    "title",
    "description",
    "link",
    "image_link",
    "additional_image_link",
    "availability",
    "price",
    "sale_price",
    "quantity",
    "product_type",
    "color",
    "size",
)
SHIRTS = [
    {"id": "shirt-m", "item_group_id": "shirt", "title": "Shirt M", "size": "M", "price": "20.00 USD"},
    {"id": "shirt-s", "item_group_id": "shirt", "title": "Shirt S", "size": "S", "price": "20.00 USD"},
]
COMMON = {
    "description": "Soft cotton",
    "link": "https://shop.example.com/products/shirt",
    "image_link": "https://images.example.com/1.png",
    "additional_image_link": "https://images.example.com/2.png,https://images.example.com/3.png",
    "availability": "in_stock",
    "quantity": "7",
    "product_type": "Apparel > Shirts",
}


def tsv(*items: dict[str, str]) -> str:
    """A feed of items."""
    return "\n".join("\t".join(line) for line in (COLUMNS, *([item.get(c, "") for c in COLUMNS] for item in items)))


def told(report: Any) -> tuple[int, int, int, int]:
    return report.received, report.created, report.updated, report.unchanged


async def shown(feed: Feed, sku: str) -> dict[str, Any]:
    (row,) = await feed.query(
        """
        SELECT jsonb_build_object('name', product.name, 'base_code', product.base_code, 'parent', parent.sku,
            'type', product.product_type, 'path', product.url_path, 'translations', product.translations,
            'attributes', product.attributes, 'kwargs', product.attributes_kwargs, 'active', product.is_active,
            'categories', (SELECT jsonb_agg(name) FROM category_node WHERE id = ANY(product.category_nodes)),
            'images', (SELECT jsonb_agg(image ORDER BY "order") FROM product_image WHERE product_id = product.id),
            'price', (SELECT jsonb_agg(ARRAY[price::text, retail_price::text, currency_type])
                      FROM product_price WHERE product_id = product.id),
            'stock', (SELECT jsonb_build_array(stock, in_stock) FROM product_stock WHERE product_id = product.id))
        FROM product LEFT JOIN product AS parent ON parent.id = product.parent_id WHERE product.sku = %s""",
        sku,
    )
    found: dict[str, Any] = row
    return found


async def test_items_become_products_with_all_that_belongs_to_them(feed: Feed) -> None:
    assert told(await feed.merchant(tsv(*({**item, **COMMON} for item in SHIRTS)))) == (2, 3, 0, 0)
    item = await shown(feed, "shirt-s")
    assert item == {
        "name": "Shirt S",
        "base_code": "shirt",
        "parent": "group:shirt",
        "type": "0",
        "path": "/products/shirt",
        "translations": {"en": {"name": "Shirt S", "description": "Soft cotton"}},
        "attributes": {"size": "S"},
        "kwargs": {"size": {"value": "S", "label": "S"}},
        "active": True,
        "categories": ["Shirts"],
        "images": [f"https://images.example.com/{n}.png" for n in (1, 2, 3)],
        "price": [["20.00", "20.00", "usd"]],
        "stock": [7, True],
    }
    parent = await shown(feed, "group:shirt")
    assert (parent["name"], parent["type"], parent["parent"]) == ("Shirt M", "1", None)
    assert (parent["base_code"], parent["categories"]) == ("shirt", ["Shirts"])
    assert (parent["price"], parent["stock"], parent["images"]) == (None, None, None)


async def test_same_feed_again_changes_nothing(feed: Feed) -> None:
    text = tsv(*({**item, **COMMON} for item in SHIRTS), {"id": "alone", "title": "Alone", "price": "1 EUR"})
    await feed.merchant(text)
    versions, changes = await feed.versions(), await feed.query("SELECT count(*) FROM catalogue_change")
    assert told(await feed.merchant(text)) == (3, 0, 0, 3)
    assert (await feed.versions(), await feed.query("SELECT count(*) FROM catalogue_change")) == (versions, changes)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"title": "New"}, "name", "New"),
        ({"price": "9.00 USD"}, "price", [["9.00", "9.00", "usd"]]),
        ({"sale_price": "9.00 USD"}, "price", [["9.00", "20.00", "usd"]]),
        ({"quantity": "0"}, "stock", [0, True]),
        ({"availability": "out_of_stock"}, "stock", [7, False]),
        ({"quantity": ""}, "stock", [None, True]),
        ({"size": "XL"}, "attributes", {"size": "XL"}),
        ({"color": "red"}, "attributes", {"size": "M", "color": "red"}),
        ({"product_type": "Other"}, "categories", ["Other"]),
        ({"link": "https://shop.example.com/x"}, "path", "/x"),
        (
            {"image_link": "https://images.example.com/3.png", "additional_image_link": ""},
            "images",
            ["https://images.example.com/3.png"],
        ),
        (
            {"additional_image_link": "https://images.example.com/9.png"},
            "images",
            ["https://images.example.com/1.png", "https://images.example.com/9.png"],
        ),
        ({"item_group_id": "other"}, "parent", None),
    ],
    ids=str,
)
async def test_item_that_changes_changes_once(feed: Feed, change: dict[str, str], field: str, value: Any) -> None:
    items = [{**item, **COMMON} for item in SHIRTS]
    await feed.merchant(tsv(*items))
    other = await shown(feed, "shirt-s")
    changed = tsv({**items[0], **change}, items[1])
    received, created, updated, unchanged = told(await feed.merchant(changed))
    # The parent is called like the first of its items by code, and looks like it.
    assert (received, created, unchanged) == (2, 0, 1)
    assert updated in (1, 2)
    assert (await shown(feed, "shirt-m"))[field] == value
    assert await shown(feed, "shirt-s") == other
    assert told(await feed.merchant(changed)) == (2, 0, 0, 2)


async def test_pictures_that_are_gone_leave_tombstones(feed: Feed) -> None:
    item = {**SHIRTS[0], **COMMON}
    await feed.merchant(tsv(item))
    kept = await feed.query("SELECT id FROM product_image WHERE image LIKE '%%3.png'")
    await feed.merchant(tsv({**item, "image_link": "https://images.example.com/3.png", "additional_image_link": ""}))
    assert await feed.query('SELECT id, "order" FROM product_image') == [(kept[0], 0)]
    assert len(await feed.query("SELECT object_id FROM deleted_item")) == 2
    await feed.merchant(tsv({**item, "image_link": "", "additional_image_link": ""}))
    assert await feed.query("SELECT id FROM product_image") == kept


async def test_what_the_feed_does_not_tell_stays(feed: Feed) -> None:
    await feed.rows(
        PRODUCTS,
        {
            "sku": "shirt-m",
            "name": "Old",
            "slug": "old",
            "attributes": {"brand": "X", "size": "L"},
            "attributes_kwargs": {"size": {"value": "M", "label": "Medium"}},
            "translations": {"tr": {"name": "Gömlek"}, "en": {"description": "Old"}},
        },
    )
    await feed.merchant(tsv({"id": "shirt-m", "title": "New", "size": "M"}))
    item = await shown(feed, "shirt-m")
    assert item["attributes"] == {"brand": "X", "size": "M"}
    assert item["kwargs"] == {"size": {"value": "M", "label": "Medium"}}
    assert item["translations"] == {"tr": {"name": "Gömlek"}, "en": {"name": "New", "description": "Old"}}
    assert (item["price"], item["stock"], item["base_code"]) == (None, None, None)


async def test_group_of_one_has_no_parent_until_it_has_two(feed: Feed) -> None:
    await feed.merchant(tsv(SHIRTS[0]))
    assert (await shown(feed, "shirt-m"))["parent"] is None
    assert told(await feed.merchant(tsv(*SHIRTS))) == (2, 2, 1, 0)
    assert (await shown(feed, "shirt-m"))["parent"] == (await shown(feed, "shirt-s"))["parent"] == "group:shirt"
    assert told(await feed.merchant(tsv(SHIRTS[1]))) == (1, 0, 0, 1)
    assert (await shown(feed, "shirt-s"))["parent"] == "group:shirt"


async def test_parent_that_the_shop_gave_stays(feed: Feed) -> None:
    parent = await feed.product("own-parent")
    await feed.product("shirt-m", parent=parent)
    await feed.merchant(tsv(*SHIRTS))
    assert (await shown(feed, "shirt-m"))["parent"] == "own-parent"
    assert (await shown(feed, "shirt-s"))["parent"] == "group:shirt"


async def test_deleted_product_is_revived(feed: Feed) -> None:
    await feed.merchant(tsv(SHIRTS[0]))
    (product,) = await feed.query("SELECT id FROM product")
    await feed.delete(PRODUCTS, product)
    assert told(await feed.merchant(tsv(SHIRTS[0]))) == (1, 0, 1, 0)
    assert (await shown(feed, "shirt-m"))["active"] is True


async def test_bad_items_are_told_by_row_and_line_and_the_others_are_in(feed: Feed) -> None:
    lines = tsv(
        {"id": "a", "title": "A", "price": "1 EUR"},
        {"id": "b", "title": "B", "price": "cheap"},
        {"title": "no id"},
        {"id": "c"},
        {"id": "d", "title": "D\0"},
        {"id": "group:shirt", "title": "x"},
        {"id": "a", "title": "A again", "price": "2 EUR"},
    ).split("\n")
    lines[4:4] = ["", "broken"]
    report = await feed.merchant("\n".join(lines))
    assert told(report) == (8, 1, 0, 1)
    assert [(r.row, r.line, [fault.field for fault in r.errors]) for r in report.rejected] == [
        (1, 3, ["price"]),
        (2, 4, ["id"]),
        (3, 6, [None]),
        (4, 7, ["title"]),
        (5, 8, [None]),
        (6, 9, ["id"]),
    ]
    assert await feed.query("SELECT price FROM product_price") == [Decimal("2.00")]


async def test_xml_is_the_same_feed(feed: Feed) -> None:
    items = [{**item, **COMMON} for item in SHIRTS]
    await feed.merchant(tsv(*items))
    fields = [
        "".join(
            f"<g:{name}>{part}</g:{name}>"
            for name, value in item.items()
            for part in (value.split(",") if name == "additional_image_link" else [value.replace(">", "&gt;")])
        )
        for item in items
    ]
    xml = "".join(f"<item>{told}</item>" for told in fields)
    text = f'<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel>{xml}</channel></rss>'
    assert told(await feed.merchant(text, "application/rss+xml")) == (2, 0, 0, 2)
    assert told(await feed.merchant(text)) == (2, 0, 0, 2), "told by its first byte"


async def test_language_is_that_of_the_caller_and_progress_ends_at_the_end(feed: Feed) -> None:
    seen: list[int] = []
    text = tsv(*({**SHIRTS[0], "id": f"i{n}"} for n in range(500))).encode()
    await import_feed(feed.database, chunks(text), progress=seen.append, language="tr")
    assert (await shown(feed, "i0"))["translations"] == {"tr": {"name": "Shirt M"}}
    assert seen == sorted(seen)
    assert len(seen) > 5
    assert seen[-1] == len(text)


@pytest.mark.parametrize("text", ["", "title\nx", "<a/>", "<rss>"])
async def test_no_feed_changes_nothing(feed: Feed, text: str) -> None:
    with pytest.raises(NoFeed):
        await feed.merchant(text)
    assert await feed.query("SELECT count(*) FROM product") == [0]


async def test_atomic_feed_is_all_or_nothing(feed: Feed) -> None:
    text = tsv({"id": "a", "title": "A"}, {"id": "b", "title": "B", "price": "cheap"})
    with pytest.raises(RowsRejected):
        async with feed.database.transaction() as work:
            await feed_in(work.connection, body(text), atomic=True)
    assert await feed.query("SELECT count(*) FROM product") == [0]
