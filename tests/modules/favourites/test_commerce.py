"""Favourite products through the commerce dialect: the document's examples, and who may see what."""

from typing import Any

import httpx
import pytest

from tests.factories import Client, Factory
from tests.modules.favourites.shapes import CommerceAdded, CommerceRefusal, DataSource, Detail, read
from tests.modules.favourites.shop import COMMERCE, add, page, product_ids

SOURCE: dict[str, Any] = {
    "name": "bayram ticaret",
    "slug": "bayram-ticaret",
    "title": "Bayram Ticaret",
    "supplier_code": "BAY",
    "address": None,
    "email": None,
    "phone_number": None,
    "fax_number": None,
    "kep_address": None,
    "mersis_number": None,
    "trade_association": None,
    "extras": {},
    "is_active": True,
}
JSON_TYPE = {"Content-Type": "application/json"}
WEB_CLIENT = {"X-Requested-With": "XMLHttpRequest", "Accept-Language": "undefined", "X-Currency": "undefined"}


async def test_add_answers_the_pk_and_the_product(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    added = read(await shopper.post(COMMERCE, json={"product": str(product.id)}), CommerceAdded)
    assert added.product == product.id
    listed = await page(shopper)
    assert [(row.pk, row.product.pk) for row in listed.results] == [(added.pk, product.id)]


async def test_second_add_is_refused_in_the_words_of_the_document(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add(shopper, product)
    before = (await shopper.get(COMMERCE)).content
    for language, sentence in (
        ("tr", "Ürün zaten favori listenizde mevcut."),
        ("en", "The product is already in your favourites list."),
    ):
        for _ in range(2):  # the published client tries four times
            refused = await shopper.post(COMMERCE, json={"product": product.id}, headers={"Accept-Language": language})
            told = read(refused, CommerceRefusal, 406)
            assert (told.error_code, told.non_field_errors) == ("favourite_product_100", sentence)
    assert (await shopper.get(COMMERCE)).content == before


async def test_list_shows_the_document_in_every_field(shopper: Client, factory: Factory) -> None:
    stock_list = await factory.insert("stock_list", name="BAY")
    source = await factory.insert("data_source", **SOURCE, price_list_id=1, stock_list_id=stock_list)
    full = await factory.product(
        name="Phaeton",
        base_code="1KNTTC0137",
        attributes={"renk": "koyu", "urun_artis_degeri": 2},
        attribute_set=8,
        attributes_kwargs={"renk": {"value": "KOYU", "label": "KOYU"}},
        extra_attributes={"a": [1]},
        url_path="/ev-tekstili/phaeton/",
        data_source_id=source,
        price="129.90",
        retail_price="324.75",
        stock=None,
    )
    await factory.stock(full, 8, stock_list_id=stock_list)
    images = [
        await factory.insert("product_image", product_id=full.id, image=f"/media/{order}.jpg", order=order)
        for order in (1, 0)
    ]
    bare = await factory.product(price=None, stock=None, base_code=None, product_type="1")
    for product in (bare, full):
        await add(shopper, product)
    shown = await page(shopper)
    assert (shown.count, shown.next, shown.previous) == (2, None, None)
    first, second = (row.product for row in shown.results)
    assert (first.pk, first.name, first.sku, first.base_code) == (full.id, "Phaeton", full.sku, "1KNTTC0137")
    assert first.attributes == {"renk": "koyu", "urun_artis_degeri": 2}
    assert first.attributes_kwargs == {"renk": {"value": "KOYU", "label": "KOYU"}}
    assert (first.attribute_set, first.extra_attributes) == (8, {"a": [1]})
    assert [(i.pk, i.order, i.status, i.specialimage_set) for i in first.productimage_set] == [
        (images[1], 0, "active", []),
        (images[0], 1, "active", []),
    ]
    assert (first.price, first.retail_price, first.tax_rate, first.currency_type) == (
        "129.90",
        "324.75",
        "18.00",
        "try",
    )
    assert (first.in_stock, first.stock, first.unit_type, first.price_type) == (True, 8, "qty", "default")
    assert (first.absolute_url, first.product_type, first.extra_data) == (
        "/ev-tekstili/phaeton/",
        "0",
        {"variants": []},
    )
    assert first.data_source == DataSource(pk=source, price_list=1, stock_list=stock_list, **SOURCE)
    assert (second.price, second.stock, second.in_stock, second.data_source) == (None, None, False, None)
    assert (second.basket_offers, second.productimage_set, second.extra_data) == ([], [], {})


async def test_empty_list_is_a_page(shopper: Client) -> None:
    assert (await shopper.get(COMMERCE)).json() == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    "body",
    [
        lambda number: {"json": {"product": number}},
        lambda number: {"json": {"product": str(number)}},
        lambda number: {"data": {"product": str(number)}},
        lambda number: {"files": {"product": (None, str(number))}},
        lambda number: {"content": f'{{"product":{number}}}', "headers": {"Content-Type": "text/plain"}},
        lambda number: {
            "content": f"product={number}",
            "headers": {**WEB_CLIENT, "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
        },
    ],
    ids=["json", "json-string", "form", "multipart", "text", "web-client"],
)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}], ids=["plain", "with-key"])
async def test_product_may_come_in_any_encoding(
    shopper: Client, factory: Factory, body: Any, key: dict[str, str]
) -> None:
    product = await factory.product()
    request = body(product.id)
    request["headers"] = {**request.get("headers", {}), **key}
    assert read(await shopper.post(COMMERCE, **request), CommerceAdded).product == product.id
    assert await product_ids(shopper) == [product.id]
    again = await shopper.post(COMMERCE, **body(product.id))
    assert again.status_code == 406


