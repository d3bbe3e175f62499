"""The SQL that claims what is due: all of a recipient at once, by one worker only, without waiting for another.

A claim is a lease: who has not recorded an end when it is over is thought dead, and what they had is claimed again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from src.modules.catalogue import AVAILABLE, DATA_SOURCE_JOIN, price_lateral, stock_lateral
from src.modules.notifications.claimed import FEED_KINDS, Claimed
from src.modules.notifications.messages import Channel
from src.modules.notifications.suppressed import is_suppressed
from src.platform.database import Connection
from src.platform.dynamic_settings import DEFAULT_CURRENCY, MESSAGES_PER_DAY, sql_text, sql_value

# Longer than any sending; a lease is also `due_at`, so that one index finds what is due and what was left behind.
LEASE = timedelta(seconds=75)
ROWS_PER_ENDPOINT_MESSAGE = 100
LOOK_BACK = timedelta(hours=24)

NOW = "SELECT coalesce(%s, clock_timestamp())"
IS_DUE = "channel = %(channel)s AND status IN ('due', 'sending') AND due_at <= %(now)s"
# A claim takes its turn for whole recipients before it locks any row: two claims that lock rows alone would each get
# some of a recipient's, who would then get two messages.
TURN = "pg_try_advisory_xact_lock(hashtextextended('delivery:' || %(channel)s || ':' || {recipient}, 0))"
RECIPIENTS = f"""
WITH due AS MATERIALIZED (
    SELECT id, user_id, recipient FROM (
        SELECT id, user_id, coalesce(user_id::text, lower(address), '') AS recipient
        FROM delivery WHERE {IS_DUE} ORDER BY due_at OFFSET 0
    ) AS oldest
    WHERE {TURN.format(recipient="recipient")}
    LIMIT %(limit)s
)
SELECT min(user_id), array_agg(id) FROM due GROUP BY recipient
"""
ANY_DUE = f"SELECT EXISTS (SELECT FROM delivery WHERE {IS_DUE})"
ENDPOINTS = """
SELECT endpoint.id FROM webhook_endpoint AS endpoint
WHERE EXISTS (SELECT FROM delivery WHERE delivery.webhook_endpoint_id = endpoint.id
              AND status IN ('due', 'sending') AND due_at <= %(now)s)
ORDER BY endpoint.id
"""
ENDPOINTS_TURN = f"SELECT {TURN.format(recipient='%(endpoint)s')}"

# The table grows faster than statistics of it are made, by which the index of what is due would seem to be as good as
# any other: hidden like this it is not one to choose, so that the rows of each recipient are looked up.
STILL_DUE = """channel = %(channel)s AND coalesce(status IN ('due', 'sending'), false) AND due_at <= %(now)s
      FOR UPDATE SKIP LOCKED OFFSET 0"""
# Of a recipient's, which may be many, only the index of their own that are due is left to choose.
STILL_DUE_OF_USER = """status IN ('due', 'sending') AND coalesce(channel = %(channel)s AND due_at <= %(now)s, false)
      FOR UPDATE SKIP LOCKED OFFSET 0"""
MINE_OF_RECIPIENTS = f"""
of_users AS MATERIALIZED (
    SELECT told.* FROM unnest(%(users)s::bigint[]) AS recipient (id)
    CROSS JOIN LATERAL (SELECT * FROM delivery WHERE user_id = recipient.id AND {STILL_DUE_OF_USER}) AS told
), of_guests AS MATERIALIZED (
    SELECT told.* FROM unnest(%(ids)s::bigint[]) AS chosen (id)
    CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = chosen.id AND {STILL_DUE}) AS told
), mine AS (SELECT * FROM of_users UNION ALL SELECT * FROM of_guests)"""
# Those that travelled together before do so again, so a limit must not part them.
MINE_OF_ENDPOINT = f"""
first AS MATERIALIZED (
    SELECT id, message_id FROM delivery
    WHERE webhook_endpoint_id = %(endpoint)s AND status IN ('due', 'sending') AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT %(limit)s
), chosen AS MATERIALIZED (
    SELECT id FROM first
    UNION
    SELECT delivery.id FROM (SELECT DISTINCT message_id FROM first) AS message
    JOIN delivery ON delivery.message_id = message.message_id
), mine AS MATERIALIZED (
    SELECT told.* FROM chosen
    CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = chosen.id AND {STILL_DUE}) AS told
)"""


def _circumstances(mine: str) -> str:
    """Rows as Claimed, of the deliveries that the relation `mine` locks."""
    lists = {"wanted_currency": "wanted.currency", "default_currency": "wanted.currency"}
    return f"""
