"""Every SQL statement of operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from src.platform.database import Connection
from src.platform.dynamic_settings import STORED

VERSION_TABLE = "SELECT to_regclass('schema_version') IS NOT NULL"
# Until the transaction ends, whether the setting was ever set or not.
LOCK_SETTING = "SELECT pg_advisory_xact_lock(hashtextextended('setting:' || %s, 0))"
VERSION = "SELECT version_num FROM schema_version"


async def schema_version(connection: Connection) -> str | None:
    """The migration that the database is at; None before the first."""
    there = await (await connection.execute(VERSION_TABLE)).fetchone()
    if there is None or not there[0]:
        return None
    row = await (await connection.execute(VERSION)).fetchone()
    return row[0] if row else None


async def stored_settings(connection: Connection, names: Sequence[str]) -> dict[str, tuple[Any, datetime]]:
    """Value and time of the last change by name, of those settings that were ever set."""
    rows = await (await connection.execute(STORED, (list(names),))).fetchall()
    return {name: (value, modified) for name, value, modified in rows}


async def lock_setting(connection: Connection, name: str) -> None:
    """Have everybody else who locks the setting wait until the transaction ends."""
    await connection.execute(LOCK_SETTING, (name,))
