"""The statements that store what a write made of baskets: of many as of one, and nothing waits for their answers.

What they are given belongs to baskets that this transaction has locked.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from src.modules.baskets.cart import Cart, Line
from src.modules.baskets.repositories import Basket
from src.platform.database import Connection
from src.platform.orm import next_version
from src.platform.told import told, told_rows

DELETE_LINES = "DELETE FROM basket_item WHERE id = ANY(%s)"
LINE = """
    id bigint, basket_id bigint, parent_id bigint, product_id bigint, quantity int, reference text, attributes jsonb,
    inquiry jsonb, unit_price numeric, currency_type text, tax_rate numeric, datasource bigint, offer_ids bigint[]"""
BASKET = """
    id bigint, version bigint, modified_date timestamptz, currency_type text, voucher_code text,
    external_offer_code text"""
SAVE = f"""
WITH kept AS (
    UPDATE basket_item AS line
    SET quantity = new.quantity, reference = new.reference, attributes = new.attributes, inquiry = new.inquiry,
        unit_price = new.unit_price, currency_type = new.currency_type, tax_rate = new.tax_rate,
        datasource = new.datasource, offer_ids = new.offer_ids, modified_date = clock_timestamp(),
        version = {next_version("line")}, changed_xid = DEFAULT
    FROM {told_rows("kept", "new", LINE)}
    WHERE line.id = new.id
), added AS (
    INSERT INTO basket_item (id, basket_id, parent_id, product_id, quantity, reference, attributes, inquiry,
                             unit_price, currency_type, tax_rate, datasource, offer_ids)
    SELECT new.* FROM {told_rows("new", "new", LINE)}
)
UPDATE basket
SET version = new.version, modified_date = new.modified_date, currency_type = new.currency_type,
    voucher_code = new.voucher_code, external_offer_code = new.external_offer_code, changed_xid = DEFAULT
FROM {told_rows("baskets", "new", BASKET)}
WHERE basket.id = new.id
"""


class Touched(NamedTuple):
    """A basket with fields of its own as they are to be, its next version and the time of it."""

    basket: Basket
    version: int
    modified_date: datetime


async def save(connection: Connection, changed: Collection[tuple[Touched, Cart]]) -> None:
    """Store baskets with their lines; new ones have their ids already, those taken out leave tombstones."""
    removed = [line for _, cart in changed for line in cart.removed]
    if removed:
        await connection.execute(DELETE_LINES, (removed,))
    kept, new = list[dict[str, Any]](), list[dict[str, Any]]()
    for touched, cart in changed:
        for line in cart.lines:
            for each in line.whole():
                if each.is_changed:
                    row = _line_told(touched.basket.id, None if each is line else line.id, each)
                    (kept if each.id in cart.stored else new).append(row)
    baskets = [_basket_told(touched) for touched, _ in changed]
    await connection.execute(SAVE, {"kept": told(kept), "new": told(new), "baskets": told(baskets)})


def _basket_told(touched: Touched) -> dict[str, Any]:
    basket = touched.basket
    return {
        "id": basket.id,
        "version": touched.version,
        "modified_date": touched.modified_date,
        "currency_type": basket.currency_type,
        "voucher_code": basket.voucher_code,
        "external_offer_code": basket.external_offer_code,
    }


def _line_told(basket_id: int, parent_id: int | None, line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "basket_id": basket_id,
        "parent_id": parent_id,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "reference": line.reference,
        "attributes": line.attributes,
        "inquiry": line.inquiry,
        "unit_price": line.unit_price,
        "currency_type": line.currency_type,
        "tax_rate": line.tax_rate,
        "datasource": line.data_source_id,
        "offer_ids": line.offer_ids,
    }
