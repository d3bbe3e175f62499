"""What was done lately, for operators who look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from src.platform.database import Connection

# Feeding systems write by far the most events: only so many of the latest are looked at.
LOOKED_AT = 2000
RECENT = """
SELECT id, timestamp, coalesce("user" ->> 'email', ''), coalesce(content ->> 'request_method', ''),
       coalesce(substring(url FROM '^[^/]*//[^/]*(/.*)$'), url, ''), query_params, post_data,
       content -> 'request_data', remote_addr
FROM (SELECT * FROM audit_event ORDER BY id DESC LIMIT %s) AS latest
WHERE NOT url LIKE ANY (%s)
ORDER BY id DESC LIMIT %s
"""


class RecentEvent(msgspec.Struct, frozen=True):
    """An audit event in short."""

    id: int
    timestamp: datetime
    email: str
    method: str
    path: str
    query_params: dict[str, Any]
    post_data: dict[str, Any]
    request_data: Any
    remote_addr: str | None


async def recent_events(connection: Connection, limit: int, *, apart_from: Sequence[str] = ()) -> list[RecentEvent]:
    """The newest events, apart from calls whose path has one of these parts."""
    patterns = [f"%{part}%" for part in apart_from]
    cursor = await connection.execute(RECENT, (LOOKED_AT, patterns, limit))
    return [RecentEvent(*row) for row in await cursor.fetchall()]
