"""Every SQL statement of push subscriptions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from src.platform.database import Connection

# Of a browser that several people use it is who came last.
REGISTER = """
INSERT INTO push_subscription (user_id, endpoint, p256dh, auth)
VALUES (%(user)s, %(endpoint)s, %(p256dh)s, %(auth)s)
ON CONFLICT (endpoint) DO UPDATE SET
    user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth, created_date = now()
RETURNING id, created_date
"""
FORGET_OLDEST = """
DELETE FROM push_subscription WHERE user_id = %(user)s AND id IN (
    SELECT id FROM push_subscription WHERE user_id = %(user)s ORDER BY created_date DESC, id DESC OFFSET %(most)s
)
"""
FORGET = "DELETE FROM push_subscription WHERE user_id = %s AND endpoint = %s"
OF_USERS = """
SELECT id, user_id, endpoint, p256dh, auth FROM push_subscription WHERE user_id = ANY(%s) ORDER BY id
"""
# Not when the browser has subscribed anew under the same address since.
PRUNE = """
DELETE FROM push_subscription s USING unnest(%s::bigint[], %s::text[]) AS gone (id, p256dh)
WHERE s.id = gone.id AND s.p256dh = gone.p256dh
"""
# Kept with the message, so that whichever process tries again knows which browsers it need not bother.
TAKEN = """
SELECT message_id, payload -> 'push_taken' FROM delivery WHERE message_id = ANY(%s) AND payload ? 'push_taken'
"""
REMEMBER_TAKEN = """
UPDATE delivery SET payload = payload || jsonb_build_object('push_taken', to_jsonb(%(taken)s::bigint[]))
WHERE message_id = %(message)s
"""


class Subscription(msgspec.Struct, frozen=True):
    """A browser of a user."""

    id: int
    user_id: int
    endpoint: str
    p256dh: str
    auth: str


async def register(
    connection: Connection, *, user_id: int, endpoint: str, p256dh: str, auth: str, most: int
) -> tuple[int, datetime]:
    """Keep a subscription, of a user at most so many: the oldest give way. Its id, and when it was registered."""
    values = {"user": user_id, "endpoint": endpoint, "p256dh": p256dh, "auth": auth, "most": most}
    row = await (await connection.execute(REGISTER, values)).fetchone()
    assert row is not None  # noqa: S101  (it was inserted or updated)
    await connection.execute(FORGET_OLDEST, values)
    return row[0], row[1]


async def forget(connection: Connection, *, user_id: int, endpoint: str) -> bool:
    """Delete a subscription of a user; whether there was one."""
    return (await connection.execute(FORGET, (user_id, endpoint))).rowcount > 0


async def subscriptions(connection: Connection, user_ids: Sequence[int]) -> dict[int, list[Subscription]]:
    """The subscriptions of each of these users."""
    found: defaultdict[int, list[Subscription]] = defaultdict(list)
    async with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        await cursor.execute(OF_USERS, (list(user_ids),))
        for subscription in await cursor.fetchall():
            found[subscription.user_id].append(subscription)
    return found


async def prune(connection: Connection, gone: Sequence[Subscription]) -> None:
    """Delete subscriptions that the push service no longer knows."""
    await connection.execute(PRUNE, ([each.id for each in gone], [each.p256dh for each in gone]))


async def taken(connection: Connection, message_ids: Sequence[UUID]) -> dict[UUID, set[int]]:
    """Which subscriptions have taken each of these messages in a try before."""
    cursor = await connection.execute(TAKEN, (list(message_ids),))
    return {message_id: set(ids) for message_id, ids in await cursor.fetchall()}


async def remember_taken(connection: Connection, message_id: UUID, subscription_ids: Sequence[int]) -> None:
    """Write down which subscriptions have taken a message that others have not."""
    await connection.execute(REMEMBER_TAKEN, {"message": message_id, "taken": list(subscription_ids)})
