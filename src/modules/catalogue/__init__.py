"""The catalogue: what is for sale, at which price, how much of it is there, and the log of what changed."""

from src.modules.catalogue.dtos import CollectedProduct, CommerceProduct, PriceContext, ProductRow, StorefrontProduct
from src.modules.catalogue.log_weeks import log_partitions, make_log_weeks
from src.modules.catalogue.merge_feed import FEED_PARTS, PARENT_SKU
from src.modules.catalogue.merge_feed_items import StagedFeed
from src.modules.catalogue.models import DEFAULT_LIST_ID
from src.modules.catalogue.personal import IMPERSONAL, PERSONAL
from src.modules.catalogue.resources import RESOURCES, name_product
from src.modules.catalogue.rules import read_currency, slugify, wanted_currency
from src.modules.catalogue.services import Extras, Products, ProductViews, rendered
from src.modules.catalogue.sql import (
    AVAILABLE,
    DATA_SOURCE_JOIN,
    EPOCH,
    PRODUCT_COLUMNS,
    PRODUCT_JOINS,
    has_price,
    price_lateral,
    stock_lateral,
)

__all__ = (
    "AVAILABLE",
    "DATA_SOURCE_JOIN",
    "DEFAULT_LIST_ID",
    "EPOCH",
    "FEED_PARTS",
    "IMPERSONAL",
    "PARENT_SKU",
    "PERSONAL",
    "PRODUCT_COLUMNS",
    "PRODUCT_JOINS",
    "RESOURCES",
    "CollectedProduct",
    "CommerceProduct",
    "Extras",
    "PriceContext",
    "ProductRow",
    "ProductViews",
    "Products",
    "StagedFeed",
    "StorefrontProduct",
    "has_price",
    "log_partitions",
    "make_log_weeks",
    "name_product",
    "price_lateral",
    "read_currency",
    "rendered",
    "slugify",
    "stock_lateral",
    "wanted_currency",
)
