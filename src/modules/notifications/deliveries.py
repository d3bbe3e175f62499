"""Making deliveries: with the feed's rows of a pass, in its transaction, and for what other features have to tell."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg.errors
from psycopg.types.json import Jsonb

from src.modules.notifications.messages import Channel, Kind
from src.modules.updates import FAVOURITES_OF_CHUNK, Chunk
from src.platform.database import Connection
from src.platform.wire import JSON_ENCODER

ROWS_AT_ONCE = 5000
KEPT_ONCE = " ON CONFLICT DO NOTHING"
# What the shopper compares with is the baseline, as in the feed; the price before this change where it says nothing.
REFERENCE = """
CASE WHEN (told.baseline_price - told.new_price) * (coalesce(told.old_price, told.baseline_price) - told.new_price) > 0
     THEN told.baseline_price ELSE told.old_price END"""
PRICE_EVENT = "'price_changed'", "told.price_change_id", "told.price_changed_at"
AVAILABILITY_EVENT = "told.availability_kind", "told.availability_change_id", "told.availability_changed_at"
# A favourite that was added, or dismissed, after the change has it in its baseline already.
AFTER_BASELINE = {
    PRICE_EVENT: "(told.baseline_price <> told.new_price OR told.price_changed_at > told.baseline_at)",
    AVAILABILITY_EVENT: """(told.baseline_available <> (told.availability_kind = 'newly_available')
     OR told.availability_changed_at > told.baseline_at)""",
}
# Falling prices and new availability, unless the favourite has kinds of its own. A target price is told when it is
# reached from above, whatever the baseline; other prices are told as the feed shows them, against the baseline.
WANTED = {
    PRICE_EVENT: """
CASE WHEN told.new_price < coalesce(told.old_price, told.baseline_price) THEN
        (wish.kinds IS NULL OR wish.kinds && ARRAY['price_drop', 'price_changed']) AND CASE
            WHEN wish.target_price IS NOT NULL
                THEN told.new_price <= wish.target_price
                     AND coalesce(told.old_price, told.baseline_price) > wish.target_price
            ELSE told.new_price < told.baseline_price
                 AND (chosen.least_drop IS NULL
                      OR (told.baseline_price - told.new_price) * 100 >= chosen.least_drop * told.baseline_price)
        END
    ELSE 'price_changed' = ANY(wish.kinds) AND told.new_price > told.baseline_price
END""",
    AVAILABILITY_EVENT: """
CASE WHEN wish.kinds IS NULL THEN told.availability_kind = 'newly_available'
     ELSE told.availability_kind = ANY(wish.kinds) END""",
}


def _insert(channel: str, event: tuple[str, str, str], old_price: str, *, endpoint: str = "") -> str:
    """The deliveries of one kind of event over one channel, up to where the channel's own conditions follow."""
    kind, change_id, changed_at = event
    payload = f"'changed_at', {changed_at}, 'currency', told.baseline_currency"
    if event is PRICE_EVENT:
        payload += f", 'old_price', ({old_price})::text, 'new_price', told.new_price::text"
    endpoint_in_key = f"|| {endpoint}" if endpoint else ""
    return f"""
INSERT INTO delivery (channel, user_id, webhook_endpoint_id, kind, product_id, favourite_id, dedupe_key, payload,
                      occurred_at)
SELECT '{channel}', told.user_id, {endpoint or "NULL::bigint"}, {kind}, told.product_id, told.favourite_id,
       '{channel}:' {endpoint_in_key} || ':' || told.user_id || ':' || told.favourite_id || ':' || {kind} || ':'
       || {change_id},
       jsonb_build_object({payload}), {changed_at}
FROM ({FAVOURITES_OF_CHUNK}) AS told
JOIN users ON users.id = told.user_id AND users.is_active
LEFT JOIN favourite_alert AS wish ON wish.user_id = told.user_id AND wish.favourite_id = told.favourite_id
LEFT JOIN notification_preference AS chosen ON chosen.user_id = told.user_id
{f"JOIN webhook_endpoint AS endpoint ON {ENDPOINT.format(kind=kind)}" if endpoint else ""}
WHERE {change_id} IS NOT NULL AND {AFTER_BASELINE[event]} AND wish.muted IS NOT TRUE
"""


ENDPOINT = "endpoint.status = 'active' AND (endpoint.kinds = '{{}}' OR {kind} = ANY(endpoint.kinds))"


