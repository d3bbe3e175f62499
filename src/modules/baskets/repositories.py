"""The statements that change what is in a basket; those of its status are in `transitions.py`.

Whoever changes a basket locks its row first, and of several baskets in the order of their ids.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import psycopg.errors

from src.modules.baskets.cart import Cart, Facts, Line
from src.modules.baskets.sql import LEFT_BEHIND, own_basket
from src.modules.baskets.statuses import IS_CURRENT
from src.modules.catalogue import DATA_SOURCE_JOIN, has_price, price_lateral, stock_lateral
from src.platform.database import Connection
from src.platform.dynamic_settings import DEFAULT_CURRENCY, sql_text
from src.platform.errors import Unauthenticated

OWNERS = f"""
SELECT shopper.scopes, shopper.user_id, shopper.price_list_id, shopper.stock_list_id, basket.id, left_behind.ids,
       shopper.user_id IS NULL AND EXISTS (
           SELECT FROM basket WHERE guest_digest = asked.guest AND {IS_CURRENT}),
       CASE WHEN asked.currency IS NOT NULL
             AND {has_price(currency="asked.currency", segment_list="shopper.price_list_id")}
            THEN asked.currency END, {sql_text(DEFAULT_CURRENCY)}
FROM unnest(%s::bytea[], %s::bytea[], %s::text[], %s::text[])
     WITH ORDINALITY AS asked (digest, guest, namespace, currency, place)
LEFT JOIN shopper ON shopper.digest = asked.digest
LEFT JOIN credential ON credential.digest = shopper.digest
LEFT JOIN LATERAL ({own_basket("id")}) AS basket ON true
LEFT JOIN LATERAL (SELECT array_agg(id) AS ids FROM basket WHERE {LEFT_BEHIND}) AS left_behind ON true
ORDER BY asked.place
"""
CREATE = "INSERT INTO basket (user_id, guest_digest, namespace) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
FIND = f"""
SELECT id FROM basket
WHERE (user_id = %s OR guest_digest = %s) AND coalesce(namespace, '') = coalesce(%s, '') AND {IS_CURRENT}
"""
COLUMNS = """id, status, version, user_id, namespace, currency_type, voucher_code, external_offer_code,
       coalesce(frozen_until <= now(), false)"""
LOCK = f"SELECT {COLUMNS} FROM basket WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
LOCK_FREE = f"{LOCK} SKIP LOCKED"
LINES = """
SELECT basket_id, id, product_id, quantity, reference, attributes, inquiry, unit_price, currency_type, tax_rate,
       datasource, parent_id
FROM basket_item WHERE basket_id = ANY(%s) ORDER BY id
"""
# Each for the shopper and the basket that it is asked for, in the basket's currency.
FACTS = f"""
SELECT wanted.place, product.id, product.is_active,
       EXISTS (SELECT FROM product AS child WHERE child.parent_id = product.id),
       price.price, price.currency_type, price.tax_rate, stock.stock, coalesce(stock.in_stock, false),
       product.data_source_id
FROM unnest(%(places)s::int[], %(baskets)s::bigint[], %(products)s::bigint[], %(prices)s::bigint[],
            %(stocks)s::bigint[], %(named)s::text[])
     AS wanted (place, basket_id, product_id, prices, stocks, currency)
