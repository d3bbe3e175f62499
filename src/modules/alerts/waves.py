"""The SQL of waves: who is told in which of them that a product is back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from src.modules.alerts.restocks import IS_DUE, NO_LIST, WAITER, WAITS
from src.modules.alerts.rules import Shown
from src.modules.notifications import SOLD_OUT_AGAIN
from src.platform.database import Connection

NEXT_WAVE = """
SELECT product_id, stock_list_id, changed_at, told, cursor_at, cursor_id FROM restock
WHERE next_wave_at <= clock_timestamp()
ORDER BY next_wave_at, product_id, stock_list_id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
IS_ANY_DUE = "SELECT EXISTS (SELECT FROM restock WHERE next_wave_at <= clock_timestamp())"
STOCK = "SELECT stock FROM product_stock WHERE product_id = %s AND stock_list_id = %s"
# The oldest first; of each product by itself, because the index has them in this order only so. Whether they are due is
# not asked here: with that the planner would rather look at all of them and sort.
NEXT_ALERTS = f"""
SELECT next.id, next.created_date
FROM unnest(%(targets)s::bigint[]) AS target (product_id) CROSS JOIN LATERAL (
    SELECT alert.id, alert.created_date FROM product_alert AS alert
    WHERE alert.product_id = target.product_id AND {WAITS}
      AND (alert.created_date, alert.id) > (coalesce(%(after_at)s::timestamptz, '-infinity'), %(after_id)s::bigint)
    ORDER BY alert.created_date, alert.id LIMIT %(limit)s
) AS next
ORDER BY next.created_date, next.id LIMIT %(limit)s
"""
# Who is being deleted, or told of another variant, at this moment is not waited for.
FIRE = f"""
WITH due AS MATERIALIZED (
    SELECT alert.id
    FROM unnest(%(alerts)s::bigint[]) AS next (id) JOIN product_alert AS alert ON alert.id = next.id {WAITER}
    JOIN unnest(%(lists)s::bigint[], %(sinces)s::timestamptz[]) AS seen (list_id, since) ON {IS_DUE}
    FOR UPDATE OF alert SKIP LOCKED
), fired AS (
    UPDATE product_alert AS alert
    SET is_active = false, fired_at = clock_timestamp(), modified_date = clock_timestamp()
    FROM due WHERE alert.id = due.id
    RETURNING alert.id, alert.created_date, alert.user_id, alert.email, alert.language
)
SELECT fired.id, fired.user_id, fired.email, fired.language,
       fired.user_id IS NULL OR users.email <> '' AND coalesce(preference.email, true),
       coalesce(preference.push, true)
       AND EXISTS (SELECT FROM push_subscription WHERE push_subscription.user_id = fired.user_id)
FROM fired
LEFT JOIN users ON users.id = fired.user_id
LEFT JOIN notification_preference AS preference ON preference.user_id = fired.user_id
ORDER BY fired.created_date, fired.id
"""
ENDPOINTS = """
SELECT id FROM webhook_endpoint
WHERE status = 'active' AND (kinds = '{}' OR 'back_in_stock' = ANY(kinds)) ORDER BY id
"""
MOVE = """
UPDATE restock SET told = told + %(told)s, cursor_at = %(cursor_at)s, cursor_id = %(cursor_id)s
WHERE product_id = %(product)s AND stock_list_id = %(stock_list)s
"""
WAVE_OVER = """
UPDATE restock SET told = 0, waves = waves + 1, next_wave_at = clock_timestamp() + %(minutes)s * interval '1 minute'
WHERE product_id = %(product)s AND stock_list_id = %(stock_list)s
"""
# Dropped because the product sold out first, say in quiet hours: its owner still wants to be told. The deliveries of
# one alert have keys that differ in the channel only. What was dropped is looked at once: whoever has a newer alert
# is told by that one, and what becomes of it must not bring the old one back.
WAIT_AGAIN = """
WITH untold AS (
    SELECT (dropped.payload ->> 'alert')::bigint AS alert_id, max(dropped.finished_at) AS finished_at
    FROM delivery AS dropped
    WHERE dropped.kind = 'back_in_stock' AND dropped.status = 'dropped' AND dropped.channel <> 'webhook'
      AND dropped.finished_at > now() - interval '1 day' AND dropped.last_error = ANY(%(reasons)s)
      AND NOT EXISTS (
          SELECT FROM delivery AS other
          WHERE other.dedupe_key IN ('email' || substr(dropped.dedupe_key, length(dropped.channel) + 1),
                                     'push' || substr(dropped.dedupe_key, length(dropped.channel) + 1))
            AND other.status <> 'dropped')
    GROUP BY 1
), judged AS (
    SELECT alert.id, untold.finished_at, NOT EXISTS (
        SELECT FROM product_alert AS other
        WHERE other.product_id = alert.product_id
          AND (other.user_id = alert.user_id OR lower(other.email) = lower(alert.email))
          AND (other.is_active OR other.id > alert.id AND other.fired_at IS NOT NULL)) AS is_newest
    FROM untold JOIN product_alert AS alert ON alert.id = untold.alert_id
    WHERE NOT alert.is_active AND alert.modified_date < untold.finished_at
), seen AS (
    UPDATE product_alert AS alert
    SET is_active = judged.is_newest, modified_date = clock_timestamp(),
        fired_at = CASE WHEN NOT judged.is_newest THEN alert.fired_at END,
        not_before = CASE WHEN NOT judged.is_newest THEN alert.not_before END
    FROM judged
    WHERE alert.id = judged.id AND NOT alert.is_active AND alert.modified_date < judged.finished_at
    RETURNING alert.is_active
)
SELECT count(*) FROM seen WHERE is_active
"""
OVER = "DELETE FROM restock WHERE product_id = %(product)s AND stock_list_id = %(stock_list)s"


