"""Alerts of a user, or of a guest's address, go; waves of a product tell of nobody."""

from collections.abc import Mapping

from src.modules.alerts.models import ProductAlert
from src.platform.personal import EMAILS, USER, Personal
from src.platform.resources import table_of

PERSONAL = (
    Personal(
        table=table_of(ProductAlert),
        whose=f"user_id = {USER} OR email IS NOT NULL AND lower(email) = ANY({EMAILS})",
        why="Nobody waits any more.",
        goes=True,
        withheld=("source",),
        content_type="wishlists.productalert",
        owner="{row}.user_id",
    ),
)
IMPERSONAL: Mapping[str, str] = {"restock": "a product that came back, and how many were told"}
