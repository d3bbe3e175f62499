"""The statements that find baskets and lock them; those of their content are in `opening.py` and `saving.py`.

Whoever changes a basket locks its row first, and of several baskets in the order of their ids.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import psycopg.errors

from src.modules.baskets.personal import MINE
from src.modules.baskets.sql import LEFT_BEHIND, own_basket
from src.modules.baskets.statuses import FROZEN, IS_CURRENT
from src.modules.catalogue import has_price
from src.platform.database import Connection
from src.platform.errors import Unauthenticated
from src.platform.told import told, told_rows

OWNERS = f"""
SELECT shopper.scopes, shopper.user_id, basket.id, left_behind.ids,
       shopper.user_id IS NULL AND EXISTS (
           SELECT FROM basket WHERE guest_digest = asked.guest AND {IS_CURRENT}),
       CASE WHEN asked.currency IS NOT NULL
             AND {has_price(currency="asked.currency", segment_list="shopper.price_list_id")}
            THEN asked.currency END
FROM {told_rows("asked", "asked", "digest bytea, guest bytea, namespace text, currency text")}
LEFT JOIN shopper ON shopper.digest = asked.digest
LEFT JOIN credential ON credential.digest = shopper.digest
LEFT JOIN LATERAL ({own_basket("id")}) AS basket ON true
LEFT JOIN LATERAL (SELECT array_agg(id) AS ids FROM basket WHERE {LEFT_BEHIND}) AS left_behind ON true
ORDER BY told.place
"""
CREATE = "INSERT INTO basket (user_id, guest_digest, namespace) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
FIND = f"""
SELECT id FROM basket
WHERE (user_id = %s OR guest_digest = %s) AND coalesce(namespace, '') = coalesce(%s, '') AND {IS_CURRENT}
"""
COLUMNS = """id, status, version, user_id, namespace, currency_type, voucher_code, external_offer_code,
       coalesce(frozen_until <= now(), false)"""
FROZEN_OF = f"SELECT id FROM basket WHERE {MINE} AND status = '{FROZEN}'"
LEFT_AS_GUEST = f"SELECT id FROM basket WHERE {MINE} AND user_id IS NULL"
LOCK = f"SELECT {COLUMNS} FROM basket WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


class Asked(NamedTuple):
    """Whose basket is meant: by credential, cookie and namespace; with the currency that the request names."""

    digest: bytes | None
    guest: bytes | None
    namespace: str | None
    currency: str | None


class Owner(NamedTuple):
    """Who writes, and the baskets there are; everything is None for somebody not known yet."""

    scopes: list[str] | None
    user_id: int | None
    basket_id: int | None
    # Of guests whom this user was before.
    left_behind: list[int] | None
    # Whether the cookie is that of a guest who has a basket, in whatever namespace.
    is_known_guest: bool
    # What the request names, if anything has a price in it.
    currency: str | None


class Basket(NamedTuple):
    """A basket that this transaction has locked."""

    id: int
    status: str
    version: int
    user_id: int | None
    namespace: str | None
    currency_type: str | None
    voucher_code: str | None
    external_offer_code: str | None
    # Frozen for longer than it may be.
    is_overdue: bool


async def owners(connection: Connection, asked: Sequence[Asked]) -> list[Owner]:
    """Who each of `asked` is, in their order."""
    rows = [
        {
            "digest": each.digest and f"\\x{each.digest.hex()}",
            "guest": each.guest and f"\\x{each.guest.hex()}",
            "namespace": each.namespace,
            "currency": each.currency,
        }
        for each in asked
    ]
    cursor = await connection.execute(OWNERS, {"asked": told(rows)}, binary=True)
    return [Owner(*row) for row in await cursor.fetchall()]


async def find_or_create(
    connection: Connection, *, user_id: int | None, guest: bytes | None, namespace: str | None
) -> tuple[int, bool]:
    """The current basket of a user or a guest, and whether it had to be made; Unauthenticated for a user who left."""
    while True:
        try:
            made = await (await connection.execute(CREATE, (user_id, guest, namespace))).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise Unauthenticated from error
        # A statement of its own: it sees the basket that another request has made while this one waited.
        row = made or await (await connection.execute(FIND, (user_id, guest, namespace))).fetchone()
        if row is not None:
            return int(row[0]), made is not None


async def lock(connection: Connection, ids: Collection[int]) -> dict[int, Basket]:
    """Lock baskets until the end of the transaction; those that are there, by id."""
    cursor = await connection.execute(LOCK, (list(ids),))
    return {row[0]: Basket(*row) for row in await cursor.fetchall()}


async def frozen_of(connection: Connection, user_id: int) -> list[int]:
    """The frozen baskets of a user, those that they left as a guest included."""
    return [row[0] for row in await (await connection.execute(FROZEN_OF.encode(), {"user": user_id})).fetchall()]


async def left_as_guest(connection: Connection, user_id: int) -> list[int]:
    """The baskets that a user left as a guest, as far as sessions still tell."""
    return [row[0] for row in await (await connection.execute(LEFT_AS_GUEST.encode(), {"user": user_id})).fetchall()]