WITH {mine}
SELECT mine.id, mine.uuid, mine.channel, mine.kind, mine.user_id, mine.address, mine.webhook_endpoint_id,
       mine.product_id, mine.favourite_id, mine.payload, mine.language, mine.attempts, mine.message_id, mine.created_at,
       users.uuid AS user_uuid, users.email, users.first_name, users.is_active, users.email_allowed,
       users.language_code, segment.price_list_id AS price_list, segment.stock_list_id AS stock_list,
       suppressed.email IS NOT NULL AS is_suppressed,
       mine.channel = 'push' AND EXISTS (
           SELECT FROM push_subscription WHERE push_subscription.user_id = mine.user_id) AS is_subscribed,
       favourite.uuid AS favourite_uuid, favourite.baseline_at, favourite.baseline_price, favourite.baseline_available,
       coalesce(chosen.email, true) AS by_email, coalesce(chosen.push, true) AS by_push,
       coalesce(chosen.frequency, 'instant') AS frequency, coalesce(chosen.digest_hour, 9) AS digest_hour,
       coalesce(chosen.digest_weekday, 0) AS digest_weekday, chosen.quiet_from, chosen.quiet_until,
       coalesce(chosen.time_zone, 'UTC') AS time_zone,
       coalesce(chosen.most_per_day, ({sql_value(MESSAGES_PER_DAY)})::integer) AS most_per_day,
       coalesce(chosen.least_drop, 0) AS least_drop,
       wish.kinds, wish.target_price, coalesce(wish.muted, false) AS muted,
       product.uuid AS product_uuid, product.sku, product.name, product.translations,
       coalesce(nullif(product.url_path, ''), '/' || nullif(product.slug, '') || '/', '/product/' || product.id || '/')
           AS url,
       (SELECT image FROM product_image WHERE product_image.product_id = product.id AND status = 'active'
        ORDER BY "order", id LIMIT 1) AS image,
       price.price, wanted.currency, product.is_active AS product_is_active,
       {AVAILABLE} OR mine.kind = 'back_in_stock' AND EXISTS (
           SELECT FROM (SELECT * FROM product AS variant WHERE variant.parent_id = mine.product_id) AS product
           {DATA_SOURCE_JOIN} {stock_lateral(segment_list="segment.stock_list_id")}
           WHERE {AVAILABLE}) AS is_available
FROM mine
LEFT JOIN users ON users.id = mine.user_id
LEFT JOIN segment ON segment.id = users.segment_id
LEFT JOIN suppressed_address AS suppressed
       ON mine.user_id IS NULL AND {is_suppressed("suppressed.email", "mine.address")}
LEFT JOIN notification_preference AS chosen ON chosen.user_id = mine.user_id
LEFT JOIN favourite_alert AS wish ON wish.user_id = mine.user_id AND wish.favourite_id = mine.favourite_id
LEFT JOIN favourite ON favourite.user_id = mine.user_id AND favourite.id = mine.favourite_id
LEFT JOIN product ON product.id = mine.product_id
{DATA_SOURCE_JOIN}
CROSS JOIN LATERAL (SELECT coalesce(mine.payload ->> 'currency', {sql_text(DEFAULT_CURRENCY)}) AS currency) AS wanted
{price_lateral(segment_list="segment.price_list_id", **lists)}
{stock_lateral(segment_list="segment.stock_list_id")}
ORDER BY mine.id
"""


CLAIM_OF_RECIPIENTS = _circumstances(MINE_OF_RECIPIENTS)
CLAIM_OF_ENDPOINT = _circumstances(MINE_OF_ENDPOINT)
# One time for each message; what is under way counts as of now.
TOLD = """
SELECT user_id, array_agg(told_at) FROM (
    SELECT user_id, max(coalesce(finished_at, %(now)s)) AS told_at
    FROM unnest(%(users)s::bigint[]) AS recipient (id)
    CROSS JOIN LATERAL (SELECT * FROM delivery WHERE user_id = recipient.id OFFSET 0) AS delivery
    WHERE channel = %(channel)s AND message_id IS NOT NULL AND kind = ANY(%(kinds)s)
      AND (status = 'sent' AND finished_at > %(since)s OR status IN ('due', 'sending'))
    GROUP BY user_id, message_id
) AS message
GROUP BY user_id
"""
TAKE = """
UPDATE delivery SET status = 'sending', attempts = attempts + 1, message_id = taken.message_id,
    claimed_until = %(until)s, due_at = %(until)s
