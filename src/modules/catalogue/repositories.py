"""Reads of the catalogue: products as a shopper sees them, in one statement and one snapshot."""

from collections.abc import Sequence

from src.modules.catalogue.dtos import PriceContext, ProductRow
from src.modules.catalogue.sql import (
    DATA_SOURCE_JOIN,
    PRODUCT_COLUMNS,
    PRODUCT_JOINS,
    price_lateral,
    stock_lateral,
)
from src.platform.database import Connection

PRODUCTS = f"""
SELECT {", ".join(PRODUCT_COLUMNS.values())}
FROM product
JOIN product_state AS state ON state.product_id = product.id
{DATA_SOURCE_JOIN}
{PRODUCT_JOINS}
{
    price_lateral(
        segment_list="%(price_list)s::bigint",
        wanted_currency="%(wanted)s::text",
        default_currency="%(default)s::text",
    )
}
{stock_lateral(segment_list="%(stock_list)s::bigint")}
WHERE product.id = ANY(%(ids)s)
"""


async def products(connection: Connection, ids: Sequence[int], context: PriceContext) -> list[ProductRow]:
    """The products of these ids as the shopper of `context` sees them, in no particular order."""
    values = {
        "ids": list(ids),
        "price_list": context.price_list_id,
        "stock_list": context.stock_list_id,
        "wanted": context.wanted_currency,
        "default": context.default_currency,
    }
    cursor = await connection.execute(PRODUCTS, values, binary=True)
    return [ProductRow(*row) for row in await cursor.fetchall()]