def _to_users(event: tuple[str, str, str]) -> tuple[str, str]:
    email = f"""{_insert("email", event, REFERENCE)}
AND users.email_allowed AND users.email <> '' AND chosen.email IS NOT FALSE AND {WANTED[event]}"""
    # Most shops have few subscriptions or none: then there is nothing to be joined.
    push = f"""{_insert("push", event, REFERENCE)}
AND EXISTS (SELECT FROM push_subscription)
AND EXISTS (SELECT FROM push_subscription WHERE push_subscription.user_id = told.user_id)
AND chosen.push IS NOT FALSE AND {WANTED[event]}"""
    return email, push


def _to_endpoints(event: tuple[str, str, str]) -> str:
    """Other systems get what the feed shows and have preferences of their own, but what was muted is not theirs."""
    shown = "AND told.new_price <> told.baseline_price" if event is PRICE_EVENT else ""
    return f"""{_insert("webhook", event, "told.baseline_price", endpoint="endpoint.id")}
AND EXISTS (SELECT FROM webhook_endpoint WHERE status = 'active') {shown}"""


PRICES = (*_to_users(PRICE_EVENT), _to_endpoints(PRICE_EVENT))
AVAILABILITIES = (*_to_users(AVAILABILITY_EVENT), _to_endpoints(AVAILABILITY_EVENT))

ENQUEUE = """
INSERT INTO delivery (
    channel, kind, dedupe_key, occurred_at, user_id, address, webhook_endpoint_id, product_id, favourite_id, payload,
    language, due_at
)
SELECT channel, kind, dedupe_key, coalesce(occurred_at, now()), user_id, address, webhook_endpoint_id, product_id,
       favourite_id, payload, language, coalesce(due_at, now())
FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::jsonb[], %s::text[], %s::timestamptz[]
) AS told (channel, kind, dedupe_key, occurred_at, user_id, address, webhook_endpoint_id, product_id, favourite_id,
           payload, language, due_at)
ON CONFLICT DO NOTHING
"""


class NewDelivery(NamedTuple):
    """One thing to be told to a user, to a guest's address, or to another system's endpoint."""

    channel: Channel
    kind: Kind
    # What it is about, so that it is told once: begins with the channel.
    dedupe_key: str
    # When that happened: always the same with the same key. None, which is now, only where no key ever comes twice.
    occurred_at: datetime | None
    user_id: int | None = None
    address: str | None = None
    webhook_endpoint_id: int | None = None
    product_id: int | None = None
    favourite_id: int | None = None
    # Of 'confirm_alert': {"link": address}; of 'back_in_stock': {"changed_at": RFC 3339}; amounts are texts.
    payload: Mapping[str, Any] = {}
    language: str | None = None
    # When it may be sent at the earliest; None is now.
    due_at: datetime | None = None


async def make_deliveries(connection: Connection, chunk: Chunk) -> int:
    """Write what is to be told of a chunk's changes, in its transaction; how many deliveries were made."""
    statements: list[str] = []
    if any(fact.price_change_id is not None for fact in chunk.facts):
        statements += PRICES
    if any(fact.availability_kind is not None for fact in chunk.facts):
        statements += AVAILABILITIES
    made = 0
    for statement in statements:
        made += await _insert_once(connection, statement, chunk.values)
    return made


async def _insert_once(connection: Connection, statement: str, values: Mapping[str, Any]) -> int:
    """Insert what is not there yet. A pass never comes twice, so it is tried without looking, which takes less time."""
    try:
        async with connection.transaction():
            return (await connection.execute(statement.encode(), values)).rowcount
    except psycopg.errors.UniqueViolation:
        return (await connection.execute(f"{statement}{KEPT_ONCE}".encode(), values)).rowcount


async def enqueue(connection: Connection, rows: Sequence[NewDelivery]) -> int:
    """Write deliveries in the caller's transaction; how many, without those whose key is there already.

    A user's or a guest's own request is judged by nothing but whether it still holds; what is of the feed's kinds is
    held to preferences and consent when it is sent.
    """
    made = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        columns = list(zip(*rows[start : start + ROWS_AT_ONCE], strict=True))
        columns[9] = tuple(Jsonb(payload, dumps=JSON_ENCODER.encode) for payload in columns[9])
        made += (await connection.execute(ENQUEUE, [list(column) for column in columns])).rowcount
    return made
