"""The browsers that a user wants to be told in."""

from src.modules.notifications.outbound import check_url
from src.modules.notifications.push import repositories
from src.modules.notifications.push.dtos import Subscribe, SubscriptionRead
from src.modules.notifications.push.encryption import UnfitKeys, check_keys
from src.platform import wire
from src.platform.database import Connection
from src.platform.errors import Invalid, NotFound

MOST_PER_USER = 20


async def register(connection: Connection, user_id: int, asked: Subscribe, *, allow_private: bool) -> SubscriptionRead:
    """Keep a subscription, this user's from now on; raises UnfitAddress, and Invalid for keys that no browser made."""
    check_url(asked.endpoint, allow_private=allow_private, field="endpoint")
    try:
        check_keys(asked.keys.p256dh, asked.keys.auth)
    except UnfitKeys:
        raise Invalid("Not a valid value", field="keys") from None
    subscription_id, created = await repositories.register(
        connection,
        user_id=user_id,
        endpoint=asked.endpoint,
        p256dh=asked.keys.p256dh,
        auth=asked.keys.auth,
        most=MOST_PER_USER,
    )
    return SubscriptionRead(subscription_id, asked.endpoint, wire.time(created))


async def forget(connection: Connection, user_id: int, endpoint: str) -> None:
    """Delete a subscription of the user; raises NotFound."""
    if not await repositories.forget(connection, user_id=user_id, endpoint=endpoint):
        raise NotFound
