"""The records of changes; rows are only ever added, and forgotten when they are old."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import Base, ChangedXid, IntegerId, JsonObject, Timestamp


class AuditEvent(Base):
    """A request that changed something, as it came, and who sent it: a copy, so that it stays what it was."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("uuid"),
        Index("ix_audit_event_object", "content_type_id", "object_id"),
        Index("ix_audit_event_timestamp", "timestamp", postgresql_using="brin"),
        # What an erasure looks for: what somebody did, and what tells their address.
        Index("ix_audit_event_user_pk", text("(\"user\" ->> 'pk'::text)")),
        Index(
            "ix_audit_event_email",
            text("lower(content #>> '{request_data,email}'::text[])"),
            postgresql_where=text("(content #>> '{request_data,email}'::text[]) IS NOT NULL"),
        ),
    )

    id: Mapped[IntegerId]
    # Other systems' are not always UUIDs.
    uuid: Mapped[str] = mapped_column(Text)
    user: Mapped[dict[str, Any] | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    timestamp: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    remote_addr: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    query_params: Mapped[JsonObject]
    post_data: Mapped[JsonObject]
    headers: Mapped[JsonObject]
    object_id: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[JsonObject]
    content_type_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("content_type.id", onupdate="CASCADE"))
    changed_xid: Mapped[ChangedXid]


class Revision(Base):
    """One change, however many objects it touched."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_date_created", "date_created", postgresql_using="brin"),)

    id: Mapped[IntegerId]
    date_created: Mapped[Timestamp] = mapped_column(server_default=text("clock_timestamp()"))
    comment: Mapped[str] = mapped_column(Text, server_default=text("''"))
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True)
    changed_xid: Mapped[ChangedXid]


class Version(Base):
    """An object as it was before a revision."""

    __tablename__ = "version"
    __table_args__ = (Index("ix_version_object", "content_type_id", "object_id"),)

    id: Mapped[IntegerId]
    object_id: Mapped[str] = mapped_column(Text)
    db: Mapped[str] = mapped_column(Text, server_default=text("'default'"))
    format: Mapped[str] = mapped_column(Text, server_default=text("'json'"))
    serialized_data: Mapped[list[Any]] = mapped_column(postgresql.JSONB, server_default=text("'[]'::jsonb"))
    object_repr: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("revision.id", ondelete="CASCADE"), index=True)
    content_type_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("content_type.id", onupdate="CASCADE"))
    changed_xid: Mapped[ChangedXid]
