"""The SQL of preferences, wishes and the list of deliveries; what is claimed and recorded has files of its own."""

from collections.abc import Mapping, Sequence
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from src.modules.notifications.dtos import AlertWish, DeliveryRead, Preferences
from src.platform import wire
from src.platform.database import Connection

PREFERENCES = """
SELECT email, push, frequency, digest_hour, digest_weekday, to_char(quiet_from, 'HH24:MI') AS quiet_from,
       to_char(quiet_until, 'HH24:MI') AS quiet_until, time_zone, least_drop, most_per_day
FROM notification_preference WHERE user_id = %s
"""
PUT_PREFERENCES = """
INSERT INTO notification_preference (
    user_id, email, push, frequency, digest_hour, digest_weekday, quiet_from, quiet_until, time_zone, least_drop,
    most_per_day
) VALUES (
    %(user)s, %(email)s, %(push)s, %(frequency)s, %(digest_hour)s, %(digest_weekday)s, %(quiet_from)s, %(quiet_until)s,
    %(time_zone)s, %(least_drop)s, %(most_per_day)s
) ON CONFLICT (user_id) DO UPDATE SET
    email = excluded.email, push = excluded.push, frequency = excluded.frequency, digest_hour = excluded.digest_hour,
    digest_weekday = excluded.digest_weekday, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
    time_zone = excluded.time_zone, least_drop = excluded.least_drop, most_per_day = excluded.most_per_day,
    modified_date = now()
"""
# What waits for a digest or for the end of quiet hours; what waits because it failed goes on waiting.
JUDGE_ANEW = "UPDATE delivery SET due_at = now() WHERE user_id = %s AND status = 'due' AND message_id IS NULL"
FAVOURITE = "SELECT id FROM favourite WHERE user_id = %s AND {column} = %s"
WISH = "SELECT target_price, kinds, muted FROM favourite_alert WHERE user_id = %s AND favourite_id = %s"
PUT_WISH = """
INSERT INTO favourite_alert (user_id, favourite_id, target_price, kinds, muted)
VALUES (%(user)s, %(favourite)s, %(target_price)s, %(kinds)s, %(muted)s)
ON CONFLICT (user_id, favourite_id) DO UPDATE SET
    target_price = excluded.target_price, kinds = excluded.kinds, muted = excluded.muted, modified_date = now()
"""

# Each filter is a column and its parameter; a statement has only those that are asked for, so that indexes serve it.
FILTERS = {
    "status": "status = %(status)s",
    "channel": "channel = %(channel)s",
    "kind": "kind = %(kind)s",
    "user": "user_id = %(user)s",
    "product": "product_id = %(product)s",
    "webhook_endpoint": "webhook_endpoint_id = %(webhook_endpoint)s",
    "cursor": "id < %(cursor)s",
    "id": "id = %(id)s",
}
# Not the link that confirms an alert: who has it is taken for the owner of the address.
LIST = """
SELECT id, uuid, channel, kind, status, user_id AS "user", address, webhook_endpoint_id AS webhook_endpoint,
       product_id AS product, favourite_id AS favourite, dedupe_key, message_id, payload - 'link' AS payload, attempts,
       last_error,
       due_at, created_at, finished_at
FROM delivery WHERE {where} ORDER BY id DESC LIMIT %(limit)s
"""
# What travelled together goes together again, under the same message id.
REPLAY = """
WITH chosen AS MATERIALIZED (
    SELECT id, message_id FROM delivery WHERE status = 'dead' AND {where} ORDER BY id LIMIT %(limit)s
), together AS MATERIALIZED (
    SELECT id FROM chosen
    UNION
    SELECT delivery.id FROM chosen JOIN delivery ON delivery.message_id = chosen.message_id
)
UPDATE delivery SET status = 'due', due_at = now(), attempts = 0, finished_at = NULL
FROM together WHERE delivery.id = together.id AND delivery.status = 'dead'
"""

CHANNELS_DUE = """
SELECT channel FROM unnest(ARRAY['email', 'push', 'webhook']) AS of (channel)
WHERE EXISTS (
    SELECT FROM delivery WHERE delivery.channel = of.channel AND status IN ('due', 'sending') AND due_at <= now())
"""


async def preferences(connection: Connection, user_id: int) -> Preferences | None:
    """What the user chose; None when they never did."""
    row = await _row(connection, PREFERENCES, (user_id,))
    return None if row is None else Preferences(**row)


async def put_preferences(
    connection: Connection,
    user_id: int,
    asked: Preferences,
    *,
    quiet_from: time | None,
    quiet_until: time | None,
    least_drop: Decimal,
) -> None:
    """Keep what the user chose, and have their waiting deliveries judged anew."""
    values = {
        "user": user_id,
        "email": asked.email,
        "push": asked.push,
        "frequency": asked.frequency,
        "digest_hour": asked.digest_hour,
        "digest_weekday": asked.digest_weekday,
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
        "time_zone": asked.time_zone,
        "least_drop": least_drop,
        "most_per_day": asked.most_per_day,
    }
    await connection.execute(PUT_PREFERENCES, values)
    await connection.execute(JUDGE_ANEW, (user_id,))


async def favourite_of(connection: Connection, user_id: int, favourite: int | UUID) -> int | None:
    """The id of the user's favourite of that id or uuid; None when they have none."""
    statement = FAVOURITE.format(column="uuid" if isinstance(favourite, UUID) else "id")
    row = await (await connection.execute(statement.encode(), (user_id, favourite))).fetchone()
    return row[0] if row else None


async def wish(connection: Connection, user_id: int, favourite_id: int) -> AlertWish | None:
    """What the user wants to be told of a favourite; None when they never said."""
    row = await _row(connection, WISH, (user_id, favourite_id))
    return None if row is None else AlertWish(target_price=row["target_price"], kinds=row["kinds"], mute=row["muted"])


async def put_wish(
    connection: Connection,
    user_id: int,
    favourite_id: int,
    *,
    target_price: Decimal | None,
    kinds: Sequence[str] | None,
    muted: bool,
) -> None:
    """Keep what the user wants to be told of a favourite."""
    values = {
        "user": user_id,
        "favourite": favourite_id,
        "target_price": target_price,
        "kinds": None if kinds is None else list(kinds),
        "muted": muted,
    }
    await connection.execute(PUT_WISH, values)


async def deliveries(connection: Connection, filters: Mapping[str, object], limit: int) -> list[DeliveryRead]:
    """Deliveries that fit all of `filters` (of FILTERS), the newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST.format(where=_where(filters)).encode(), {**filters, "limit": limit})
        return [_shown(row) for row in await cursor.fetchall()]


def _where(filters: Mapping[str, object]) -> str:
    return " AND ".join(FILTERS[name] for name in filters) or "true"


def _shown(row: dict[str, Any]) -> DeliveryRead:
    times = {name: wire.optional_time(row[name]) for name in ("due_at", "created_at", "finished_at")}
    return DeliveryRead(**{**row, **times})


async def replay(connection: Connection, filters: Mapping[str, object], limit: int) -> int:
    """Make dead deliveries that fit all of `filters` due again, with what travelled with them; how many."""
    cursor = await connection.execute(REPLAY.format(where=_where(filters)).encode(), {**filters, "limit": limit})
    return cursor.rowcount


async def channels_due(connection: Connection) -> list[str]:
    """The channels over which something is to be sent now."""
    return [row[0] for row in await (await connection.execute(CHANNELS_DUE)).fetchall()]


async def _row(connection: Connection, statement: str, values: Sequence[object]) -> dict[str, Any] | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchone()