class Wave(NamedTuple):
    """The wave that is to go on now."""

    product_id: int
    stock_list_id: int
    changed_at: datetime
    told: int
    cursor_at: datetime | None
    cursor_id: int

    @property
    def key(self) -> dict[str, int]:
        """The parameters that name it."""
        return {"product": self.product_id, "stock_list": self.stock_list_id}


class Next(NamedTuple):
    """An alert that a wave comes to."""

    id: int
    created_date: datetime


class Fired(NamedTuple):
    """An alert that has just fired, and how its owner can be told."""

    id: int
    user_id: int | None
    email: str | None
    language: str | None
    by_email: bool
    by_push: bool


async def next_wave(connection: Connection) -> Wave | None:
    """The wave that is longest due and that nobody works on, held until the end of the transaction."""
    row = await (await connection.execute(NEXT_WAVE)).fetchone()
    return Wave(*row) if row else None


async def is_any_due(connection: Connection) -> bool:
    """Whether there is a wave that is to go on now."""
    row = await (await connection.execute(IS_ANY_DUE)).fetchone()
    return bool(row and row[0])


async def stock_of(connection: Connection, wave: Wave) -> int | None:
    """The units that the list of the wave has; None when nobody counts them."""
    row = await (await connection.execute(STOCK, (wave.product_id, wave.stock_list_id))).fetchone()
    return row[0] if row else None


async def next_alerts(connection: Connection, wave: Wave, targets: Sequence[int], limit: int) -> list[Next]:
    """Up to `limit` alerts for the targets that the wave has not come to, in their order."""
    values = {"targets": list(targets), "after_at": wave.cursor_at, "after_id": wave.cursor_id, "limit": limit}
    return [Next(*row) for row in await (await connection.execute(NEXT_ALERTS, values)).fetchall()]


async def fire(connection: Connection, alerts: Sequence[Next], seen: Sequence[Shown]) -> list[Fired]:
    """End those of the alerts that are due, as `seen` says."""
    values = {
        "alerts": [alert.id for alert in alerts],
        "lists": [each.segment_list or NO_LIST for each in seen],
        "sinces": [each.since for each in seen],
    }
    return [Fired(*row) for row in await (await connection.execute(FIRE, values)).fetchall()]


async def endpoints(connection: Connection) -> list[int]:
    """The other systems that are told when a product is back in stock."""
    return [row[0] for row in await (await connection.execute(ENDPOINTS)).fetchall()]


async def move(connection: Connection, wave: Wave, told: int, last: Next) -> None:
    """Count those who were told in the wave, which goes on after the alert `last`."""
    values = {**wave.key, "told": told, "cursor_at": last.created_date, "cursor_id": last.id}
    await connection.execute(MOVE, values)


async def finish_wave(connection: Connection, wave: Wave, minutes: int) -> None:
    """Let the next wave begin so many minutes from now."""
    await connection.execute(WAVE_OVER, {**wave.key, "minutes": minutes})


async def wait_again(connection: Connection) -> int:
    """Let those wait again who were not told because it sold out first; how many."""
    row = await (await connection.execute(WAIT_AGAIN, {"reasons": list(SOLD_OUT_AGAIN)})).fetchone()
    return row[0] if row else 0


async def finish(connection: Connection, wave: Wave) -> None:
    """There is nobody left to tell, or nothing left to tell of."""
    await connection.execute(OVER, wave.key)
