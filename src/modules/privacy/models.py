"""Who was erased, by their number alone."""

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import Base, OptionalTimestamp, Timestamp


class Erasure(Base):
    """A user who was erased, so that it can be done again to a backup that is older."""

    __tablename__ = "erasure"
    __table_args__ = (Index("ix_erasure_unfinished", "requested_at", postgresql_where=text("finished_at is null")),)

    # No foreign keys: both numbers may be gone from a database that was restored.
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    requested_by: Mapped[int | None] = mapped_column(BigInteger)
    requested_at: Mapped[Timestamp]
    # What caches keep of them under, besides their number.
    cache_tags: Mapped[list[str]] = mapped_column(postgresql.ARRAY(Text), server_default=text("'{}'"))
    # When nothing that was under way at the request can have written anything any more.
    finished_at: Mapped[OptionalTimestamp]
