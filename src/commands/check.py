"""`wishkeep check`: whether the configuration works, each fault in one line."""

import asyncio

import psycopg

from src.platform.database import session_settings
from src.platform.redis import CACHE_AWAY, create_client, reach
from src.platform.redis_addresses import read_address
from src.platform.settings import Settings

OLDEST_POSTGRESQL = 18
TIMEOUT_S = 5
# Whether a setting is what is wanted, in whatever unit, is known once it has been set; until the transaction ends.
COMPARE = """
SELECT name, current_setting(name) = set_config(name, wanted, true)
FROM unnest(%s::text[], %s::text[]) AS told (name, wanted) ORDER BY name
"""


def faults(settings: Settings) -> list[str]:
    """What is wrong with the servers that `settings` name; empty when all is well."""
    databases = {"DATABASE_URL": settings.database_url, "DATABASE_REPLICA_URL": settings.database_replica_url}
    found = [database_fault(url, name) for name, url in databases.items() if url]
    if settings.database_pooler != "none" and found == [None] * len(found):
        found += [role_fault(settings, url, name) for name, url in databases.items() if url]
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


def role_fault(settings: Settings, url: str, name: str) -> str | None:
    """What the role lacks whose sessions a pooler lends us, or None: we can't set anything in them ourselves."""
    wanted = session_settings(settings)
    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT_S, prepare_threshold=None) as connection:
            rows = connection.execute(COMPARE, (list(wanted), list(wanted.values()))).fetchall()
            (role,) = connection.execute("SELECT current_user").fetchone() or ("",)
            connection.rollback()
    except psycopg.Error as error:
        return f"{name}: {_one_line(error)}"
    missing = "; ".join(f"ALTER ROLE {role} SET {each} = '{wanted[each]}'" for each, is_set in rows if not is_set)
    return f"{name}: the pooler's role lacks settings of ours, run: {missing}" if missing else None


def redis_fault(name: str, url: str) -> str | None:
    """Why the cache or queue server cannot serve us, or None."""
    try:
        asyncio.run(_reach(url))
    except (*CACHE_AWAY, ValueError, TypeError) as error:
        return f"{name}: {_one_line(error)}"
    return None


async def _reach(url: str) -> None:
    client = create_client(read_address(url), connections=1, timeout_s=TIMEOUT_S)
    try:
        await reach(client)
    finally:
        await client.aclose()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
