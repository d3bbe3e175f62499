"""Filters, sorts and what is refused, without a database."""

from datetime import UTC, date, datetime, time

import pytest

from src.modules.warehouse import SHOWN
from src.modules.warehouse.parameters import order_by, read_filters, read_sort, told_once
from src.platform.errors import InvalidFields

ORDERS = SHOWN["orders/orders"]
REDIRECTS = SHOWN["redirects"]


def bound(name: str, text: str) -> tuple[str, str, int | datetime]:
    """The one bound that a parameter makes."""
    (found,) = read_filters({name: text}, ORDERS).bounds
    return found


@pytest.mark.parametrize(
    ("name", "text", "operator", "value"),
    [
        ("id", "7", "=", 7),
        ("id__exact", "7", "=", 7),
        ("id__gt", "-7", ">", -7),
        ("id__gte", "007", ">=", 7),
        ("id__lt", "9" * 30, "<", 2**63 - 1),
        ("id__lte", "-" + "9" * 30, "<=", 1 - 2**63),
    ],
)
def test_ids_are_bounded_by_whole_numbers(name: str, text: str, operator: str, value: int) -> None:
    assert bound(name, text) == ("id", operator, value)


@pytest.mark.parametrize("text", ["", "x", "1.0", "+1", "1e3", "--1", " 1", "1_0", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_id_that_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_filters({"id__gt": text}, ORDERS)
    assert refused.value.fields.keys() == {"id__gt"}


@pytest.mark.parametrize(
    ("name", "operator", "moment"),
    [("gt", ">", time.max), ("gte", ">=", time.min), ("lt", "<", time.min), ("lte", "<=", time.max)],
)
def test_date_is_a_whole_day_in_utc(name: str, operator: str, moment: time) -> None:
    told = bound(f"modified_date__{name}", "2025-01-10")
    assert told == ("modified_date", operator, datetime.combine(date(2025, 1, 10), moment, UTC))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-10T14:00:00Z", datetime(2025, 1, 10, 14, tzinfo=UTC)),
        ("2025-01-10T14:00", datetime(2025, 1, 10, 14, tzinfo=UTC)),
        ("2025-01-10 14:00", datetime(2025, 1, 10, 14, tzinfo=UTC)),
        ("2025-01-10T14:00:00.123456+03:00", datetime(2025, 1, 10, 11, 0, 0, 123456, tzinfo=UTC)),
        # As a plus sign arrives that nobody escaped.
        ("2025-01-10T14:00:00 03:00", datetime(2025, 1, 10, 11, tzinfo=UTC)),
    ],
)
def test_time_is_in_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    assert bound("modified_date__lte", text) == ("modified_date", "<=", moment)


def test_last_day_of_all_is_a_day() -> None:
    assert bound("modified_date__lte", "9999-12-31")[2] == datetime.combine(date.max, time.max, UTC)


@pytest.mark.parametrize(
    "text", ["", "x", "2025", "2025-02-30", "2025-01-10T25:00", "2025-01-10T", "0001-01-01T00:00+14:00", "10.01.2025"]
)
def test_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_filters({"modified_date__gte": text}, ORDERS)
    assert refused.value.fields.keys() == {"modified_date__gte"}


def test_all_that_is_wrong_is_named() -> None:
    wrong = {"id": "x", "modified_date": "2025-01-10", "modified_date__exact": "2025-01-10", "name": "x", "": ""}
    with pytest.raises(InvalidFields) as refused:
        read_filters(wrong | {"id__lt": "9"}, ORDERS)
    assert refused.value.fields.keys() == wrong.keys()


def test_rows_without_a_modified_date_are_not_filtered_by_it() -> None:
    with pytest.raises(InvalidFields):
        read_filters({"modified_date__gt": "2025-01-10"}, REDIRECTS)


def test_what_is_told_twice_is_refused() -> None:
    with pytest.raises(InvalidFields) as refused:
        told_once([("id", "1"), ("page", "2"), ("id", "1")])
    assert refused.value.fields.keys() == {"id"}


def test_same_bounds_are_told_alike_in_any_order_and_others_are_not() -> None:
    told = read_filters({"id__gt": "1", "modified_date__lt": "2025-01-10"}, ORDERS).told
    assert told == read_filters({"modified_date__lt": "2025-01-10T00:00Z", "id__gt": "01"}, ORDERS).told
    assert told != read_filters({"id__gte": "1", "modified_date__lt": "2025-01-10"}, ORDERS).told


@pytest.mark.parametrize(
    ("told", "order"),
    [
        (None, '"row"."id" ASC'),
        ("-id,status", '"row"."id" DESC'),
        ("user,-modified_date", '"row"."user" ASC, "row"."modified_date" DESC, "row"."id" ASC'),
        ("status,-status,-id", 'left("row"."status", 255) ASC, "row"."id" DESC'),
    ],
)
def test_rows_are_sorted_by_their_fields_and_at_last_by_id(told: str | None, order: str) -> None:
    assert order_by(read_sort(told, ORDERS)) == order


@pytest.mark.parametrize("told", ["", "x", "--id", "id,", "extra_field", "-extra_field", "user_id", "changed_xid"])
def test_sort_by_what_has_no_order_is_refused(told: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_sort(told, ORDERS)
    assert refused.value.fields.keys() == {"sort"}


def test_references_are_sorted_by_their_name_on_the_wire() -> None:
    assert order_by(read_sort("product", SHOWN["favourite-products"])).startswith('"row"."product_id"')
    with pytest.raises(InvalidFields):
        read_sort("category_nodes", SHOWN["products/products"])
