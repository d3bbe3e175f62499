"""Product alerts as a shop that migrates brings them, in the shape of the warehouse document."""

from src.modules.alerts.models import ProductAlert
from src.platform.resources import Resource, Rule, Unique, table_of

ALERTS_LOCK = 4

PRODUCT_ALERTS = Resource(
    path="product-alerts",
    table=table_of(ProductAlert),
    content_type="wishlists.productalert",
    lock=ALERTS_LOCK,
    # What guests told belongs to them, and when an alert fires is ours to know.
    hidden=frozenset({"email", "not_before", "confirmed_at", "fired_at", "mailed_at", "source"}),
    rules=(
        Rule("user", "target IS NOT NULL OR user_id IS NOT NULL", "a new row must tell it"),
        Rule(
            "id",
            "NOT EXISTS (SELECT FROM product_alert WHERE product_alert.id = target AND product_alert.user_id IS NULL)",
            "is that of a guest's alert",
        ),
    ),
    # Of those that are active; the flag is told as one more column, which every row that counts has alike.
    unique=(Unique(("user_id", "product_id", "is_active"), "coalesce({}::text, 'true')", "{}::text <> 'false'"),),
)

RESOURCES = (PRODUCT_ALERTS,)
