"""What items of a merchant feed tell of a product."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from src.modules.integration.feed_items import FeedItem, feed_item
from src.platform.resources import UnfitRow

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def item(**values: str | list[str]) -> FeedItem:
    told = {name: [value] if isinstance(value, str) else value for name, value in {"id": "A", **values}.items()}
    return feed_item(told, NOW)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"title": "T", "description": "<b>D</b>"}, {"name": "T", "description": "<b>D</b>"}),
        ({"item_group_id": "g"}, {"base_code": "g"}),
        ({"link": "https://shop.example.com/p/1?a=b#c"}, {"url_path": "/p/1"}),
        ({"link": "http://shop.example.com"}, {"url_path": "/"}),
        ({"product_type": "A > B>C > "}, {"categories": ["A", "B", "C"]}),
        ({"product_type": ["A", "B"]}, {"categories": ["A"]}),
        ({"product_type": ">"}, {"categories": None}),
        ({"color": "red", "size": "M", "": "x"}, {"attributes": {"color": "red", "size": "M"}}),
        ({"product_highlight": ["a", "b"]}, {"attributes": {"product_highlight": "a, b"}}),
        (
            {"image_link": "https://a/1", "additional_image_link": ["https://a/2", "https://a/1", "https://a/3"]},
            {"images": ["https://a/1", "https://a/2", "https://a/3"]},
        ),
        ({"quantity": "3"}, {"stock": 3, "in_stock": True}),
        ({"quantity": "0"}, {"stock": 0, "in_stock": False}),
        ({"availability": "in_stock"}, {"stock": None, "in_stock": True}),
        ({"availability": "In Stock", "quantity": "5"}, {"stock": 5, "in_stock": True}),
        ({"availability": "out of stock", "quantity": "5"}, {"stock": 5, "in_stock": False}),
        ({"availability": "preorder"}, {"in_stock": False}),
    ],
    ids=str,
)
def test_attributes_become_fields(values: dict[str, Any], told: dict[str, Any]) -> None:
    made = item(**values)
    assert {name: getattr(made, name) for name in told} == told


@pytest.mark.parametrize(
    ("values", "price", "retail_price"),
    [
        ({"price": "10.00 USD"}, "10.00", "10.00"),
        ({"price": "5 usd"}, "5", "5"),
        ({"price": "5USD"}, "5", "5"),
        ({"price": "20.00 USD", "sale_price": "15.00 USD"}, "15.00", "20.00"),
        ({"sale_price": "15.00 USD"}, "15.00", "15.00"),
        ({"price": "20 USD", "sale_price": "15 USD", "sale_price_effective_date": "soon"}, "15", "20"),
    ],
    ids=str,
)
def test_sale_price_is_the_price_and_the_price_the_retail_price(
    values: dict[str, str], price: str, retail_price: str
) -> None:
    made = item(**values)
    assert (made.price, made.retail_price, made.currency) == (Decimal(price), Decimal(retail_price), "usd")


@pytest.mark.parametrize(
    ("begins", "ends", "price"),
    [
        ("2026-06-15T13:00+0100", "2026-06-16T00:00Z", "15"),
        ("2026-06-15T13:00+0000", "2026-06-16T00:00Z", "20"),
        ("2026-06-01T00:00Z", "2026-06-15T11:59Z", "20"),
        ("2026-06-01T00:00Z", "2026-06-15T12:00Z", "15"),
        ("2026-06-01", "2026-06-02", "15"),
    ],
)
def test_sale_lasts_as_long_as_the_feed_says(begins: str, ends: str, price: str) -> None:
    made = item(price="20 USD", sale_price="15 USD", sale_price_effective_date=f"{begins}/{ends}")
    assert made.price == Decimal(price)


def test_what_is_not_told_is_none() -> None:
    made = item()
    assert (made.name, made.price, made.currency, made.stock, made.in_stock, made.images) == (None,) * 6


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"id": []}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": "group:x"}, "id"),
        ({"item_group_id": "x" * 201}, "item_group_id"),
        *(
            ({"price": price}, "price")
            for price in ("10.00", "10,00 USD", "1.005 USD", "-1 USD", "USD 5", "1e5 USD", "٣ USD", "1" * 16 + " USD")
        ),
        ({"price": "20 USD", "sale_price": "15 EUR"}, "sale_price"),
        ({"sale_price": "cheap"}, "sale_price"),
        *(({"quantity": quantity}, "quantity") for quantity in ("-1", "1.5", "many", "9" * 30, "²")),
        ({"availability": "perhaps"}, "availability"),
        *(({"link": link}, "link") for link in ("/p/1", "ftp://a/b", "javascript:alert(1)", "https://[", "https:///x")),
        ({"image_link": "x.jpg"}, "image_link"),
        ({"additional_image_link": ["https://a/1", "x"]}, "additional_image_link"),
        ({"additional_image_link": [f"https://a/{n}" for n in range(101)]}, "additional_image_link"),
    ],
    ids=str,
)
def test_value_that_makes_no_sense_is_told_by_its_attribute(values: dict[str, Any], field: str) -> None:
    with pytest.raises(UnfitRow) as refused:
        item(**values)
    assert refused.value.field == field
