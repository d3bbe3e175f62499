"""Times and money as clients read them, exactly."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.platform.database import Database
from src.platform.wire import JSON_ENCODER, NUMBER_ENCODER, money, optional_money, optional_time, time

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001


@settings(deadline=None)
@given(MOMENTS)
def test_time_is_the_same_moment_in_utc_with_microseconds(moment: datetime) -> None:
    text = time(moment)
    assert len(text) == len("2017-01-24T10:37:40.173696Z")
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


def test_time_keeps_six_digits_of_a_round_second() -> None:
    assert time(datetime(2017, 1, 24, 10, 37, 40, tzinfo=UTC)) == "2017-01-24T10:37:40.000000Z"


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0.00"), ("129.9", "129.90"), ("8", "8.00"), ("9999999999999999.99", "9999999999999999.99")],
)
def test_money_has_two_decimals(amount: str, text: str) -> None:
    assert money(Decimal(amount)) == text


@settings(deadline=None)
@given(st.decimals(Decimal(0), Decimal("9999999999999999.99"), places=2))
def test_money_loses_nothing_on_the_way(amount: Decimal) -> None:
    assert Decimal(money(amount)) == amount
    assert json.loads(NUMBER_ENCODER.encode(amount), parse_float=Decimal, parse_int=Decimal) == amount
    assert json.loads(JSON_ENCODER.encode(amount)) == str(amount)


def test_number_is_written_without_the_noise_of_floats() -> None:
    assert NUMBER_ENCODER.encode({"price": Decimal("0.10")}) == b'{"price":0.10}'
    assert NUMBER_ENCODER.encode(Decimal("12345678.90")) == b"12345678.90"


def test_missing_values_stay_missing() -> None:
    assert optional_time(None) is None
    assert optional_money(None) is None
    assert optional_money(Decimal("1.5")) == "1.50"


@pytest.mark.parametrize("encoder", [JSON_ENCODER, NUMBER_ENCODER], ids=["text", "number"])
def test_what_has_no_form_on_the_wire_is_refused(encoder: object) -> None:
    with pytest.raises(TypeError, match="complex has no form"):
        encoder.encode(1j)  # type: ignore[attr-defined]


def test_third_decimals_are_rounded_and_never_cut() -> None:
    # Amounts come from numeric(18, 2) columns; a computed one with more digits is still two decimals on the wire.
    assert money(Decimal("1.006")) == str(Decimal("1.006").quantize(Decimal("0.01"), ROUND_HALF_EVEN)) == "1.01"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("""{"a": [1, 2.5, "ü", null]}""", {"a": [1, 2.5, "ü", None]}),
        ("1" + "0" * 400 + ".5", float("inf")),
        ("-1" + "0" * 5000, float("-inf")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
async def test_stored_json_is_read_whatever_its_numbers(database: Database, stored: str, read: object) -> None:
    async with database.read() as connection:
        row = await (await connection.execute("SELECT %s::jsonb", (stored,))).fetchone()
    assert row == (read,)
