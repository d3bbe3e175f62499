"""The statements that give baskets another status, on behalf of order systems, sign-ins and time that passes."""

from collections.abc import Collection
from datetime import datetime

from src.modules.baskets.repositories import COLUMNS, Basket
from src.platform.database import Connection
from src.platform.dynamic_settings import BASKET_EXPIRY_DAYS, GUEST_BASKET_DAYS, USER_BASKET_EXPIRY_DAYS, sql_value
from src.platform.orm import next_version

SET_STATUS = f"""
UPDATE basket SET status = %(status)s, version = {next_version("basket")}, modified_date = clock_timestamp(),
       frozen_view = NULL, frozen_until = now() + %(minutes)s::int * interval '1 minute'
WHERE id = %(basket)s RETURNING version
"""
KEEP_VIEW = "UPDATE basket SET frozen_view = %s WHERE id = %s"
FROZEN_VIEW = "SELECT frozen_view FROM basket WHERE id = %s"
# Whoever holds one is just writing to it, and sees for itself that it is overdue.
LOCK_OVERDUE = f"""
SELECT {COLUMNS} FROM basket WHERE status = 'frozen' AND frozen_until <= now()
ORDER BY frozen_until LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# A chunk of the oldest after the one before; of these the ones that are old enough for their kind.
EXPIRE = f"""
WITH ages AS MATERIALIZED (
    SELECT now() - ({sql_value(BASKET_EXPIRY_DAYS)})::int * interval '1 day' AS guests,
           now() - ({sql_value(USER_BASKET_EXPIRY_DAYS)})::int * interval '1 day' AS users
), old AS MATERIALIZED (
    SELECT id, modified_date FROM basket, ages
    WHERE status = 'active' AND modified_date < CASE WHEN user_id IS NULL THEN ages.guests ELSE ages.users END
      AND modified_date >= coalesce(%(after)s::timestamptz, '-infinity')
      AND modified_date < greatest(ages.guests, ages.users)
    ORDER BY modified_date LIMIT %(limit)s FOR UPDATE OF basket SKIP LOCKED
), gone AS (
    UPDATE basket SET status = 'expired', version = {next_version("basket")}
    FROM old WHERE basket.id = old.id RETURNING basket.id
)
SELECT (SELECT count(*) FROM gone), (SELECT CASE WHEN count(*) = %(limit)s THEN max(modified_date) END FROM old)
"""
# What was never bought; what became an order is a part of it.
FORGET_GUESTS = f"""
DELETE FROM basket WHERE id = ANY(ARRAY(
    SELECT id FROM basket
    WHERE user_id IS NULL AND status IN ('expired', 'merged', 'inactive')
      AND modified_date < now() - make_interval(days => ({sql_value(GUEST_BASKET_DAYS)})::int)
    LIMIT %s FOR UPDATE SKIP LOCKED))
"""
MARK_MERGED = f"""
UPDATE basket SET status = 'merged', version = {next_version("basket")}, modified_date = clock_timestamp()
WHERE id = ANY(%s)
"""


async def set_status(connection: Connection, basket_id: int, status: str, *, minutes: int | None = None) -> int:
    """Give a locked basket another status, for so many minutes; its version."""
    values = {"basket": basket_id, "status": status, "minutes": minutes}
    [row] = await (await connection.execute(SET_STATUS, values)).fetchall()
    return int(row[0])


async def keep_view(connection: Connection, basket_id: int, view: str) -> None:
    """Keep what a frozen basket shows."""
    await connection.execute(KEEP_VIEW, (view, basket_id))


async def frozen_view(connection: Connection, basket_id: int) -> str:
    """What a frozen basket shows."""
    [row] = await (await connection.execute(FROZEN_VIEW, (basket_id,))).fetchall()
    return str(row[0])


async def mark_merged(connection: Connection, basket_ids: Collection[int]) -> None:
    """End guests' baskets whose lines are now in a user's; theirs stay as they were."""
    await connection.execute(MARK_MERGED, (list(basket_ids),))


async def lock_overdue(connection: Connection) -> Basket | None:
    """Lock a basket that has been frozen for longer than it may be; None when there is none that nobody works on."""
    row = await (await connection.execute(LOCK_OVERDUE)).fetchone()
    return None if row is None else Basket(*row)


async def expire(connection: Connection, after: datetime | None, limit: int) -> tuple[int, datetime | None]:
    """Expire up to `limit` forgotten baskets; how many went, and where to go on from, or None at the end."""
    [row] = await (await connection.execute(EXPIRE, {"after": after, "limit": limit})).fetchall()
    return int(row[0]), row[1]


async def forget_guests(connection: Connection, limit: int) -> int:
    """Delete up to `limit` baskets of anonymous shoppers that ended long ago; how many went."""
    return (await connection.execute(FORGET_GUESTS.encode(), (limit,))).rowcount
