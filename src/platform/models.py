"""Tables that belong to no feature: kept answers, tombstones and settings that change at run time."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import Base, ChangedXid, IntegerId, Timestamp


class IdempotencyRecord(Base):
    """The first 2xx answer under an Idempotency-Key, committed together with what it tells of."""

    __tablename__ = "idempotency_record"
    __table_args__ = (Index("ix_idempotency_record_created_at", "created_at"),)

    scope: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]


class ContentType(Base):
    """A kind of object that other rows name by number, as the warehouse document shows it."""

    __tablename__ = "content_type"
    __table_args__ = (UniqueConstraint("app_label", "model"),)

    id: Mapped[IntegerId]
    app_label: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    changed_xid: Mapped[ChangedXid]


class DeletedItem(Base):
    """A tombstone: which object went, and when."""

    __tablename__ = "deleted_item"
    __table_args__ = (Index("ix_deleted_item_object", "content_type_id", "object_id"),)

    id: Mapped[IntegerId]
    object_id: Mapped[str] = mapped_column(Text)
    deleted_date: Mapped[Timestamp]
    # The shop that is moving in brings its own numbers.
    content_type_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("content_type.id", onupdate="CASCADE"))
    changed_xid: Mapped[ChangedXid]


class StoredSetting(Base):
    """The value of a dynamic setting that is not its default."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any] = mapped_column(postgresql.JSONB)
    modified_date: Mapped[Timestamp]
