"""Campaigns: a basket offer is a promotion's name, a condition and a benefit; and what has been used of it.

The first seven tables have the fields of the warehouse document.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import (
    CLOCK_US,
    FALSE,
    TRUE,
    Base,
    ChangedXid,
    IntegerId,
    JsonList,
    JsonObject,
    OptionalTimestamp,
    PublicId,
    Timestamp,
)


def _reference(target: str, **options: Any) -> Any:
    return mapped_column(BigInteger, ForeignKey(target), index=True, **options)


class Promotion(Base):
    """What a campaign is called."""

    __tablename__ = "promotion"
    __table_args__ = (Index("ix_promotion_modified_date", "modified_date", "id"),)

    id: Mapped[IntegerId]
    translations: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    slug: Mapped[str] = mapped_column(Text, server_default=text("''"))
    changed_xid: Mapped[ChangedXid]


class ProductCollection(Base):
    """Products that a condition or a benefit is about: listed one by one, or those that fulfil `query`."""

    __tablename__ = "product_collection"
    __table_args__ = (
        CheckConstraint("collection_type in ('static', 'dynamic')", name="collection_type"),
        Index(
            "ix_product_collection_expiration_date",
            "expiration_date",
            postgresql_where=text("expiration_date is not null"),
        ),
        Index("ix_product_collection_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    collection_type: Mapped[str] = mapped_column(Text, server_default=text("'static'"))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    expiration_date: Mapped[OptionalTimestamp]
    uuid: Mapped[PublicId]
    slug: Mapped[str] = mapped_column(Text, server_default=text("''"))
    sort_option: Mapped[int | None] = mapped_column(BigInteger)
    # Terms about a product, all of which a member of a dynamic collection fulfils.
    query: Mapped[JsonList]
    changed_xid: Mapped[ChangedXid]


class ProductCollectionItem(Base):
    """A product of a static collection; other systems choose its uuid, which is not always one."""

    __tablename__ = "product_collection_item"
    __table_args__ = (
        UniqueConstraint("product_id", "collection_id"),
        Index("ix_product_collection_item_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    uuid: Mapped[str] = mapped_column(Text, server_default=text("(uuidv7())::text"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    collection_id: Mapped[int] = _reference("product_collection.id")
    changed_xid: Mapped[ChangedXid]


class OfferCondition(Base):
    """What a basket must hold for an offer."""

    __tablename__ = "offer_condition"
    __table_args__ = (
        CheckConstraint("condition_type in ('amount', 'quantity', 'distinct', 'query')", name="condition_type"),
        Index("ix_offer_condition_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    condition_type: Mapped[str] = mapped_column(Text)
    translations: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    upsell_message: Mapped[str | None] = mapped_column(Text)
    kwargs: Mapped[JsonObject]
    product_collection_id: Mapped[int | None] = _reference("product_collection.id")
    changed_xid: Mapped[ChangedXid]


class OfferBenefit(Base):
    """What an offer gives."""

    __tablename__ = "offer_benefit"
    __table_args__ = (
        CheckConstraint(
            "benefit_type in ('percentage', 'fixed', 'multibuy', 'shipping_free', 'point', 'loyalty_point', 'coupon',"
            " 'voucher', 'sample_product')",
            name="benefit_type",
        ),
        Index("ix_offer_benefit_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    benefit_type: Mapped[str] = mapped_column(Text)
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    kwargs: Mapped[JsonObject]
    product_collection_id: Mapped[int | None] = _reference("product_collection.id")
    changed_xid: Mapped[ChangedXid]


class BasketOffer(Base):
    """An offer: when it holds, for whom, how often, and how it goes together with others."""

    __tablename__ = "basket_offer"
    __table_args__ = (
        CheckConstraint("status in ('active', 'passive', 'used')", name="status"),
        CheckConstraint(
            "offer_type in ('sitewide', 'coupon', 'coupon_code', 'voucher_code', 'bulk_voucher_code', 'bulk_coupon')",
            name="offer_type",
        ),
        Index("ix_basket_offer_voucher_code", "voucher_code", postgresql_where=text("voucher_code is not null")),
        # Of the offers that are for everybody, however many are for somebody: those in force, and the last to change.
        Index("ix_basket_offer_start_datetime", "start_datetime", postgresql_where=text("offer_type = 'sitewide'")),
        Index("ix_basket_offer_end_datetime", "end_datetime", postgresql_where=text("offer_type = 'sitewide'")),
        Index("ix_basket_offer_user_id", "user_id", postgresql_where=text("user_id is not null")),
        Index("ix_basket_offer_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    status: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    offer_type: Mapped[str] = mapped_column(Text, server_default=text("'sitewide'"))
    # No currency at all means any.
    currencies: Mapped[JsonList]
    translations: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    label: Mapped[str | None] = mapped_column(Text)
    voucher_code: Mapped[str | None] = mapped_column(Text)
    is_visible: Mapped[bool] = mapped_column(server_default=TRUE)
    is_visible_on_list: Mapped[bool] = mapped_column(server_default=FALSE)
    start_datetime: Mapped[OptionalTimestamp]
    end_datetime: Mapped[OptionalTimestamp]
    # 1 goes first, then 2 and so on; 0 is unset and goes last.
    priority: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # Applications per basket, uses per user and uses at all; 0 is no limit.
    allowed_quantity_per_basket: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_mergable: Mapped[bool] = mapped_column(server_default=TRUE)
    max_usage_per_user: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    kwargs: Mapped[JsonObject]
    is_available_for_data_sources: Mapped[bool] = mapped_column(server_default=FALSE)
    max_stock_limit: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    promotion_id: Mapped[int | None] = _reference("promotion.id")
    condition_id: Mapped[int | None] = _reference("offer_condition.id")
    benefit_id: Mapped[int | None] = _reference("offer_benefit.id")
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    # What shoppers may be shown of the offer in lists of products.
    listing_kwargs: Mapped[JsonObject]
    changed_xid: Mapped[ChangedXid]


class BulkVoucherCode(Base):
    """One of many codes of an offer, good for one redemption; orders and discount items belong to other systems."""

    __tablename__ = "bulk_voucher_code"
    __table_args__ = (
        CheckConstraint("status in ('active', 'passive', 'used')", name="status"),
        UniqueConstraint("code"),
        Index("ix_bulk_voucher_code_user_id", "user_id", postgresql_where=text("user_id is not null")),
        Index("ix_bulk_voucher_code_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    status: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    translations: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    code: Mapped[str] = mapped_column(Text)
    basket_offer_id: Mapped[int] = _reference("basket_offer.id")
    order: Mapped[int | None] = mapped_column(BigInteger)
    discount_item: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    changed_xid: Mapped[ChangedXid]


class OfferEpoch(Base):
    """One row, whose version every change of a campaign moves that more than one shopper may see."""

    __tablename__ = "offer_epoch"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, server_default=text("1"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text(CLOCK_US))


class ShopperOfferState(Base):
    """A version that moves with everything about offers that only this user sees: own coupons, own uses."""

    __tablename__ = "shopper_offer_state"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(BigInteger, server_default=text(CLOCK_US))


class OfferUsage(Base):
    """How often an offer is held or redeemed; the row that everybody who uses it up takes turns at."""

    __tablename__ = "offer_usage"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    basket_offer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("basket_offer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    used: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class OfferRedemption(Base):
    """A use of an offer by a basket: held while the basket is frozen, redeemed when it is submitted.

    An offer that was used can't be deleted: it counts, and orders name it.
    """

    __tablename__ = "offer_redemption"
    __table_args__ = (
        CheckConstraint("state in ('held', 'redeemed')", name="state"),
        Index(
            "ix_offer_redemption_user_id", "user_id", "basket_offer_id", postgresql_where=text("user_id is not null")
        ),
        Index("ix_offer_redemption_basket_offer_id", "basket_offer_id"),
        Index(
            "uq_offer_redemption_bulk_voucher_code_id",
            "bulk_voucher_code_id",
            unique=True,
            postgresql_where=text("bulk_voucher_code_id is not null"),
        ),
    )

    basket_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("basket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    basket_offer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("basket_offer.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    bulk_voucher_code_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("bulk_voucher_code.id"))
    state: Mapped[str] = mapped_column(Text)
    # The coupon that the user gets when it is redeemed.
    coupon_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    coupon_currency: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
