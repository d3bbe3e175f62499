"""The versioned cache: shared through Redis, bounded in the process, and never in the way when Redis is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from src.platform.cache import SHARED, TTL_S, VersionedCache
from src.platform.metrics import CACHE_REQUESTS, write_down
from src.platform.redis import create_cache_client
from src.platform.settings import Settings


def counted(outcome: str) -> float:
    """How often an outcome was counted in this process."""
    write_down()
    return float(CACHE_REQUESTS.labels(outcome=outcome)._value.get())


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Redis]:
    """The cache's server, emptied."""
    client = Redis.from_url(settings.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def cache(settings: Settings, server: Redis) -> AsyncIterator[VersionedCache]:
    """A cache that remembers nothing yet."""
    made = VersionedCache(create_cache_client(settings))
    yield made
    await made.close()


async def stored(settings: Settings, entries: dict[str, bytes]) -> None:
    """Let another process keep `entries`."""
    other = VersionedCache(create_cache_client(settings))
    other.set_many(entries)
    await other.close()


async def test_what_one_process_kept_another_finds(cache: VersionedCache, settings: Settings, server: Redis) -> None:
    await stored(settings, {"a:1": b"one", "b:1": b""})
    assert await cache.get_many(["a:1", "b:1", "a:2"]) == {"a:1": b"one", "b:1": b""}
    assert 0 < await server.ttl(SHARED + "a:1") <= TTL_S


async def test_what_is_not_to_be_shared_stays_in_the_process(cache: VersionedCache, server: Redis) -> None:
    cache.set_many({"a:1": b"one"}, shared=False)
    assert await cache.get_many(["a:1"]) == {"a:1": b"one"}
    await cache.close()
    assert await server.keys(f"{SHARED}*") == []


async def test_entry_found_once_is_at_hand_without_redis(
    cache: VersionedCache, settings: Settings, server: Redis
) -> None:
    await stored(settings, {"a:1": b"one"})
    await cache.get_many(["a:1"])
    await server.flushall()
    assert await cache.get_many(["a:1"]) == {"a:1": b"one"}


async def test_flushed_entry_is_a_miss(cache: VersionedCache, settings: Settings, server: Redis) -> None:
    await stored(settings, {"a:1": b"one"})
    await server.flushall()
    assert await cache.get_many(["a:1"]) == {}


async def test_nothing_is_asked_for_no_keys(cache: VersionedCache, server: Redis) -> None:
    assert await cache.get_many([]) == {}
    cache.set_many({})
    assert await server.keys(f"{SHARED}*") == []


async def test_readers_of_one_moment_share_a_round_trip(
    cache: VersionedCache, settings: Settings, server: Redis
) -> None:
    await stored(settings, {f"k:{n}": str(n).encode() for n in range(50)})
    await server.config_resetstat()
    found = await asyncio.gather(*(cache.get_many([f"k:{n}", f"none:{n}"]) for n in range(50)))
    assert found == [{f"k:{n}": str(n).encode()} for n in range(50)]
    assert (await server.info("commandstats"))["cmdstat_mget"]["calls"] <= 3


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12), st.booleans()), max_size=40))
async def test_process_keeps_the_entries_that_were_used_last_within_its_room(
    steps: list[tuple[str, int, bool]],
) -> None:
    room = 20
    cache = VersionedCache(Redis.from_url("redis://unused.invalid"), local_bytes=room)
    cache._paused_until = float("inf")  # the process alone
    kept: dict[str, bytes] = {}
    for key, size, write in steps:
        if write:
            kept.pop(key, None)
            kept[key] = b"x" * size
            cache.set_many({key: kept[key]})
            while sum(map(len, kept.values())) > room:
                kept.pop(next(iter(kept)))
        else:
            assert await cache.get_many([key]) == ({key: kept[key]} if key in kept else {})
            if key in kept:
                kept[key] = kept.pop(key)
    assert dict(cache._local) == kept


@pytest.mark.parametrize("address", ["unix://{folder}/nobody.sock", "redis://127.0.0.1:1", "{alive}9"])
async def test_redis_that_is_away_or_refuses_is_a_miss(settings: Settings, tmp_path: Path, address: str) -> None:
    # The last one is a database number beyond the server's: it answers, with an error.
    url = address.format(folder=tmp_path, alive=settings.redis_url.partition("?")[0] + "?db=9999")
    cache = VersionedCache(create_cache_client(msgspec.structs.replace(settings, redis_url=url)))
    errors = counted("error")
    assert await cache.get_many(["a:1"]) == {}
    assert counted("error") == errors + 1
    cache.set_many({"a:1": b"one"})
    assert await cache.get_many(["a:1", "b:1"]) == {"a:1": b"one"}
    await cache.close()


async def test_outage_costs_one_attempt_and_not_one_for_each_request(settings: Settings, tmp_path: Path) -> None:
    broken = msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    cache = VersionedCache(create_cache_client(broken))
    errors = counted("error")
    for number in range(20):
        assert await cache.get_many([f"a:{number}"]) == {}
        cache.set_many({f"b:{number}": b"x"})
    await cache.close()
    assert counted("error") == errors + 1


async def test_redis_that_hangs_is_given_up_and_used_again_afterwards(
    cache: VersionedCache, settings: Settings, server: Redis
) -> None:
    await stored(settings, {"a:1": b"one"})
    await server.client_pause(600)
    errors = counted("error")
    assert await cache.get_many(["a:1"]) == {}
    assert counted("error") == errors + 1
    await server.ping()  # answered when the pause is over
    cache._paused_until = 0.0
    assert await cache.get_many(["a:1"]) == {"a:1": b"one"}


async def test_write_that_fails_is_silent_and_stays_at_hand(settings: Settings, tmp_path: Path) -> None:
    broken = msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    cache = VersionedCache(create_cache_client(broken))
    cache.set_many({"a:1": b"one"})
    await cache.close()
    assert await cache.get_many(["a:1"]) == {"a:1": b"one"}
