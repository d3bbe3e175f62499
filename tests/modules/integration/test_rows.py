"""Rows read from lines of JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.integration.registry import RESOURCES
from src.modules.integration.rows import RowReader, row_struct
from src.platform.resources import Resource

PRODUCTS = RESOURCES["products/products"]
PRICES = RESOURCES["catalogs/product-prices"]
STOCKS = RESOURCES["catalogs/product-stocks"]


def read(resource: Resource, *lines: str | bytes | dict[str, Any]) -> tuple[RowReader, list[dict[str, str]]]:
    """What the reader counts, and the staged rows as texts by column."""
    reader = RowReader(resource)
    told = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    data = b"\n".join(line.encode() if isinstance(line, str) else line for line in told) + b"\n"
    staged: list[dict[str, str]] = []
    for batch in reader.read(data):
        rows = batch.text.decode().split("\n")[:-1]
        assert len(rows) == batch.rows
        staged += (dict(zip(batch.shape.columns, row.split("\t"), strict=True)) for row in rows)
    return reader, staged


def faults(reader: RowReader) -> list[tuple[int, str | None, str]]:
    return [(told.row, fault.field, fault.message) for told in reader.rejected for fault in told.errors]


def test_rows_alike_are_one_batch_that_tells_only_their_fields() -> None:
    reader, staged = read(PRICES, {"product": 1, "price": "1.50"}, {"product": 2, "price": "2"})
    assert staged == [
        {"row": "0", "product_id": "1", "price": "1.50"},
        {"row": "1", "product_id": "2", "price": "2"},
    ]
    assert (reader.received, reader.rejected) == (2, [])


def test_rows_that_differ_say_what_each_tells() -> None:
    bits = {known.name: known.bit for known in PRODUCTS.fields}
    _, staged = read(PRODUCTS, {"sku": "A", "slug": None}, {"sku": "B"})
    assert [row["given"] for row in staged] == [str(bits["sku"] | bits["slug"]), str(bits["sku"])]
    assert [row["slug"] for row in staged] == ["\\N", "\\N"]


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ("{broken", None, "malformed"),
        ("5", None, "object"),
        ('{"price": 1}{"price": 2}', None, "malformed"),
        (b'{"currency_type": "\xff"}', None, "UTF-8"),
        ({"no_such_field": 1}, "no_such_field", "unknown field"),
        ({"price": "x"}, "price", "decimal"),
        ({"price": None}, "price", "null"),
        ({"price": True}, "price", "bool"),
        ({"product": 1.5}, "product", "float"),
        ({"product": 2**70}, "product", ""),
        ({"id": 0}, "id", ">= 1"),
        ({"id": 2**53}, "id", "<="),
        ({"currency_type": "x" * 256}, "currency_type", "length"),
        ({"product": "a\0"}, "product", "U+0000"),
        ({"price_type": "a\0"}, "price_type", "U+0000"),
        ({"product": 1, "sku": "A"}, "sku", "either"),
        ({"extra_field": None}, "extra_field", "must not be null"),
        (b'{"extra_field": {"a": "\xff"}}', "extra_field", "UTF-8"),
        ('{"extra_field": ' + "[" * 100_000, None, "recursion"),
        ({"created_date": "2020-01-01T00:00:00"}, "created_date", "timezone"),
        ({"created_date": "0001-01-01T00:00:00Z"}, "created_date", "range"),
        ({"created_date": "yesterday"}, "created_date", "RFC3339"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_row_that_does_not_fit_is_set_aside_with_its_reason(line: Any, field: str | None, message: str) -> None:
    reader, staged = read(PRICES, {"price": "1"}, line, {"price": "3"})
    assert [row["row"] for row in staged] == ["0", "2"]
    assert reader.received == 3
    ((row, told_field, told_message),) = faults(reader)
    assert (row, told_field) == (1, field)
    assert message in told_message


@given(st.lists(st.sampled_from(["good", "broken", "nul", "blank"]), max_size=40))
def test_every_bad_row_is_found_among_any_others(kinds: list[str]) -> None:
    told = {"good": '{"sku":"A"}', "broken": "{", "nul": '{"sku":"\\u0000"}', "blank": " "}
    reader, staged = read(PRODUCTS, *(told[kind] for kind in kinds))
    rows = [kind for kind in kinds if kind != "blank"]
    assert reader.received == len(rows)
    assert [int(row["row"]) for row in staged] == [n for n, kind in enumerate(rows) if kind == "good"]
    assert sorted(told.row for told in reader.rejected) == [n for n, kind in enumerate(rows) if kind != "good"]


@pytest.mark.parametrize("price", [12.5, "12.5", "1.25e1", " 12.5", "+12.5"])
def test_amounts_may_be_numbers_or_texts(price: Any) -> None:
    _, (row,) = read(PRICES, {"price": price})
    assert float(row["price"]) == 12.5


def test_amounts_are_exact_however_many_digits_they_have() -> None:
    text = "1234567890123456.78"
    assert [row["price"] for row in read(PRICES, f'{{"price": {text}}}', f'{{"price": "{text}"}}')[1]] == [text] * 2


def test_references_may_be_ids_or_names() -> None:
    _, staged = read(PRICES, {"product": 5}, {"product": "5"}, {"sku": "A\tB"})
    assert [(row["product_id"], row["product_id_named"]) for row in staged] == [
        ("5", "\\N"),
        ("\\N", "5"),
        ("\\N", "A\\tB"),
    ]


@pytest.mark.parametrize(
    ("row", "in_stock"),
    [
        ({"stock": 3}, "t"),
        ({"stock": 0}, "f"),
        ({"stock": 0, "in_stock": True}, "t"),
        ({"stock": None}, None),
        ({"stock": None, "in_stock": True}, "t"),
        ({"unit_type": "kg"}, None),
    ],
    ids=str,
)
def test_stock_tells_whether_there_is_any_unless_the_row_does(row: dict[str, Any], in_stock: str | None) -> None:
    _, (staged,) = read(STOCKS, row)
    assert staged.get("in_stock") == in_stock


def test_id_that_is_null_is_none() -> None:
    assert read(PRICES, {"id": None, "price": 1})[1] == [{"row": "0", "price": "1"}]


def test_currency_is_lower_case() -> None:
    assert [row["currency_type"] for row in read(PRICES, {"currency_type": "TRY"}, {"currency_type": "usd"})[1]] == [
        "try",
        "usd",
    ]


@pytest.mark.parametrize("path", sorted(RESOURCES))
def test_fields_of_each_resource_have_columns_and_distinct_bits(path: str) -> None:
    resource = RESOURCES[path]
    assert sum(known.bit for known in resource.fields) == 2 ** len(resource.fields) - 1 < 2**63
    names = set(row_struct(resource).__struct_fields__)
    assert {known.name for known in resource.fields} <= names
