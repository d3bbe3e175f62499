"""Values as COPY reads them: what PostgreSQL reads back is what was written."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.modules.integration.copy_text import EARLIEST, LATEST, TEXTS, documents, escape, lines, with_nulls
from src.platform.database import Database

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SMALL = st.integers(-(2**31), 2**31 - 1)
LARGE = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bigint": LARGE,
    "integer": SMALL,
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "boolean": st.booleans(),
    "text": STORABLE,
    "uuid": st.uuids(),
    "date": st.dates(),
    "timestamptz": st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC)),
    "bigint[]": st.lists(LARGE),
    "text[]": st.lists(STORABLE),
    "jsonb": st.dictionaries(STORABLE, st.none() | SMALL | STORABLE | st.lists(STORABLE)),
}


async def read_back(database: Database, kind: str, text: bytes) -> list[Any]:
    async with database.transaction() as work:
        # As whoever uses temporary tables in the connections that all share: the size stays with a session.
        await work.connection.execute("SET LOCAL temp_buffers = '32MB'")
        await work.connection.execute(f"CREATE TEMPORARY TABLE told (value {kind}) ON COMMIT DROP")
        async with work.connection.cursor().copy("COPY told FROM STDIN") as copy:
            await copy.write(text)
        return [value async for (value,) in await work.connection.execute("SELECT value FROM told", prepare=False)]


@pytest.mark.parametrize("kind", sorted(TEXTS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_values_arrive_as_they_are(database: Database, kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES[kind] | st.none(), min_size=1))
    assert await read_back(database, kind, lines([with_nulls(TEXTS[kind], values)])) == values


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES["jsonb"], min_size=1), st.sampled_from([None, 2]))
async def test_json_arrives_as_it_is_laid_out(database: Database, values: list[Any], indent: int | None) -> None:
    raws = [msgspec.Raw(msgspec.json.format(msgspec.json.encode(value), indent=indent or 0)) for value in values]
    assert await read_back(database, "jsonb", lines([documents(raws)])) == values


@pytest.mark.parametrize("text", ["\\N", "\\.", "\\\\", "a\tb", "a\nb", "\r\n", "", "\\t"])
async def test_text_that_means_something_to_copy_is_only_text(database: Database, text: str) -> None:
    assert await read_back(database, "text", lines([escape([text, "x"])])) == [text, "x"]


@pytest.mark.parametrize("texts", [["\0"], ["a", "b\0c"], ["\0\0", "\n"]])
def test_nul_is_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="U\\+0000"):
        escape(texts)


@pytest.mark.parametrize("amount", ["1", "1.5", "0.001", "9" * 40])
def test_plain_amounts_are_taken_as_they_are(amount: str) -> None:
    assert TEXTS["numeric"]([amount, "1"]) == [amount, "1"]


@pytest.mark.parametrize("amount", [" 1", "1e5", "NaN", "Infinity", "0x10", "1_0", "+1", "-1", "٣", "1\n"])
def test_amounts_that_are_not_plain_are_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="number"):
        TEXTS["numeric"](["1.00", amount])


@pytest.mark.parametrize("time", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_times_at_the_ends_of_the_calendar_are_refused(time: datetime) -> None:
    with pytest.raises(ValueError, match="range"):
        TEXTS["timestamptz"]([datetime(2020, 1, 1, tzinfo=UTC), time])


def test_columns_become_lines() -> None:
    values = [Decimal("1.50"), None, msgspec.UNSET]
    columns = [map(str, range(3)), with_nulls(TEXTS["numeric"], values), TEXTS["uuid"]([UUID(int=0)] * 3)]
    assert lines([*columns, TEXTS["date"]([date(2020, 1, 2)] * 3)]) == b"".join(
        b"%d\t%s\t00000000-0000-0000-0000-000000000000\t2020-01-02\n" % (n, text)
        for n, text in enumerate((b"1.50", b"\\N", b"\\N"))
    )
