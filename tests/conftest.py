"""Real servers once per run, one migrated database, one application; each test that asks for them starts empty."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import psycopg
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from src.app import create_app
from src.platform.database import Database
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import upgrade
from src.platform.settings import Settings, load_settings
from tests.factories import Factory

# What the migrations put there, put back after everything was deleted.
ALWAYS_THERE = """
INSERT INTO price_list (id, name) VALUES (1, 'Default');
INSERT INTO stock_list (id, name) VALUES (1, 'Default');
INSERT INTO catalogue_epoch DEFAULT VALUES;
INSERT INTO offer_epoch DEFAULT VALUES;
INSERT INTO update_progress DEFAULT VALUES;
"""
KEPT = {"schema_version", "content_type"}
JWT_SECRET = "a secret for the tests, long enough"


@pytest.fixture(scope="session")
def servers() -> Iterator[EmbeddedServers]:
    """PostgreSQL and Valkey, without the disk waits that only durability needs."""
    with tempfile.TemporaryDirectory(prefix="wk") as folder, EmbeddedServers(Path(folder), durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def settings(servers: EmbeddedServers) -> Settings:
    """Settings that lead to the test servers, whose database is migrated."""
    made = load_settings({**servers.addresses, "JWT_SECRET": JWT_SECRET, "LOG_LEVEL": "error", "POOL_TIMEOUT_S": "20"})
    upgrade(made)
    return made


@pytest.fixture(scope="session")
def emptying(settings: Settings) -> str:
    """One script that empties every table; deleting is many times quicker than truncating."""
    with psycopg.connect(settings.database_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    deletes = "".join(f'DELETE FROM "{name}";' for (name,) in rows if name not in KEPT)
    return f"SET session_replication_role = replica; {deletes} SET session_replication_role = DEFAULT; {ALWAYS_THERE}"


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application as production makes it, started."""
    made = create_app(settings)
    started, finished = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with made.lifespan():
            started.set()
            await finished.wait()

    # A task of its own, because the lifespan must end in the task that began it and fixtures don't.
    life = asyncio.create_task(live())
    await asyncio.wait({life, asyncio.ensure_future(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
    yield made
    finished.set()
    await life


@pytest.fixture
async def database(app: Litestar, settings: Settings, emptying: str) -> Database:
    """The application's database, emptied, with an empty cache beside it."""
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        await connection.execute(emptying.encode())
    cache = Redis.from_url(settings.redis_url)
    await cache.flushall()
    await cache.aclose()
    return cast("Database", app.state.database)


@pytest.fixture
async def client(app: Litestar, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application, without credentials."""
    application: Any = app  # httpx types ASGI more loosely than Litestar
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened:
        yield opened


@pytest.fixture
def factory(database: Database, client: httpx.AsyncClient) -> Factory:
    """Makes shoppers and products."""
    return Factory(database, client)


@pytest.fixture(scope="session", autouse=True)
def _private_runtime_directory(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
