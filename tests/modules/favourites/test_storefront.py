"""Favourites through the storefront dialect: the document's examples, its failures and its languages."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.factories import Client, Factory
from tests.modules.favourites.shapes import (
    EmptyFavoritePage,
    Failure,
    Fault,
    FavoriteAdded,
    FavoritePage,
    Invalid,
    Pagination,
    read,
)
from tests.modules.favourites.shop import COMMERCE, PRODUCTS, STOREFRONT, add, add_favorite, count, favorites, page


async def test_add_answers_the_favorite_as_it_is_listed(shopper: Client, factory: Factory) -> None:
    product = await factory.product(price="999.99", name="iPhone 15 Pro")
    await factory.insert("product_image", product_id=product.id, image="https://example.com/1.jpg")
    answer = await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)})
    added = read(answer, FavoriteAdded, 201)
    assert added.message == "Added to favorites"
    favorite = added.favorite
    assert favorite.variant_id == favorite.product_id == favorite.catalog_item.id == str(product.uuid)
    assert (favorite.current_price, favorite.catalog_item.price) == (999.99, 999.99)
    assert (favorite.is_available, favorite.availability_status) == (True, "available")
    assert (favorite.has_variant, favorite.updated_at) == (False, None)
    assert favorite.catalog_item.images == ["https://example.com/1.jpg"]
    assert favorite.catalog_item.name == {"en": "iPhone 15 Pro"}
    assert favorite.user_id == str(await factory.scalar("SELECT uuid FROM users WHERE email = %s", shopper.email))
    listed = read(await shopper.get(STOREFRONT), FavoritePage)
    assert listed.favorites == [favorite]
    assert listed.pagination == Pagination(page=1, limit=20, total=1, totalPages=1)


async def test_empty_list_has_both_shapes_of_the_document(shopper: Client) -> None:
    pagination = {"page": 1, "limit": 20, "total": 0, "totalPages": 0}
    assert (await shopper.get(STOREFRONT)).json() == {
        "success": True,
        "favorites": [],
        "pagination": pagination,
        "data": {"favorites": [], "pagination": pagination},
    }


async def test_variant_names_its_parent(shopper: Client, factory: Factory) -> None:
    parent = await factory.product(slug="iphone-15-pro", price=None, stock=None)
    variant = await factory.product(slug="iphone-15-pro-titanium", parent_id=parent.id)
    favorite = await add_favorite(shopper, variant)
    assert (favorite.variant_id, favorite.variant_slug) == (str(variant.uuid), "iphone-15-pro-titanium")
    assert (favorite.product_id, favorite.product_slug) == (str(parent.uuid), "iphone-15-pro")
    assert favorite.has_variant is True
    item = favorite.catalog_item
    assert (item.id, item.product_id, item.slug) == (str(variant.uuid), str(parent.uuid), "iphone-15-pro-titanium")
    own = await add_favorite(shopper, parent)
    assert (own.variant_id, own.product_id, own.has_variant) == (str(parent.uuid), str(parent.uuid), False)


async def test_texts_come_in_every_language_the_shop_has(shopper: Client, factory: Factory) -> None:
    translations = {
        "en": {"name": "Laptop", "description": "Fast"},
        "ar": {"name": "لابتوب"},
        "ku": {"name": "لاپتۆپ", "description": "خێرا"},
    }
    item = (await add_favorite(shopper, await factory.product(translations=translations))).catalog_item
    assert item.name == {"en": "Laptop", "ar": "لابتوب", "ku": "لاپتۆپ"}
    assert item.description == {"en": "Fast", "ku": "خێرا"}


@pytest.mark.parametrize(("amount", "text"), [("0.10", "0.10"), ("12345678.90", "12345678.90"), ("0.00", "0.00")])
async def test_price_is_a_number_without_noise(shopper: Client, factory: Factory, amount: str, text: str) -> None:
    await add_favorite(shopper, await factory.product(price=amount))
    body = (await shopper.get(STOREFRONT)).content
    assert f'"current_price":{text},'.encode() in body
    assert json.loads(body, parse_float=Decimal)["favorites"][0]["catalog_item"]["price"] == Decimal(amount)


async def test_price_and_availability_are_those_of_this_moment(shopper: Client, factory: Factory) -> None:
    product = await factory.product(price=None, stock=2)
    favorite = await add_favorite(shopper, product)
    assert (favorite.current_price, favorite.availability_status) == (None, "available")

    async def now() -> tuple[float | None, bool, str, bool]:
        shown = (await favorites(shopper))[0]
        assert shown.current_price == shown.catalog_item.price
        return shown.current_price, shown.is_available, shown.availability_status, shown.catalog_item.is_active

    await factory.price(product, "5.00")
    assert await now() == (5, True, "available", True)
    await factory.stock(product, 0)
    assert await now() == (5, False, "out_of_stock", True)
    await factory.stock(product, None, in_stock=True)
    assert await now() == (5, True, "available", True)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", product.id)
    await factory.touch(product.id)
    assert await now() == (5, False, "inactive", False)


async def test_second_add_is_a_conflict_and_changes_nothing(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add_favorite(shopper, product)
    before = (await shopper.get(STOREFRONT)).content
    for _ in range(4):
        refused = read(await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)}), Failure, 409)
        assert refused.message == "Product is already in your favorites"
    assert (await shopper.get(STOREFRONT)).content == before


async def test_product_that_is_not_there_or_not_for_sale_is_not_found(shopper: Client, factory: Factory) -> None:
    inactive = await factory.product(is_active=False)
    for wanted in (uuid4(), inactive.uuid):
        refused = read(await shopper.post(STOREFRONT, json={"variant_id": str(wanted)}), Failure, 404)
        assert refused.message == "Product not found or not accessible"
    assert (await count(shopper)).last_updated is None


NO_UUIDS: list[object] = ["", "variant-uuid-123", 12, [], {}, True, "0" * 30 + "zz", "0" * 31, "x" * 10_000]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Field is required"),
        ({"variant_id": None}, "Field is required"),
        *(({"variant_id": value}, "Must be a valid UUID") for value in NO_UUIDS),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_body_that_does_not_fit_is_refused_by_field(shopper: Client, body: dict[str, Any], message: str) -> None:
    refused = read(await shopper.post(STOREFRONT, json=body), Invalid, 400)
    assert refused.message == "Validation failed"
    assert refused.errors == [Fault(field="variant_id", message=message)]


async def test_pages_show_the_newest_first(shopper: Client, factory: Factory) -> None:
    products = [await factory.product() for _ in range(5)]
    for product in products:
        await add_favorite(shopper, product)
    seen = []
    for number in (1, 2, 3):
        shown = read(await shopper.get(STOREFRONT, params={"page": number, "limit": 2}), FavoritePage)
        assert shown.pagination == Pagination(page=number, limit=2, total=5, totalPages=3)
        seen += [favorite.variant_id for favorite in shown.favorites]
    assert seen == [str(product.uuid) for product in reversed(products)]


@pytest.mark.parametrize("number", [2, 9, 10**17])
async def test_page_past_the_end_is_empty(shopper: Client, factory: Factory, number: int) -> None:
    await add_favorite(shopper, await factory.product())
    past = read(await shopper.get(STOREFRONT, params={"page": number, "limit": 5}), EmptyFavoritePage)
    assert past.pagination.total == past.data.pagination.total == 1
    assert past.pagination.totalPages == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", value) for value in ("0", "101", "-1", "x", "", "9" * 30)]
    + [("page", value) for value in ("0", "-3", "one", "", "1.5")],
)
async def test_paging_that_makes_no_sense_is_refused(shopper: Client, name: str, value: str) -> None:
    refused = read(await shopper.get(STOREFRONT, params={name: value}), Invalid, 400)
    assert [error.field for error in refused.errors] == [name]
    assert "%" not in refused.errors[0].message


async def test_limit_may_be_one_to_a_hundred(shopper: Client) -> None:
    for limit in (1, 100):
        assert (await shopper.get(STOREFRONT, params={"limit": limit})).status_code == 200


async def test_market_filter(shopper: Client, factory: Factory) -> None:
    markets = {name: uuid4() for name in ("north", "south", "empty")}
    ids = {name: await factory.insert("market", name=name, uuid=uuid) for name, uuid in markets.items()}
    products = {name: await factory.product(market_id=ids[name]) for name in ("north", "south")}
    nowhere = await factory.product()
    for product in (*products.values(), nowhere):
        await add_favorite(shopper, product)
    for name, product in products.items():
        shown = read(await shopper.get(STOREFRONT, params={"market_id": str(markets[name])}), FavoritePage)
        assert [favorite.variant_id for favorite in shown.favorites] == [str(product.uuid)]
        assert shown.pagination.total == 1
    for nobody in (markets["empty"], uuid4()):
        assert await favorites(shopper, market_id=str(nobody)) == []
    assert len(await favorites(shopper)) == 3


@pytest.mark.parametrize("value", ["not-a-uuid", "", "1", "%00", "0" * 32, "{{market_id}}"])
async def test_market_that_is_no_uuid_is_refused(shopper: Client, value: str) -> None:
    refused = read(await shopper.get(STOREFRONT, params={"market_id": value}), Invalid, 400)
    assert refused.errors == [Fault(field="market_id", message="Must be a valid UUID")]


async def test_one_favourite_serves_both_dialects(shopper: Client, factory: Factory) -> None:
    ours, theirs = await factory.product(), await factory.product()
    pk = await add(shopper, ours)
    favorite = await add_favorite(shopper, theirs)
    assert {row.variant_id for row in await favorites(shopper)} == {str(ours.uuid), str(theirs.uuid)}
    assert [row.product.pk for row in (await page(shopper)).results] == [ours.id, theirs.id]
    assert (await shopper.post(STOREFRONT, json={"variant_id": str(ours.uuid)})).status_code == 409
    assert (await shopper.post(COMMERCE, json={"product": theirs.id})).status_code == 406
    assert (await shopper.delete(f"{COMMERCE}{pk}/")).status_code == 204
    assert (await shopper.delete(f"{STOREFRONT}/{favorite.id}/")).status_code == 200
    assert (await page(shopper)).count == len(await favorites(shopper)) == 0


async def test_list_that_did_not_change_is_not_sent_again(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add_favorite(shopper, product)
    first = await shopper.get(STOREFRONT)
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await shopper.get(STOREFRONT, headers=tag)).status_code == 304
    await factory.price(product, "6.00")
    assert (await shopper.get(STOREFRONT, headers=tag)).status_code == 200


@pytest.mark.parametrize(("language", "message"), [("en", "Added to favorites"), ("tr", "Favorilere eklendi")])
async def test_messages_follow_the_reader(shopper: Client, factory: Factory, language: str, message: str) -> None:
    product = await factory.product()
    headers = {"Accept-Language": language}
    answer = await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)}, headers=headers)
    assert read(answer, FavoriteAdded, 201).message == message
    for body in ({"variant_id": str(product.uuid)}, {"variant_id": str(uuid4())}, {}):
        texts = {
            (await shopper.post(STOREFRONT, json=body, headers={"Accept-Language": one})).text for one in LANGUAGES
        }
        assert len(texts) == len(LANGUAGES)


LANGUAGES = ("en", "tr", "ar", "ku")


async def test_nobody_is_told_to_sign_in_and_a_wrong_scope_may_not(client: httpx.AsyncClient, factory: Factory) -> None:
    operator = await factory.shopper("ops")
    for method, path in (
        ("GET", STOREFRONT),
        ("POST", STOREFRONT),
        ("DELETE", f"{STOREFRONT}/{uuid4()}"),
        ("GET", f"{STOREFRONT}/count"),
        ("GET", f"{PRODUCTS}/{uuid4()}/favorite-status"),
        ("GET", f"{PRODUCTS}/favorite-status"),
    ):
        nobody = await client.request(method, path)
        assert read(nobody, Failure, 401).message == "Authentication required"
        assert "www-authenticate" in nobody.headers
        if not path.endswith("s/favorite-status"):
            read(await operator.request(method, path, json={} if method == "POST" else None), Failure, 403)
