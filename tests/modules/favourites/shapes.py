"""The answers of the two source documents as strict types: exactly these fields, of exactly these kinds."""

from typing import Annotated, Any, Generic, Literal, TypeVar

import httpx
import msgspec

T = TypeVar("T")
Money = Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d{2}$")]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
Uuid = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Path = Annotated[str, msgspec.Meta(pattern="^/.*/$")]
Json = dict[str, Any]


class Exact(msgspec.Struct, forbid_unknown_fields=True):
    """No field may be missing, none may be added."""


class Image(Exact):
    pk: int
    status: str
    image: str
    order: int
    created_date: Time
    specialimage_set: list[Any]


class DataSource(Exact):
    pk: int
    name: str
    slug: str
    title: str | None
    supplier_code: str | None
    address: str | None
    email: str | None
    phone_number: str | None
    fax_number: str | None
    kep_address: str | None
    mersis_number: str | None
    trade_association: str | None
    extras: Json
    price_list: int | None
    stock_list: int | None
    is_active: bool


class CommerceProduct(Exact):
    pk: int
    name: str
    sku: str
    base_code: str | None
    attributes: Json
    attribute_set: int | None
    attributes_kwargs: Json
    extra_attributes: Json
    productimage_set: list[Image]
    price: Money | None
    in_stock: bool
    currency_type: str | None
    retail_price: Money | None
    unit_type: str | None
    tax_rate: Money | None
    absolute_url: Path
    productvideo_set: list[Any]
    product_type: str
    price_type: str | None
    form_schema: Any
    is_ready_to_basket: bool
    stock: int | None
    data_source: DataSource | None
    basket_offers: list[Any]
    extra_data: Json


class CommerceFavourite(Exact):
    pk: int
    product: CommerceProduct


class CommercePage(Exact):
    count: int
    next: str | None
    previous: str | None
    results: list[CommerceFavourite]


class CommerceAdded(Exact):
    pk: int
    product: int


class CommerceRefusal(Exact):
    non_field_errors: str
    error_code: str


class Detail(Exact):
    detail: str


class CatalogItem(Exact):
    id: Uuid
    slug: str
    product_id: Uuid
    name: dict[str, str]
    description: dict[str, str]
    price: float | None
    images: list[str]
    is_active: bool


class Favorite(Exact):
    id: Uuid
    user_id: Uuid
    variant_id: Uuid
    variant_slug: str
    product_id: Uuid
    product_slug: str
    has_variant: bool
    created_at: Time
    updated_at: Time | None
    catalog_item: CatalogItem
    is_available: bool
    current_price: float | None
    availability_status: Literal["available", "out_of_stock", "inactive"]


class Pagination(Exact):
    page: int
    limit: int
    total: int
    totalPages: int  # noqa: N815


class FavoritePage(Exact):
    success: Literal[True]
    favorites: Annotated[list[Favorite], msgspec.Meta(min_length=1)]
    pagination: Pagination


class EmptyFavorites(Exact):
    favorites: Annotated[list[Favorite], msgspec.Meta(max_length=0)]
    pagination: Pagination


class EmptyFavoritePage(Exact):
    success: Literal[True]
    favorites: Annotated[list[Favorite], msgspec.Meta(max_length=0)]
    pagination: Pagination
    data: EmptyFavorites


class FavoriteAdded(Exact):
    success: Literal[True]
    favorite: Favorite
    message: str


class Data(Exact, Generic[T]):
    success: Literal[True]
    data: T


class Removed(Exact):
    message: str
    removed_at: Time


class Status(Exact):
    is_favorited: bool
    favorite_id: Uuid | None
    favorited_at: Time | None


class Count(Exact):
    count: int
    last_updated: Time | None


class Failure(Exact):
    success: Literal[False]
    message: str


class Fault(Exact):
    field: str
    message: str


class Invalid(Exact):
    success: Literal[False]
    message: str
    errors: Annotated[list[Fault], msgspec.Meta(min_length=1)]


def read(response: httpx.Response, shape: type[T], status: int = 200) -> T:
    """The answer, which must have this status and exactly this shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/json")
    return msgspec.json.decode(response.content, type=shape)
