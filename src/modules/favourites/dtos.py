"""What comes in and goes out, one struct per direction and dialect."""

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from src.modules.catalogue import ProductRow, StorefrontProduct
from src.platform.ids import RowId

MAX_BATCH = 200
T = TypeVar("T")


class AddFavourite(msgspec.Struct, forbid_unknown_fields=True):
    """Commerce: the product to favourite, by its integer id."""

    product: RowId


class FavouriteAdded(msgspec.Struct):
    """Commerce: the new favourite."""

    pk: int
    product: int


class FavouriteItem(msgspec.Struct, Generic[T]):
    """Commerce: a row of the list; `product` is documented as one and comes rendered from the catalogue."""

    pk: int
    product: T


class FavouritePage(msgspec.Struct, Generic[T]):
    """Commerce: one page of the list."""

    count: int
    next: str | None
    previous: str | None
    results: list[FavouriteItem[T]]


class AddFavorite(msgspec.Struct, forbid_unknown_fields=True):
    """Storefront: the product row to favourite, by its UUID."""

    variant_id: UUID


class FavoriteView(StorefrontProduct, kw_only=True):
    """Storefront: a favourite as documented; it is written as its own fields in front of its rendered product."""

    id: UUID
    user_id: UUID
    created_at: str
    updated_at: str | None


class FavoriteAdded(msgspec.Struct, Generic[T]):
    """Storefront: the new favourite and a sentence for the shopper."""

    success: bool
    favorite: T
    message: str


class Pagination(msgspec.Struct, rename={"total_pages": "totalPages"}):
    """Storefront: where in the list this page is."""

    page: int
    limit: int
    total: int
    total_pages: int


class EmptyPage(msgspec.Struct):
    """Storefront: an empty page in the documents' second shape."""

    favorites: list[str]
    pagination: Pagination


class FavoritePage(msgspec.Struct, Generic[T], omit_defaults=True):
    """Storefront: one page; when it is empty the documents show it inside `data` as well."""

    success: bool
    favorites: list[T]
    pagination: Pagination
    data: EmptyPage | msgspec.UnsetType = msgspec.UNSET


class FavoriteRemoved(msgspec.Struct):
    """Storefront: the confirmation of a removal."""

    message: str
    removed_at: str


class FavoriteStatus(msgspec.Struct):
    """Storefront: whether a product is a favourite, and which."""

    is_favorited: bool
    favorite_id: UUID | None
    favorited_at: str | None


class FavoriteCount(msgspec.Struct):
    """Storefront: how many favourites there are and when one last came or went."""

    count: int
    last_updated: str | None


class Success(msgspec.Struct, Generic[T]):
    """Storefront: the envelope of everything that is no list."""

    success: bool
    data: T


class FavouriteRow(msgspec.Struct):
    """A favourite on a page, with the version of its product as of that read."""

    id: int
    uuid: str
    created_at: str
    product_id: int
    product_version: int


class ListContext(msgspec.Struct):
    """What one statement says of a shopper and a page of their favourites."""

    scopes: list[str] | None
    user_id: int | None
    user_uuid: UUID | None
    price_list_id: int | None
    stock_list_id: int | None
    total: int
    epoch: int
    offers_stamp: str | None
    one_per_product: bool
    default_currency: str
    rows: list[FavouriteRow]


class AddOutcome(msgspec.Struct):
    """What became of an attempt to add: the product if it is there, the favourite if it was made."""

    product_id: int | None
    is_active: bool
    one_per_product: bool
    favourite_id: int | None
    favourite_uuid: UUID | None
    created_at: datetime | None
    # As the shopper sees it now; only of a favourite that was made by the product's UUID.
    product: ProductRow | None = None
