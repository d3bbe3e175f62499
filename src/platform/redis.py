"""Clients of Valkey or Redis. Cache and queue have URLs of their own, so that each can grow on its own engine."""

from redis.asyncio import BlockingConnectionPool, Redis

from src.platform.settings import Settings

CONNECTIONS = 16
# A cache that takes longer than this costs more than it saves.
CACHE_TIMEOUT_S = 0.25


def create_cache_client(settings: Settings) -> Redis:
    """A client of the cache that gives up quickly; close it with `aclose()`."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=CACHE_TIMEOUT_S,
        socket_timeout=CACHE_TIMEOUT_S,
        socket_connect_timeout=CACHE_TIMEOUT_S,
        health_check_interval=30,
    )
    return Redis.from_pool(pool)
