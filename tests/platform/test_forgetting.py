"""What is kept of a user goes, everywhere, and does not come back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from src.platform import cache as cache_module
from src.platform.cache import VersionedCache, shared_name
from src.platform.forgetting import STREAM, user_tag
from src.platform.redis import CACHE_AWAY, create_cache_client
from src.platform.settings import Settings

PATIENCE_S = 10
OLD, OTHER, FREE = "{u7}:basket:1:1", "{u70}:basket:2:1", "product:7:1"


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Redis]:
    """The cache's server, emptied."""
    client = Redis.from_url(settings.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def caches(
    settings: Settings, server: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[VersionedCache, VersionedCache]]:
    """Those of two processes, which listen."""
    monkeypatch.setattr(cache_module, "LISTEN_EVERY_S", 0.02)
    first, second = (VersionedCache(create_cache_client(settings)) for _ in range(2))
    await first.open()
    await second.open()
    yield first, second
    await first.close()
    await second.close()


async def filled(*caches: VersionedCache) -> None:
    for cache in caches:
        cache.set_many({OLD: b"old", OTHER: b"other", FREE: b"free"})
        await cache._written()


async def gone(cache: VersionedCache, key: str) -> None:
    """Wait until the process does not keep `key` any more."""
    async with asyncio.timeout(PATIENCE_S):
        while key in cache._local:  # noqa: ASYNC110  (a loop of its own listens)
            await asyncio.sleep(0.01)


async def names(server: Redis) -> set[str]:
    return {name.decode() for name in await server.keys("*")} - {STREAM}


async def test_forgotten_user_is_gone_from_the_server_and_all_processes_and_nobody_else_is(
    caches: tuple[VersionedCache, VersionedCache], server: Redis
) -> None:
    first, second = caches
    await filled(first, second)
    # By a release with another way to say it.
    await server.set("wishkeep:{u7}:9.9.9:feed:1", b"old")
    await first.forget(user_tag(7))
    assert await names(server) == {shared_name(OTHER), shared_name(FREE)}
    assert await first.get_many([OLD, OTHER, FREE]) == {OTHER: b"other", FREE: b"free"}
    await gone(second, OLD)
    assert await second.get_many([OLD, OTHER, FREE]) == {OTHER: b"other", FREE: b"free"}


async def test_what_was_read_before_it_was_erased_is_not_kept_afterwards(
    caches: tuple[VersionedCache, VersionedCache], server: Redis
) -> None:
    first, second = caches
    await filled(second)
    await first.forget(user_tag(7))
    # One of another process that has not heard yet, which it puts into the server after that was swept.
    second.set_many({"{u7}:basket:1:2": b"late"})
    await gone(second, "{u7}:basket:1:2")
    for cache in caches:
        cache.set_many({OLD: b"later"})
        await cache._written()
    assert await first.get_many([OLD]) == await second.get_many([OLD]) == {}
    # What a third that has not heard yet put there is not taken up either.
    await server.set(shared_name(OLD), b"late")
    await first.get_many([OLD])
    assert OLD not in first._local
    await server.delete(shared_name(OLD))
    async with asyncio.timeout(PATIENCE_S):
        while await names(server) != {shared_name(OTHER), shared_name(FREE)}:  # noqa: ASYNC110  (the same)
            await asyncio.sleep(0.01)


async def test_users_may_be_remembered_again_after_a_while(
    caches: tuple[VersionedCache, VersionedCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "REFUSED_S", 0.05)
    first, _ = caches
    await first.forget(user_tag(7))
    async with asyncio.timeout(PATIENCE_S):
        while await first.get_many([OLD]) != {OLD: b"new"}:
            first.set_many({OLD: b"new"})
            await asyncio.sleep(0.02)


async def test_process_hears_what_was_told_while_the_server_was_away_or_lost_everything(
    caches: tuple[VersionedCache, VersionedCache], server: Redis
) -> None:
    first, second = caches
    for user in (1, 2):
        key = f"{user_tag(user)}:basket:1:1"
        second.set_many({key: b"old"})
        await first.forget(user_tag(user))
        await gone(second, key)
        # Another server takes over, whose clock is behind.
        await server.flushall()
        await server.xadd(STREAM, {"tag": "{u3}"}, id="1-1")
        second.set_many({"{u3}:basket:1:1": b"old"})
        await gone(second, "{u3}:basket:1:1")
        second._refused.clear()


async def test_forgetting_fails_when_the_server_is_away(settings: Settings, tmp_path: Path) -> None:
    away = msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    cache = VersionedCache(create_cache_client(away))
    await cache.open()
    with pytest.raises(CACHE_AWAY):
        await cache.forget(user_tag(7))
    await cache.close()


@pytest.mark.parametrize("tag", ["u7", "{u7", "{u*}", "{}", "{u7}:", "*"])
async def test_only_a_whole_tag_can_be_forgotten(caches: tuple[VersionedCache, Any], server: Redis, tag: str) -> None:
    await filled(caches[0])
    with pytest.raises(ValueError, match="hash tag"):
        await caches[0].forget(tag)
    assert len(await names(server)) == 3
