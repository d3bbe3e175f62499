"""Adding favourites: shoppers who add at the same moment share one statement and one commit."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg.errors

from src.modules.catalogue import (
    AVAILABLE,
    DATA_SOURCE_JOIN,
    PRODUCT_COLUMNS,
    PRODUCT_JOINS,
    ProductRow,
    price_lateral,
    stock_lateral,
)
from src.modules.favourites.dtos import AddOutcome
from src.modules.favourites.repositories import CURRENCY, ONE_PER_PRODUCT
from src.modules.identity import Shopper
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable, Unauthenticated

# What the shopper sees of the product at this moment is the favourite's baseline. Of two shoppers' requests for one
# favourite in one statement the first gets it. Favourites come first, then summaries, each in the order of their keys,
# so that two such statements never wait for each other in a circle.
ADD = """
WITH settings AS MATERIALIZED (
    SELECT {one_per_product} AS one_per_product, {currency} AS currency
), asked AS MATERIALIZED (
    SELECT wanted.place, wanted.user_id, product.id AS product_id, product.is_active,
           price.price, price.currency_type, {available} AS available,
           row_number() OVER (PARTITION BY wanted.user_id, product.id ORDER BY wanted.place) = 1 AS is_first{seen}
    FROM unnest(%(users)s::bigint[], %(price_lists)s::bigint[], %(stock_lists)s::bigint[],
                %(products)s::{kind}[], %(currencies)s::text[])
         WITH ORDINALITY AS wanted (user_id, price_list, stock_list, product, currency, place)
    CROSS JOIN settings
    LEFT JOIN product ON product.{key} = wanted.product
    LEFT JOIN product_state AS state ON state.product_id = product.id
    {data_source}
    {price}
    {stock}
    {seen_joins}
), inserted AS (
    INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
    SELECT user_id, product_id, price, currency_type, available
    FROM asked, settings
    WHERE is_active AND is_first AND (one_per_product OR %(base_code_checked)s)
    ORDER BY user_id, product_id
    ON CONFLICT (user_id, product_id) DO NOTHING
    RETURNING user_id, product_id, id, uuid, created_date
), counted AS (
    INSERT INTO favourite_summary AS summary (user_id, version, total, last_changed_at)
    SELECT user_id, 1, count(*), max(created_date) FROM inserted GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET version = summary.version + 1, total = summary.total + excluded.total,
        last_changed_at = greatest(excluded.last_changed_at, summary.last_changed_at + interval '1 microsecond')
)
SELECT asked.product_id, coalesce(asked.is_active, false), settings.one_per_product,
       inserted.id, inserted.uuid, inserted.created_date{shown}
FROM asked CROSS JOIN settings
LEFT JOIN inserted ON inserted.user_id = asked.user_id AND inserted.product_id = asked.product_id AND asked.is_first
ORDER BY asked.place
"""


def _add(key: str, kind: str, seen: Mapping[str, str]) -> str:
    return ADD.format(
        key=key,
        kind=kind,
        seen="".join(f", {expression} AS seen_{name}" for name, expression in seen.items()),
        seen_joins=PRODUCT_JOINS if seen else "",
        shown="".join(f", asked.seen_{name}" for name in seen),
        available=AVAILABLE,
        data_source=DATA_SOURCE_JOIN,
        price=price_lateral(
            segment_list="wanted.price_list",
            wanted_currency="coalesce(wanted.currency, settings.currency)",
            default_currency="settings.currency",
        ),
        stock=stock_lateral(segment_list="wanted.stock_list"),
        one_per_product=ONE_PER_PRODUCT,
        currency=CURRENCY,
    )


# The storefront dialect names products by UUID and answers with the product, so that is read at once.
BY_ID = _add("id", "bigint", {})
BY_UUID = _add("uuid", "uuid", PRODUCT_COLUMNS)
OUTCOME_COLUMNS = 6


# What one addition of many can be the cause of: a shopper who went away, a row that somebody else holds.
ONE_FOR_ALL = (
    psycopg.IntegrityError,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.TransactionRollback,
)


class Addition(NamedTuple):
    """A product that a shopper wants, by its id or its UUID; the currency is None when the request names none."""

    shopper: Shopper
    product: int | UUID
    currency: str | None


async def add(
    connection: Connection, additions: Sequence[Addition], *, base_code_checked: bool = False
) -> list[AddOutcome]:
    """Try to add each product, all named by id or all by UUID; the outcomes tell what was in the way, if anything."""
    statement = BY_UUID if isinstance(additions[0].product, UUID) else BY_ID
    values = {
        "users": [addition.shopper.id for addition in additions],
        "price_lists": [addition.shopper.price_list_id for addition in additions],
        "stock_lists": [addition.shopper.stock_list_id for addition in additions],
        "products": [addition.product for addition in additions],
        "currencies": [addition.currency for addition in additions],
        "base_code_checked": base_code_checked,
    }
    try:
        cursor = await connection.execute(statement, values, binary=True)
    except psycopg.errors.ForeignKeyViolation as error:
        if len(additions) > 1:
            raise
        # Products stay for ever, so it is the shopper who went away after the credential was read.
        raise Unauthenticated from error
    except psycopg.errors.UniqueViolation as error:
        if len(additions) > 1:
            raise
        # A feed has just brought a favourite with the id that was next; the next try gets another.
        raise ServiceUnavailable from error
    return [_outcome(row) for row in await cursor.fetchall()]


def _outcome(row: tuple[Any, ...]) -> AddOutcome:
    outcome = AddOutcome(*row[:OUTCOME_COLUMNS])
    if outcome.favourite_id is not None and len(row) > OUTCOME_COLUMNS:
        outcome.product = ProductRow(*row[OUTCOME_COLUMNS:])
    return outcome


class SharedAdditions:
    """Coalesces additions; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id: Coalescer[Addition, AddOutcome | BaseException] = Coalescer(self._add, max_batch=32)
        self._by_uuid: Coalescer[Addition, AddOutcome | BaseException] = Coalescer(self._add, max_batch=32)

    async def add(self, addition: Addition) -> AddOutcome:
        """The outcome of an addition, committed."""
        shared = self._by_uuid if isinstance(addition.product, UUID) else self._by_id
        outcome = await shared.get(addition)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def _add(self, additions: Sequence[Addition]) -> Sequence[AddOutcome | BaseException]:
        async with self._database.read() as connection:
            try:
                return await add(connection, additions)
            except ONE_FOR_ALL:
                if len(additions) == 1:
                    raise
        # Somebody's trouble is not everybody's: now each by itself.
        return await asyncio.gather(*(self._add_alone(addition) for addition in additions), return_exceptions=True)

    async def _add_alone(self, addition: Addition) -> AddOutcome:
        async with self._database.read() as connection:
            return (await add(connection, [addition]))[0]
