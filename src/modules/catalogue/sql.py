"""What a shopper sees of a product, as pieces of SQL for every statement that needs it.

Who pays what (contract): the lists of the shopper's segment come first, then those of the product's data source, then
the default lists; a list without a row for the product falls through to the next. A price in the wanted currency on
any of these lists wins over every price in the default currency.

Each function takes the names of SQL expressions, never values.
"""

from src.modules.catalogue.models import DEFAULT_LIST_ID


def price_lateral(*, segment_list: str, wanted_currency: str, default_currency: str) -> str:
    """`price`: what applies to `product` with `data_source` beside it of product_price; null when nothing does."""
    return f"""
LEFT JOIN LATERAL (
    SELECT offered.price, offered.retail_price, offered.currency_type, offered.price_type, offered.tax_rate
    FROM product_price AS offered
    WHERE offered.product_id = product.id AND offered.price_type = 'default'
      AND offered.currency_type IN ({wanted_currency}, {default_currency})
      AND offered.price_list_id IN ({segment_list}, data_source.price_list_id, {DEFAULT_LIST_ID})
    ORDER BY offered.currency_type = {wanted_currency} DESC,
             coalesce(offered.price_list_id = {segment_list}, false) DESC,
             coalesce(offered.price_list_id = data_source.price_list_id, false) DESC
    LIMIT 1
) AS price ON true"""


def stock_lateral(*, segment_list: str) -> str:
    """`stock`: what applies to `product` with `data_source` beside it of product_stock; null when nothing does."""
    return f"""
LEFT JOIN LATERAL (
    SELECT held.stock, held.in_stock, held.unit_type
    FROM product_stock AS held
    WHERE held.product_id = product.id
      AND held.stock_list_id IN ({segment_list}, data_source.stock_list_id, {DEFAULT_LIST_ID})
    ORDER BY coalesce(held.stock_list_id = {segment_list}, false) DESC,
             coalesce(held.stock_list_id = data_source.stock_list_id, false) DESC
    LIMIT 1
) AS stock ON true"""


def has_price(*, currency: str, segment_list: str) -> str:
    """Whether anything has a price in the currency on any list that applies to the shopper."""
    return f"""EXISTS (
    SELECT FROM product_price AS offered
    WHERE offered.currency_type = {currency} AND offered.price_type = 'default' AND offered.price_list_id = ANY(
        ARRAY[{segment_list}, {DEFAULT_LIST_ID}]
        || ARRAY(SELECT price_list_id FROM data_source WHERE price_list_id IS NOT NULL)))"""


DATA_SOURCE_JOIN = "LEFT JOIN data_source ON data_source.id = product.data_source_id"
AVAILABLE = "(product.is_active AND coalesce(stock.in_stock, false))"
EPOCH = "(SELECT version FROM catalogue_epoch)"

# A dtos.ProductRow, field by field; needs `product`, its `state`, DATA_SOURCE_JOIN, PRODUCT_JOINS and both laterals.
PRODUCT_COLUMNS = {
    "id": "product.id",
    "version": "state.version",
    "uuid": "product.uuid",
    "sku": "product.sku",
    "base_code": "product.base_code",
    "name": "product.name",
    "product_type": "product.product_type",
    "is_active": "product.is_active",
    "is_parent": "EXISTS (SELECT FROM product AS child WHERE child.parent_id = product.id)",
    "slug": "product.slug",
    "url_path": "product.url_path",
    "translations": "product.translations",
    "attributes": "product.attributes",
    "attributes_kwargs": "product.attributes_kwargs",
    "extra_attributes": "product.extra_attributes",
    "attribute_set": "product.attribute_set",
    "parent_id": "parent.id",
    "parent_uuid": "parent.uuid",
    "parent_slug": "parent.slug",
    "parent_name": "parent.name",
    "price": "price.price",
    "retail_price": "price.retail_price",
    "currency_type": "price.currency_type",
    "price_type": "price.price_type",
    "tax_rate": "price.tax_rate",
    "stock": "stock.stock",
    "in_stock": "coalesce(stock.in_stock, false)",
    "unit_type": "stock.unit_type",
    "images": "coalesce(images.images, '[]'::jsonb)",
    "data_source": """CASE WHEN data_source.id IS NOT NULL THEN jsonb_build_object(
        'pk', data_source.id, 'name', data_source.name, 'slug', data_source.slug, 'title', data_source.title,
        'supplier_code', data_source.supplier_code, 'address', data_source.address, 'email', data_source.email,
        'phone_number', data_source.phone_number, 'fax_number', data_source.fax_number,
        'kep_address', data_source.kep_address, 'mersis_number', data_source.mersis_number,
        'trade_association', data_source.trade_association, 'extras', data_source.extras,
        'price_list', data_source.price_list_id, 'stock_list', data_source.stock_list_id,
        'is_active', data_source.is_active) END""",
    "category_nodes": "product.category_nodes",
    "is_seller_product": "product.is_seller_product",
    "listing_code": "product.listing_code",
    "is_form_required": "product.is_form_required",
    "is_listable": "product.is_listable",
    "custom_attribute_set": "product.custom_attribute_set",
    "group_products": "product.group_products",
}
PRODUCT_JOINS = """
LEFT JOIN product AS parent ON parent.id = product.parent_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('pk', id, 'status', status, 'image', image, 'order', "order",
                                        'created_date', created_date) ORDER BY "order", id) AS images
    FROM product_image WHERE product_image.product_id = product.id AND status = 'active'
) AS images ON true"""
