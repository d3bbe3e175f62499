"""The catalogue: what is for sale, at which price, how much of it is there, and the log of what changed."""

from src.modules.catalogue.dtos import CommerceProduct, PriceContext, StorefrontProduct
from src.modules.catalogue.merge_feed import FEED_PARTS, PARENT_SKU
from src.modules.catalogue.merge_feed_items import StagedFeed
from src.modules.catalogue.resources import RESOURCES
from src.modules.catalogue.rules import wanted_currency
from src.modules.catalogue.services import ProductViews
from src.modules.catalogue.sql import AVAILABLE, DATA_SOURCE_JOIN, EPOCH, price_lateral, stock_lateral

__all__ = (
    "AVAILABLE",
    "DATA_SOURCE_JOIN",
    "EPOCH",
    "FEED_PARTS",
    "PARENT_SKU",
    "RESOURCES",
    "CommerceProduct",
    "PriceContext",
    "ProductViews",
    "StagedFeed",
    "StorefrontProduct",
    "price_lateral",
    "stock_lateral",
    "wanted_currency",
)
