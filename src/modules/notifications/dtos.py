"""What the notification endpoints read and show."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from src.modules.notifications.messages import Channel, Kind
from src.modules.notifications.rules import Frequency
from src.platform.ids import RowId

Clock = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
AlertKind = Literal["price_drop", "price_changed", "newly_available", "out_of_stock"]
Status = Literal["due", "sending", "sent", "dead", "dropped"]


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user chose; a field that is left out has its default. Consent flags of the user win over all of it."""

    email: bool = True
    push: bool = True
    frequency: Frequency = "instant"
    digest_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 9
    digest_weekday: Annotated[int, msgspec.Meta(ge=0, le=6, description="Monday is 0.")] = 0
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64, description="An IANA name, like Europe/Istanbul.")] = "UTC"
    least_drop: Annotated[Decimal, msgspec.Meta(description="Percent; a smaller fall is not told.")] = msgspec.field(
        default_factory=lambda: Decimal("0.00")
    )
    most_per_day: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class AlertWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user wants to be told of one favourite; without kinds it is falling prices and new availability."""

    target_price: Decimal | None = None
    kinds: list[AlertKind] | None = None
    mute: bool = False


class DeliveryRead(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what became of it."""

    id: int
    uuid: UUID
    channel: Channel
    kind: Kind
    status: Status
    user: int | None
    address: str | None
    webhook_endpoint: int | None
    product: int | None
    favourite: int | None
    dedupe_key: str
    message_id: UUID | None
    payload: dict[str, Any]
    attempts: int
    last_error: str | None
    due_at: str
    created_at: str
    finished_at: str | None


class DeliveryPage(msgspec.Struct, frozen=True):
    """Some deliveries, the newest first; `next` is the address of those that are older."""

    next: str | None
    results: list[DeliveryRead]


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries; `user`, `product` and `webhook_endpoint` are ids."""

    status: Status | None = None
    channel: Channel | None = None
    kind: Kind | None = None
    user: RowId | None = None
    product: RowId | None = None
    webhook_endpoint: RowId | None = None


class DeliveryListQuery(DeliveryQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries, how many, and where to go on."""

    cursor: RowId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class ReplayFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the dead deliveries; without any field all of them."""

    channel: Channel | None = None
    kind: Kind | None = None
    user: RowId | None = None
    product: RowId | None = None
    webhook_endpoint: RowId | None = None


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries are due again, and whether more of them are left: then ask once more."""

    replayed: int
    more: bool
