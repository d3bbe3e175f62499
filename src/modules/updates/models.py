"""The rows of the feed, and how far the log has been worked off. Rows are keyed by the user first, like favourites."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import Base, OptionalTimestamp, Snapshot, Timestamp


class FavouriteUpdate(Base):
    """When what a shopper sees of a favourite last changed, as far as the log was worked off.

    It holds for shoppers to whom the lists and the currency of `context` apply; who has got others since is read
    from the log. Whether it is an update is decided against the favourite's baseline when the feed is read.
    """

    __tablename__ = "favourite_update"
    __table_args__ = (Index("ix_favourite_update_changed_at", "changed_at", postgresql_using="brin"),)

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    # No foreign key: the favourite may go away at any time, and its row is forgotten by age.
    favourite_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(BigInteger)
    context: Mapped[int] = mapped_column(BigInteger)
    price_changed_at: Mapped[OptionalTimestamp]
    became_available_at: Mapped[OptionalTimestamp]
    became_unavailable_at: Mapped[OptionalTimestamp]
    # The latest of the three.
    changed_at: Mapped[Timestamp]


class UpdateProgress(Base):
    """One row: the changes of the log whose effects are in the feed's rows, and the pass that is under way.

    A snapshot says exactly which transactions it includes, so that one that takes long is neither waited for nor
    forgotten. While a pass is under way, `pass_until` is where it ends, and everything up to the cursor is done.
    """

    __tablename__ = "update_progress"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"), autoincrement=False)
    done: Mapped[str] = mapped_column(Snapshot, server_default=text("pg_current_snapshot()"))
    pass_until: Mapped[str | None] = mapped_column(Snapshot)
    product_cursor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    user_cursor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    advanced_at: Mapped[Timestamp]
