"""Erasing a person: one transaction over all tables, then the caches, then once more for what was under way.

What had begun before the transaction (a request that was let in, a message that was claimed) may write a row after
it. So the same is done again when all of that must be over, and only then the erasure is finished.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import psycopg.errors
import structlog

from src.modules import baskets
from src.modules.privacy import repositories
from src.modules.privacy.repositories import Ended, Erased, Unfinished
from src.platform.cache import VersionedCache
from src.platform.database import Connection, Database, Transaction
from src.platform.errors import NotFound
from src.platform.forgetting import user_tag
from src.platform.redis import CACHE_AWAY

log = structlog.get_logger(__name__)

# Longer than a request, a job's run or the lease of a message may take.
SETTLED_AFTER_S = 120.0
AT_ONCE = 100
# How often it is tried while others' writes and the erasure wait for each other.
TRIES = 5
# As wide as what shops feed as addresses may be, and no empty word or pattern.
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
MAX_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3
T = TypeVar("T")


class NoAddress(ValueError):
    """What is no e-mail address."""


class AddressOfUser(Exception):
    """An address that is a user's, who is erased by number."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"the address of user {user_id}")
        self.user_id = user_id


async def erase(work: Transaction, cache: VersionedCache, user_id: int, *, requested_by: int | None = None) -> Erased:
    """Erase a user in the caller's transaction, and in the caches after it; raises NotFound.

    Done again it ends what came back, as from a backup, and is finished as anew.
    """
    connection = work.connection

    async def act() -> tuple[Erased, list[str]]:
        if not await repositories.lock(connection, user_id):
            raise NotFound
        tags = [user_tag(user_id), *await baskets.cache_tags(connection, user_id)]
        await _erase_rows(connection, user_id)
        return await repositories.note(connection, user_id, requested_by, tags), tags

    erased, tags = await _persistently(connection, act)
    work.after_commit(lambda: _forget(cache, tags))
    return erased


async def erase_user(database: Database, cache: VersionedCache, user_id: int) -> Erased:
    """Erase a user in a transaction of its own; raises NotFound."""
    async with database.transaction() as work:
        return await erase(work, cache, user_id)


async def erase_guest(database: Database, email: str) -> Ended:
    """Erase what is kept under the address of nobody's account; raises NoAddress and AddressOfUser."""
    if len(email) > MAX_EMAIL_LENGTH or not email.isprintable() or not ADDRESS.fullmatch(email):
        raise NoAddress(email)
    async with database.transaction() as work:
        connection = work.connection

        async def act() -> Ended:
            owner = await repositories.owner_of(connection, email)
            if owner is not None:
                raise AddressOfUser(owner)
            return await repositories.erase(connection, await repositories.guest(connection, email))

        return await _persistently(connection, act)


async def finish_erasures(database: Database, cache: VersionedCache, *, after_s: float = SETTLED_AFTER_S) -> int:
    """Finish the erasures that were asked for so long ago; how many.

    Raises one of CACHE_AWAY at once, and what else one of them failed by when the others are done.
    """
    async with database.read() as connection:
        waiting = await repositories.settled(connection, after_s, AT_ONCE)
    failures: list[Exception] = []
    for unfinished in waiting:
        try:
            await _finish(database, cache, unfinished)
        except CACHE_AWAY:
            raise
        except Exception as error:
            log.warning("erasure.not_finished", user_id=unfinished.user_id, error=repr(error))
            failures.append(error)
    if failures:
        raise failures[0]
    return len(waiting)


async def _finish(database: Database, cache: VersionedCache, unfinished: Unfinished) -> None:
    async with database.transaction() as work:
        await _persistently(work.connection, partial(_lock_and_erase_rows, work.connection, unfinished.user_id))
    # It raises while the cache is away, which leaves the erasure to the next run.
    await _forget(cache, unfinished.cache_tags)
    async with database.transaction() as work:
        await repositories.finish(work.connection, unfinished)


async def erasures(database: Database) -> list[Erased]:
    """Everybody who was erased, the first one first."""
    async with database.read() as connection:
        return await repositories.all_erased(connection)


async def _persistently(connection: Connection, act: Callable[[], Awaitable[T]]) -> T:
    """Do it in a savepoint, and anew when PostgreSQL ends it because others wait for it in a circle."""
    for _ in range(TRIES - 1):
        try:
            async with connection.transaction():
                return await act()
        except psycopg.errors.DeadlockDetected:
            continue
    return await act()


async def _lock_and_erase_rows(connection: Connection, user_id: int) -> None:
    await repositories.lock(connection, user_id)
    await _erase_rows(connection, user_id)


async def _erase_rows(connection: Connection, user_id: int) -> None:
    # What its baskets hold of offers that run out is others' again.
    await baskets.release_all(connection, user_id)
    await repositories.erase(connection, await repositories.person(connection, user_id))


async def _forget(cache: VersionedCache, tags: Sequence[str]) -> None:
    for tag in tags:
        await cache.forget(tag)
