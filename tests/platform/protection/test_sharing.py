"""Several processes on one Valkey are one limit; without it each goes on alone."""

from collections.abc import AsyncIterator
from time import time
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from src.platform.database import Database
from src.platform.protection.sharing import KEPT_S, share
from src.platform.settings import Settings
from tests.platform.protection.test_limits import admitted, limiter, request

TOKEN = "Token a-secret-that-nobody-may-read"
ADDRESS = "203.0.113.77"


@pytest.fixture
async def valkey(database: Database, settings: Settings) -> AsyncIterator[Any]:
    """The emptied cache."""
    async with Redis.from_url(settings.redis_url) as client:
        yield client


async def test_what_one_process_admits_the_others_count(valkey: Any) -> None:
    parts = [limiter(per_token=30, per_address=1000) for _ in range(3)]
    scope = request(token=TOKEN, address=ADDRESS)
    total = 0
    for _ in range(10):
        for part in parts:
            total += admitted(part, scope, 2)
            assert await share(part, valkey)
    # Each round, a process may let in what it has not been told of.
    assert 30 <= total <= 34
    for part in parts:
        assert admitted(part, request(token=TOKEN, address="192.0.2.9"), 1) == 0


async def test_counts_are_kept_for_three_minutes_under_names_that_tell_nobody(valkey: Any) -> None:
    part = limiter(per_token=30, per_address=30)
    for number in range(40):
        admitted(part, request(token=f"{TOKEN}{number}", address=f"10.0.0.{number}"), 1)
    assert await share(part, valkey)
    keys = await valkey.keys("wishkeep:rate:*")
    fields = b""
    assert 1 <= len(keys) <= 8
    for key in keys:
        assert 0 < await valkey.ttl(key) <= KEPT_S
        fields += b"".join(await valkey.hkeys(key))
    assert len(fields) == 80 * 17
    assert b"secret" not in fields
    assert b"10.0.0" not in fields
    assert await share(part, valkey)
    assert sum([await valkey.hlen(key) for key in keys]) == 80


async def test_more_than_fits_a_call_is_told_in_several(valkey: Any) -> None:
    part = limiter(most=6000, per_token=1_000_000)
    for number in range(6000):
        admitted(part, request(token=f"Token {number:08}"), 1)
    assert await share(part, valkey)
    assert sum([await valkey.hlen(key) for key in await valkey.keys("wishkeep:rate:*")]) == 6000


async def test_window_before_is_learnt_by_whoever_comes_new(valkey: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = (time() // 60) * 60 + 30
    for module in ("limits", "sharing"):
        monkeypatch.setattr(f"src.platform.protection.{module}.time", lambda: now)
    scope = request(token=TOKEN)
    first, second = limiter(per_token=60), limiter(per_token=60)
    assert admitted(first, scope, 100) == 60
    now += 45  # 15 seconds into the next window: three quarters of the one before count
    assert admitted(second, scope, 1) == 1
    assert await share(first, valkey)
    assert await share(second, valkey)
    assert admitted(second, scope, 100) == 14


async def test_without_valkey_each_process_goes_on_alone_and_says_so(valkey: Any) -> None:
    away = Redis(host="127.0.0.1", port=1)
    part = limiter(per_token=5)
    before = REGISTRY.get_sample_value("wishkeep_rate_limit_errors_total") or 0
    assert admitted(part, request(token=TOKEN), 3) == 3
    assert not await share(part, away)
    assert REGISTRY.get_sample_value("wishkeep_rate_limit_errors_total") == before + 1
    assert admitted(part, request(token=TOKEN), 9) == 2
    assert await share(part, valkey)
    await away.aclose()
