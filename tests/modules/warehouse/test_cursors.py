"""Cursors: what is written is read, and whoever makes one up is refused and never gets into a statement."""

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.warehouse import SHOWN
from src.modules.warehouse.cursors import Counted, read_cursor, write_cursor
from src.modules.warehouse.marks import Mark, Snapshot, read_mark
from src.modules.warehouse.parameters import read_filters, read_sort
from src.modules.warehouse.questions import Rows, digest
from src.platform.errors import InvalidFields
from src.platform.resources import Resource
from tests.modules.warehouse.analyst import MARK, Analyst

ORDERS = SHOWN["orders/orders"]
SORT = "amount,user,status,has_gift_box,modified_date"
MARK_OF_OLD = Mark(7, Snapshot(10, 20, (10, 15)))
COUNTED = Counted(9, 1_700_000_000_000_000)
QUERY = b"12345678"
LAST = ("10.50", "7", "it's", "true", "2025-01-10 14:00:00.5+00", "3")
texts = st.none() | st.text() | st.sampled_from([*LAST, "NaN", "Infinity", "1e9999", "-1", "0001-01-01 00:00:00+00"])


def written(last: Any, resource: Resource, sort: str, mark: Mark, *, among_changed: bool = False) -> str:
    """A cursor for the rows of a resource that are sorted so."""
    query = digest(Rows(resource, read_filters({}, resource), None), read_sort(sort, resource))
    return write_cursor(query, last, among_changed, mark, COUNTED)


def test_cursor_is_read_as_it_was_written() -> None:
    keys = read_sort(SORT, ORDERS)
    cursor = read_cursor(write_cursor(QUERY, LAST, False, MARK_OF_OLD, COUNTED), QUERY, keys)
    moment = datetime(2025, 1, 10, 14, 0, 0, 500_000, UTC)
    assert cursor.last == (Decimal("10.50"), 7, "it's", True, moment, 3)
    assert (cursor.mark, cursor.counted, cursor.among_changed) == (MARK_OF_OLD, COUNTED, False)
    nulls = read_cursor(write_cursor(QUERY, (None,) * 4 + LAST[4:], False, MARK_OF_OLD, COUNTED), QUERY, keys)
    assert nulls.last[:4] == (None,) * 4


@pytest.mark.parametrize("amount", ["1E+999999", "1E-999999", "NaN", "-Infinity"])
def test_amounts_that_no_column_holds_are_refused(amount: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_cursor(
            write_cursor(QUERY, (amount, *LAST[1:]), False, MARK_OF_OLD, COUNTED), QUERY, read_sort(SORT, ORDERS)
        )
    assert refused.value.fields.keys() == {"cursor"}


def test_cursor_of_endless_depth_is_refused() -> None:
    deep = b"\x95\xc4\x08" + QUERY + b"\x90\xc2\x94\x01\x01\x00\x90\x93\x00\x00" + b"\x91" * 1500 + b"\xc0"
    with pytest.raises(InvalidFields):
        read_cursor(base64.urlsafe_b64encode(deep).rstrip(b"=").decode(), QUERY, read_sort(None, ORDERS))


def test_among_changed_rows_only_the_id_counts() -> None:
    cursor = read_cursor(write_cursor(QUERY, ("3",), True, MARK_OF_OLD, COUNTED), QUERY, read_sort(SORT, ORDERS))
    assert (cursor.last, cursor.among_changed) == ((3,), True)


def test_dates_and_uuids_are_read_as_such() -> None:
    keys = read_sort("date_of_birth,uuid", SHOWN["users"])
    last = ("1990-05-01", "018f0000-0000-7000-8000-000000000001", "3")
    cursor = read_cursor(write_cursor(QUERY, last, False, MARK_OF_OLD, COUNTED), QUERY, keys)
    assert cursor.last[1] == UUID(last[1])
    assert str(cursor.last[0]) == last[0]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "ten"),
        (1, "1.5"),
        (2, "a\0b"),
        (3, "yes"),
        (4, "2025-01-10"),
        (4, None),
        (4, "infinity"),
        (5, None),
        (5, ""),
    ],
)
def test_value_that_no_row_has_is_refused(place: int, value: str | None) -> None:
    last = [*LAST[:place], value, *LAST[place + 1 :]]
    with pytest.raises(InvalidFields) as refused:
        read_cursor(write_cursor(QUERY, last, False, MARK_OF_OLD, COUNTED), QUERY, read_sort(SORT, ORDERS))
    assert refused.value.fields.keys() == {"cursor"}


@pytest.mark.parametrize(("number", "among_changed"), [(5, False), (7, False), (0, False), (6, True), (0, True)])
def test_other_number_of_values_is_refused(number: int, among_changed: bool) -> None:
    text = write_cursor(QUERY, (LAST * 2)[:number], among_changed, MARK_OF_OLD, COUNTED)
    with pytest.raises(InvalidFields):
        read_cursor(text, QUERY, read_sort(SORT, ORDERS))


@given(st.lists(texts, min_size=5, max_size=7), st.booleans())
def test_made_up_values_are_refused_or_of_their_type(last: list[str | None], among_changed: bool) -> None:
    text = write_cursor(QUERY, last, among_changed, MARK_OF_OLD, COUNTED)
    try:
        cursor = read_cursor(text, QUERY, read_sort(SORT, ORDERS))
    except InvalidFields:
        return
    kinds = (Decimal, int, str, bool, datetime, int)
    assert all(value is None or type(value) is kind for value, kind in zip(cursor.last, kinds, strict=True))


@pytest.mark.parametrize(
    "last",
    [
        LAST,
        ("NaN", *LAST[1:]),
        ("1e400000", *LAST[1:]),
        (LAST[0], "9" * 4000, *LAST[2:]),
        (*LAST[:2], "'; DROP TABLE users; --\\", *LAST[3:]),
        (*LAST[:2], "%s %(id)s {} \u2603", *LAST[3:]),
        (*LAST[:4], "0001-01-01 00:00:00+15", LAST[5]),
        (*LAST[:5], "-" + "9" * 30),
    ],
)
async def test_made_up_cursor_never_breaks_a_statement(reader: Analyst, last: tuple[str, ...]) -> None:
    mark = read_mark((await reader.page("orders/orders"))[MARK])
    response = await reader.ask("orders/orders", sort=SORT, cursor=written(last, ORDERS, SORT, mark))
    assert response.status_code in (httpx.codes.OK, httpx.codes.BAD_REQUEST)
    assert (await reader.page("users"))["count"] == 1
    changed = written(("3",), ORDERS, SORT, mark, among_changed=True)
    assert (await reader.page("orders/orders", sort=SORT, cursor=changed))["results"] == []


async def test_cursor_of_another_database_or_of_the_future_is_refused(reader: Analyst) -> None:
    mark = read_mark((await reader.page("orders/orders"))[MARK])
    newest = mark.snapshot.xmax + 1_000_000
    for wrong in (Mark(mark.system + 1, mark.snapshot), Mark(mark.system, Snapshot(newest, newest))):
        assert await reader.refused("orders/orders", cursor=written(("3",), ORDERS, "id", wrong)) == ["cursor"]
        assert await reader.refused("orders/orders", changed_after=str(wrong)) == ["changed_after"]
