"""Every SQL statement of webhook endpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from src.modules.notifications.webhooks.signing import new_secret
from src.platform.database import Connection

COLUMNS = """
id, url, description, kinds, secret, CASE WHEN previous_until > now() THEN previous_secret END AS previous_secret,
CASE WHEN previous_until > now() THEN previous_until END AS previous_until, status, disabled_reason, created_date,
modified_date
"""
FIND = f"SELECT {COLUMNS} FROM webhook_endpoint WHERE id = ANY(%s)"
PAGE = f"SELECT {COLUMNS} FROM webhook_endpoint ORDER BY id LIMIT %s OFFSET %s"
COUNT = "SELECT count(*) FROM webhook_endpoint"
ADD = f"""
INSERT INTO webhook_endpoint (url, description, kinds, secret) VALUES (%(url)s, %(description)s, %(kinds)s, %(secret)s)
RETURNING {COLUMNS}
"""
CHANGE = f"""
UPDATE webhook_endpoint SET
    url = coalesce(%(url)s, url), description = coalesce(%(description)s, description),
    kinds = coalesce(%(kinds)s::text[], kinds), status = coalesce(%(status)s, status),
    disabled_reason = CASE WHEN %(status)s::text IS NULL THEN disabled_reason END, modified_date = now()
WHERE id = %(id)s
RETURNING {COLUMNS}
"""
ROTATE = f"""
UPDATE webhook_endpoint SET
    previous_secret = secret, previous_until = now() + %(overlap_s)s * interval '1s', secret = %(secret)s,
    modified_date = now()
WHERE id = %(id)s
RETURNING {COLUMNS}
"""
DELETE = "DELETE FROM webhook_endpoint WHERE id = %s"
# Not when it was changed since: the answer came from where it no longer leads.
DISABLE = """
UPDATE webhook_endpoint SET status = 'disabled', disabled_reason = %(reason)s, modified_date = now()
WHERE id = %(id)s AND url = %(url)s AND status = 'active'
"""

DELIVERY_OF_KEY = "SELECT id, uuid FROM delivery WHERE dedupe_key = %s"


class Endpoint(msgspec.Struct, frozen=True):
    """Another system's endpoint; the previous secret only while it is still good."""

    id: int
    url: str
    description: str
    kinds: list[str]
    secret: str
    previous_secret: str | None
    previous_until: datetime | None
    status: str
    disabled_reason: str | None
    created_date: datetime
    modified_date: datetime

    @property
    def live_secrets(self) -> list[str]:
        """The secrets to sign with, the newest first."""
        return [self.secret] if self.previous_secret is None else [self.secret, self.previous_secret]


async def find_endpoints(connection: Connection, ids: Sequence[int]) -> dict[int, Endpoint]:
    """The endpoints of these ids that there are."""
    return {found.id: found for found in await _endpoints(connection, FIND, (list(ids),))}


async def page_of_endpoints(connection: Connection, limit: int, offset: int) -> tuple[list[Endpoint], int]:
    """Some endpoints in the order in which they were made, and how many there are."""
    row = await (await connection.execute(COUNT)).fetchone()
    return await _endpoints(connection, PAGE, (limit, offset)), row[0] if row else 0


async def add_endpoint(connection: Connection, *, url: str, description: str, kinds: Sequence[str]) -> Endpoint:
    """A new endpoint with a secret of its own."""
    values = {"url": url, "description": description, "kinds": list(kinds), "secret": new_secret()}
    (added,) = await _endpoints(connection, ADD, values)
    return added


async def change_endpoint(
    connection: Connection,
    endpoint_id: int,
    *,
    url: str | None,
    description: str | None,
    kinds: Sequence[str] | None,
    status: str | None,
) -> Endpoint | None:
    """The endpoint with what is not None changed; None when there is none."""
    told = None if kinds is None else list(kinds)
    values = {"id": endpoint_id, "url": url, "description": description, "kinds": told, "status": status}
    return next(iter(await _endpoints(connection, CHANGE, values)), None)


async def rotate_secret(connection: Connection, endpoint_id: int, overlap_s: int) -> Endpoint | None:
    """The endpoint with a new secret, the old one good for `overlap_s` seconds; None when there is none."""
    values = {"id": endpoint_id, "secret": new_secret(), "overlap_s": overlap_s}
    return next(iter(await _endpoints(connection, ROTATE, values)), None)


async def delete_endpoint(connection: Connection, endpoint_id: int) -> bool:
    """Delete an endpoint with its deliveries; whether there was one."""
    return (await connection.execute(DELETE, (endpoint_id,))).rowcount > 0


async def disable_endpoint(connection: Connection, endpoint: Endpoint, reason: str) -> None:
    """Send nothing more to where an endpoint leads."""
    await connection.execute(DISABLE, {"id": endpoint.id, "url": endpoint.url, "reason": reason})


async def delivery_of_key(connection: Connection, dedupe_key: str) -> tuple[int, UUID]:
    """The ids of the delivery that was made under a key."""
    row = await (await connection.execute(DELIVERY_OF_KEY, (dedupe_key,))).fetchone()
    assert row is not None  # noqa: S101  (it was made in this transaction)
    return row[0], row[1]


async def _endpoints(connection: Connection, statement: str, values: Any) -> list[Endpoint]:
    async with connection.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()
