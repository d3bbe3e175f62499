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


DATA_SOURCE_JOIN = "LEFT JOIN data_source ON data_source.id = product.data_source_id"
AVAILABLE = "(product.is_active AND coalesce(stock.in_stock, false))"
EPOCH = "(SELECT version FROM catalogue_epoch)"
