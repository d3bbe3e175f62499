"""What a merchant feed means for the catalogue, as statements over its staged items (merge_feed_items.py).

Each fills `incoming_row` of an import of one of the catalogue's resources, so a feed goes in by the same rules as any
other rows. Null in an item is what the feed does not tell.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from src.modules.catalogue.resources import PRODUCT_IMAGES, PRODUCT_PRICES, PRODUCT_STOCKS, PRODUCTS
from src.platform.resources import Filling, Resource

# The sku of the parent of a group of items; items may not begin with it, so that neither takes the other's place.
PARENT_SKU = "group:"
PARENT_TYPE = "1"

_TRANSLATIONS = """
coalesce(stored.translations, '{}') || jsonb_build_object(%(language)s::text,
    coalesce(stored.translations -> %(language)s::text, '{}')
    || jsonb_strip_nulls(jsonb_build_object('name', item.name, 'description', item.description)))"""
# What the shop says of an attribute stays as long as its value does.
_ATTRIBUTES_KWARGS = """
coalesce(stored.attributes_kwargs, '{}') || (
    SELECT jsonb_object_agg(key, CASE
        WHEN stored.attributes_kwargs -> key ->> 'value' = value THEN stored.attributes_kwargs -> key
        ELSE jsonb_build_object('value', value, 'label', value) END)
    FROM jsonb_each_text(item.attributes))"""
_CATEGORY_NODES = "ARRAY[category.node_id]", "category.node_id IS NOT NULL"
_CATEGORY = "LEFT JOIN feed_category AS category ON category.names = item.categories"


def _filling(
    resource: Resource, told: Mapping[str, str], perhaps: Mapping[str, tuple[str, str]], source: str
) -> Filling:
    """Rows from `source` that tell the columns of `told`, and each of `perhaps` where its condition holds."""
    always, ever = _bits(resource, told), _bits(resource, [*told, *perhaps])
    masks = (
        f"CASE WHEN {condition} THEN {resource.by_column[column].bit}::bigint ELSE 0 END"
        for column, (_, condition) in perhaps.items()
    )
    values = {
        "row": "item.row",
        "given": " | ".join([f"{always}::bigint", *masks]),
        **told,
        **{column: f"CASE WHEN {condition} THEN {value} END" for column, (value, condition) in perhaps.items()},
    }
    columns = ", ".join(f'"{column}"' for column in values)
    statement = f"INSERT INTO incoming_row ({columns}) SELECT {', '.join(values.values())} FROM {source}"
    return Filling(statement, always, ever, frozenset((*told, *perhaps)))


def _bits(resource: Resource, columns: Iterable[str]) -> int:
    return sum(resource.by_column[column].bit for column in columns)


# A group of several items has a parent, which is called like the first of them by code.
PARENTS = _filling(
    PRODUCTS,
    {
        "sku": f"'{PARENT_SKU}' || item.base_code",
        "name": "item.name",
        "base_code": "item.base_code",
        "product_type": f"'{PARENT_TYPE}'",
        "is_active": "true",
        "translations": _TRANSLATIONS,
    },
    {"url_path": ("item.url_path", "item.url_path IS NOT NULL"), "category_nodes": _CATEGORY_NODES},
    f"""(
        SELECT DISTINCT ON (base_code) * FROM feed_item
        WHERE name IS NOT NULL
          AND base_code IN (SELECT base_code FROM feed_item GROUP BY base_code HAVING count(*) > 1)
        ORDER BY base_code, sku COLLATE "C"
    ) AS item
    LEFT JOIN product AS stored ON stored.sku = '{PARENT_SKU}' || item.base_code
    {_CATEGORY}""",
)
# A parent that the shop has given to a product itself stays.
_PARENT_ID = f"""
CASE WHEN current.id IS NULL OR starts_with(current.sku, '{PARENT_SKU}') THEN parent.id ELSE current.id END"""
ITEMS = _filling(
    PRODUCTS,
    {"sku": "item.sku", "is_active": "true"},
    {
        "name": ("item.name", "item.name IS NOT NULL"),
        "base_code": ("item.base_code", "item.base_code IS NOT NULL"),
        "parent_id": (_PARENT_ID, "item.base_code IS NOT NULL"),
        "url_path": ("item.url_path", "item.url_path IS NOT NULL"),
        "category_nodes": _CATEGORY_NODES,
        "translations": (_TRANSLATIONS, "coalesce(item.name, item.description) IS NOT NULL"),
        "attributes": ("coalesce(stored.attributes, '{}') || item.attributes", "item.attributes <> '{}'"),
        "attributes_kwargs": (_ATTRIBUTES_KWARGS, "item.attributes <> '{}'"),
    },
    f"""feed_item AS item
    LEFT JOIN product AS stored ON stored.sku = item.sku
    LEFT JOIN product AS current ON current.id = stored.parent_id
    LEFT JOIN product AS parent ON parent.sku = '{PARENT_SKU}' || item.base_code
    {_CATEGORY}""",
)
_PRODUCT = "feed_item AS item JOIN product ON product.sku = item.sku"
PRICES = _filling(
    PRODUCT_PRICES,
    {
        "product_id": "product.id",
        "currency_type": "item.currency",
        "price": "item.price",
        "retail_price": "item.retail_price",
    },
    {},
    f"{_PRODUCT} WHERE item.price IS NOT NULL",
)
STOCKS = _filling(
    PRODUCT_STOCKS,
    {"product_id": "product.id", "stock": "item.stock", "in_stock": "item.in_stock"},
    {},
    f"{_PRODUCT} WHERE item.in_stock IS NOT NULL",
)
IMAGES = _filling(
    PRODUCT_IMAGES,
    {
        "id": "stored.id",
        "product_id": "product.id",
        "image": "told.image",
        "order": "told.place - 1",
    },
    {},
    f"""{_PRODUCT} CROSS JOIN unnest(item.images) WITH ORDINALITY AS told (image, place)
    CROSS JOIN LATERAL (
        SELECT min(id) AS id FROM product_image WHERE product_id = product.id AND product_image.image = told.image
    ) AS stored""",
)


class FeedPart(NamedTuple):
    """One of the resources that a feed fills: its rows, and what notes the products that they really changed."""

    resource: Resource
    filling: Filling
    touched: str


_TOUCHED = "INSERT INTO feed_touched SELECT new_product_id, false FROM merged"
_TOUCHED_PRODUCTS = "INSERT INTO feed_touched SELECT new_id, action = 'INSERT' FROM merged"
# In this order: each finds what those before it have made.
FEED_PARTS = (
    FeedPart(PRODUCTS, PARENTS, _TOUCHED_PRODUCTS),
    FeedPart(PRODUCTS, ITEMS, _TOUCHED_PRODUCTS),
    FeedPart(PRODUCT_PRICES, PRICES, _TOUCHED),
    FeedPart(PRODUCT_STOCKS, STOCKS, _TOUCHED),
    FeedPart(PRODUCT_IMAGES, IMAGES, _TOUCHED),
)
