"""What a statement reads of a line: itself, its product and what applies to its shopper now, prices in cents."""

from collections.abc import Sequence
from typing import Any

import msgspec

from src.modules.catalogue import DATA_SOURCE_JOIN, price_lateral, stock_lateral
from src.modules.offers import static_collections
from src.platform.wire import read_json


class LineRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A line as it was read. `seen_*` is what the shopper saw when it was last written."""

    id: int
    product_id: int
    quantity: int
    attributes: msgspec.Raw
    attributes_kwargs: msgspec.Raw
    image: str | None
    parent_id: int | None
    seen_price: int | None
    seen_currency: str | None
    seen_offers: tuple[int, ...]
    product_version: int
    sku: str
    base_code: str | None
    name: str
    # Neither is a product that was taken out of sale, nor one that only stands for its variants.
    is_for_sale: bool
    from_data_source: bool
    category_nodes: tuple[int, ...]
    product_attributes: msgspec.Raw
    # Those that list the product one by one.
    collections: tuple[int, ...] | None
    # In the basket's currency; None when there is none.
    price: int | None
    retail_price: int | None
    tax_rate: str | None
    stock: int | None
    in_stock: bool


class OpenRow(LineRow, array_like=True, frozen=True, gc=False):
    """A line of a basket that is about to be changed; a product that is only asked about has no units."""

    reference: str
    inquiry: msgspec.Raw
    seen_tax_rate: str | None
    seen_data_source: int | None
    data_source_id: int | None


def _cents(amount: str) -> str:
    return f"({amount} * 100)::bigint"


FIELDS = f"""
line.id, line.product_id, line.quantity, line.attributes, line.attributes_kwargs, line.image, line.parent_id,
{_cents("line.unit_price")}, line.currency_type, line.offer_ids,
state.version, product.sku, product.base_code, product.name,
product.is_active AND NOT EXISTS (SELECT FROM product AS child WHERE child.parent_id = product.id),
product.data_source_id IS NOT NULL, product.category_nodes, product.attributes,
{static_collections("product.id")},
{_cents("price.price")}, {_cents("price.retail_price")}, price.tax_rate::text,
stock.stock, coalesce(stock.in_stock, false)"""
OPEN_FIELDS = f"""{FIELDS},
line.reference, line.inquiry, line.tax_rate::text, line.datasource, product.data_source_id"""
_ROWS: msgspec.json.Decoder[list[LineRow]] = msgspec.json.Decoder(list[LineRow])
_OPEN_ROWS: msgspec.json.Decoder[list[OpenRow]] = msgspec.json.Decoder(list[OpenRow])


def content(lines: str, condition: str, fields: str = FIELDS) -> str:
    """`content.lines`: the lines of `visit`, as JSON, with the prices in `money.currency` that apply to it."""
    prices = price_lateral(
        segment_list="visit.price_list_id", wanted_currency="money.currency", default_currency="money.currency"
    )
    return f"""
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array({fields}) ORDER BY line.id) AS lines
    FROM {lines}
    JOIN product ON product.id = line.product_id
    JOIN product_state AS state ON state.product_id = product.id
    {DATA_SOURCE_JOIN}
    {prices}
    {stock_lateral(segment_list="visit.stock_list_id")}
    WHERE {condition}
) AS content ON true"""


def read_lines(text: str | None) -> Sequence[LineRow]:
    """The lines that `content` tells, the oldest first."""
    return _ROWS.decode(text) if text else []


def read_open_lines(text: str | None) -> Sequence[OpenRow]:
    """The same of OPEN_FIELDS."""
    return _OPEN_ROWS.decode(text) if text else []


def read_object(raw: msgspec.Raw) -> dict[str, Any]:
    """A JSON object of a line."""
    text = bytes(raw)
    known: dict[str, Any] = {} if text == b"{}" else read_json(text)
    return known