FROM unnest(%(ids)s::bigint[], %(messages)s::uuid[]) AS taken (id, message_id)
WHERE delivery.id = taken.id
"""
POSTPONE = """
UPDATE delivery SET status = 'due', claimed_until = NULL, due_at = later.due_at
FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS later (id, due_at)
WHERE delivery.id = later.id
"""
END = """
UPDATE delivery SET status = ended.status, claimed_until = NULL, finished_at = %(now)s, last_error = ended.reason
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[]) AS ended (id, status, reason)
WHERE delivery.id = ended.id
"""


class Due(NamedTuple):
    """What was locked, and whether there is more that somebody else is just claiming."""

    rows: Sequence[Claimed]
    is_contended: bool = False


async def clock(connection: Connection, now: datetime | None) -> datetime:
    """`now`, or else the time of the database, which all workers share."""
    row = await (await connection.execute(NOW, (now,))).fetchone()
    assert row is not None  # noqa: S101  (a statement without FROM has one row)
    at: datetime = row[0]
    return at


async def due_of_recipients(connection: Connection, channel: Channel, limit: int, now: datetime) -> Due:
    """Lock everything that is due of the recipients who have waited longest, a limited number of them."""
    values: dict[str, object] = {"channel": channel, "limit": limit, "now": now}
    mine = await (await connection.execute(RECIPIENTS, values)).fetchall()
    if not mine:
        row = await (await connection.execute(ANY_DUE, values)).fetchone()
        return Due((), is_contended=row is not None and row[0])
    # A new snapshot: what others recorded of these recipients before it was our turn is seen.
    values["users"] = [user for user, _ in mine if user is not None]
    values["ids"] = [each for user, ids in mine if user is None for each in ids]
    return Due(await _claimed(connection, CLAIM_OF_RECIPIENTS, values), is_contended=True)


async def endpoints_with_due(connection: Connection, now: datetime) -> list[int]:
    """The endpoints that something is due for."""
    return [row[0] for row in await (await connection.execute(ENDPOINTS, {"now": now})).fetchall()]


async def due_of_endpoint(connection: Connection, endpoint: int, messages: int, now: datetime) -> Due:
    """Lock what is due for an endpoint, as much as fits into so many messages."""
    limit = messages * ROWS_PER_ENDPOINT_MESSAGE
    values = {"channel": "webhook", "endpoint": endpoint, "limit": limit, "now": now}
    turn = await (
        await connection.execute(ENDPOINTS_TURN, {"channel": "webhook", "endpoint": str(endpoint)})
    ).fetchone()
    if turn is None or not turn[0]:
        return Due((), is_contended=True)
    return Due(await _claimed(connection, CLAIM_OF_ENDPOINT, values))


async def _claimed(connection: Connection, statement: str, values: Mapping[str, object]) -> list[Claimed]:
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


async def told_lately(
    connection: Connection, channel: Channel, users: Sequence[int], now: datetime
) -> dict[int, list[datetime]]:
    """When each of these users was told something of the feed over the channel in the last 24 hours."""
    values = {
        "users": list(users),
        "channel": channel,
        "kinds": list(FEED_KINDS),
        "now": now,
        "since": now - LOOK_BACK,
    }
    return dict(await (await connection.execute(TOLD, values)).fetchall())


async def take(connection: Connection, messages: Mapping[int, UUID], now: datetime) -> None:
    """Begin the lease of deliveries, each as part of a message."""
    values = {"ids": list(messages), "messages": list(messages.values()), "until": now + LEASE}
    await connection.execute(TAKE, values)


async def postpone(connection: Connection, times: Mapping[int, datetime]) -> None:
    """Let deliveries wait until a time."""
    if times:
        await connection.execute(POSTPONE, {"ids": list(times), "times": list(times.values())})


async def end(connection: Connection, reasons: Mapping[int, tuple[str, str]], now: datetime) -> None:
    """Give deliveries, each with a status and a reason, up."""
    if reasons:
        states, whys = zip(*reasons.values(), strict=True)
        values = {"ids": list(reasons), "states": list(states), "reasons": list(whys), "now": now}
        await connection.execute(END, values)
