"""What browsers send and get."""

from typing import Annotated, TypeAlias

import msgspec

from src.modules.notifications.outbound.addresses import MAX_URL_LENGTH

Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Endpoint: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL_LENGTH)]


class PublicKey(msgspec.Struct, frozen=True):
    """The `applicationServerKey` to subscribe with, in base64url."""

    public_key: str


class SubscriptionKeys(msgspec.Struct, forbid_unknown_fields=True):
    """The keys that a browser made, in base64url."""

    p256dh: Annotated[str, msgspec.Meta(min_length=87, max_length=88)]
    auth: Annotated[str, msgspec.Meta(min_length=22, max_length=24)]


class Subscribe(msgspec.Struct, forbid_unknown_fields=True, rename={"expiration_time": "expirationTime"}):
    """A browser's subscription, just as `PushSubscription.toJSON()` writes it."""

    endpoint: Endpoint
    keys: SubscriptionKeys
    # Milliseconds; push services tell when it is over by themselves.
    expiration_time: float | None = None


class Unsubscribe(msgspec.Struct, forbid_unknown_fields=True):
    """Which subscription is to end."""

    endpoint: Endpoint


class SubscriptionRead(msgspec.Struct, frozen=True):
    """A subscription that is kept."""

    id: int
    endpoint: str
    created_date: Time
