"""A shopper's own coupons and codes are ended; that offers were used stays, because uses are counted."""

from collections.abc import Mapping

from src.modules.offers.models import BasketOffer, BulkVoucherCode, OfferRedemption, ShopperOfferState
from src.platform.personal import USER, Personal
from src.platform.resources import table_of

OF_USER = f"user_id = {USER}"
ENDED = "CASE WHEN status = 'active' THEN 'passive' ELSE status END"

PERSONAL = (
    Personal(
        table=table_of(BulkVoucherCode),
        whose=OF_USER,
        why="Orders and redemptions name the row; the code itself is replaced, and good for nothing.",
        kept=("created_date", "basket_offer_id", "order", "discount_item", "user_id"),
        becomes={"status": ENDED, "code": "'erased-' || id"},
        content_type="campaigns.bulkvouchercode",
    ),
    Personal(
        table=table_of(BasketOffer),
        whose=OF_USER,
        why="A coupon that was used counts, and orders name it: its terms stay, what it was called does not.",
        kept=(
            "offer_type",
            "currencies",
            "created_date",
            "is_visible",
            "is_visible_on_list",
            "start_datetime",
            "end_datetime",
            "priority",
            "allowed_quantity_per_basket",
            "is_mergable",
            "max_usage_per_user",
            "is_available_for_data_sources",
            "max_stock_limit",
            "promotion_id",
            "condition_id",
            "benefit_id",
            "user_id",
        ),
        becomes={"status": ENDED},
        content_type="campaigns.basketoffer",
    ),
    Personal(
        table=table_of(OfferRedemption),
        whose=OF_USER,
        why="An offer with so many uses is redeemed so many times: numbers, and nothing that says who it was.",
        kept=(
            "user_id",
            "bulk_voucher_code_id",
            "state",
            "coupon_amount",
            "coupon_currency",
            "created_at",
        ),
    ),
    Personal(table=table_of(ShopperOfferState), whose=OF_USER, why="A version of nothing.", goes=True),
)
IMPERSONAL: Mapping[str, str] = {
    "promotion": "campaigns of the shop",
    "product_collection": "products of the shop's campaigns",
    "product_collection_item": "products of the shop's campaigns",
    "offer_condition": "terms of the shop's campaigns",
    "offer_benefit": "terms of the shop's campaigns",
    "offer_epoch": "a version",
    "offer_usage": "how often an offer was used",
}
