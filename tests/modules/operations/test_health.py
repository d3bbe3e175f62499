"""Health, with servers that are away."""

import asyncio
import os
import signal
from typing import Any

import httpx
import msgspec
import pytest

from src.app import create_app
from src.modules.operations import health
from src.modules.operations.health import _compare, examine
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.jobs import Queue
from src.platform.redis import create_cache_client
from src.platform.settings import Settings
from src.platform.stopping import ANNOUNCEMENT
from src.platform.version import VERSION
from tests.factories import Factory

NOWHERE = {
    "database_url": "postgresql:///wishkeep?host=/nowhere",
    "redis_url": "unix:///nowhere/cache.sock",
    "redis_queue_url": "unix:///nowhere/queue.sock",
}


async def ready(settings: Settings) -> httpx.Response:
    """What a service with these settings says of itself."""
    app: Any = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return await client.get("/health/ready")


def without(settings: Settings, *names: str) -> Settings:
    return msgspec.structs.replace(settings, **{name: NOWHERE[name] for name in names})


async def test_live_needs_nobody_and_nothing(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/live/"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "version": VERSION}
        assert answer.headers["Cache-Control"] == "no-store"


async def test_ready_tells_of_every_part(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready", headers={"Authorization": "Token nonsense"})
    told = answer.json()
    assert answer.status_code == 200
    assert told["status"] == "ok"
    assert {name: check["state"] for name, check in told["checks"].items()} == {
        "database": "ok",
        "migrations": "ok",
        "cache": "ok",
        "queue": "ok",
    }
    assert all(check["ms"] >= 0 for check in told["checks"].values())


async def test_ready_is_503_while_the_database_is_away(settings: Settings) -> None:
    answer = await ready(without(settings, "database_url"))
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    states = {name: check["state"] for name, check in answer.json()["checks"].items()}
    assert states == {"database": "away", "migrations": "unknown", "cache": "ok", "queue": "ok"}


@pytest.mark.parametrize("name", ["cache", "queue"])
async def test_ready_is_degraded_while_cache_or_queue_is_away(settings: Settings, name: str) -> None:
    answer = await ready(without(settings, "redis_url" if name == "cache" else "redis_queue_url"))
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert [part for part, check in answer.json()["checks"].items() if check["state"] == "away"] == [name]


async def test_ready_is_503_before_the_migrations(client: httpx.AsyncClient, factory: Factory) -> None:
    applied = await factory.scalar("DELETE FROM schema_version RETURNING version_num")
    try:
        answer = await client.get("/health/ready")
    finally:
        await factory.execute("INSERT INTO schema_version VALUES (%s)", applied)
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"]["state"] == "behind"
    assert answer.json()["checks"]["database"]["state"] == "ok"


def test_schema_of_a_later_release_is_no_reason_to_refuse() -> None:
    assert _compare("from_the_future") == "ahead"


async def test_part_that_hangs_is_away(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        async def ping(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr("src.modules.operations.health.TIMEOUT_S", 0.05)
    cache, queue = VersionedCache(create_cache_client(settings)), Queue(settings)
    checks = await examine(database, Hanging(), queue)
    assert (checks.cache.state, checks.database.state, checks.queue.state) == ("away", "ok", "ok")
    await cache.close()
    await queue.close()


async def test_ready_is_503_and_connections_are_closed_once_the_end_is_announced(settings: Settings) -> None:
    app: Any = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        before = await client.get("/health/ready")
        os.kill(os.getpid(), ANNOUNCEMENT)
        async with asyncio.timeout(5):
            while (after := await client.get("/health/ready")).status_code == 200:  # noqa: ASYNC110  (a signal's work)
                await asyncio.sleep(0)
        live = await client.get("/health/live")
    assert (before.status_code, before.json()["status"]) == (200, "ok")
    assert "Connection" not in before.headers
    assert (after.status_code, after.json()["status"]) == (503, "leaving")
    assert (live.status_code, live.headers["Connection"]) == (200, "close")


async def test_database_that_stands_still_is_away_in_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.modules.operations.health.TIMEOUT_S", 0.2)
    cache, queue = VersionedCache(create_cache_client(settings)), Queue(settings)
    database = Database(settings, application="stands_still", connections=1)
    await database.open()
    async with database.read() as connection:
        backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        # Neither the question nor what becomes of it afterwards is waited for.
        async with asyncio.timeout(3):
            checks = await examine(database, cache, queue)
    finally:
        os.kill(backend, signal.SIGCONT)
    assert (checks.database.state, checks.cache.state, checks.queue.state) == ("away", "ok", "ok")
    await asyncio.gather(*health._reaching, return_exceptions=True)
    await database.close()
    await cache.close()
    await queue.close()
