"""What time does to baskets: frozen ones are let go of, forgotten ones expire."""

from src.modules.baskets import transitions
from src.modules.baskets.thawing import thaw
from src.platform.database import Database

CHUNK = 500
FORGOTTEN_AT_ONCE = 2000


async def release_overdue(database: Database) -> int:
    """Let go of the baskets that have been frozen for too long, one transaction each, and say how many there were."""
    total = 0
    while True:
        async with database.transaction() as work:
            basket = await transitions.lock_overdue(work.connection)
            if basket is None:
                return total
            await thaw(work.connection, basket)
        total += 1


async def expire_forgotten(database: Database) -> int:
    """Expire the active baskets that nobody has changed for as long as the settings say; how many went."""
    total, after = 0, None
    while True:
        async with database.transaction() as work:
            gone, after = await transitions.expire(work.connection, after, CHUNK)
        total += gone
        if after is None:
            return total


async def forget_guests(database: Database) -> int:
    """Delete the baskets of anonymous shoppers that ended as long ago as the settings say; how many went."""
    return await database.in_pieces(
        FORGOTTEN_AT_ONCE, lambda connection: transitions.forget_guests(connection, FORGOTTEN_AT_ONCE)
    )
