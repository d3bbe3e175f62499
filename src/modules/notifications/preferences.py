"""What users chose about being told: in general, and of single favourites."""

from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from src.modules.notifications import repositories
from src.modules.notifications.dtos import AlertWish, Preferences
from src.modules.notifications.rules import zone
from src.platform.database import Connection
from src.platform.errors import Invalid, NotFound
from src.platform.wire import CENT

MOST_PERCENT = Decimal(100)
# What the column holds.
MOST_MONEY = Decimal(10) ** 16 - CENT


async def read_preferences(connection: Connection, user_id: int) -> Preferences:
    """The user's preferences; the defaults of who never chose."""
    return await repositories.preferences(connection, user_id) or Preferences()


async def choose_preferences(connection: Connection, user_id: int, asked: Preferences) -> Preferences:
    """Put a user's preferences, by which what waits already is judged anew; raises Invalid."""
    if zone(asked.time_zone) is None:
        raise Invalid("Not a known time zone", field="time_zone")
    if (asked.quiet_from is None) != (asked.quiet_until is None) or (
        asked.quiet_from is not None and asked.quiet_from == asked.quiet_until
    ):
        field = "quiet_from" if asked.quiet_from is None else "quiet_until"
        raise Invalid("Both times of the quiet hours are required, and they must differ", field=field)
    await repositories.put_preferences(
        connection,
        user_id,
        asked,
        quiet_from=_clock(asked.quiet_from),
        quiet_until=_clock(asked.quiet_until),
        least_drop=_bounded(asked.least_drop, MOST_PERCENT, "least_drop"),
    )
    return await read_preferences(connection, user_id)


async def read_wish(connection: Connection, user_id: int, favourite: int | UUID) -> AlertWish:
    """What the user wants to be told of their favourite; raises NotFound."""
    favourite_id = await repositories.favourite_of(connection, user_id, favourite)
    if favourite_id is None:
        raise NotFound
    return await repositories.wish(connection, user_id, favourite_id) or AlertWish()


async def choose_wish(connection: Connection, user_id: int, favourite: int | UUID, asked: AlertWish) -> AlertWish:
    """Put what the user wants to be told of their favourite; raises NotFound and Invalid."""
    target = asked.target_price
    if target is not None:
        target = _bounded(target, MOST_MONEY, "target_price")
    favourite_id = await repositories.favourite_of(connection, user_id, favourite)
    if favourite_id is None:
        raise NotFound
    kinds = None if asked.kinds is None else sorted(set(asked.kinds))
    await repositories.put_wish(connection, user_id, favourite_id, target_price=target, kinds=kinds, muted=asked.mute)
    return await read_wish(connection, user_id, favourite_id)


def _bounded(value: Decimal, most: Decimal, field: str) -> Decimal:
    if not value.is_finite() or not 0 <= value <= most:
        raise Invalid("Must be between 0 and %(maximum)s", field=field, params={"maximum": most})
    return value.quantize(CENT, ROUND_HALF_UP)


def _clock(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)
