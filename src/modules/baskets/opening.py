"""Opening baskets for a change: each is locked, and read with all that decides what it will cost then.

What is stored of a change and what its shopper is shown both come of this one reading.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from src.modules.baskets.cart import Cart, Line
from src.modules.baskets.facts import Facts
from src.modules.baskets.lines import OpenRow, read_object, read_open_lines
from src.modules.baskets.question import OPENED
from src.modules.baskets.reading import Wanted, Whole, whole_with
from src.modules.baskets.repositories import Basket
from src.platform.database import Connection
from src.platform.told import told
from src.platform.wire import read_json

LOCK = "SELECT id FROM basket WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE"
LOCK_FREE = f"{LOCK} SKIP LOCKED"
RESERVE = "SELECT nextval('basket_item_id_seq') FROM generate_series(1, %s)"
AS_STORED = "SELECT told::jsonb::text FROM unnest(%s::text[]) WITH ORDINALITY AS asked (told, place) ORDER BY place"


class Content(NamedTuple):
    """The lines of a basket, and what is known of the products that a change is about."""

    cart: Cart
    facts: Mapping[int, Facts]


class Opened(NamedTuple):
    """A basket that this transaction has locked, with all that is known of it."""

    basket: Basket
    content: Content
    # As it is now; products that were asked about are among its lines, without any units.
    whole: Whole
    rows: Mapping[int, OpenRow]
    # What is known of each product, in one of the rows that are about it.
    products: Mapping[int, OpenRow]
    # Those of lines to come.
    ids: list[int]
    # What a change makes of the basket's version and date.
    next_version: int
    moment: datetime


async def open_baskets(connection: Connection, wanted: Sequence[Wanted], *, waiting: bool) -> list[Opened | None]:
    """Lock baskets, then read them: one round trip in a pipeline.

    None for one that is gone or, unless `waiting`, that somebody else works on.
    """
    ids = f"{{{','.join([str(each.basket_id) for each in wanted])}}}"
    lock = await connection.execute(LOCK if waiting else LOCK_FREE, (ids,), binary=True)
    # A statement of its own: nobody else can change these baskets any more when its snapshot is taken.
    read = await connection.execute(OPENED, {"asked": told(wanted)}, binary=True)
    locked = {row[0] for row in await lock.fetchall()}
    rows = {row[-1]: row for row in await read.fetchall()}
    return [
        _opened(rows[place]) if each.basket_id in locked and place in rows else None
        for place, each in enumerate(wanted, 1)
    ]


async def give_ids(connection: Connection, opened: Collection[Opened]) -> None:
    """Give new lines their ids; those of sub-items are behind those of all lines."""
    new = [(each, line) for each in opened for line in _new(each.content.cart)]
    short = []
    for each, line in new:
        if each.ids:
            line.id = each.ids.pop(0)
        else:
            short.append(line)
    if short:
        cursor = await connection.execute(RESERVE, (len(short),))
        for line, (line_id,) in zip(short, await cursor.fetchall(), strict=True):
            line.id = line_id


async def as_stored(connection: Connection, texts: Collection[str]) -> dict[str, msgspec.Raw]:
    """JSON as it will be read when it is stored: the database has its own way of writing it."""
    if not texts:
        return {}
    rows = await (await connection.execute(AS_STORED, (list(texts),))).fetchall()
    return {text: msgspec.Raw(row[0].encode()) for text, row in zip(texts, rows, strict=True)}


def _new(cart: Cart) -> list[Line]:
    lines = [line for line in cart.lines if line.id is None]
    return lines + [part for line in cart.lines for part in line.parts if part.id is None]


def _opened(row: tuple[Any, ...]) -> Opened:
    rows = read_open_lines(row[21])
    whole = whole_with(row, rows)
    state = whole.state
    currency_type, is_overdue, next_version, moment, _ = row[22:]
    asked_about = [row for row in rows if not row.quantity or row.parent_id is not None]
    return Opened(
        basket=Basket(
            id=row[7],
            status=row[9],
            version=row[8],
            user_id=state.user_id,
            namespace=whole.namespace,
            currency_type=currency_type,
            voucher_code=whole.voucher_code,
            external_offer_code=whole.external_offer_code,
            is_overdue=is_overdue,
        ),
        content=Content(Cart(_lines(rows)), {row.product_id: _facts(row, state.currency) for row in asked_about}),
        whole=whole,
        rows={row.id: row for row in rows},
        products={row.product_id: row for row in rows},
        ids=[row.id for row in rows if not row.quantity],
        next_version=next_version,
        moment=moment,
    )


def _facts(row: OpenRow, currency: str) -> Facts:
    return Facts(
        product_id=row.product_id,
        is_active=row.is_for_sale,
        unit_price=_amount(row.price),
        currency_type=None if row.price is None else currency,
        tax_rate=_decimal(row.tax_rate),
        stock=row.stock,
        in_stock=row.in_stock,
        data_source_id=row.data_source_id,
    )


def _lines(rows: Sequence[OpenRow]) -> list[Line]:
    """The lines with their sub-items on them."""
    found: dict[int, Line] = {}
    lines: list[Line] = []
    for row in rows:
        if not row.quantity:
            continue
        line = found[row.id] = Line(
            id=row.id,
            product_id=row.product_id,
            quantity=row.quantity,
            reference=row.reference,
            attributes=read_object(row.attributes),
            inquiry=read_json(bytes(row.inquiry)),
            unit_price=_amount(row.seen_price),
            currency_type=row.seen_currency,
            tax_rate=_decimal(row.seen_tax_rate),
            data_source_id=row.seen_data_source,
            offer_ids=row.seen_offers,
        )
        (lines if row.parent_id is None else found[row.parent_id].parts).append(line)
    return lines


def _amount(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
