"""`wishkeep check`: each fault is one line that names the setting."""

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from src.commands import check
from src.platform.settings import Settings


def test_servers_that_answer_have_no_faults(settings: Settings) -> None:
    assert check.faults(settings) == []


def test_each_server_that_is_away_is_one_line(settings: Settings) -> None:
    away = msgspec.structs.replace(
        settings,
        database_url="postgresql://nobody@/nothing?host=/nowhere",
        database_replica_url="postgresql://nobody@/nothing?host=/elsewhere",
        redis_url="unix:///nowhere/cache",
        redis_queue_url="unix:///nowhere/queue",
    )
    found = check.faults(away)
    named = ["DATABASE_URL", "DATABASE_REPLICA_URL", "REDIS_URL", "REDIS_QUEUE_URL"]
    assert [line.partition(":")[0] for line in found] == named
    assert not any("\n" in line for line in found)


def test_a_queue_at_the_cache_s_address_is_checked_once(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, redis_url="unix:///nowhere", redis_queue_url="")
    assert len(check.faults(away)) == 1


def test_an_old_postgresql_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "OLDEST_POSTGRESQL", 99)
    assert check.database_fault(settings.database_url) == (
        "DATABASE_URL: PostgreSQL 18 is too old, 99 or newer is needed"
    )


def test_a_database_without_our_tables_asks_for_the_migration(settings: Settings) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
        try:
            fault = check.database_fault(make_conninfo(settings.database_url, dbname="bare"))
        finally:
            connection.execute("DROP DATABASE bare")
    assert fault == "DATABASE_URL: the database has no tables of ours yet, run `wishkeep migrate`"
