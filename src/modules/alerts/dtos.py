"""What comes in and goes out."""

from typing import Generic, TypeVar

import msgspec

from src.platform.ids import RowId

T = TypeVar("T")


class AddAlert(msgspec.Struct, forbid_unknown_fields=True):
    """The product to be told about and, of somebody without an account, where."""

    product: RowId
    # Ignored of users: they are told at their own address.
    email: str | None = None


class AlertAdded(msgspec.Struct):
    """The new alert."""

    pk: int
    product: int


class AlertItem(msgspec.Struct, Generic[T]):
    """A row of the list."""

    pk: int
    product: T


class AlertPage(msgspec.Struct, Generic[T]):
    """One page of the list."""

    count: int
    next: str | None
    previous: str | None
    results: list[AlertItem[T]]
