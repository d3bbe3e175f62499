"""What is posted to other systems: one event that holds all updates of a message."""

from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from src.modules.notifications.messages import Item, Kind, Message, Told
from src.platform import wire

EventType: TypeAlias = Literal["favourites.updated", "endpoint.test"]


class Owner(msgspec.Struct, frozen=True):
    """Whose favourite it is."""

    pk: int
    uuid: UUID | None


class FavouriteRef(msgspec.Struct, frozen=True):
    """The favourite that an update is about."""

    pk: int
    uuid: UUID | None


class ProductRef(msgspec.Struct, frozen=True):
    """The product as the owner of the favourite sees it now."""

    pk: int
    uuid: UUID
    sku: str
    name: str
    url: str
    image: str | None
    price: str | None
    currency_type: str | None
    in_stock: bool


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed; `id` is that of the delivery, the same in every try."""

    id: UUID
    kind: Kind
    changed_at: str | None
    user: Owner | None
    favourite: FavouriteRef | None
    product: ProductRef | None
    old_price: str | None
    new_price: str | None
    currency_type: str | None
    lowest_price_30d: str | None


class EventData(msgspec.Struct, frozen=True):
    """The updates of an event; none for a test."""

    updates: list[Update]


class Event(msgspec.Struct, frozen=True):
    """The body of a webhook."""

    type: EventType
    timestamp: str
    data: EventData


def event_of(message: Message) -> Event:
    """The event that tells a message."""
    updates = [_update(item) for item in message.items if item.kind != "endpoint_test"]
    kind: EventType = "favourites.updated" if updates else "endpoint.test"
    return Event(kind, wire.time(message.created_at), EventData(updates))


def encoded(event: Event) -> bytes:
    """The event as it is signed and sent."""
    return wire.JSON_ENCODER.encode(event)


def _update(item: Item) -> Update:
    return Update(
        id=item.uuid,
        kind=item.kind,
        changed_at=wire.optional_time(item.changed_at),
        user=None if item.user_id is None else Owner(item.user_id, item.user_uuid),
        favourite=None if item.favourite_id is None else FavouriteRef(item.favourite_id, item.favourite_uuid),
        product=None if item.product is None else _product(item.product),
        old_price=wire.optional_money(item.old_price),
        new_price=wire.optional_money(item.new_price),
        currency_type=item.currency,
        lowest_price_30d=wire.optional_money(item.lowest_price_30d),
    )


def _product(told: Told) -> ProductRef:
    return ProductRef(
        pk=told.id,
        uuid=told.uuid,
        sku=told.sku,
        name=told.name,
        url=told.url,
        image=told.image,
        price=wire.optional_money(told.price),
        currency_type=told.currency,
        in_stock=told.in_stock,
    )
