"""The steps of docs/operations.md to back up and restore, with PostgreSQL's own programs."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from src.app import create_app
from src.commands.check import faults
from src.platform.database import Database
from src.platform.embedded import postgresql
from src.platform.embedded.binaries import postgresql_programs
from src.platform.migrations import upgrade
from src.platform.settings import Settings
from tests.factories import Factory

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@pytest.fixture
def spare(settings: Settings) -> Iterator[str]:
    """The address of a new, empty database."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
        yield urlsplit(settings.database_url)._replace(path="/restored").geturl()
        connection.execute("DROP DATABASE restored WITH (FORCE)")


def contents(url: str) -> dict[str, tuple[int, str | None]]:
    """How many rows each table has, and a digest of all of them."""
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute(TABLES.encode())]
        digest = SQL("SELECT count(*), md5(string_agg(each::text, chr(10) ORDER BY each::text)) FROM {} AS each")
        return {name: connection.execute(digest.format(Identifier(name))).fetchone() or (0, None) for name in names}


def run(program: str, *arguments: str) -> None:
    path = postgresql_programs(None) / program
    subprocess.run([str(path), *arguments], env=postgresql.environment(), check=True)


async def test_restored_dump_has_every_row_and_serves(
    settings: Settings, database: Database, factory: Factory, spare: str, tmp_path: Path
) -> None:
    shopper = await factory.shopper()
    product = await factory.product()
    added = await shopper.post("/storefront/favorites", json={"variant_id": str(product.uuid)})
    assert added.status_code == 201
    before = contents(settings.database_url)
    assert before["favourite"][0] == 1
    dump = tmp_path / "wishkeep.dump"
    run("pg_dump", "--format=custom", "--file", str(dump), settings.database_url)
    run("pg_restore", "--exit-on-error", "--no-owner", "--dbname", spare, str(dump))
    restored = msgspec.structs.replace(settings, database_url=spare)
    upgrade(restored)
    assert contents(spare) == before
    assert await asyncio.to_thread(faults, restored) == []
    app: Any = create_app(restored)
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        status = f"/storefront/products/{product.uuid}/favorite-status"
        answer = await client.get(status, headers={"Authorization": f"Bearer {shopper.token}"})
    assert answer.json()["data"]["is_favorited"] is True