JOIN basket ON basket.id = wanted.basket_id
JOIN product ON product.id = wanted.product_id
CROSS JOIN LATERAL (
    SELECT coalesce(wanted.currency, basket.currency_type, %(default)s::text)
) AS currency (named)
{DATA_SOURCE_JOIN}
{price_lateral(segment_list="wanted.prices", wanted_currency="currency.named", default_currency="currency.named")}
{stock_lateral(segment_list="wanted.stocks")}
"""


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
    price_list_id: int | None
    stock_list_id: int | None
    basket_id: int | None
    # Of guests whom this user was before.
    left_behind: list[int] | None
    # Whether the cookie is that of a guest who has a basket, in whatever namespace.
    is_known_guest: bool
    # What the request names, if anything has a price in it; and the currency of those who name none.
    currency: str | None
    default_currency: str


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


class Content(NamedTuple):
    """The lines of a basket, and what is known of products."""

    cart: Cart
    facts: dict[int, Facts]


async def owners(connection: Connection, asked: Sequence[Asked]) -> list[Owner]:
    """Who each of `asked` is, in their order."""
    cursor = await connection.execute(OWNERS, [list(column) for column in zip(*asked, strict=True)], binary=True)
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


class Wanted(NamedTuple):
    """A basket to be opened, for whom, and the products to be known."""

    basket_id: int
    products: Collection[int]
    owner: Owner


async def open_baskets(
    connection: Connection, wanted: Sequence[Wanted], *, waiting: bool
) -> list[tuple[Basket, Content] | None]:
    """Lock baskets, then read their lines and what is known of products, in one round trip.

    None for one that is gone or, unless `waiting`, that somebody else works on.
    """
    ids = [each.basket_id for each in wanted]
    async with connection.pipeline():
        locked = await connection.execute(LOCK if waiting else LOCK_FREE, (ids,), binary=True)
        lines = await connection.execute(LINES, (ids,), binary=True)
        facts = await connection.execute(FACTS, _facts_of(wanted), binary=True)
        baskets = {row[0]: Basket(*row) for row in await locked.fetchall()}
        read = _by_basket(await lines.fetchall())
        known = _by_place(await facts.fetchall())
    opened: list[tuple[Basket, Content] | None] = []
    for place, each in enumerate(wanted):
        basket, rows = baskets.get(each.basket_id), read.get(each.basket_id, ())
        if basket is None:
            opened.append(None)
            continue
        content = Content(Cart(_lines(rows)), known.get(place, {}))
        await _know_parts(connection, each, content)
        opened.append((basket, content))
    return opened


async def lines_of(connection: Connection, basket_ids: Collection[int]) -> list[Line]:
    """The lines of locked baskets, the oldest first."""
    cursor = await connection.execute(LINES, (list(basket_ids),), binary=True)
    return _lines(await cursor.fetchall())


async def _know_parts(connection: Connection, wanted: Wanted, content: Content) -> None:
    """Sub-items are judged with the line that they belong to, so they have to be known as well."""
    unknown = {part.product_id for line in content.cart.lines for part in line.parts} - set(content.facts)
    if unknown:
        asked = [wanted._replace(products=unknown)]
        cursor = await connection.execute(FACTS, _facts_of(asked), binary=True)
        content.facts.update(_by_place(await cursor.fetchall()).get(0, {}))


def _facts_of(wanted: Sequence[Wanted]) -> dict[str, Any]:
    rows = [(place, each, product) for place, each in enumerate(wanted) for product in each.products]
    return {
        "places": [place for place, _, _ in rows],
        "baskets": [each.basket_id for _, each, _ in rows],
        "products": [product for _, _, product in rows],
        "prices": [each.owner.price_list_id for _, each, _ in rows],
        "stocks": [each.owner.stock_list_id for _, each, _ in rows],
        "named": [each.owner.currency for _, each, _ in rows],
        "default": wanted[0].owner.default_currency,
    }


def _by_place(rows: Sequence[tuple[Any, ...]]) -> dict[int, dict[int, Facts]]:
    found: dict[int, dict[int, Facts]] = {}
    for row in rows:
        found.setdefault(row[0], {})[row[1]] = Facts._make(row[1:])
    return found


def _by_basket(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _lines(rows: Sequence[tuple[Any, ...]]) -> list[Line]:
    """The lines with their sub-items on them."""
    found: dict[int, Line] = {}
    for (
        _,
        line_id,
        product_id,
        quantity,
        reference,
        attributes,
        inquiry,
        price,
        currency,
        tax,
        source,
        parent,
    ) in rows:
        line = Line(
            id=line_id,
            product_id=product_id,
            quantity=quantity,
            reference=reference,
            attributes=attributes,
            inquiry=inquiry,
            unit_price=price,
            currency_type=currency,
            tax_rate=tax,
            data_source_id=source,
        )
        found[line_id] = line
        if parent is not None:
            found[parent].parts.append(line)
    return [found[row[1]] for row in rows if row[11] is None]
