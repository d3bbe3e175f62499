"""A delivery that was claimed, with everything that decides whether and how it is told."""

from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from src.modules.notifications.messages import Channel, Kind
from src.modules.notifications.rules import Frequency, Schedule, Seen, Wish

# Of the feed; the other kinds were asked for on their own.
FEED_KINDS = ("price_changed", "newly_available", "out_of_stock")


class Claimed(msgspec.Struct, kw_only=True):
    """A row of `delivery`, with its recipient, their wishes and the product as they see it, read in one snapshot."""

    id: int
    uuid: UUID
    channel: Channel
    kind: Kind
    user_id: int | None
    address: str | None
    webhook_endpoint_id: int | None
    product_id: int | None
    favourite_id: int | None
    payload: dict[str, Any]
    language: str | None
    attempts: int
    message_id: UUID | None
    created_at: datetime

    user_uuid: UUID | None
    email: str | None
    first_name: str | None
    is_active: bool | None
    email_allowed: bool | None
    language_code: str | None
    price_list: int | None
    stock_list: int | None
    is_suppressed: bool
    is_subscribed: bool
    # None when it is none any more.
    favourite_uuid: UUID | None
    baseline_at: datetime | None
    baseline_price: Decimal | None
    baseline_available: bool | None

    by_email: bool
    by_push: bool
    frequency: Frequency
    digest_hour: int
    digest_weekday: int
    quiet_from: time | None
    quiet_until: time | None
    time_zone: str
    most_per_day: int
    least_drop: Decimal
    kinds: list[str] | None
    target_price: Decimal | None
    muted: bool

    product_uuid: UUID | None
    sku: str | None
    name: str | None
    translations: dict[str, dict[str, str]] | None
    url: str | None
    image: str | None
    price: Decimal | None
    currency: str
    product_is_active: bool | None
    is_available: bool

    @property
    def is_of_feed(self) -> bool:
        """Whether preferences and consent decide over it."""
        return self.kind in FEED_KINDS

    @property
    def schedule(self) -> Schedule:
        """When its recipient wants to be told."""
        return Schedule(
            self.frequency,
            self.digest_hour,
            self.digest_weekday,
            self.quiet_from,
            self.quiet_until,
            self.time_zone,
        )

    @property
    def wish(self) -> Wish:
        """What its recipient wants to be told of the favourite."""
        return Wish(self.kinds, self.target_price, self.least_drop, self.muted)

    @property
    def seen(self) -> Seen | None:
        """The product; None when there is none."""
        if self.product_is_active is None:
            return None
        return Seen(self.product_is_active, self.is_available, self.price)

    @property
    def is_dismissed(self) -> bool:
        """Whether the favourite's baseline has the change in it already."""
        changed_at = self.payload.get("changed_at")
        if changed_at is None or self.baseline_at is None or datetime.fromisoformat(changed_at) > self.baseline_at:
            return False
        # A baseline that was set while the change was being committed may be later, and yet be without it.
        if self.kind == "price_changed":
            return self.baseline_price is not None and self.baseline_price in (self.new_price, self.price)
        return self.baseline_available == (self.kind == "newly_available")

    @property
    def old_price(self) -> Decimal | None:
        """The price that the change is told from."""
        return _amount(self.payload.get("old_price"))

    @property
    def new_price(self) -> Decimal | None:
        """The price after the change, as it was when the delivery was made."""
        return _amount(self.payload.get("new_price"))


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
