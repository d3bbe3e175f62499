"""What shoppers collect. Every table is keyed by the user first, so that it can be distributed by user."""

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import FALSE, Base, Timestamp

CLOCK = text("clock_timestamp()")


class UserCollection(Base):
    """A named list of products that one user keeps, and shows to whoever has its link if it is public."""

    __tablename__ = "user_collection"
    __table_args__ = (
        # A private link isn't in it: looking one up takes the very steps of looking up one that nobody made.
        Index("ix_user_collection_public_slug", "slug", postgresql_where=text("is_public")),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(server_default=FALSE)
    # The last part of the link; renaming leaves it as it is, so that links that were passed on stay good.
    slug: Mapped[str] = mapped_column(Text)
    # Every change of the collection or of its items moves it; what is shown of a public one is kept under it.
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_date: Mapped[Timestamp] = mapped_column(server_default=CLOCK)
    modified_date: Mapped[Timestamp] = mapped_column(server_default=CLOCK)


class UserCollectionItem(Base):
    """A product in a collection, with what its owner noted about it."""

    __tablename__ = "user_collection_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "collection_id"], ["user_collection.user_id", "user_collection.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("user_id", "collection_id", "product_id"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    collection_id: Mapped[int] = mapped_column(BigInteger)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    note: Mapped[str | None] = mapped_column(Text)
    # Behind those that were there, or where the owner put it.
    position: Mapped[int] = mapped_column(BigInteger)
    created_date: Mapped[Timestamp] = mapped_column(server_default=CLOCK)
    modified_date: Mapped[Timestamp] = mapped_column(server_default=CLOCK)
