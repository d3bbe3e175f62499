"""What comes in and goes out, and what is known of collections between."""

from typing import Annotated, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from src.modules.baskets import Quantity, Shortfall
from src.platform.ids import RowId

T = TypeVar("T")
PUBLIC: Literal["public"] = "public"
PRIVATE: Literal["private"] = "private"
Status: TypeAlias = Literal["public", "private"]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Note: TypeAlias = Annotated[str, msgspec.Meta(max_length=1000)] | None


class CreateCollection(msgspec.Struct, forbid_unknown_fields=True):
    """A collection to be made; nobody else sees it unless it is public."""

    name: Name
    status: Status = PRIVATE


class ChangeCollection(msgspec.Struct, forbid_unknown_fields=True):
    """A new name, a new visibility, or both; the link stays as it is."""

    name: Name | UnsetType = UNSET
    status: Status | UnsetType = UNSET


class ChangeNamedCollection(ChangeCollection, forbid_unknown_fields=True, kw_only=True):
    """The same, with the collection's pk in the body."""

    pk: RowId


class AddItem(msgspec.Struct, forbid_unknown_fields=True):
    """A product to be put into a collection."""

    product_id: RowId
    usercollection_id: RowId
    note: Note = None


class ChangeItem(msgspec.Struct, forbid_unknown_fields=True):
    """What the owner notes about an item; null or nothing removes the note."""

    note: Note | msgspec.UnsetType = msgspec.UNSET


class Destination(msgspec.Struct, forbid_unknown_fields=True):
    """The collection that an item is to be in."""

    usercollection_id: RowId


class OrderItems(msgspec.Struct, forbid_unknown_fields=True):
    """The pks of items in the order that they are to have; those not named come behind, as they were."""

    items: list[RowId]


class BuyCollection(msgspec.Struct, forbid_unknown_fields=True):
    """How many units of each item are to go into the basket."""

    quantity: Quantity = 1


class ItemView(msgspec.Struct, Generic[T]):
    """An item of a collection; `product` comes rendered from the catalogue."""

    pk: int
    note: str | None
    product: T
    created_date: str


class CollectionView(msgspec.Struct, Generic[T]):
    """A collection with its items in the owner's order; `public_url` is null while it is private."""

    pk: int
    status: Status
    name: str
    slug: str
    items: list[ItemView[T]]
    public_url: str | None


class CollectionPage(msgspec.Struct, Generic[T]):
    """One page of a user's collections."""

    count: int
    next: str | None
    previous: str | None
    results: list[CollectionView[T]]


class CollectionMade(CollectionView[T], Generic[T]):
    """The new collection and, as the documents show it, a list of it; `count` is of all the user's collections."""

    count: int
    next: str | None
    previous: str | None
    results: list[CollectionView[T]]


class BoughtItem(msgspec.Struct):
    """An item that went into the basket: so many units of it."""

    pk: int
    product: int
    quantity: int


class CappedItem(BoughtItem):
    """An item of which less went in than was wanted, and why."""

    wanted: int
    reason: Shortfall


class UnavailableItem(msgspec.Struct):
    """An item of which nothing went in, and why."""

    pk: int
    product: int
    wanted: int
    reason: Shortfall


class CollectionBought(msgspec.Struct, Generic[T]):
    """What became of a collection's items, each in one of the lists, and the whole basket as it is now."""

    added: list[BoughtItem]
    capped: list[CappedItem]
    unavailable: list[UnavailableItem]
    basket: T


class Filters(msgspec.Struct, frozen=True):
    """What the list may be narrowed to."""

    name: str | None = None
    product: int | None = None


class Listing(NamedTuple):
    """How many collections a list has, and what decides how products look."""

    total: int
    epoch: int
    offers_stamp: str
    default_currency: str


class CollectionRow(NamedTuple):
    """A collection of a user."""

    id: int
    name: str
    is_public: bool
    slug: str


class ItemRow(NamedTuple):
    """An item, with the version of its product as of that read."""

    id: int
    collection_id: int
    note: str | None
    created_date: str
    product_id: int
    product_version: int


class Room(NamedTuple):
    """What decides whether a product can go into a collection."""

    is_there: bool
    is_for_sale: bool
    has_product: bool
    items: int
    items_of_user: int
