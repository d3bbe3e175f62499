"""Letting go of frozen baskets: their offers' uses are given back and they can be changed again."""

from src.modules import offers
from src.modules.baskets import repositories, transitions
from src.modules.baskets.repositories import Basket
from src.modules.baskets.statuses import ACTIVE
from src.platform.database import Connection


async def thaw(connection: Connection, basket: Basket) -> Basket:
    """Make a locked frozen basket active again and give back the uses that it held."""
    await offers.release(connection, basket.id)
    version = await transitions.set_status(connection, basket.id, ACTIVE)
    return basket._replace(status=ACTIVE, version=version, is_overdue=False)


async def release_all(connection: Connection, user_id: int) -> None:
    """Let go of every basket of a user that is being paid for."""
    for basket in (await repositories.lock(connection, await repositories.frozen_of(connection, user_id))).values():
        await thaw(connection, basket)


async def thaw_overdue(connection: Connection, basket_id: int) -> None:
    """Let go of a basket if it has been frozen for longer than it may be; no job has to come by for that."""
    basket = (await repositories.lock(connection, [basket_id])).get(basket_id)
    if basket is not None and basket.is_overdue:
        await thaw(connection, basket)
