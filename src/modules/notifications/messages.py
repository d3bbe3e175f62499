"""What travels over a channel, and what became of it: all that a channel and the deliverer know of each other."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

Channel: TypeAlias = Literal["email", "push", "webhook"]
Kind: TypeAlias = Literal[
    "price_changed", "newly_available", "out_of_stock", "back_in_stock", "confirm_alert", "endpoint_test"
]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its recipient sees it at the moment of sending: name in their language, their price, their stock."""

    id: int
    uuid: UUID
    sku: str
    name: str
    # A path of the shop, or a whole address.
    url: str
    image: str | None
    price: Decimal | None
    currency: str | None
    in_stock: bool


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell; which fields are set depends on the kind."""

    delivery_id: int
    uuid: UUID
    kind: Kind
    changed_at: datetime | None = None
    product: Told | None = None
    favourite_id: int | None = None
    favourite_uuid: UUID | None = None
    # Whom it is about; a webhook's message holds things of many users.
    user_id: int | None = None
    user_uuid: UUID | None = None
    old_price: Decimal | None = None
    new_price: Decimal | None = None
    currency: str | None = None
    lowest_price_30d: Decimal | None = None
    # Of 'confirm_alert': the address of the page that confirms.
    link: str | None = None


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told: a user, a guest by address only, or another system's endpoint."""

    user_id: int | None = None
    user_uuid: UUID | None = None
    email: str | None = None
    first_name: str = ""
    # One of the supported languages.
    language: str = "en"
    webhook_endpoint_id: int | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Things for one recipient that travel together; `id` is the same in every try."""

    id: UUID
    channel: Channel
    recipient: Recipient
    items: Sequence[Item]
    created_at: datetime
    attempt: int = 1
    # None for an instant message.
    digest: Literal["daily", "weekly"] | None = None


class Outcome(NamedTuple):
    """What became of a message: sent; not now, try again (after so many seconds if the other side said); or never.

    "unbegun" is one that was not tried at all: it waits a little, or as long as the other side said, and that does not
    count as a try.
    """

    state: Literal["sent", "later", "never", "unbegun"]
    error: str | None = None
    retry_after_s: float | None = None


SENT = Outcome("sent")
NO_TIME_LEFT = Outcome("unbegun", "there was no time left for it")
# A sender answers within this time: what it has not begun by then, or can't tell the end of, is for later.
SEND_LIMIT_S = 40.0
# Sends messages of one channel, as many at once as is good for it, and answers for each in order; never raises.
Send: TypeAlias = Callable[[Sequence[Message]], Awaitable[Sequence[Outcome]]]
