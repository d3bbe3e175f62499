"""Product alerts as a shop that migrates brings them, in the shape of the warehouse document."""

from src.modules.alerts.models import ProductAlert
from src.platform.resources import DATED_DOCS, Resource, Rule, Shown, Unique, table_of

ALERTS_LOCK = 4

PRODUCT_ALERTS = Resource(
    path="product-alerts",
    table=table_of(ProductAlert),
    content_type="wishlists.productalert",
    lock=ALERTS_LOCK,
    shown=Shown(
        title="Product alerts",
        about="Somebody waits for a product. Guests' alerts are shown once they are confirmed.",
        docs=DATED_DOCS
        | {
            "language": "The language of the message.",
            "is_active": "Whether it still waits.",
            "user": "Who waits; null is a guest.",
            "product": "The product.",
        },
        where='"row".confirmed_at IS NOT NULL',
    ),
    # What guests told belongs to them, and when an alert fires is ours to know.
    hidden=frozenset({"email", "not_before", "confirmed_at", "fired_at", "mailed_at", "source"}),
    rules=(
        Rule("user", "target IS NOT NULL OR user_id IS NOT NULL", "a new row must tell it"),
        Rule(
            "id",
            "NOT EXISTS (SELECT FROM product_alert WHERE product_alert.id = target AND product_alert.user_id IS NULL)",
            "is that of a guest's alert",
        ),
        Rule(
            "user",
            "NOT EXISTS (SELECT FROM product_alert AS stored"
            " WHERE stored.id = target AND stored.user_id <> changed_row.user_id)",
            "is not the one whose alert this is",
        ),
    ),
    # Of those that are active.
    unique=(Unique(("user_id", "product_id", "is_active"), where="{is_active}"),),
)

RESOURCES = (PRODUCT_ALERTS,)
