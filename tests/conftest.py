"""Real servers once per run, one migrated database, one application; each test that asks for them starts empty."""

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import hypothesis
import psycopg
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from src.app import create_app
from src.platform import jobs
from src.platform.database import Database
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import upgrade
from src.platform.settings import Settings, load_settings
from tests.factories import Factory
from tests.scheduling import Scheduling

# What the migrations put there, put back after everything was deleted.
ALWAYS_THERE = """
INSERT INTO price_list (id, name) VALUES (1, 'Default');
INSERT INTO stock_list (id, name) VALUES (1, 'Default');
INSERT INTO catalogue_epoch DEFAULT VALUES;
INSERT INTO offer_epoch DEFAULT VALUES;
INSERT INTO update_progress DEFAULT VALUES;
"""
KEPT = {"schema_version"}
pytest_plugins = ("tests.topologies",)
# Their partitions, which may go while tests run, are emptied with them.
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
CONTENT_TYPES = "SELECT string_agg(format('(%s, %L, %L)', id, app_label, model), ', ') FROM content_type"
JWT_SECRET = "a secret for the tests, long enough"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Our own way of `--dist loadfile`."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_configure() -> None:
    """Look for no garbage while everything is imported: there is little, and looking takes longer each time.

    And let no property fail because the machine was busy.
    """
    gc.disable()
    patient = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.register_profile("patient", patient)
    hypothesis.settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """Keep all that was imported, which stays, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Let it go again, as extension modules that look for leaks at the end expect."""
    gc.unfreeze()


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
        rows = connection.execute(TABLES).fetchall()
        (content_types,) = connection.execute(CONTENT_TYPES).fetchone() or (None,)
    deletes = "".join(f'DELETE FROM "{name}";' for (name,) in rows if name not in KEPT)
    return f"""
        SET session_replication_role = replica; {deletes} SET session_replication_role = DEFAULT; {ALWAYS_THERE}
        INSERT INTO content_type (id, app_label, model) VALUES {content_types}"""


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues that are made in the test wait for answers: a busy machine must not be taken for a server that is away."""
    monkeypatch.setattr(jobs, "ENQUEUE_TIMEOUT_S", 60.0)


class Broom:
    """Empties the stores before each test, over a connection that lasts: the first statement of a new one is slow."""

    def __init__(self, settings: Settings, emptying: str) -> None:
        self._settings = settings
        self._emptying = emptying.encode()
        self._cache = Redis.from_url(settings.redis_url)
        self._connection: psycopg.AsyncConnection | None = None

    async def sweep(self) -> None:
        """Empty the database, then the cache."""
        try:
            await (await self._connected()).execute(self._emptying)
        except psycopg.OperationalError:  # A test has ended every connection.
            await self._disconnect()
            await (await self._connected()).execute(self._emptying)
        await self._cache.flushall()

    async def close(self) -> None:
        """Disconnect."""
        await self._disconnect()
        await self._cache.aclose()

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._settings.database_url, autocommit=True)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


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


@pytest.fixture(scope="session")
async def broom(settings: Settings, emptying: str) -> AsyncIterator[Broom]:
    """Empties everything."""
    broom = Broom(settings, emptying)
    yield broom
    await broom.close()


@pytest.fixture
async def database(app: Litestar, broom: Broom) -> Database:
    """The application's database, emptied, with an empty cache beside it."""
    await broom.sweep()
    # Tables were emptied behind the back of the triggers that tell what is no longer true.
    app.state.cache._local.clear()
    app.state.protection.limiter.forget()
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
