"""Settings that change at run time: in the very next answer, checked before they are kept."""

from typing import Any

import pytest
from structlog.testing import CapturingLogger

from src.platform import dynamic_settings
from src.platform.database import Database
from src.platform.dynamic_settings import (
    CHANGE_LOG_DAYS,
    DECLARED,
    DEFAULT_CURRENCY,
    FAVOURITE_SKU_IS_ACTIVE,
    PAUSED_QUEUES,
    DynamicSetting,
    declared,
    read_setting,
    read_settings,
    sql_value,
    write_setting,
)
from src.platform.errors import Invalid, NotFound


async def value_of(database: Database, setting: DynamicSetting) -> Any:
    async with database.read() as connection:
        return await read_setting(connection, setting)


async def change(database: Database, setting: DynamicSetting, value: object) -> Any:
    async with database.transaction() as work:
        return (await write_setting(work.connection, setting, value)).now


@pytest.mark.parametrize("setting", DECLARED.values(), ids=DECLARED)
async def test_setting_nobody_changed_is_its_default(database: Database, setting: DynamicSetting) -> None:
    assert await value_of(database, setting) == setting.default
    assert declared(setting.name) is setting


def test_unknown_setting_is_not_found() -> None:
    with pytest.raises(NotFound):
        declared("NO_SUCH_SETTING")


async def test_change_counts_from_its_commit_on(database: Database) -> None:
    async with database.transaction() as work:
        assert await write_setting(work.connection, FAVOURITE_SKU_IS_ACTIVE, False) == (False, True)
        assert await write_setting(work.connection, FAVOURITE_SKU_IS_ACTIVE, False) == (False, False)
        assert await value_of(database, FAVOURITE_SKU_IS_ACTIVE) is True
    assert await value_of(database, FAVOURITE_SKU_IS_ACTIVE) is False
    assert await value_of(database, DEFAULT_CURRENCY) == "try"
    await change(database, FAVOURITE_SKU_IS_ACTIVE, True)
    assert await value_of(database, FAVOURITE_SKU_IS_ACTIVE) is True


async def test_change_that_is_rolled_back_never_was(database: Database) -> None:
    async def change_and_fail() -> None:
        async with database.transaction() as work:
            await write_setting(work.connection, FAVOURITE_SKU_IS_ACTIVE, False)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await change_and_fail()
    assert await value_of(database, FAVOURITE_SKU_IS_ACTIVE) is True


@pytest.mark.parametrize("value", [None, "false", "perhaps", 0, 1, 1.0, [True], {}])
async def test_value_of_another_type_is_refused_and_changes_nothing(database: Database, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        await change(database, FAVOURITE_SKU_IS_ACTIVE, value)
    assert caught.value.fields == {"value": "Not a valid value"}
    assert await value_of(database, FAVOURITE_SKU_IS_ACTIVE) is True


@pytest.mark.parametrize("value", ["", "TRY", "Euro", "e", "tr\0", "tr\n", "€€€", 949, None])
async def test_default_currency_is_a_lower_case_code(database: Database, value: object) -> None:
    with pytest.raises(Invalid):
        await change(database, DEFAULT_CURRENCY, value)
    assert await value_of(database, DEFAULT_CURRENCY) == "try"
    await change(database, DEFAULT_CURRENCY, "usd")
    assert await value_of(database, DEFAULT_CURRENCY) == "usd"


async def test_statement_reads_the_value_in_its_own_snapshot(database: Database) -> None:
    statement = f"SELECT ({sql_value(FAVOURITE_SKU_IS_ACTIVE)})::boolean"
    async with database.read() as connection:
        assert await (await connection.execute(statement)).fetchone() == (True,)
        await change(database, FAVOURITE_SKU_IS_ACTIVE, False)
        assert await (await connection.execute(statement)).fetchone() == (False,)


@pytest.mark.parametrize("setting", DECLARED.values(), ids=DECLARED)
async def test_stored_value_of_a_wrong_type_is_as_good_as_none(
    database: Database, setting: DynamicSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(dynamic_settings, "log", log)
    monkeypatch.setattr(dynamic_settings, "_warned", set())
    for wrong in ("{}", "null", '"No"', '"5"', "5.5", "1e30", "-1", '[["feed"]]', '"feed"'):
        async with database.transaction() as work:
            await work.connection.execute(
                "INSERT INTO setting (name, value) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (setting.name, wrong),
            )
            row = await (await work.connection.execute(f"SELECT {sql_value(setting)}")).fetchone()
            assert await read_settings(work.connection, [setting, setting]) == [setting.default] * 2
        assert row == (setting.default,)
    # Once in a process: it is read each second.
    assert [call.method_name for call in log.calls] == ["warning"]


async def test_statement_takes_what_fits(database: Database) -> None:
    for setting, value in ((FAVOURITE_SKU_IS_ACTIVE, False), (DEFAULT_CURRENCY, "usd"), (CHANGE_LOG_DAYS, 60)):
        await change(database, setting, value)
        async with database.read() as connection:
            assert await (await connection.execute(f"SELECT {sql_value(setting)}")).fetchone() == (value,)


async def test_paused_queues_are_a_set_of_known_names(database: Database) -> None:
    assert await change(database, PAUSED_QUEUES, ["upkeep", "feed", "upkeep"]) == ["upkeep", "feed"]
    with pytest.raises(Invalid):
        await change(database, PAUSED_QUEUES, ["nobody's"])
    assert await value_of(database, PAUSED_QUEUES) == ["upkeep", "feed"]
