"""The statements that store what a write made of baskets: of many in as few round trips as of one.

What they are given belongs to baskets that this transaction has locked.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from src.modules.baskets.cart import Cart, Line
from src.modules.baskets.repositories import Basket
from src.platform.database import Connection
from src.platform.deleted_items import record_deleted
from src.platform.orm import next_version

CONTENT_TYPE = "baskets.basketitem"
DELETE_LINES = "DELETE FROM basket_item WHERE id = ANY(%s)"
UPDATE_LINES = f"""
UPDATE basket_item AS line
SET quantity = told.quantity, reference = told.reference, attributes = told.attributes::jsonb,
    inquiry = told.inquiry::jsonb, unit_price = told.unit_price::numeric, currency_type = told.currency_type,
    tax_rate = told.tax_rate::numeric, datasource = told.datasource, modified_date = clock_timestamp(),
    version = {next_version("line")}
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bigint[])
     AS told (id, quantity, reference, attributes, inquiry, unit_price, currency_type, tax_rate, datasource)
WHERE line.id = told.id
"""
INSERT_LINES = """
INSERT INTO basket_item (basket_id, parent_id, product_id, quantity, reference, attributes, inquiry, unit_price,
                         currency_type, tax_rate, datasource)
SELECT basket_id, parent_id, product_id, quantity, reference, attributes::jsonb, inquiry::jsonb, unit_price::numeric,
       currency_type, tax_rate::numeric, datasource
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[], %s::bigint[])
     WITH ORDINALITY AS told (basket_id, parent_id, product_id, quantity, reference, attributes, inquiry, unit_price,
                              currency_type, tax_rate, datasource, place)
ORDER BY place
RETURNING id, basket_id, coalesce(parent_id, 0), reference
"""
TOUCH = f"""
UPDATE basket SET version = {next_version("basket")},
       modified_date = clock_timestamp(), currency_type = told.currency_type, voucher_code = told.voucher_code,
       external_offer_code = told.external_offer_code
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
     AS told (id, currency_type, voucher_code, external_offer_code)
WHERE basket.id = told.id
"""
NOTE_SEEN = """
UPDATE basket_item AS line
SET offer_ids = told.offer_ids::bigint[], unit_price = told.unit_price::numeric, currency_type = told.currency_type,
    tax_rate = told.tax_rate::numeric
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
     AS told (id, offer_ids, unit_price, currency_type, tax_rate)
WHERE line.id = told.id
"""
ENCODER = msgspec.json.Encoder()


class Seen(NamedTuple):
    """What a shopper was shown of a line: the offers that give it something, as an array's text, and its price."""

    line_id: int
    offer_ids: str
    unit_price: str
    currency_type: str
    tax_rate: str | None


class Inserted(NamedTuple):
    """New lines on their way into the database."""

    cursor: Any
    lines: dict[tuple[int, int, str], Line]

    async def give_ids(self) -> None:
        """Tell the lines their ids, once the database has answered."""
        if self.cursor is not None:
            for line_id, *key in await self.cursor.fetchall():
                self.lines[tuple(key)].id = line_id


NOTHING_INSERTED = Inserted(None, {})


async def forget_removed(connection: Connection, carts: Mapping[int, Cart]) -> None:
    """Delete the lines that were taken out, and leave tombstones."""
    removed = [line for cart in carts.values() for line in cart.removed]
    if removed:
        await connection.execute(DELETE_LINES, (removed,))
        await record_deleted(connection, CONTENT_TYPE, removed)


async def save(connection: Connection, carts: Mapping[int, Cart]) -> Inserted:
    """Store changed and new lines; nothing waits for the answers but sub-items, which need the id of their line."""
    kept = [line for cart in carts.values() for line in cart.every() if line.is_changed and line.id is not None]
    if kept:
        await connection.execute(UPDATE_LINES, _columns((line.id, *_values(line)) for line in kept), binary=True)
    new = [(basket, None, line) for basket, cart in carts.items() for line in cart.lines if line.id is None]
    inserted = await _insert(connection, new)
    parts = [(basket, line, part) for basket, _, line in new for part in line.parts]
    if not parts:
        return inserted
    await inserted.give_ids()
    return await _insert(connection, parts)


async def touch(connection: Connection, baskets: Collection[Basket]) -> None:
    """Store the baskets' own fields and make their versions new ones."""
    rows = [(b.id, b.currency_type, b.voucher_code, b.external_offer_code) for b in baskets]
    await connection.execute(TOUCH, _columns(rows), binary=True)


async def note_seen(connection: Connection, seen: Sequence[Seen]) -> None:
    """Remember what shoppers were shown of lines."""
    if seen:
        await connection.execute(NOTE_SEEN, _columns(seen))


async def _insert(connection: Connection, new: Sequence[tuple[int, Line | None, Line]]) -> Inserted:
    if not new:
        return NOTHING_INSERTED
    rows = [(basket, parent and parent.id, line.product_id, *_values(line)) for basket, parent, line in new]
    cursor = await connection.execute(INSERT_LINES, _columns(rows), binary=True)
    keyed = {(basket, (parent and parent.id) or 0, line.reference): line for basket, parent, line in new}
    return Inserted(cursor, keyed)


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _values(line: Line) -> tuple[Any, ...]:
    # Texts, which are cast on the other side: an array of each other type costs more here.
    return (
        line.quantity,
        line.reference,
        _json(line.attributes),
        None if line.inquiry is None else _json(line.inquiry),
        _text(line.unit_price),
        line.currency_type,
        _text(line.tax_rate),
        line.data_source_id,
    )


def _json(value: dict[str, Any]) -> str:
    return ENCODER.encode(value).decode() if value else "{}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
