"""What may be fed into the catalogue, and the rules that its rows come in by."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from src.modules.catalogue import shown
from src.modules.catalogue.merge import (
    EPOCH_EFFECTS,
    IMAGE_EFFECTS,
    PRICE_EFFECTS,
    PRODUCT_EFFECTS,
    STOCK_EFFECTS,
)
from src.modules.catalogue.models import (
    DEFAULT_LIST_ID,
    CategoryNode,
    DataSource,
    Market,
    PriceList,
    Product,
    ProductImage,
    ProductPrice,
    ProductStock,
    Segment,
    StockList,
)
from src.platform.resources import Columns, Resource, Rule, UnfitRow, table_of

CATALOGUE_LOCK = 1
MAX_STOCK = 2**31 - 1
# Prices and stocks that name no list go to the default ones.
ALWAYS_THERE = f"{{id}} = {DEFAULT_LIST_ID}"


class Translation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a product is called and said to be in one language."""

    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET


def name_product(columns: Columns) -> None:
    """A row may tell `sku` instead of `product`."""
    skus = columns.pop("sku")
    if skus.count(UNSET) == len(skus):
        return
    products = columns["product"]
    if any(sku is not UNSET and product is not UNSET for sku, product in zip(skus, products, strict=True)):
        raise UnfitRow("sku", "tell either product or sku")
    columns["product"] = [product if sku is UNSET else sku for sku, product in zip(skus, products, strict=True)]


def _complete_price(columns: Columns) -> None:
    name_product(columns)
    columns["currency_type"] = _lower(columns["currency_type"])


def _lower(texts: Sequence[Any]) -> Sequence[Any]:
    if set(map(type, texts)) == {str} and "".join(texts).islower():
        return texts
    return [text.lower() if isinstance(text, str) else text for text in texts]


def _complete_stock(columns: Columns) -> None:
    """A number of units tells whether there are any, unless the row says so itself."""
    name_product(columns)
    columns["in_stock"] = [
        stock > 0 if available is UNSET and isinstance(stock, int) else available
        for stock, available in zip(columns["stock"], columns["in_stock"], strict=True)
    ]


PRODUCTS = Resource(
    path="products/products",
    table=table_of(Product),
    content_type="products.product",
    lock=CATALOGUE_LOCK,
    shown=shown.PRODUCTS,
    key=("sku",),
    named_by={"market_id": "uuid"},
    types={"translations": dict[str, Translation]},
    rules=(
        Rule("sku", "sku <> ''", "must not be empty"),
        Rule(
            "category_nodes",
            "NOT EXISTS (SELECT FROM unnest(category_nodes) AS named (id)"
            " WHERE NOT EXISTS (SELECT FROM category_node WHERE category_node.id = named.id))",
            "names a category node that does not exist",
        ),
        Rule("parent", "parent_id <> coalesce(target, id)", "must not be the product itself"),
    ),
    effects=PRODUCT_EFFECTS,
    versioned="sku || ' -- ' || name",
    # Favourites and baskets keep a product that is gone, so its row stays. It is gone, and not merely inactive, while
    # nothing has touched it since its tombstone was written.
    ending=(
        "is_active = false, modified_date = now()",
        """is_active OR NOT EXISTS (
            SELECT FROM deleted_item JOIN content_type ON content_type.id = deleted_item.content_type_id
            WHERE (content_type.app_label, content_type.model) = ('products', 'product')
              AND deleted_item.object_id = product.id::text AND deleted_item.deleted_date = product.modified_date)""",
    ),
)
PRODUCT_IMAGES = Resource(
    path="products/product-images",
    table=table_of(ProductImage),
    content_type="products.productimage",
    lock=CATALOGUE_LOCK,
    shown=shown.PRODUCT_IMAGES,
    named_by={"product_id": "sku"},
    types={"sku": str},
    complete=name_product,
    effects=IMAGE_EFFECTS,
)
PRODUCT_PRICES = Resource(
    path="catalogs/product-prices",
    table=table_of(ProductPrice),
    content_type="catalogs.productprice",
    lock=CATALOGUE_LOCK,
    shown=shown.PRODUCT_PRICES,
    key=("product_id", "price_list_id", "currency_type", "price_type"),
    named_by={"product_id": "sku"},
    types={"sku": str},
    rules=(
        Rule("price", "price >= 0", "must not be negative"),
        Rule("retail_price", "retail_price >= 0", "must not be negative"),
        Rule("tax_rate", "tax_rate >= 0", "must not be negative"),
        Rule("currency_type", "currency_type ~ '^[a-z]{3}$'", "must be a currency code of three letters"),
    ),
    complete=_complete_price,
    effects=PRICE_EFFECTS,
)
PRODUCT_STOCKS = Resource(
    path="catalogs/product-stocks",
    table=table_of(ProductStock),
    content_type="catalogs.productstock",
    lock=CATALOGUE_LOCK,
    key=("product_id", "stock_list_id"),
    named_by={"product_id": "sku"},
    types={"sku": str, "stock": Annotated[int, msgspec.Meta(ge=0, le=MAX_STOCK)]},
    complete=_complete_stock,
    effects=STOCK_EFFECTS,
)
PRICE_LISTS = Resource(
    path="catalogs/price-lists",
    table=table_of(PriceList),
    content_type="catalogs.pricelist",
    lock=CATALOGUE_LOCK,
    effects=EPOCH_EFFECTS,
    in_use=(ALWAYS_THERE,),
)
STOCK_LISTS = Resource(
    path="catalogs/stock-lists",
    table=table_of(StockList),
    content_type="catalogs.stocklist",
    lock=CATALOGUE_LOCK,
    effects=EPOCH_EFFECTS,
    in_use=(ALWAYS_THERE,),
)
DATA_SOURCES = Resource(
    path="catalogs/data-sources",
    table=table_of(DataSource),
    content_type="catalogs.datasource",
    lock=CATALOGUE_LOCK,
    effects=EPOCH_EFFECTS,
)
SEGMENTS = Resource(
    path="catalogs/segments",
    table=table_of(Segment),
    content_type="catalogs.segment",
    lock=CATALOGUE_LOCK,
    effects=EPOCH_EFFECTS,
)
MARKETS = Resource(
    path="catalogs/markets",
    table=table_of(Market),
    content_type="catalogs.market",
    lock=CATALOGUE_LOCK,
    effects=EPOCH_EFFECTS,
)
CATEGORY_NODES = Resource(
    path="catalogs/category-nodes",
    table=table_of(CategoryNode),
    content_type="catalogs.categorynode",
    lock=CATALOGUE_LOCK,
    shown=shown.CATEGORY_NODES,
    in_use=("EXISTS (SELECT FROM product WHERE category_nodes @> ARRAY[{id}::bigint])",),
)

RESOURCES = (
    PRODUCTS,
    PRODUCT_IMAGES,
    PRODUCT_PRICES,
    PRODUCT_STOCKS,
    PRICE_LISTS,
    STOCK_LISTS,
    DATA_SOURCES,
    SEGMENTS,
    MARKETS,
    CATEGORY_NODES,
)
