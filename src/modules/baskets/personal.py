"""Baskets go, but for those that became orders: what was sold at which price stays, without what was written."""

from collections.abc import Mapping

from src.modules.baskets.models import Basket, BasketItem
from src.modules.baskets.statuses import SUBMITTED
from src.platform.personal import IDS_OF, USER, Personal
from src.platform.resources import table_of

# What somebody left as a guest before signing in is found by the sessions that took the cookie's place.
MINE = f"""(user_id = {USER} OR guest_digest IS NOT NULL AND guest_digest = ANY(ARRAY(
    SELECT guest_digest FROM credential WHERE user_id = {USER} AND guest_digest IS NOT NULL)))"""
# What a guest ordered is found by the order that it became.
ORDERED = f"""status = '{SUBMITTED}' AND ({MINE} OR id = ANY(ARRAY(
    SELECT basket FROM orders_order WHERE id = ANY({IDS_OF.format(type="orders.order")}))))"""
OTHER = f"{MINE} AND status <> '{SUBMITTED}'"
WHY_KEPT = "The order and the uses of its offers name it; what was sold for how much is kept by law."

PERSONAL = (
    Personal(
        table=table_of(BasketItem),
        whose=f"basket_id IN (SELECT id FROM basket WHERE {OTHER})",
        why="A line of a basket that goes.",
        goes=True,
        content_type="baskets.basketitem",
    ),
    Personal(
        table=table_of(BasketItem),
        whose=f"basket_id IN (SELECT id FROM basket WHERE {ORDERED})",
        why=WHY_KEPT,
        kept=(
            "basket_id",
            "product_id",
            "created_date",
            "version",
            "reference",
            "quantity",
            "currency_type",
            "unit_price",
            "tax_rate",
            "image",
            "extra_product_price",
            "extra_product_stock",
            "parent_id",
            "datasource",
            "offer_ids",
        ),
        content_type="baskets.basketitem",
    ),
    Personal(
        table=table_of(Basket),
        whose=OTHER,
        locked_by="id",
        why="Nobody buys it any more.",
        goes=True,
        withheld=("guest_digest",),
        content_type="baskets.basket",
        owner="{row}.user_id",
    ),
    Personal(
        table=table_of(Basket),
        whose=ORDERED,
        locked_by="id",
        why=WHY_KEPT,
        kept=("status", "created_date", "version", "user_id", "currency_type"),
        withheld=("guest_digest",),
        content_type="baskets.basket",
    ),
)
IMPERSONAL: Mapping[str, str] = {}
