"""The SQL of asking for alerts, listing and ending them (firing has its own: restocks.py)."""

from datetime import datetime
from typing import NamedTuple

from src.modules.alerts.rules import MOST_FROM_SOURCE, Asked
from src.modules.catalogue import DATA_SOURCE_JOIN, EPOCH, stock_lateral
from src.modules.notifications import is_suppressed
from src.modules.offers import OFFERS_STAMP
from src.platform.database import Connection
from src.platform.dynamic_settings import DEFAULT_CURRENCY, sql_text
from src.platform.paging import Page

# Whether there is nothing to wait for: a parent is there when any of its variants is.
IS_THERE = f"""coalesce((
    SELECT bool_or(product.is_active AND coalesce(stock.in_stock, false))
    FROM product {DATA_SOURCE_JOIN} {stock_lateral(segment_list="%(stock_list)s::bigint")}
    WHERE product.id = %(product)s OR product.parent_id = %(product)s), false)"""
ADD_FOR_USER = f"""
WITH wanted AS MATERIALIZED (
    SELECT id, CASE WHEN {IS_THERE} THEN clock_timestamp() END AS not_before
    FROM product WHERE id = %(product)s AND is_active
), made AS (
    INSERT INTO product_alert (user_id, product_id, language, not_before)
    SELECT %(user)s, wanted.id, %(language)s, wanted.not_before FROM wanted
    ON CONFLICT (user_id, product_id) WHERE is_active AND user_id IS NOT NULL DO NOTHING
    RETURNING id
)
SELECT EXISTS (SELECT FROM wanted), (SELECT id FROM made)
"""

# Guests' requests from one network address take turns, and those for one e-mail address: the first before the second.
BY_SOURCE = "SELECT pg_advisory_xact_lock(7206, hashtext(encode(%s::bytea, 'hex')))"
BY_EMAIL = "SELECT pg_advisory_xact_lock(7207, hashtext(lower(%s)))"
# Of one network address and of one e-mail address; what `sent` counts are mails.
ASKED = f"""
SELECT EXISTS (SELECT FROM product WHERE id = %(product)s AND is_active),
       array(SELECT created_date FROM product_alert WHERE source = %(source)s
             ORDER BY created_date DESC LIMIT %(most)s),
       EXISTS (SELECT FROM suppressed_address AS one WHERE {is_suppressed("one.email", "%(email)s::text")}),
       coalesce(bool_or(is_active AND confirmed_at IS NOT NULL AND product_id = %(product)s), false),
       max(mailed_at) FILTER (WHERE product_id = %(product)s),
       count(*) FILTER (WHERE mailed_at > %(since)s)
FROM product_alert WHERE lower(email) = lower(%(email)s)
"""
# The former request was never answered; its link ends with it.
FORGET_UNCONFIRMED = """
DELETE FROM product_alert
WHERE lower(email) = lower(%(email)s) AND product_id = %(product)s AND is_active AND confirmed_at IS NULL
"""
# A request that nothing comes of is kept too, for a while, to be counted.
ADD_FOR_GUEST = f"""
INSERT INTO product_alert (email, product_id, language, not_before, confirmed_at, source, is_active, mailed_at)
SELECT %(email)s, %(product)s, %(language)s, CASE WHEN {IS_THERE} THEN clock_timestamp() END, NULL, %(source)s,
       %(mailed)s, CASE WHEN %(mailed)s THEN %(now)s::timestamptz END
RETURNING id
"""

CONTEXT = f"""
SELECT count(*), {EPOCH}, {OFFERS_STAMP}, {sql_text(DEFAULT_CURRENCY)}
FROM product_alert WHERE user_id = %(user)s AND is_active
"""
PAGE = """
SELECT alert.id, alert.product_id, state.version
FROM product_alert AS alert JOIN product_state AS state ON state.product_id = alert.product_id
WHERE alert.user_id = %(user)s AND alert.is_active
ORDER BY alert.id DESC LIMIT %(limit)s OFFSET %(offset)s
"""
REMOVE = "DELETE FROM product_alert WHERE user_id = %(user)s AND id = %(alert)s RETURNING id"

OF_GUEST = """
SELECT alert.product_id, alert.language, alert.is_active, alert.confirmed_at IS NOT NULL, alert.fired_at IS NOT NULL,
       coalesce(product.translations #>> ARRAY[alert.language, 'name'], product.name)
FROM product_alert AS alert JOIN product ON product.id = alert.product_id
WHERE alert.id = %s AND alert.email IS NOT NULL
"""
CONFIRM = """
UPDATE product_alert SET confirmed_at = clock_timestamp(), modified_date = clock_timestamp()
WHERE id = %s AND email IS NOT NULL AND is_active AND confirmed_at IS NULL
RETURNING product_id
"""
FAMILY = "SELECT id FROM product WHERE id = %(product)s OR parent_id = %(product)s"
END = "DELETE FROM product_alert WHERE id = %s AND email IS NOT NULL AND is_active AND confirmed_at IS NOT NULL"

