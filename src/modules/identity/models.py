"""Who there is, and what proves it: users with the fields of the warehouse document, and credentials by digest."""

from datetime import date

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import (
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


class User(Base):
    """A shopper, a colleague or a machine; `uuid` is the id that the storefront dialect shows."""

    __tablename__ = "users"
    __table_args__ = (
        # One user per address however it is capitalised; anonymised rows may share an empty one.
        Index("uq_users_email_lower", text("lower(email)"), unique=True, postgresql_where=text("email <> ''")),
        UniqueConstraint("issuer", "subject"),
        Index("ix_users_modified_date", "modified_date", "id"),
    )

    id: Mapped[IntegerId]
    uuid: Mapped[PublicId] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(Text, server_default=text("''"))
    username: Mapped[str] = mapped_column(Text, server_default=text("''"))
    first_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    last_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    gender: Mapped[str | None] = mapped_column(Text)
    user_type: Mapped[str] = mapped_column(Text, server_default=text("'registered'"))
    phone: Mapped[str | None] = mapped_column(Text)
    date_of_birth: Mapped[date | None] = mapped_column(Date)
    language_code: Mapped[str | None] = mapped_column(Text)
    avatar: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(server_default=TRUE)
    is_staff: Mapped[bool] = mapped_column(server_default=FALSE)
    is_superuser: Mapped[bool] = mapped_column(server_default=FALSE)
    is_anonymized: Mapped[bool] = mapped_column(server_default=FALSE)
    email_allowed: Mapped[bool | None] = mapped_column(server_default=FALSE)
    sms_allowed: Mapped[bool | None] = mapped_column(server_default=FALSE)
    call_allowed: Mapped[bool | None]
    attributes: Mapped[JsonObject]
    attributes_kwargs: Mapped[JsonObject]
    localized_attributes: Mapped[JsonObject]
    localized_attributes_kwargs: Mapped[JsonObject]
    groups: Mapped[JsonList]
    user_permissions: Mapped[JsonList]
    last_login: Mapped[OptionalTimestamp]
    date_joined: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]
    # The price and stock lists that apply to this user; the segment itself belongs to the catalogue.
    segment_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("segment.id"), index=True)
    # Where a JWT names the user: its `iss` ('' when it has none) and its `sub`.
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    changed_xid: Mapped[ChangedXid]


class EmailAddress(Base):
    """An address of a user; what `users.email` says is always among them, and so is the primary one, if there is one.

    Triggers on `users` see to it; who feeds addresses changes `users.email` by the primary one.
    """

    __tablename__ = "email_address"
    __table_args__ = (
        Index("uq_email_address_user_id", "user_id", text("lower(email)"), unique=True),
        Index("uq_email_address_primary", "user_id", unique=True, postgresql_where=text('"primary"')),
    )

    id: Mapped[IntegerId]
    email: Mapped[str] = mapped_column(Text)
    verified: Mapped[bool] = mapped_column(server_default=FALSE)
    primary: Mapped[bool] = mapped_column(server_default=FALSE)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    # Made after `users.email` for want of one that was fed, to which it makes room.
    from_user: Mapped[bool] = mapped_column(server_default=FALSE)
    changed_xid: Mapped[ChangedXid]


class Credential(Base):
    """What a request may present: an opaque token, a session cookie or the subject of a JWT, kept only as a digest."""

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind in ('token', 'session', 'subject')", name="kind"),
        Index("ix_credential_expires_at", "expires_at", postgresql_where=text("expires_at is not null")),
    )

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(postgresql.ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[Timestamp]
    expires_at: Mapped[OptionalTimestamp]
    # Of a session: the digest of the cookie that it took the place of, by which a guest's things are still found.
    guest_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