async def test_paths_answer_with_and_without_the_last_slash(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    pk = await add(shopper, product)
    bare, slashed = await shopper.get(COMMERCE.rstrip("/")), await shopper.get(COMMERCE)
    assert (bare.status_code, bare.content) == (200, slashed.content)
    assert (await shopper.post(COMMERCE.rstrip("/"), json={"product": product.id})).status_code == 406
    assert (await shopper.delete(f"{COMMERCE}{pk}")).status_code == 204


async def test_get_may_carry_a_json_content_type_without_a_body(shopper: Client) -> None:
    assert (await shopper.get(COMMERCE, headers={**WEB_CLIENT, **JSON_TYPE})).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/xml", "text/html;q=0.9"])
async def test_answer_is_json_whatever_is_accepted(shopper: Client, accept: str) -> None:
    answer = await shopper.get(COMMERCE, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_not_allowed(shopper: Client, method: str) -> None:
    answer = await shopper.request(method, COMMERCE, json={})
    assert read(answer, Detail, 405).detail == "Method not allowed"
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_nobody_is_told_to_sign_in(client: httpx.AsyncClient) -> None:
    for credentials in ({}, {"Authorization": "Token unknown"}, {"Authorization": "Basic eDp5"}):
        for method, path in (("GET", COMMERCE), ("POST", COMMERCE), ("DELETE", f"{COMMERCE}1/")):
            answer = await client.request(method, path, headers=credentials)
            assert read(answer, Detail, 401).detail == "Authentication required"
            assert "www-authenticate" in answer.headers


async def test_token_without_the_scope_may_not(factory: Factory) -> None:
    product = await factory.product()
    operator = await factory.shopper("ops", "integration", "warehouse")
    for answer in (
        await operator.get(COMMERCE),
        await operator.post(COMMERCE, json={"product": product.id}),
        await operator.delete(f"{COMMERCE}{product.id}/"),
    ):
        read(answer, Detail, 403)
    assert await factory.scalar("SELECT count(*) FROM favourite") == 0


async def test_shoppers_do_not_see_each_other(shopper: Client, other: Client, factory: Factory) -> None:
    product = await factory.product()
    pk = await add(shopper, product)
    assert (await page(other)).count == 0
    for number in (pk, product.id):
        assert (await other.delete(f"{COMMERCE}{number}/")).status_code == 404
    assert await add(other, product) != pk
    assert [row.pk for row in (await page(shopper)).results] == [pk]
