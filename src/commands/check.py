"""`wishkeep check`: whether the configuration works, each fault in one line."""

import psycopg
from redis import Redis, RedisError

from src.platform.settings import Settings

OLDEST_POSTGRESQL = 18
TIMEOUT_S = 5


def faults(settings: Settings) -> list[str]:
    """What is wrong with the servers that `settings` name; empty when all is well."""
    found = [database_fault(settings.database_url)]
    if settings.database_replica_url:
        found.append(database_fault(settings.database_replica_url, "DATABASE_REPLICA_URL"))
    found.append(redis_fault("REDIS_URL", settings.redis_url))
    if settings.queue_url != settings.redis_url:
        found.append(redis_fault("REDIS_QUEUE_URL", settings.queue_url))
    return [fault for fault in found if fault is not None]


def database_fault(url: str, name: str = "DATABASE_URL") -> str | None:
    """Why the database that the setting `name` leads to cannot serve us, or None."""
    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT_S) as connection:
            version = connection.info.server_version // 10_000
            migrated = connection.execute("SELECT to_regclass('schema_version')").fetchone()
    except psycopg.Error as error:
        return f"{name}: {_one_line(error)}"
    if version < OLDEST_POSTGRESQL:
        return f"{name}: PostgreSQL {version} is too old, {OLDEST_POSTGRESQL} or newer is needed"
    if migrated is None or migrated[0] is None:
        return f"{name}: the database has no tables of ours yet, run `wishkeep migrate`"
    return None


def redis_fault(name: str, url: str) -> str | None:
    """Why the cache or queue server cannot serve us, or None."""
    try:
        with Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as client:
            client.ping()
    except (RedisError, ValueError, TypeError) as error:
        return f"{name}: {_one_line(error)}"
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
