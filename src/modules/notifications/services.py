"""What operators see and do about deliveries, and what jobs do for all of them."""

from collections.abc import Mapping

from src.modules.notifications import repositories
from src.modules.notifications.dtos import DeliveryListQuery, DeliveryRead, Replayed, ReplayFilter
from src.modules.notifications.errors import NotDead
from src.platform.database import Connection, Database
from src.platform.errors import NotFound
from src.platform.jobs import Queue

DELIVER = "notifications.deliver"
REPLAYED_AT_ONCE = 10_000


async def list_deliveries(connection: Connection, asked: DeliveryListQuery) -> tuple[list[DeliveryRead], int | None]:
    """Deliveries that fit, the newest first, and the cursor of those that follow."""
    filters = {name: value for name, value in _given(asked).items() if name != "limit"}
    found = await repositories.deliveries(connection, filters, asked.limit + 1)
    shown = found[: asked.limit]
    return shown, shown[-1].id if len(found) > asked.limit else None


async def get_delivery(connection: Connection, delivery_id: int) -> DeliveryRead:
    """One delivery; raises NotFound."""
    found = await repositories.deliveries(connection, {"id": delivery_id}, 1)
    if not found:
        raise NotFound
    return found[0]


async def replay_one(connection: Connection, delivery_id: int) -> DeliveryRead:
    """Make a dead delivery due again, with what travelled with it; raises NotFound and NotDead."""
    if not await repositories.replay(connection, {"id": delivery_id}, 1):
        await get_delivery(connection, delivery_id)
        raise NotDead
    return await get_delivery(connection, delivery_id)


async def replay_many(connection: Connection, asked: ReplayFilter) -> Replayed:
    """Make the dead deliveries that fit due again, a great many at most."""
    filters = _given(asked)
    replayed = await repositories.replay(connection, filters, REPLAYED_AT_ONCE)
    left = replayed and await repositories.deliveries(connection, {"status": "dead", **filters}, 1)
    return Replayed(replayed, bool(left))


def _given(asked: DeliveryListQuery | ReplayFilter) -> Mapping[str, object]:
    values = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}


async def wake_deliverers(database: Database, queue: Queue) -> None:
    """Have everything sent that is due, over each channel that has any."""
    async with database.read() as connection:
        channels = await repositories.channels_due(connection)
    for channel in channels:
        await wake_channel(queue, channel)


async def wake_channel(queue: Queue, channel: str) -> None:
    """Have everything sent that is due over a channel."""
    await queue.wake(DELIVER, key=channel, channel=channel)
