"""`wishkeep erase`: people's data at the terminal, for what takes longer than a request may and for backups."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from src.commands.errors import CommandFailed
from src.modules.privacy import AddressOfUser, Ended, Erased, NoAddress, erase_guest, erase_user, erasures
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.errors import NotFound
from src.platform.redis import create_cache_client
from src.platform.settings import Settings

# A statement that looks through a table of hundreds of millions of rows.
STATEMENT_TIMEOUT_S = 3600.0


async def erase_users(settings: Settings, users: Sequence[int]) -> list[Erased]:
    """Erase these users, one after the other; raises CommandFailed for one that there is not."""
    async with _opened(settings) as (database, cache):
        return [await _erase(database, cache, user) for user in users]


async def erase_again(settings: Settings) -> list[Erased]:
    """Erase everybody anew who was erased before, as far as a database that was restored has them."""
    async with _opened(settings) as (database, cache):
        found = []
        for erased in await erasures(database):
            try:
                found.append(await erase_user(database, cache, erased.user_id))
            except NotFound:
                continue
        return found


async def erase_address(settings: Settings, email: str) -> Ended:
    """Erase what is kept under a guest's address; raises CommandFailed for that of a user, and for what is none."""
    async with _opened(settings) as (database, _):
        try:
            return await erase_guest(database, email)
        except NoAddress as error:
            raise CommandFailed("--email: must be an e-mail address") from error
        except AddressOfUser as error:
            raise CommandFailed(f"The address is that of user {error.user_id}: erase --user {error.user_id}") from error


async def list_erased(settings: Settings) -> list[Erased]:
    """Everybody who was erased, the first one first."""
    async with _opened(settings) as (database, _):
        return await erasures(database)


async def _erase(database: Database, cache: VersionedCache, user: int) -> Erased:
    try:
        return await erase_user(database, cache, user)
    except NotFound as error:
        raise CommandFailed(f"There is no user {user}.") from error


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Database, VersionedCache]]:
    patient = msgspec.structs.replace(settings, statement_timeout_s=STATEMENT_TIMEOUT_S)
    database = Database(patient, application="wishkeep-erase")
    cache = VersionedCache(create_cache_client(settings))
    await database.open()
    try:
        yield database, cache
    finally:
        await cache.close()
        await database.close()