FORGET_UNANSWERED = """
DELETE FROM product_alert WHERE id IN (
    SELECT id FROM product_alert
    WHERE email IS NOT NULL AND confirmed_at IS NULL AND created_date < now() - %s * interval '1 day' LIMIT %s)
"""
FORGET_FIRED = """
DELETE FROM product_alert WHERE id IN (
    SELECT id FROM product_alert
    WHERE email IS NOT NULL AND fired_at < now() - %s * interval '1 day' LIMIT %s)
"""


class Listing(NamedTuple):
    """How many alerts a user has, and what decides how their products look."""

    total: int
    epoch: int
    offers_stamp: str
    default_currency: str


class ListedAlert(NamedTuple):
    """An alert of a list, with the version of its product as of that read."""

    id: int
    product_id: int
    product_version: int


class GuestAlert(NamedTuple):
    """An alert of somebody without an account."""

    product_id: int
    language: str | None
    is_active: bool
    is_confirmed: bool
    has_fired: bool
    # In the language of the alert.
    product_name: str


async def add_for_user(
    connection: Connection, user_id: int, product_id: int, *, stock_list_id: int | None, language: str | None
) -> tuple[bool, int | None]:
    """Whether the product is for sale, and the new alert's id; None when the user waits for it already."""
    values = {"user": user_id, "product": product_id, "stock_list": stock_list_id, "language": language}
    [row] = await (await connection.execute(ADD_FOR_USER, values)).fetchall()
    return row[0], row[1]


async def take_turns(connection: Connection, source: bytes, email: str) -> None:
    """Wait for other requests from the same network address or for the same e-mail address."""
    await connection.execute(BY_SOURCE, (source,))
    await connection.execute(BY_EMAIL, (email,))


async def asked_before(
    connection: Connection, *, product_id: int, email: str, source: bytes, since: datetime
) -> tuple[bool, Asked]:
    """Whether the product is for sale, and what was asked for before; confirmations are counted from `since`."""
    values = {"product": product_id, "email": email, "source": source, "since": since, "most": MOST_FROM_SOURCE}
    [row] = await (await connection.execute(ASKED, values)).fetchall()
    return row[0], Asked(*row[1:])


async def add_for_guest(
    connection: Connection,
    *,
    product_id: int,
    email: str,
    source: bytes,
    language: str | None,
    mailed: bool,
    now: datetime,
) -> int:
    """Keep a guest's request, one that waits to be confirmed if `mailed`; its id."""
    values = {
        "product": product_id,
        "email": email,
        "source": source,
        "language": language,
        "mailed": mailed,
        "now": now,
        "stock_list": None,
    }
    if mailed:
        await connection.execute(FORGET_UNCONFIRMED, values)
    [row] = await (await connection.execute(ADD_FOR_GUEST, values)).fetchall()
    return int(row[0])


async def listing(connection: Connection, user_id: int, page: Page) -> tuple[Listing, list[ListedAlert]]:
    """What the user waits for, the newest first."""
    values = {"user": user_id, "limit": page.limit, "offset": page.offset}
    [context] = await (await connection.execute(CONTEXT, values)).fetchall()
    rows = await (await connection.execute(PAGE, values)).fetchall()
    return Listing(*context), [ListedAlert(*row) for row in rows]


async def remove(connection: Connection, user_id: int, alert_id: int) -> bool:
    """Delete an alert of the user; whether there was one."""
    return (await connection.execute(REMOVE, {"user": user_id, "alert": alert_id})).rowcount == 1


async def of_guest(connection: Connection, alert_id: int) -> GuestAlert | None:
    """A guest's alert; None when there is none of that id."""
    row = await (await connection.execute(OF_GUEST, (alert_id,))).fetchone()
    return GuestAlert(*row) if row else None


async def confirm(connection: Connection, alert_id: int) -> list[int]:
    """Confirm a guest's alert; the products that may fire it, none when it can't be confirmed (any more)."""
    row = await (await connection.execute(CONFIRM, (alert_id,))).fetchone()
    if row is None:
        return []
    return [row[0] for row in await (await connection.execute(FAMILY, {"product": row[0]})).fetchall()]


async def end(connection: Connection, alert_id: int) -> None:
    """Delete a guest's alert, if it is waiting."""
    await connection.execute(END, (alert_id,))


async def forget_unanswered(connection: Connection, days: int, limit: int) -> int:
    """Delete up to `limit` requests of guests who never confirmed them; how many went."""
    return (await connection.execute(FORGET_UNANSWERED, (days, limit))).rowcount


async def forget_fired(connection: Connection, days: int, limit: int) -> int:
    """Delete up to `limit` alerts of guests who were told more than so many days ago; how many went."""
    return (await connection.execute(FORGET_FIRED, (days, limit))).rowcount
