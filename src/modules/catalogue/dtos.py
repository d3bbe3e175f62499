"""How a product looks in each dialect."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import Parameter


class PriceContext(msgspec.Struct, frozen=True):
    """Everything about the shopper and the request that decides a price or a stock."""

    price_list_id: int | None
    stock_list_id: int | None
    wanted_currency: str
    default_currency: str

    @property
    def key(self) -> str:
        """A text that two contexts share only if they see the same prices and stocks."""
        return f"{self.price_list_id}:{self.stock_list_id}:{self.wanted_currency}:{self.default_currency}"


class ImageView(msgspec.Struct):
    """A picture as the commerce documents show it."""

    pk: int
    status: str
    image: str
    order: int
    created_date: str
    specialimage_set: list[Any]


class DataSourceView(msgspec.Struct):
    """A seller as the favourites document shows it."""

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
    extras: dict[str, Any]
    price_list: int | None
    stock_list: int | None
    is_active: bool


class CommerceProduct(msgspec.Struct):
    """A product of the commerce dialect; money is text with two decimals."""

    pk: int
    name: str
    sku: str
    base_code: str | None
    attributes: dict[str, Any]
    attribute_set: int | None
    attributes_kwargs: dict[str, Any]
    extra_attributes: dict[str, Any]
    productimage_set: list[ImageView]
    price: str | None
    in_stock: bool
    currency_type: str | None
    retail_price: str | None
    unit_type: str | None
    tax_rate: str | None
    absolute_url: str
    productvideo_set: list[Any]
    product_type: str
    price_type: str | None
    form_schema: Any
    is_ready_to_basket: bool
    stock: int | None
    data_source: DataSourceView | None
    basket_offers: list[Any]
    extra_data: dict[str, Any]


class CollectedProduct(CommerceProduct):
    """A product in a user's collection: what the collections document shows of it, too."""

    is_active: bool
    parent: int | None
    is_seller_product: bool
    listing_code: str | None
    is_form_required: bool
    is_listable: bool
    custom_attribute_set: int | None
    group_products: list[Any]


# What the storefront dialect writes as a number is still a Decimal here; only the documentation has to be told.
NumericMoney = Annotated[Decimal, Parameter(schema_extra={"type": OpenAPIType.NUMBER})]


class CatalogItem(msgspec.Struct):
    """A product of the storefront dialect; the price is a JSON number with exactly its digits."""

    id: UUID
    slug: str
    product_id: UUID
    name: dict[str, str]
    description: dict[str, str]
    price: NumericMoney | None
    images: list[str]
    is_active: bool


class StorefrontProduct(msgspec.Struct):
    """What a storefront favourite says of its product."""

    variant_id: UUID
    variant_slug: str
    product_id: UUID
    product_slug: str
    has_variant: bool
    catalog_item: CatalogItem
    is_available: bool
    current_price: NumericMoney | None
    availability_status: str


class ProductRow(msgspec.Struct):
    """A product with everything that any dialect shows of it, read in one snapshot."""

    id: int
    version: int
    uuid: UUID
    sku: str
    base_code: str | None
    name: str
    product_type: str
    is_active: bool
    is_parent: bool
    slug: str | None
    url_path: str | None
    translations: dict[str, dict[str, str]]
    attributes: dict[str, Any]
    attributes_kwargs: dict[str, Any]
    extra_attributes: dict[str, Any]
    attribute_set: int | None
    parent_id: int | None
    parent_uuid: UUID | None
    parent_slug: str | None
    parent_name: str | None
    price: Decimal | None
    retail_price: Decimal | None
    currency_type: str | None
    price_type: str | None
    tax_rate: Decimal | None
    stock: int | None
    in_stock: bool
    unit_type: str | None
    images: list[dict[str, Any]]
    data_source: dict[str, Any] | None
    category_nodes: list[int]
    is_seller_product: bool
    listing_code: str | None
    is_form_required: bool
    is_listable: bool
    custom_attribute_set: int | None
    group_products: list[Any]
    # What a feature above adds to it (`services.Extras`).
    basket_offers: list[Any] = []
