"""Favourites as a shop that migrates brings them, in the shape of the warehouse document."""

from src.modules.catalogue import AVAILABLE, DATA_SOURCE_JOIN, name_product, price_lateral, stock_lateral
from src.modules.favourites.models import Favourite
from src.modules.favourites.repositories import CURRENCY
from src.platform.resources import DATED_DOCS, Derived, Effects, Resource, Rule, Shown, table_of

FAVOURITES_LOCK = 7
# The baseline is what the shopper sees of the product now: what it was when it was added elsewhere, nobody tells. In
# the order in which shoppers' own adds lock rows.
WITH_BASELINE = f"""(
    WITH settings AS MATERIALIZED (SELECT {CURRENCY} AS currency)
    SELECT changed_row.*, price.price AS seen_price, price.currency_type AS seen_currency, {AVAILABLE} AS seen_available
    FROM changed_row
    CROSS JOIN settings
    LEFT JOIN favourite AS stored ON stored.id = changed_row.target
    LEFT JOIN users ON users.id = coalesce(changed_row.user_id, stored.user_id)
    LEFT JOIN segment ON segment.id = users.segment_id
    LEFT JOIN product ON product.id = coalesce(changed_row.product_id, stored.product_id)
    {DATA_SOURCE_JOIN}
    {
    price_lateral(
        segment_list="segment.price_list_id", wanted_currency="settings.currency", default_currency="settings.currency"
    )
}
    {stock_lateral(segment_list="segment.stock_list_id")}
    ORDER BY users.id, product.id
)"""
BASELINE = {
    "baseline_price": "changed.seen_price",
    "baseline_currency": "changed.seen_currency",
    "baseline_available": "changed.seen_available",
}
COUNTED = """
    INSERT INTO favourite_summary AS summary (user_id, version, total, last_changed_at)
    SELECT coalesce(new_user_id, old_user_id), 1, count(new_id) - count(old_id), clock_timestamp()
    FROM merged GROUP BY 1 ORDER BY 1
    ON CONFLICT (user_id) DO UPDATE SET version = summary.version + 1, total = summary.total + excluded.total,
        last_changed_at = greatest(excluded.last_changed_at, summary.last_changed_at + interval '1 microsecond')"""
REMEMBERED = """
    INSERT INTO removed_favourite (user_id, favourite_id)
    SELECT old_user_id, old_id FROM merged WHERE new_id IS NULL
    ON CONFLICT DO NOTHING"""

FAVOURITES = Resource(
    path="favourite-products",
    table=table_of(Favourite),
    content_type="wishlists.favouriteproduct",
    lock=FAVOURITES_LOCK,
    key=("user_id", "product_id"),
    shown=Shown(
        title="Favourite products",
        about="What shoppers want: one row for each product that somebody has among their favourites.",
        docs=DATED_DOCS | {"user": "Who wants it.", "product": "What is wanted."},
    ),
    # The other dialect's number, and what decides what the shopper is told about.
    hidden=frozenset(
        {"uuid", "updated_at", "baseline_at", "baseline_price", "baseline_currency", "baseline_available"}
    ),
    named_by={"product_id": "sku"},
    types={"sku": str},
    rules=(
        Rule(
            "user",
            "NOT EXISTS (SELECT FROM favourite AS stored"
            " WHERE stored.id = target AND stored.user_id <> changed_row.user_id)",
            "is not the one whose favourite this is",
        ),
    ),
    complete=name_product,
    derived=Derived(
        made=BASELINE,
        changed={
            column: f"CASE WHEN changed.product_id <> target.product_id THEN {now} ELSE target.{column} END"
            for column, now in {**BASELINE, "baseline_at": "clock_timestamp()"}.items()
        },
        source=WITH_BASELINE,
    ),
    effects=Effects(("user_id", "id"), {"counted": COUNTED, "remembered": REMEMBERED}),
)

RESOURCES = (FAVOURITES,)
