"""How a product row is told in each dialect: pure functions from a row to a view."""

import re
import unicodedata
from datetime import datetime
from typing import Any

import msgspec

from src.modules.catalogue.dtos import (
    CatalogItem,
    CollectedProduct,
    CommerceProduct,
    DataSourceView,
    ImageView,
    ProductRow,
    StorefrontProduct,
)
from src.platform import wire

SINGLE_PRODUCT = "0"
NAME_LANGUAGE = "en"
DOTLESS_I = "\N{LATIN SMALL LETTER DOTLESS I}"
CURRENCY = re.compile(r"[a-z]{3}")


def read_currency(text: str | None) -> str | None:
    """The currency that a text, like an X-Currency header, names; None for what can't be one."""
    code = (text or "").strip().lower()
    return code if CURRENCY.fullmatch(code) else None


def wanted_currency(header: str | None, default: str) -> str:
    """The currency that an X-Currency header names, or `default` when it names none."""
    return read_currency(header) or default


def slugify(text: str) -> str:
    """`text` as lower-case ASCII words joined by hyphens; empty when it has no Latin letters or digits."""
    plain = unicodedata.normalize("NFKD", text.replace(DOTLESS_I, "i")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _slug(slug: str | None, name: str, product_id: int) -> str:
    return slug or f"{slugify(name) or 'product'}-{product_id}"


def commerce_product(row: ProductRow) -> CommerceProduct:
    """The product as the commerce dialect shows it."""
    return CommerceProduct(
        pk=row.id,
        name=row.name,
        sku=row.sku,
        base_code=row.base_code,
        attributes=row.attributes,
        attribute_set=row.attribute_set,
        attributes_kwargs=row.attributes_kwargs,
        extra_attributes=row.extra_attributes,
        productimage_set=[_image(image) for image in row.images],
        price=wire.optional_money(row.price),
        in_stock=row.in_stock,
        currency_type=row.currency_type,
        retail_price=wire.optional_money(row.retail_price),
        unit_type=row.unit_type,
        tax_rate=wire.optional_money(row.tax_rate),
        absolute_url=row.url_path or (f"/{row.slug}/" if row.slug else f"/product/{row.id}/"),
        productvideo_set=[],
        product_type=row.product_type,
        price_type=row.price_type,
        form_schema=None,
        is_ready_to_basket=is_buyable(row),
        stock=row.stock,
        data_source=msgspec.convert(row.data_source, DataSourceView) if row.data_source else None,
        basket_offers=row.basket_offers,
        extra_data={"variants": []} if row.product_type == SINGLE_PRODUCT else {},
    )


def collected_product(row: ProductRow) -> CollectedProduct:
    """The product as collections show it: the union of all that the commerce documents show of one."""
    return CollectedProduct(
        **msgspec.structs.asdict(commerce_product(row)),
        is_active=row.is_active,
        parent=row.parent_id,
        is_seller_product=row.is_seller_product,
        listing_code=row.listing_code,
        is_form_required=row.is_form_required,
        is_listable=row.is_listable,
        custom_attribute_set=row.custom_attribute_set,
        group_products=row.group_products,
    )


def is_buyable(row: ProductRow) -> bool:
    """Whether one unit could go into a basket now: for sale, in stock, priced, and no bare parent."""
    return row.is_active and row.in_stock and row.price is not None and not row.is_parent


def _image(image: dict[str, Any]) -> ImageView:
    created = wire.time(datetime.fromisoformat(image["created_date"]))
    return ImageView(**{**image, "created_date": created}, specialimage_set=[])


def storefront_product(row: ProductRow) -> StorefrontProduct:
    """The product as the storefront dialect shows it: the row is the variant, its parent (or itself) the product."""
    slug = _slug(row.slug, row.name, row.id)
    product_id, product_slug = row.uuid, slug
    if row.parent_id is not None and row.parent_uuid is not None:
        product_id, product_slug = (
            row.parent_uuid,
            _slug(row.parent_slug, row.parent_name or "", row.parent_id),
        )
    available = row.is_active and row.in_stock
    return StorefrontProduct(
        variant_id=row.uuid,
        variant_slug=slug,
        product_id=product_id,
        product_slug=product_slug,
        has_variant=row.parent_id is not None,
        catalog_item=CatalogItem(
            id=row.uuid,
            slug=slug,
            product_id=product_id,
            name=_translated(row, "name", row.name),
            description=_translated(row, "description", None),
            price=row.price,
            images=[image["image"] for image in row.images],
            is_active=row.is_active,
        ),
        is_available=available,
        current_price=row.price,
        availability_status="available" if available else "out_of_stock" if row.is_active else "inactive",
    )


def _translated(row: ProductRow, field: str, fallback: str | None) -> dict[str, str]:
    texts = {language: told[field] for language, told in row.translations.items() if told.get(field)}
    return texts or ({NAME_LANGUAGE: fallback} if fallback else {})
