"""Who wants to be told what and how, and every delivery with what became of it."""

from datetime import time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import FALSE, TRUE, Base, IntegerId, JsonObject, OptionalTimestamp, PublicId, Timestamp


class NotificationPreference(Base):
    """What a user chose; who never chose has the defaults, and consent flags of the user win over all of it."""

    __tablename__ = "notification_preference"
    __table_args__ = (
        CheckConstraint("frequency in ('instant', 'daily', 'weekly')", name="frequency"),
        CheckConstraint("digest_hour between 0 and 23", name="digest_hour"),
        CheckConstraint("digest_weekday between 0 and 6", name="digest_weekday"),
        CheckConstraint("least_drop between 0 and 100", name="least_drop"),
    )

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    email: Mapped[bool] = mapped_column(server_default=TRUE)
    push: Mapped[bool] = mapped_column(server_default=TRUE)
    frequency: Mapped[str] = mapped_column(Text, server_default=text("'instant'"))
    # When digests come, in the user's time zone; Monday is 0.
    digest_hour: Mapped[int] = mapped_column(SmallInteger, server_default=text("9"))
    digest_weekday: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    time_zone: Mapped[str] = mapped_column(Text, server_default=text("'UTC'"))
    # Percent of the baseline price; what fell by less is not told.
    least_drop: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default=text("0"))
    # Messages per channel in 24 hours; null for the setting's default.
    most_per_day: Mapped[int | None] = mapped_column(Integer)
    modified_date: Mapped[Timestamp]


class FavouriteAlert(Base):
    """What a user wants to be told of one favourite, where it is not what the preferences say."""

    __tablename__ = "favourite_alert"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    favourite_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Told when the price reaches it from above; drops that stay above it are not told.
    target_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    kinds: Mapped[list[str] | None] = mapped_column(postgresql.ARRAY(Text))
    muted: Mapped[bool] = mapped_column(server_default=FALSE)
    modified_date: Mapped[Timestamp]


class WebhookEndpoint(Base):
    """Another system's address that events are posted to; of two secrets the older one is good until a time."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (CheckConstraint("status in ('active', 'disabled')", name="status"),)

    id: Mapped[IntegerId]
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    # Empty: every kind of event.
    kinds: Mapped[list[str]] = mapped_column(postgresql.ARRAY(Text), server_default=text("'{}'"))
    secret: Mapped[str] = mapped_column(Text)
    previous_secret: Mapped[str | None] = mapped_column(Text)
    previous_until: Mapped[OptionalTimestamp]
    status: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    created_date: Mapped[Timestamp]
    modified_date: Mapped[Timestamp]


class PushSubscription(Base):
    """A browser that a user wants to be told in (RFC 8030); gone when the push service says so."""

    __tablename__ = "push_subscription"

    id: Mapped[IntegerId]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(Text, unique=True)
    p256dh: Mapped[str] = mapped_column(Text)
    auth: Mapped[str] = mapped_column(Text)
    created_date: Mapped[Timestamp]


class Delivery(Base):
    """One thing to be told to one recipient over one channel: made with the feed's rows, kept until it is forgotten.

    Deliveries of one recipient that are due together travel in one message, whose id is given before it is first
    sent and stays the same in every try. They are kept in partitions by the time of what they are about, which are
    forgotten whole.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("channel in ('email', 'push', 'webhook')", name="channel"),
        CheckConstraint("status in ('due', 'sending', 'sent', 'dead', 'dropped')", name="status"),
        Index("uq_delivery_dedupe_key", "dedupe_key", "occurred_at", unique=True),
        # What deliverers look for: what is due, and what was claimed by somebody who never came back.
        Index("ix_delivery_due", "channel", "due_at", postgresql_where=text("status in ('due', 'sending')")),
        Index(
            "ix_delivery_webhook_due",
            "webhook_endpoint_id",
            "due_at",
            postgresql_where=text("status in ('due', 'sending') and webhook_endpoint_id is not null"),
        ),
        # What else a recipient is to be told, among all that they ever were.
        Index("ix_delivery_user_due", "user_id", postgresql_where=text("status in ('due', 'sending')")),
        Index("ix_delivery_user_id", "user_id", "id"),
        Index("ix_delivery_message_id", "message_id", postgresql_where=text("message_id is not null")),
        # For the list of an endpoint's deliveries, and for its end.
        Index(
            "ix_delivery_webhook_endpoint_id",
            "webhook_endpoint_id",
            "id",
            postgresql_where=text("webhook_endpoint_id is not null"),
        ),
        Index("ix_delivery_status", "status", "id", postgresql_where=text("status = 'dead'")),
        # For whoever asks to be forgotten.
        Index("ix_delivery_address", text("lower(address)"), postgresql_where=text("address is not null")),
        # For those who are to be told another time, because it was no longer true when they would have been.
        Index(
            "ix_delivery_dropped_alert",
            "finished_at",
            postgresql_where=text("kind = 'back_in_stock' and status = 'dropped'"),
        ),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )

    id: Mapped[IntegerId]
    uuid: Mapped[PublicId]
    # Who else than a user is told: the address of a guest.
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    address: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    webhook_endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    product_id: Mapped[int | None] = mapped_column(BigInteger)
    favourite_id: Mapped[int | None] = mapped_column(BigInteger)
    # What it is about, so that it is told once: recipient, favourite or alert, kind, row of the log, channel.
    dedupe_key: Mapped[str] = mapped_column(Text)
    payload: Mapped[JsonObject]
    language: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=text("'due'"))
    due_at: Mapped[Timestamp]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    claimed_until: Mapped[OptionalTimestamp]
    message_id: Mapped[UUID | None] = mapped_column(postgresql.UUID(as_uuid=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp]
    finished_at: Mapped[OptionalTimestamp]
    # When that happened: always the same with the same dedupe key, so that no partition has it a second time.
    occurred_at: Mapped[Timestamp] = mapped_column(primary_key=True)


class SuppressedAddress(Base):
    """An address without an account whose owner wants no more mail."""

    __tablename__ = "suppressed_address"

    email: Mapped[str] = mapped_column(Text, primary_key=True)
    created_date: Mapped[Timestamp]


class ServiceKey(Base):
    """A key that the service made for itself when it was first needed, unless the environment gives one."""

    __tablename__ = "service_key"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    created_date: Mapped[Timestamp]
