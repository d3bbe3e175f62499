"""What offers are worked out for: the lines of a basket that can be bought now, and who buys them."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Product(Protocol):
    """What terms about a product read of it."""

    @property
    def sku(self) -> str:
        """The product's own code."""

    @property
    def base_code(self) -> str | None:
        """The code it shares with its variants."""

    @property
    def categories(self) -> frozenset[int]:
        """The category nodes that it is in."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes by key."""


class ProductFacts(msgspec.Struct, frozen=True):
    """A product outside of a basket."""

    sku: str
    base_code: str | None
    categories: frozenset[int]
    attributes: Mapping[str, Any]


class Line(msgspec.Struct, frozen=True):
    """A line of a basket; prices are cents of one unit, `retail_price` is the unit price where there is none."""

    id: int
    product_id: int
    sku: str
    base_code: str | None
    quantity: int
    unit_price: int
    retail_price: int
    collections: frozenset[int]
    categories: frozenset[int]
    attributes: Mapping[str, Any]
    from_data_source: bool


class Shopper(msgspec.Struct, frozen=True):
    """Who buys, in which currency and with what; a guest has neither id nor address."""

    user_id: int | None
    email: str | None
    groups: frozenset[str]
    currency: str
    client_type: str
