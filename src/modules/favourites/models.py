"""What shoppers want. Every table is keyed by the user first, so that it can be distributed by user."""

from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, Numeric, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import FALSE, Base, ChangedXid, OptionalTimestamp, PublicId, Timestamp


class Favourite(Base):
    """A product that a shopper wants, with its state when it was added or last dismissed (the baseline)."""

    __tablename__ = "favourite"
    __table_args__ = (
        UniqueConstraint("user_id", "product_id"),
        Index("ix_favourite_user_id_created_date", "user_id", text("created_date DESC"), text("id DESC")),
        Index("ix_favourite_uuid", "uuid"),
        # Across all users: whoever crawls the warehouse by id would lose, and a feed that names a row by its id would
        # hit, one of two rows with the same id.
        Index("uq_favourite_id", "id", unique=True),
        # In the order in which a change of the product is passed on to those who want it.
        Index("ix_favourite_product_id_user_id", "product_id", "user_id"),
        Index("ix_favourite_modified_date", "modified_date", "id"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    uuid: Mapped[PublicId]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    created_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    modified_date: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    updated_at: Mapped[OptionalTimestamp]
    baseline_at: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    baseline_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    baseline_currency: Mapped[str | None] = mapped_column(Text)
    baseline_available: Mapped[bool] = mapped_column(server_default=FALSE)
    changed_xid: Mapped[ChangedXid]


class RemovedFavourite(Base):
    """An id that a favourite of this user once had: it never again means a product id (contract, Favourites)."""

    __tablename__ = "removed_favourite"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    favourite_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    removed_at: Mapped[Timestamp]


class FavouriteSummary(Base):
    """One row per user who ever had a favourite: how many there are, and a version that every change moves."""

    __tablename__ = "favourite_summary"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_changed_at: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
