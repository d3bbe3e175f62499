"""The SQL of telling and erasing people; what is done to each table follows from its declaration."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from src.modules.privacy.registry import ALL_PERSONAL
from src.platform.database import Connection

KNOWN = "SELECT EXISTS (SELECT FROM users WHERE id = %s)"
# Of what is fed as an address some is none, and then says of no other row whose it is.
# What a guest left under an address is a user's who has shown that the address is theirs, or who goes by it while
# nobody else can: users share no `users.email`, but anybody may be fed with anybody's address among the others.
EMAILS_OF = """
SELECT array(
    SELECT lower(email) FROM users WHERE id = %(user)s AND strpos(email, '@') > 1
    UNION
    SELECT lower(email) FROM email_address AS told
    WHERE user_id = %(user)s AND strpos(email, '@') > 1 AND verified AND NOT EXISTS (
        SELECT FROM users WHERE lower(users.email) = lower(told.email) AND users.email <> '' AND id <> %(user)s))
"""
OWNER_OF = """
SELECT id FROM users WHERE lower(email) = lower(%(email)s) AND email <> ''
UNION ALL
SELECT user_id FROM email_address WHERE lower(email) = lower(%(email)s) AND verified
LIMIT 1
"""
IN_LOWER_CASE = "SELECT lower(%s)"
# By the clock: what was let in while the erasure waited for others has its time from now on.
NOTE = """
INSERT INTO erasure AS known (user_id, requested_by, requested_at, cache_tags)
VALUES (%(user)s, %(by)s, clock_timestamp(), %(tags)s)
ON CONFLICT (user_id) DO UPDATE
SET requested_by = coalesce(excluded.requested_by, known.requested_by), requested_at = excluded.requested_at,
    finished_at = NULL, cache_tags = ARRAY(SELECT unnest(known.cache_tags) UNION SELECT unnest(excluded.cache_tags))
RETURNING user_id, requested_at, finished_at
"""
# Leases of messages and requests that had begun are over by then; an import may still write what it has judged before.
# In no order, so that those that fail again and again do not take all the time there is.
SETTLED = """
SELECT user_id, requested_at, cache_tags FROM erasure
WHERE finished_at IS NULL AND requested_at < now() - %(after)s * interval '1s' AND NOT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL
      AND xact_start < requested_at + %(after)s * interval '1s')
ORDER BY random() LIMIT %(limit)s
"""
# Not one that was asked for again meanwhile.
FINISH = "UPDATE erasure SET finished_at = now() WHERE user_id = %s AND requested_at = %s AND finished_at IS NULL"
ALL = "SELECT user_id, requested_at, finished_at FROM erasure ORDER BY requested_at, user_id"


class Person(msgspec.Struct, frozen=True):
    """By what rows of a user, or of a guest without one, are found."""

    user: int | None
    emails: list[str]
    # The content types and numbers of their rows, side by side.
    types: list[str] = []
    ids: list[int] = []

    @property
    def values(self) -> Mapping[str, Any]:
        """The values that the declarations' conditions read."""
        return msgspec.structs.asdict(self)


class Erased(NamedTuple):
    """A user who was erased."""

    user_id: int
    requested_at: datetime
    finished_at: datetime | None


class Unfinished(NamedTuple):
    """An erasure that is to be done once more, and what caches keep of the user under."""

    user_id: int
    requested_at: datetime
    cache_tags: list[str]


class Ended(NamedTuple):
    """How many rows went, and of how many only what is not personal stayed."""

    went: int
    blanked: int


async def lock(connection: Connection, user_id: int) -> bool:
    """Lock what a shopper's writes lock first, in their order, and the user at last; whether there is one.

    Two erasures of one user so take turns, and neither waits for a write that waits for it.
    """
    found = 0
    whose = Person(user_id, [])
    for declared in ALL_PERSONAL:
        if declared.locking is not None:
            found = (await connection.execute(declared.locking.encode(), whose.values)).rowcount
    return found == 1


async def is_known(connection: Connection, user_id: int) -> bool:
    """Whether there is such a user."""
    row = await (await connection.execute(KNOWN, (user_id,))).fetchone()
    return bool(row and row[0])


async def person(connection: Connection, user_id: int) -> Person:
    """By what the rows of a user are found now."""
    row = await (await connection.execute(EMAILS_OF, {"user": user_id})).fetchone()
    return await with_objects(connection, Person(user_id, list(row[0]) if row else []))


async def with_objects(connection: Connection, whose: Person) -> Person:
    """The person with the numbers of all rows that others name by their content type."""
    types: list[str] = []
    ids: list[int] = []
    for declared in ALL_PERSONAL:
        if declared.content_type is not None:
            rows = await (await connection.execute(declared.ids.encode(), whose.values)).fetchall()
            types += [declared.content_type] * len(rows)
            ids += [row[0] for row in rows]
    return Person(whose.user, whose.emails, types, ids)


async def guest(connection: Connection, email: str) -> Person:
    """By what the rows of a guest are found."""
    row = await (await connection.execute(IN_LOWER_CASE, (email,))).fetchone()
    return await with_objects(connection, Person(None, [row[0]] if row else []))


async def owner_of(connection: Connection, email: str) -> int | None:
    """The user whose address it is."""
    row = await (await connection.execute(OWNER_OF, {"email": email})).fetchone()
    return row[0] if row else None


async def erase(connection: Connection, whose: Person) -> Ended:
    """Do what the declarations say, and say to how many rows."""
    done = Counter[str]()
    for declared in ALL_PERSONAL:
        for statement in declared.erasing:
            cursor = await connection.execute(statement.encode(), whose.values)
            done[(cursor.statusmessage or "").partition(" ")[0]] += max(cursor.rowcount, 0)
    return Ended(went=done["DELETE"], blanked=done["UPDATE"])


async def note(connection: Connection, user_id: int, requested_by: int | None, tags: Sequence[str]) -> Erased:
    """Keep that the user is erased, and what caches keep of them under; who was before is so anew."""
    values = {"user": user_id, "by": requested_by, "tags": list(tags)}
    row = await (await connection.execute(NOTE, values)).fetchone()
    assert row is not None  # noqa: S101  (an upsert gives a row)
    return Erased(*row)


async def settled(connection: Connection, after_s: float, limit: int) -> list[Unfinished]:
    """Erasures that were asked for so long ago and are not finished."""
    rows = await (await connection.execute(SETTLED, {"after": after_s, "limit": limit})).fetchall()
    return [Unfinished(*row) for row in rows]


async def finish(connection: Connection, unfinished: Unfinished) -> None:
    """Note that nothing is left to do."""
    await connection.execute(FINISH, (unfinished.user_id, unfinished.requested_at))


async def all_erased(connection: Connection) -> list[Erased]:
    """Everybody who was erased, the first one first."""
    return [Erased(*row) for row in await (await connection.execute(ALL)).fetchall()]
