"""Whatever a page shows, an export in any format says too."""

import json
from decimal import Decimal

import httpx
import pyarrow as pa
import pytest

from src.modules.warehouse import SHOWN
from tests.factories import Factory
from tests.modules.integration.feeds import Feed
from tests.modules.warehouse.analyst import MARK, Analyst
from tests.modules.warehouse.exporting import formats
from tests.modules.warehouse.exporting.duck import Duck
from tests.modules.warehouse.rows import EXAMPLES, in_order_of_reference

SEO = "cms/seo"
# What quoting, escaping and splitting may take for something else.
AWKWARD = [
    "",
    " ",
    "null",
    "NULL",
    "\\N",
    "\\.",
    '"',
    '""',
    "'",
    "a,b;c\td",
    "a\nb",
    "a\r\nb\r",
    "\b\f\x01\x1f\x7f",
    "\\",
    "\\n",
    "C:\\new\\temp",
    '{"a": "\\u0000"}',
    "\N{LATIN SMALL LETTER DOTLESS I}\N{GREEK SMALL LETTER OMEGA}\N{SNOWMAN}\N{GRINNING FACE}\u2028\ufeff",
    "%s %(a)s {} %",
]


async def exported(reader: Analyst, path: str, **query: str) -> bytes:
    response = await reader.ask(f"{path}/export", **query)
    assert response.status_code == httpx.codes.OK, response.text
    return response.content


async def agree(reader: Analyst, path: str, duck: Duck) -> None:
    """All formats say what the pages say."""
    resource, rows = SHOWN[path], await reader.crawl(path)
    assert [*map(json.dumps, formats.ndjson(await exported(reader, path)))] == [*map(json.dumps, rows)]
    texts = duck.csv(await exported(reader, path, format="csv"))
    assert [formats.without_json_texts(row, resource) for row in texts] == [
        formats.as_text(row, resource) for row in rows
    ]
    typed = [formats.as_typed(row, resource) for row in rows]
    for kind, read in (("parquet", duck.parquet), ("arrow", formats.arrow)):
        found = read(await exported(reader, path, format=kind))
        assert [repr(formats.without_json_texts(row, resource)) for row in found] == [*map(repr, typed)], kind


async def test_every_resource_says_in_every_format_what_its_pages_say(reader: Analyst, feed: Feed, duck: Duck) -> None:
    for path in in_order_of_reference():
        assert not (await feed.rows(path, *EXAMPLES[path])).rejected
    for path in SHOWN:
        await agree(reader, path, duck)


async def test_awkward_texts_are_in_every_format_what_they_were(reader: Analyst, feed: Feed, duck: Duck) -> None:
    rows = [
        {"id": n, "title": text, "attributes": {text or "-": [text, None, 1.5, True]}, "keywords": None}
        for n, text in enumerate(AWKWARD, 1)
    ]
    assert not (await feed.rows(SEO, *rows, {"id": 100, "attributes": None})).rejected
    assert [row["title"] for row in await reader.crawl(SEO)] == [*AWKWARD, None]
    await agree(reader, SEO, duck)


@pytest.mark.parametrize("kind", ["ndjson", "csv", "parquet", "arrow"])
async def test_nothing_is_a_file_without_rows(reader: Analyst, kind: str) -> None:
    content = await exported(reader, "cities", format=kind)
    if kind == "ndjson":
        assert content == b""
    else:
        assert formats.frame(content, kind).empty
        assert [*formats.frame(content, kind).columns] == [*SHOWN["cities"].by_name]


@pytest.mark.parametrize("kind", ["ndjson", "csv", "parquet", "arrow"])
async def test_pandas_sums_amounts_up(reader: Analyst, factory: Factory, kind: str) -> None:
    await factory.execute(
        "INSERT INTO orders_order (id, amount, currency) SELECT n, n * 0.01, 'try' FROM generate_series(1, 1000) n"
    )
    read = formats.frame(await exported(reader, "orders/orders", format=kind, id__gt="10"), kind)
    assert len(read) == 990
    assert round(Decimal(str(read["amount"].astype(float).sum())), 2) == sum(Decimal(n) for n in range(11, 1001)) / 100
    assert read["created_date"].notna().all()


async def test_types_are_told_with_what_they_mean(reader: Analyst) -> None:
    response = await reader.ask("orders/orders/export", format="arrow")
    told = formats.schema(response.content)
    assert (told.field("id").type, told.field("id").nullable) == (pa.int64(), False)
    assert (told.field("amount").type, told.field("amount").nullable) == (pa.decimal128(18, 2), True)
    assert told.field("created_date").type == pa.timestamp("us", "UTC")
    assert all((field.metadata or {}).get(b"description") for field in told)
    assert (told.metadata or {})[b"high_water_mark"].decode() == response.headers[MARK]


async def test_large_exports_are_written_in_groups(
    reader: Analyst, factory: Factory, monkeypatch: pytest.MonkeyPatch, duck: Duck
) -> None:
    monkeypatch.setattr("src.modules.warehouse.exporting.columnar.GROUP_BYTES", 1)
    await factory.execute("INSERT INTO cms_seo (id, title) SELECT n, repeat('x', 50000) FROM generate_series(1, 50) n")
    await agree(reader, SEO, duck)
