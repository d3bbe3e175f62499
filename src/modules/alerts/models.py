"""Who waits for which product, and the waves in which they are told."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import TRUE, Base, ChangedXid, IntegerId, OptionalTimestamp, Timestamp


class ProductAlert(Base):
    """A user, or an address of a guest, that waits for a product; it fires once and is kept with the time it did."""

    __tablename__ = "product_alert"
    __table_args__ = (
        CheckConstraint("(user_id is null) <> (email is null)", name="one_owner"),
        Index(
            "uq_product_alert_user_id",
            "user_id",
            "product_id",
            unique=True,
            postgresql_where=text("is_active and user_id is not null"),
        ),
        Index(
            "uq_product_alert_email",
            text("lower(email)"),
            "product_id",
            unique=True,
            postgresql_where=text("is_active and email is not null"),
        ),
        # The oldest first, of those that may fire.
        Index(
            "ix_product_alert_waiting",
            "product_id",
            "created_date",
            "id",
            postgresql_where=text("is_active and confirmed_at is not null"),
        ),
        Index("ix_product_alert_user_id_id", "user_id", "id"),
        # What guests may still ask for, and what is to be forgotten of them.
        Index("ix_product_alert_source", "source", "created_date", postgresql_where=text("source is not null")),
        Index("ix_product_alert_email", text("lower(email)"), "product_id", postgresql_where=text("email is not null")),
        Index(
            "ix_product_alert_unconfirmed",
            "created_date",
            postgresql_where=text("email is not null and confirmed_at is null"),
        ),
        Index(
            "ix_product_alert_fired", "fired_at", postgresql_where=text("email is not null and fired_at is not null")
        ),
        Index("ix_product_alert_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    created_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    modified_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    language: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(Text)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    # The product must come back after this; null when it was out of stock as it was asked for: then any stock will do.
    not_before: Mapped[OptionalTimestamp] = mapped_column(server_default=text("clock_timestamp()"))
    # At once for users; when the link of the mail was followed for guests.
    confirmed_at: Mapped[OptionalTimestamp] = mapped_column(server_default=text("clock_timestamp()"))
    fired_at: Mapped[OptionalTimestamp]
    # When a guest was asked to confirm; null when the request was one too many, and is only kept to be counted.
    mailed_at: Mapped[OptionalTimestamp]
    # A digest of the network address that a guest asked from, to limit how much one can ask for.
    source: Mapped[bytes | None] = mapped_column(LargeBinary)
    changed_xid: Mapped[ChangedXid]


class Restock(Base):
    """A product that came back on a stock list, whose alerts are being fired in waves.

    It is gone when there is nobody left to tell, or nothing left to tell of.
    """

    __tablename__ = "restock"
    __table_args__ = (Index("ix_restock_next_wave_at", "next_wave_at"),)

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    stock_list_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stock_list.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # When it came back.
    changed_at: Mapped[Timestamp]
    next_wave_at: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    # The waves that are over, and how many were told in the one that is under way.
    waves: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    told: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # The last alert that was looked at; those after it are younger.
    cursor_at: Mapped[OptionalTimestamp]
    cursor_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
