"""Whatever the rows are: each is taken, left as it is or rejected, and the next body finds everything in order."""

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.modules.integration.errors import NoFeed
from src.modules.integration.registry import RESOURCES
from src.modules.integration.services import FORMATS
from src.modules.warehouse.resources import MIRRORED
from src.platform.database import Database
from src.platform.errors import AppError
from src.platform.openapi import CSV
from tests.modules.integration.feeds import Feed, counts

ODD = ["", "\0", "\\N", "\\.", "'", '"', "%s", "{}", "a\tb\r\n", "NaN", "try", "2020-01-01T00:00:00Z", "😀", "A"]
UUIDS = ["c4cd34ad-8270-4355-8715-62862c74cad1", "6fa16734-0678-4a86-8827-d0e596fe49ef"]
NUMBERS = [0, 1, 2, 5, -1, 2**31, 2**53, 2**63, 2**70, 1.5, 12.345, -0.0, 1e300, True]
VALUES = st.recursive(
    st.none() | st.sampled_from([*ODD, *UUIDS, *NUMBERS]) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(ODD), inner, max_size=3),
    max_leaves=6,
)
# Those of other systems differ in nothing but the kinds of their columns; these have them all.
ALIKE = {resource.path for resource in MIRRORED} - {"orders/orders", "pretty-urls", "social-account/accounts"}
CASES = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEWER_CASES = settings(CASES, max_examples=14)


def rows_of(path: str) -> st.SearchStrategy[list[Any]]:
    names = [*RESOURCES[path].by_name, "sku", "no_such_field"]
    return st.lists(st.dictionaries(st.sampled_from(names), VALUES, max_size=8) | VALUES, max_size=8)


@pytest.mark.parametrize("path", sorted(RESOURCES.keys() - ALIKE))
@FEWER_CASES
@given(st.data())
async def test_any_rows_are_judged(database: Database, path: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(path))
    for _ in range(2):
        report = await Feed(database).rows(path, *rows)
        assert report.received == len(rows)
        counts(report)


async def taken_or_refused(database: Database, content: bytes | str, content_type: str) -> None:
    try:
        counts(await Feed(database).body("products/products", content, content_type))
    except AppError as refused:
        if refused.status != 400:
            raise


PIECES = [b"sku,name\n", b'{"sku":"A"}', b"[", b"]", b",", b'"', b"\n", b"\r", b"\xff", b"\0", b"A,b\n", b" "]


@pytest.mark.parametrize("content_type", sorted(FORMATS))
@CASES
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=5)))
async def test_any_bytes_are_read_or_refused(database: Database, content_type: str, pieces: list[bytes]) -> None:
    await taken_or_refused(database, b"".join(pieces), content_type)


@CASES
@given(st.lists(st.lists(st.sampled_from(ODD) | st.text(max_size=5), max_size=4), max_size=5))
async def test_any_cells_are_judged(database: Database, cells: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["sku", "name", "attributes", "id"], *cells])
    await taken_or_refused(database, text.getvalue(), CSV)


@CASES
@given(
    st.lists(st.sampled_from(["id", "title", "\t", "\n", '"', "price", "1 EUR", "<rss>", "<item>", "</item>", "\0"]))
)
async def test_any_feed_is_read_or_refused(database: Database, pieces: list[str]) -> None:
    for text in ("".join(pieces), "id\ttitle\tprice\n" + "".join(pieces), f"<rss><item>{''.join(pieces)}</item></rss>"):
        try:
            report = await Feed(database).merchant(text)
        except NoFeed:
            continue
        assert report.received == report.unchanged + report.updated + report.created + len(report.rejected)
