"""The answers of the collections document as strict types: exactly these fields, of exactly these kinds."""

from typing import Any, Literal

from tests.modules.favourites.shapes import CommerceProduct, Exact, Path, Time


class Product(CommerceProduct, forbid_unknown_fields=True):
    is_active: bool
    parent: int | None
    is_seller_product: bool
    listing_code: str | None
    is_form_required: bool
    is_listable: bool
    custom_attribute_set: int | None
    group_products: list[Any]


class Item(Exact):
    pk: int
    note: str | None
    product: Product
    created_date: Time


class Collection(Exact):
    pk: int
    status: Literal["public", "private"]
    name: str
    slug: str
    items: list[Item]
    public_url: Path | None

    @property
    def pks(self) -> list[int]:
        """Those of the items."""
        return [item.pk for item in self.items]

    @property
    def product_ids(self) -> list[int]:
        """Those of the products."""
        return [item.product.pk for item in self.items]


class Made(Collection, forbid_unknown_fields=True):
    count: int
    next: None
    previous: None
    results: list[Collection]


class Page(Exact):
    count: int
    next: str | None
    previous: str | None
    results: list[Collection]

    @property
    def names(self) -> list[str]:
        """Those of the collections."""
        return [collection.name for collection in self.results]


class Bought(Exact):
    pk: int
    product: int
    quantity: int


class Capped(Bought, forbid_unknown_fields=True):
    wanted: int
    reason: str


class Unavailable(Exact):
    pk: int
    product: int
    wanted: int
    reason: str


class Report(Exact):
    added: list[Bought]
    capped: list[Capped]
    unavailable: list[Unavailable]
    basket: dict[str, Any]
