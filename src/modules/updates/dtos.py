"""What comes in and goes out of the feed."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import Parameter

MAX_DISMISSED = 10_000
T = TypeVar("T")
# Written as a JSON number with exactly its digits; only the documentation has to be told.
Number = Annotated[Decimal, Parameter(schema_extra={"type": OpenAPIType.NUMBER})]


class UpdatesQuery(msgspec.Struct):
    """Which updates to show; `kinds` are names separated by commas."""

    since: datetime | None = None
    kinds: str | None = None
    limit: int = 100


class Variant(msgspec.Struct):
    """The favourite's product as it is now; the price is in the currency that the favourite was added in."""

    id: UUID
    market_id: UUID | None
    name: dict[str, str]
    price: Number | None
    # How many there are; null when only the availability is known.
    stock_available: int | None
    images: list[str]


class PriceChange(msgspec.Struct):
    """From the price when the favourite was added, or last dismissed, to the present one."""

    old_price: Number
    new_price: Number
    change_amount: Number
    # Of the old price; null when that is 0.
    change_percentage: Number | None
    changed_at: str
    # The lowest price in the 30 days before the present one began; null when there was none.
    lowest_price_30d: Number | None
    currency: str | None


class Changed(msgspec.Struct):
    """What all elements have: the favourite and its product."""

    id: UUID
    variant_id: UUID
    variant: Variant


class NewlyAvailable(Changed):
    """A favourite that can be bought again."""

    became_available_at: str


class PriceChanged(Changed):
    """A favourite that has another price."""

    price_change: PriceChange


class OutOfStock(Changed):
    """A favourite that can no longer be bought."""

    became_unavailable_at: str


AnyElement = NewlyAvailable | PriceChanged | OutOfStock


class Summary(msgspec.Struct):
    """How many updates there are, whatever the limit."""

    newly_available_count: int
    price_changed_count: int
    out_of_stock_count: int
    total_updates: int


class Feed(msgspec.Struct):
    """The updates of each kind, the newest first."""

    newly_available: list[NewlyAvailable]
    price_changed: list[PriceChanged]
    out_of_stock: list[OutOfStock]
    summary: Summary


class Dismiss(msgspec.Struct, forbid_unknown_fields=True):
    """Either the favorites or all of them, and up to when their updates are known."""

    favorite_ids: Annotated[list[UUID], msgspec.Meta(max_length=MAX_DISMISSED)] | None = None
    all: bool = False
    up_to: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Dismissed(msgspec.Struct):
    """How many favorites have a new baseline."""

    dismissed: int


class Success(msgspec.Struct, Generic[T]):
    """The envelope of the storefront dialect."""

    success: bool
    data: T
