"""CSV told as lines of JSON."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.integration.csv_rows import csv_lines
from src.modules.integration.errors import NoCsv
from src.modules.integration.registry import RESOURCES
from tests.modules.integration.bodies import body

PRODUCTS = RESOURCES["products/products"]
PRICES = RESOURCES["catalogs/product-prices"]
STOCKS = RESOURCES["catalogs/product-stocks"]


def rows(text: str | bytes, resource: Any = PRODUCTS) -> list[Any]:
    found = [line for block in csv_lines(body(text), resource) for line in block.split(b"\n") if line]
    return [None if line == b"!" else json.loads(line) for line in found]


@pytest.mark.parametrize(
    ("resource", "column", "cell", "value"),
    [
        (PRODUCTS, "name", "x", "x"),
        (PRODUCTS, "name", "5", "5"),
        (PRODUCTS, "name", "", ""),
        (PRODUCTS, "listing_code", "", None),
        (PRODUCTS, "is_active", "True", True),
        (PRODUCTS, "is_active", "f", False),
        (PRODUCTS, "is_active", "perhaps", "perhaps"),
        (PRODUCTS, "id", "5", 5),
        (PRODUCTS, "id", "five", "five"),
        (PRODUCTS, "id", "", None),
        (PRODUCTS, "attributes", '{"a": [1, "b"]}', {"a": [1, "b"]}),
        (PRODUCTS, "attributes", '{\n"a": 1}', {"a": 1}),
        (PRODUCTS, "attributes", "{broken", "{broken"),
        (PRODUCTS, "created_date", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        (PRODUCTS, "category_nodes", "[1,2]", [1, 2]),
        (PRODUCTS, "market", "c4cd34ad-8270-4355-8715-62862c74cad1", "c4cd34ad-8270-4355-8715-62862c74cad1"),
        (PRICES, "product", "335", 335),
        (PRICES, "product", "TUP-001", "TUP-001"),
        (PRICES, "sku", "335", "335"),
        (PRICES, "price", "12.50", 12.50),
        (STOCKS, "stock", "", None),
        (PRODUCTS, "no_such_field", "x", "x"),
        (PRODUCTS, "no_such_field", "", None),
    ],
)
def test_cell_is_what_its_column_says(resource: Any, column: str, cell: str, value: Any) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["unit_type", column], ["x", cell]])
    assert rows(text.getvalue(), resource)[0].get(column) == value


def test_empty_cell_that_can_be_neither_null_nor_empty_tells_nothing() -> None:
    assert rows("sku,is_active,attributes\nA,,\n") == [{"sku": "A"}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_any_text_arrives(texts: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["sku", "name"], *([str(n), name] for n, name in enumerate(texts))])
    assert [row["name"] for row in rows(text.getvalue())] == texts


def test_broken_rows_are_told_and_the_others_stay() -> None:
    assert rows(b"sku,name\nA,a\nB\nC,c,c\n\nD,\xff\nE,e\n") == [
        {"sku": "A", "name": "a"},
        None,
        None,
        None,
        {"sku": "E", "name": "e"},
    ]


@pytest.mark.parametrize(
    "text", ["sku,sku\n1,2\n", b"sku,\xff\n", 'sku\n"open', "sku\n" + "x" * 2_000_000, 'sku\n"a"b\n']
)
def test_no_csv_is_refused(text: str | bytes) -> None:
    with pytest.raises(NoCsv):
        rows(text)


@pytest.mark.parametrize("text", ["", "sku\n", "\0\0"])
def test_header_alone_is_no_row(text: str) -> None:
    assert rows(text) == []
