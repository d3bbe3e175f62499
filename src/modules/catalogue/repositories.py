"""Reads of the catalogue: products as a shopper sees them, in one statement and one snapshot."""

from collections.abc import Sequence

from psycopg.rows import class_row

from src.modules.catalogue.dtos import PriceContext, ProductRow
from src.modules.catalogue.sql import DATA_SOURCE_JOIN, price_lateral, stock_lateral
from src.platform.database import Connection

PRODUCTS = f"""
SELECT product.id, state.version, product.uuid, product.sku, product.base_code, product.name, product.product_type,
       product.is_active, EXISTS (SELECT FROM product AS child WHERE child.parent_id = product.id) AS is_parent,
       product.slug, product.url_path, product.translations, product.attributes, product.attributes_kwargs,
       product.extra_attributes, product.attribute_set,
       parent.id AS parent_id, parent.uuid AS parent_uuid, parent.slug AS parent_slug, parent.name AS parent_name,
       price.price, price.retail_price, price.currency_type, price.price_type, price.tax_rate,
       stock.stock, coalesce(stock.in_stock, false) AS in_stock, stock.unit_type,
       coalesce(images.images, '[]'::jsonb) AS images,
       CASE WHEN data_source.id IS NOT NULL THEN jsonb_build_object(
           'pk', data_source.id, 'name', data_source.name, 'slug', data_source.slug, 'title', data_source.title,
           'supplier_code', data_source.supplier_code, 'address', data_source.address, 'email', data_source.email,
           'phone_number', data_source.phone_number, 'fax_number', data_source.fax_number,
           'kep_address', data_source.kep_address, 'mersis_number', data_source.mersis_number,
           'trade_association', data_source.trade_association, 'extras', data_source.extras,
           'price_list', data_source.price_list_id, 'stock_list', data_source.stock_list_id,
           'is_active', data_source.is_active) END AS data_source
FROM product
JOIN product_state AS state ON state.product_id = product.id
{DATA_SOURCE_JOIN}
LEFT JOIN product AS parent ON parent.id = product.parent_id
{
    price_lateral(
        segment_list="%(price_list)s::bigint",
        wanted_currency="%(wanted)s::text",
        default_currency="%(default)s::text",
    )
}
{stock_lateral(segment_list="%(stock_list)s::bigint")}
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('pk', id, 'status', status, 'image', image, 'order', "order",
                                        'created_date', created_date) ORDER BY "order", id) AS images
    FROM product_image WHERE product_image.product_id = product.id AND status = 'active'
) AS images ON true
WHERE product.id = ANY(%(ids)s)
"""


async def products(connection: Connection, ids: Sequence[int], context: PriceContext) -> list[ProductRow]:
    """The products of these ids as the shopper of `context` sees them, in no particular order."""
    async with connection.cursor(row_factory=class_row(ProductRow), binary=True) as cursor:
        await cursor.execute(
            PRODUCTS,
            {
                "ids": list(ids),
                "price_list": context.price_list_id,
                "stock_list": context.stock_list_id,
                "wanted": context.wanted_currency,
                "default": context.default_currency,
            },
        )
        return await cursor.fetchall()
