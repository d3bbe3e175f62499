"""What follows when rows of the catalogue change: the change log, the products' versions, and the epoch.

Each is part of the statement that makes the change and reads only what really changed (`resources.Effects`).
"""

from src.platform.resources import Effects


def _bump(products: str) -> str:
    """Move the version of each product that `products` selects as `product_id`; nulls and repeats are fine."""
    return f"""
    INSERT INTO product_state AS state (product_id)
    SELECT DISTINCT product_id FROM ({products}) AS shown WHERE product_id IS NOT NULL
    ON CONFLICT (product_id) DO UPDATE SET version = state.version + 1"""


BUMP_PRODUCTS = _bump("""
    SELECT coalesce(new_product_id, old_product_id) AS product_id FROM merged
    UNION ALL
    SELECT old_product_id FROM merged WHERE old_product_id <> new_product_id""")

# A child shows the name, the slug and the uuid of its parent; a parent shows whether it has children.
BUMP_FAMILIES = _bump("""
    SELECT coalesce(new_id, old_id) AS product_id FROM merged
    UNION ALL
    SELECT child.id FROM merged JOIN product AS child ON child.parent_id = merged.old_id
    WHERE (old_uuid, old_slug, old_name) IS DISTINCT FROM (new_uuid, new_slug, new_name)
    UNION ALL
    SELECT parent.product_id FROM merged, LATERAL (VALUES (old_parent_id), (new_parent_id)) AS parent (product_id)
    WHERE old_parent_id IS DISTINCT FROM new_parent_id""")

MOVE_EPOCH = "UPDATE catalogue_epoch SET version = version + 1 WHERE EXISTS (SELECT FROM merged)"
# What shoppers' favourites are kept under in caches: the uuids of products and of their parents.
MOVE_EPOCH_WITH_FAMILIES = """
    UPDATE catalogue_epoch SET version = version + 1 WHERE EXISTS (
        SELECT FROM merged
        WHERE old_id IS NOT NULL AND (old_uuid, old_parent_id) IS DISTINCT FROM (new_uuid, new_parent_id))"""

# A row that moved to another product, list or currency leaves one place and appears in another.
LOG_PRICES = """
    INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
    WITH told AS (
        SELECT *, (old_product_id, old_price_list_id, old_currency_type, old_price_type)
                  IS NOT DISTINCT FROM (new_product_id, new_price_list_id, new_currency_type, new_price_type) AS stayed
        FROM merged
    )
    SELECT old_product_id, 'price', old_price_list_id, old_currency_type, old_price,
           CASE WHEN stayed THEN new_price END
    FROM told WHERE old_price_type = 'default' AND (NOT stayed OR old_price <> new_price)
    UNION ALL
    SELECT new_product_id, 'price', new_price_list_id, new_currency_type, NULL, new_price
    FROM told WHERE new_price_type = 'default' AND NOT stayed"""

LOG_AVAILABILITY = """
    INSERT INTO catalogue_change (product_id, kind, stock_list_id, old_available, new_available)
    WITH told AS (
        SELECT *, (old_product_id, old_stock_list_id)
                  IS NOT DISTINCT FROM (new_product_id, new_stock_list_id) AS stayed
        FROM merged
    )
    SELECT old_product_id, 'availability', old_stock_list_id, old_in_stock, CASE WHEN stayed THEN new_in_stock END
    FROM told WHERE old_product_id IS NOT NULL AND (NOT stayed OR old_in_stock <> new_in_stock)
    UNION ALL
    SELECT new_product_id, 'availability', new_stock_list_id, NULL, new_in_stock
    FROM told WHERE new_product_id IS NOT NULL AND NOT stayed"""

# Nobody waits for a product that has just been made, so its first activity is no change.
LOG_ACTIVITY = """
    INSERT INTO catalogue_change (product_id, kind, old_available, new_available)
    SELECT old_id, 'activity', old_is_active, new_is_active
    FROM merged WHERE old_id IS NOT NULL AND old_is_active IS DISTINCT FROM new_is_active"""

PRODUCT_EFFECTS = Effects(
    ("id", "uuid", "slug", "name", "parent_id", "is_active"),
    {"bumped": BUMP_FAMILIES, "logged": LOG_ACTIVITY, "moved": MOVE_EPOCH_WITH_FAMILIES},
)
PRICE_EFFECTS = Effects(
    ("product_id", "price_list_id", "currency_type", "price_type", "price"),
    {"bumped": BUMP_PRODUCTS, "logged": LOG_PRICES},
)
STOCK_EFFECTS = Effects(
    ("product_id", "stock_list_id", "in_stock"), {"bumped": BUMP_PRODUCTS, "logged": LOG_AVAILABILITY}
)
IMAGE_EFFECTS = Effects(("product_id",), {"bumped": BUMP_PRODUCTS})
EPOCH_EFFECTS = Effects(("id",), {"moved": MOVE_EPOCH})
