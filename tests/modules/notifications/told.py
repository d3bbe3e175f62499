"""Messages for tests of channels: valid by default, so that a test names only what it is about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from src.modules.notifications.messages import Channel, Item, Kind, Message, Recipient, Told

THEN = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
UUID_1 = UUID("019cac5e-0000-7000-8000-000000000001")


def product(**fields: Any) -> Told:
    """A product as its recipient sees it."""
    values: dict[str, Any] = {
        "id": 7,
        "uuid": UUID_1,
        "sku": "SKU-7",
        "name": "Lamp",
        "url": "/lamp/",
        "image": "https://img.example/lamp.jpg",
        "price": Decimal("80.00"),
        "currency": "try",
        "in_stock": True,
    }
    return Told(**{**values, **fields})


def item(kind: Kind = "price_changed", **fields: Any) -> Item:
    """A price that fell, unless told otherwise."""
    values: dict[str, Any] = {"delivery_id": 3, "uuid": UUID_1, "kind": kind}
    if kind != "endpoint_test":
        values |= {
            "changed_at": THEN,
            "product": product(),
            "favourite_id": 11,
            "favourite_uuid": UUID_1,
            "user_id": 5,
            "user_uuid": UUID_1,
        }
    if kind == "price_changed":
        values |= {
            "old_price": Decimal("100.00"),
            "new_price": Decimal("80.00"),
            "currency": "try",
            "lowest_price_30d": Decimal("90.00"),
        }
    return Item(**{**values, **fields})


def message(channel: Channel, recipient: Recipient, *items: Item, **fields: Any) -> Message:
    """A message with a fallen price, unless other items are given."""
    values: dict[str, Any] = {"id": uuid4(), "created_at": THEN, **fields}
    return Message(channel=channel, recipient=recipient, items=items or (item(),), **values)
