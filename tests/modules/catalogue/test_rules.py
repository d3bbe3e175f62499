"""How a product is told in each dialect, field by field, from the row that the database gives."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.modules.catalogue.dtos import ProductRow
from src.modules.catalogue.rules import commerce_product, is_buyable, slugify, storefront_product, wanted_currency

OWN = UUID("0198c5a4-0000-7000-8000-000000000001")
PARENT = UUID("0198c5a4-0000-7000-8000-000000000002")


def row(**changed: Any) -> ProductRow:
    """A product that is for sale, priced and in stock."""
    values: dict[str, Any] = {
        "id": 8,
        "version": 1,
        "uuid": OWN,
        "sku": "2672881091842",
        "base_code": "1KNTTC0137",
        "name": "Phaeton",
        "product_type": "0",
        "is_active": True,
        "is_parent": False,
        "slug": None,
        "url_path": None,
        "translations": {},
        "attributes": {"renk": "sarı"},  # noqa: RUF001
        "attributes_kwargs": {},
        "extra_attributes": {},
        "attribute_set": 8,
        "parent_id": None,
        "parent_uuid": None,
        "parent_slug": None,
        "parent_name": None,
        "price": Decimal("129.90"),
        "retail_price": Decimal("324.75"),
        "currency_type": "try",
        "price_type": "default",
        "tax_rate": Decimal("8.00"),
        "stock": 8,
        "in_stock": True,
        "unit_type": "qty",
        "images": [],
        "data_source": None,
        "category_nodes": [],
        "is_seller_product": False,
        "listing_code": None,
        "is_form_required": False,
        "is_listable": True,
        "custom_attribute_set": None,
        "group_products": [],
    }
    return ProductRow(**(values | changed))


def test_commerce_tells_every_field_of_the_document() -> None:
    told = msgspec.to_builtins(commerce_product(row()))
    assert told == {
        "pk": 8,
        "name": "Phaeton",
        "sku": "2672881091842",
        "base_code": "1KNTTC0137",
        "attributes": {"renk": "sarı"},  # noqa: RUF001
        "attribute_set": 8,
        "attributes_kwargs": {},
        "extra_attributes": {},
        "productimage_set": [],
        "price": "129.90",
        "in_stock": True,
        "currency_type": "try",
        "retail_price": "324.75",
        "unit_type": "qty",
        "tax_rate": "8.00",
        "absolute_url": "/product/8/",
        "productvideo_set": [],
        "product_type": "0",
        "price_type": "default",
        "form_schema": None,
        "is_ready_to_basket": True,
        "stock": 8,
        "data_source": None,
        "basket_offers": [],
        "extra_data": {"variants": []},
    }


def test_commerce_without_price_and_stock_tells_nulls() -> None:
    bare = row(
        price=None, retail_price=None, currency_type=None, price_type=None, tax_rate=None, stock=None, in_stock=False,
        unit_type=None, base_code=None, attribute_set=None, product_type="1",
    )  # fmt: skip
    told = msgspec.to_builtins(commerce_product(bare))
    for name in ("price", "retail_price", "currency_type", "price_type", "tax_rate", "stock", "unit_type", "base_code"):
        assert told[name] is None
    assert told["extra_data"] == {}
    assert (told["in_stock"], told["is_ready_to_basket"]) == (False, False)


@pytest.mark.parametrize(
    ("slug", "url_path", "url"),
    [
        (None, None, "/product/8/"),
        ("phaeton-8", None, "/phaeton-8/"),
        ("phaeton-8", "/ev-tekstili/phaeton/", "/ev-tekstili/phaeton/"),
    ],
)
def test_commerce_url_is_the_shops_own_where_it_told_one(slug: str | None, url_path: str | None, url: str) -> None:
    assert commerce_product(row(slug=slug, url_path=url_path)).absolute_url == url


def test_commerce_images_and_data_source_are_as_documented() -> None:
    image = {"pk": 469, "status": "active", "image": "/media/a.jpg", "order": 0, "created_date": "2017-01-24T10:37:40Z"}
    source = {
        "pk": 1, "name": "bayram ticaret", "slug": "bayram-ticaret", "title": "Bayram Ticaret", "supplier_code": "BAY",
        "address": None, "email": None, "phone_number": None, "fax_number": None, "kep_address": None,
        "mersis_number": None, "trade_association": None, "extras": {}, "price_list": 1, "stock_list": 2,
        "is_active": True,
    }  # fmt: skip
    told = msgspec.to_builtins(commerce_product(row(images=[dict(image)], data_source=source)))
    assert told["productimage_set"] == [
        {**image, "created_date": "2017-01-24T10:37:40.000000Z", "specialimage_set": []}
    ]
    assert told["data_source"] == source


@pytest.mark.parametrize(
    ("changed", "buyable"),
    [
        ({}, True),
        ({"stock": None}, True),
        ({"is_active": False}, False),
        ({"in_stock": False}, False),
        ({"price": None}, False),
        ({"is_parent": True}, False),
    ],
)
def test_buyable_is_active_in_stock_priced_and_no_bare_parent(changed: dict[str, Any], buyable: bool) -> None:
    assert is_buyable(row(**changed)) is buyable
    assert commerce_product(row(**changed)).is_ready_to_basket is buyable


def test_storefront_product_without_a_parent_is_its_own() -> None:
    told = storefront_product(row(slug="phaeton"))
    assert (told.variant_id, told.product_id, told.has_variant) == (OWN, OWN, False)
    assert (told.variant_slug, told.product_slug) == ("phaeton", "phaeton")
    item = told.catalog_item
    assert (item.id, item.product_id, item.slug, item.is_active) == (OWN, OWN, "phaeton", True)
    assert told.current_price == item.price == Decimal("129.90")


def test_storefront_variant_names_its_parent() -> None:
    told = storefront_product(
        row(parent_id=3, parent_uuid=PARENT, parent_slug="iphone-15-pro", parent_name="iPhone", slug="iphone-15-black")
    )
    assert (told.variant_id, told.product_id, told.has_variant) == (OWN, PARENT, True)
    assert (told.variant_slug, told.product_slug) == ("iphone-15-black", "iphone-15-pro")
    assert told.catalog_item.product_id == PARENT
    unnamed = storefront_product(row(parent_id=3, parent_uuid=PARENT, parent_name="İPhone 15"))
    assert unnamed.product_slug == "iphone-15-3"


@pytest.mark.parametrize(
    ("active", "in_stock", "stock", "price", "available", "status"),
    [
        (True, True, 5, Decimal(1), True, "available"),
        (True, True, None, Decimal(1), True, "available"),
        (True, True, 5, None, True, "available"),
        (True, False, 0, Decimal(1), False, "out_of_stock"),
        (True, False, None, None, False, "out_of_stock"),
        (False, True, 5, Decimal(1), False, "inactive"),
        (False, False, 0, Decimal(1), False, "inactive"),
    ],
)
def test_storefront_availability(
    active: bool, in_stock: bool, stock: int | None, price: Decimal | None, available: bool, status: str
) -> None:
    told = storefront_product(row(is_active=active, in_stock=in_stock, stock=stock, price=price))
    assert (told.is_available, told.availability_status) == (available, status)
    assert told.catalog_item.is_active is active
    assert told.current_price == price


def test_storefront_texts_are_the_translations_or_the_name_alone() -> None:
    assert storefront_product(row()).catalog_item.name == {"en": "Phaeton"}
    assert storefront_product(row()).catalog_item.description == {}
    translations = {"en": {"name": "Laptop", "description": "Fast"}, "ar": {"name": "لابتوب"}, "ku": {"name": ""}}
    item = storefront_product(row(translations=translations)).catalog_item
    assert item.name == {"en": "Laptop", "ar": "لابتوب"}
    assert item.description == {"en": "Fast"}
    only_described = storefront_product(row(translations={"tr": {"description": "Hızlı"}})).catalog_item  # noqa: RUF001
    assert only_described.name == {"en": "Phaeton"}


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Phaeton 160x220+60x80 cm", "phaeton-160x220-60x80-cm"),
        ("Işıl Çığ Ürün", "isil-cig-urun"),  # noqa: RUF001
        ("  --a--  ", "a"),
        ("لابتوب", ""),
        ("", ""),
    ],
)
def test_slug_is_lower_case_ascii_words(text: str, slug: str) -> None:
    assert slugify(text) == slug


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_name_gives_a_slug_that_a_url_can_carry(name: str) -> None:
    told = storefront_product(row(name=name))
    assert told.variant_slug.endswith("8")
    assert set(told.variant_slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not told.variant_slug.startswith("-")


@pytest.mark.parametrize(("header", "currency"), [("usd", "usd"), (" USD ", "usd"), ("Eur", "eur")])
def test_currency_that_is_named_is_wanted(header: str, currency: str) -> None:
    assert wanted_currency(header, "try") == currency


@pytest.mark.parametrize("header", [None, "", "undefined", "us", "usd1", "u$d", "ａｂｃ", "usd,eur", "a" * 500])  # noqa: RUF001
def test_currency_that_makes_no_sense_is_ignored(header: str | None) -> None:
    assert wanted_currency(header, "try") == "try"
