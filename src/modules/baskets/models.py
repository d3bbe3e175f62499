"""What shoppers are about to buy."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Numeric, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.modules.baskets.statuses import IS_CURRENT
from src.platform.orm import CLOCK_US, Base, IntegerId, JsonObject, OftenChangedXid, OptionalTimestamp, Timestamp


class Basket(Base):
    """A basket of a user or, until somebody signs in, of a guest known by the digest of a cookie."""

    __tablename__ = "basket"
    __table_args__ = (
        CheckConstraint(
            "status in ('active', 'inactive', 'expired', 'merged', 'frozen', 'submitted')",
            name="status",
        ),
        CheckConstraint("user_id is null or guest_digest is null", name="one_owner"),
        Index(
            "uq_basket_user_id",
            "user_id",
            text("coalesce(namespace, '')"),
            unique=True,
            postgresql_where=text(f"user_id is not null and {IS_CURRENT}"),
        ),
        Index(
            "uq_basket_guest_digest",
            "guest_digest",
            text("coalesce(namespace, '')"),
            unique=True,
            postgresql_where=text(f"guest_digest is not null and {IS_CURRENT}"),
        ),
        Index("ix_basket_user_id", "user_id"),
        # For whoever asks to be forgotten, also where the basket is history.
        Index("ix_basket_guest_digest", "guest_digest", postgresql_where=text("guest_digest is not null")),
        # BRIN: any other index on a column that each write touches would have to be written along with it.
        Index("ix_basket_modified_date", "modified_date", postgresql_using="brin"),
        Index("ix_basket_frozen_until", "frozen_until", postgresql_where=text("status = 'frozen'")),
        Index("ix_basket_changed_xid", "changed_xid", postgresql_using="brin"),
        {"postgresql_with": {"fillfactor": "85"}},
    )

    id: Mapped[IntegerId]
    status: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    created_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    modified_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    # Microseconds of the clock, and in any case more than before.
    version: Mapped[int] = mapped_column(BigInteger, server_default=text(CLOCK_US))
    voucher_code: Mapped[str | None] = mapped_column(Text)
    namespace: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    guest_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Null until a write says which; then DEFAULT_CURRENCY counts.
    currency_type: Mapped[str | None] = mapped_column(Text)
    external_offer_code: Mapped[str | None] = mapped_column(Text)
    frozen_until: Mapped[OptionalTimestamp]
    # The answer as it was when the basket was frozen: what is being paid for does not change.
    frozen_view: Mapped[str | None] = mapped_column(Text)
    changed_xid: Mapped[OftenChangedXid]


class BasketItem(Base):
    """A line: a product with its attributes. Prices are those that the shopper saw when the line was last written."""

    __tablename__ = "basket_item"
    __table_args__ = (
        CheckConstraint("quantity between 1 and 9999", name="quantity"),
        Index(
            "uq_basket_item_basket_id",
            "basket_id",
            "reference",
            text("coalesce(parent_id, 0)"),
            unique=True,
        ),
        Index("ix_basket_item_parent_id", "parent_id", postgresql_where=text("parent_id is not null")),
        Index("ix_basket_item_product_id", "product_id"),
        Index("ix_basket_item_changed_xid", "changed_xid", postgresql_using="brin"),
        Index("ix_basket_item_modified_date", "modified_date", postgresql_using="brin"),
        {"postgresql_with": {"fillfactor": "85"}},
    )

    id: Mapped[IntegerId]
    basket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("basket.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    created_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    modified_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text(CLOCK_US))
    # The product and, if there are attributes, a digest of them.
    reference: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    attributes: Mapped[JsonObject]
    attributes_kwargs: Mapped[JsonObject]
    localized_attributes: Mapped[JsonObject]
    localized_attributes_kwargs: Mapped[JsonObject]
    inquiry: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    currency_type: Mapped[str | None] = mapped_column(Text)
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    image: Mapped[str | None] = mapped_column(Text)
    extra_product_price: Mapped[int | None] = mapped_column(BigInteger)
    extra_product_stock: Mapped[int | None] = mapped_column(BigInteger)
    # The line that this one is a part of.
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("basket_item.id", ondelete="CASCADE"))
    datasource: Mapped[int | None] = mapped_column(BigInteger)
    # The offers that gave this line a discount when it was last written.
    offer_ids: Mapped[list[int]] = mapped_column(postgresql.ARRAY(BigInteger), server_default=text("'{}'"))
    changed_xid: Mapped[OftenChangedXid]
