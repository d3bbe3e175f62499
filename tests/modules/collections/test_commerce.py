"""A user's own collections: made, listed, changed and deleted, in the documented shape."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from src.modules.collections import rules
from tests.factories import Client, Factory
from tests.modules.collections.albums import COLLECTIONS, ITEMS, Album
from tests.modules.collections.shapes import Collection, Made
from tests.modules.favourites.shapes import CommerceRefusal, read


async def test_new_collection_is_private_empty_and_told_as_object_and_list(album: Album) -> None:
    made = read(await album.shopper.post(COLLECTIONS, json={"name": " Test Collection "}), Made, 201)
    assert (made.status, made.name, made.items, made.public_url) == ("private", "Test Collection", [], None)
    assert re.fullmatch("test-collection-[0-9a-f]{32}", made.slug)
    assert made.results == [await album.get(made.pk)]
    assert made.count == 1
    second = read(await album.shopper.post(COLLECTIONS[:-1], json={"name": "B", "status": "public"}), Made, 201)
    assert (second.count, second.status) == (2, "public")
    assert second.public_url == f"/wishlists/user-collection/{second.slug}/"


async def test_forms_are_understood(album: Album) -> None:
    made = await album.shopper.post(COLLECTIONS, data={"name": "Form", "status": "public"})
    pk = read(made, Made, 201).pk
    changed = await album.shopper.request("PATCH", COLLECTIONS, data={"pk": str(pk), "name": "Changed"})
    assert read(changed, Collection).name == "Changed"


async def test_list_is_paged_the_newest_first(album: Album, factory: Factory) -> None:
    for name in ("A", "B", "C"):
        await album.make(name, await factory.product())
    page = await album.page(limit=2)
    assert (page.count, page.names, page.previous) == (3, ["C", "B"], None)
    assert page.next == f"http://shop.test{COLLECTIONS}?limit=2&page=2"
    assert [len(collection.items) for collection in page.results] == [1, 1]
    assert (await album.page(limit=2, page=2)).names == ["A"]
    assert (await album.shopper.get(COLLECTIONS, params={"limit": 2, "page": 3})).status_code == 404
    assert (await album.page(limit=5000)).count == 3


async def test_list_is_narrowed_to_a_part_of_the_name_and_to_a_product(album: Album, factory: Factory) -> None:
    first, second = await factory.product(), await factory.product()
    await album.make("Summer 100%", first)
    await album.make("late SUMMER", first, second)
    await album.make("Winter", second)
    assert (await album.page(search="summer")).names == ["late SUMMER", "Summer 100%"]
    assert (await album.page(search="100%")).names == ["Summer 100%"]
    assert (await album.page(search="_inter")).names == []
    assert (await album.page(product_id=second.id)).names == ["Winter", "late SUMMER"]
    assert (await album.page(product_id=second.id, search="Summer")).names == ["late SUMMER"]
    assert (await album.page(product_id=10**30)).count == 0
    assert (await album.page(search="", product_id="")).count == 3


async def test_renamed_collection_keeps_its_slug(album: Album) -> None:
    made = await album.make("First")
    renamed = await album.change(made.pk, name="Second", status="public")
    assert (renamed.name, renamed.status, renamed.slug) == ("Second", "public", made.slug)
    assert renamed == await album.get(made.pk)
    assert (await album.change(made.pk)) == renamed
    assert (await album.change(made.pk, status="private")).public_url is None
    for null in ("name", "status"):
        refused = await album.shopper.request("PATCH", f"{COLLECTIONS}{made.pk}/", json={null: None})
        assert (refused.status_code, list(refused.json())) == (400, [null])


async def test_bare_path_changes_the_collection_that_the_body_names(album: Album, other: Album) -> None:
    made, foreign = await album.make("First"), await other.make()
    changed = await album.shopper.request("PATCH", COLLECTIONS, json={"pk": made.pk, "status": "public"})
    assert read(changed, Collection).status == "public"
    unnamed = await album.shopper.request("PATCH", COLLECTIONS, json={"name": "x"})
    assert (unnamed.status_code, unnamed.json()) == (400, {"pk": ["Field is required"]})
    refused = await album.shopper.request("PATCH", COLLECTIONS, json={"pk": foreign.pk, "name": "x"})
    assert refused.status_code == 404


async def test_deleted_collection_is_gone_with_its_items(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    gone = await album.shopper.request("DELETE", f"{COLLECTIONS}{made.pk}/", content="{}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await album.shopper.delete(f"{COLLECTIONS}{made.pk}/")).status_code == 404
    assert (await album.shopper.get(f"{COLLECTIONS}{made.pk}/")).status_code == 404
    assert (await album.shopper.delete(f"{ITEMS}{made.pks[0]}/")).status_code == 404
    assert await factory.scalar("SELECT count(*) FROM user_collection_item") == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name"}),
        ({"name": "   "}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": None}, {"name"}),
        ({"name": "x" * 201}, {"name"}),
        ({"name": "a\0b"}, {"name"}),
        ({"name": 5}, {"name"}),
        ({"name": "x", "status": "secret"}, {"status"}),
        ({"name": "x", "colour": "red"}, {"colour"}),
    ],
)
async def test_bodies_that_make_no_sense_are_refused_on_their_fields(
    album: Album, body: dict[str, Any], fields: set[str]
) -> None:
    refused = await album.shopper.post(COLLECTIONS, json=body)
    assert refused.status_code == 400
    assert set(refused.json()) == fields
    assert (await album.page()).count == 0


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"product_id": "x"}, "product_id"),
        ({"search": "a\0"}, "search"),
        ({"page": 0}, "page"),
        ({"limit": -1}, "limit"),
    ],
)
async def test_filters_that_make_no_sense_are_refused(album: Album, params: dict[str, Any], field: str) -> None:
    refused = await album.shopper.get(COLLECTIONS, params=params)
    assert refused.status_code == 400
    assert list(refused.json()) == [field]


async def test_what_is_anothers_is_not_there(album: Album, other: Album, factory: Factory) -> None:
    made = await album.make("Mine", await factory.product())
    own = await other.make("Yours")
    path, item = f"{COLLECTIONS}{made.pk}/", f"{ITEMS}{made.pks[0]}/"
    attempts = [
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}rotate-link/", None),
        ("PUT", f"{path}order/", {"items": made.pks}),
        ("POST", f"{path}add-to-basket/", {}),
        ("POST", ITEMS, {"product_id": made.product_ids[0], "usercollection_id": made.pk}),
        ("PATCH", item, {"note": "x"}),
        ("DELETE", item, None),
        ("POST", f"{item}copy/", {"usercollection_id": own.pk}),
        ("POST", f"{item}move/", {"usercollection_id": own.pk}),
        ("GET", f"{COLLECTIONS}nonsense/", None),
        ("GET", f"{COLLECTIONS}{10**30}/", None),
    ]
    for method, url, body in attempts:
        answer = await other.shopper.request(method, url, json=body)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found"}), (method, url)
    assert await album.get(made.pk) == made


async def test_nobody_and_holders_of_other_scopes_are_refused(client: httpx.AsyncClient, factory: Factory) -> None:
    operator = await factory.shopper("ops")
    for method, url in (("GET", COLLECTIONS), ("POST", COLLECTIONS), ("POST", ITEMS), ("DELETE", f"{ITEMS}1/")):
        assert (await client.request(method, url, json={})).status_code == 401
        assert (await operator.request(method, url, json={})).status_code == 403


async def test_reads_answer_304_until_a_note_an_order_or_a_price_changes(album: Album, factory: Factory) -> None:
    product = await factory.product(price="10.00")
    made = await album.make("First", product, await factory.product())

    async def tags() -> list[str]:
        answers = [await album.shopper.get(url) for url in (COLLECTIONS, f"{COLLECTIONS}{made.pk}/")]
        assert {answer.headers["cache-control"] for answer in answers} == {"private, no-cache"}
        return [answer.headers["etag"] for answer in answers]

    seen = [await tags()]
    for url, tag in zip((COLLECTIONS, f"{COLLECTIONS}{made.pk}/"), seen[0], strict=True):
        assert (await album.shopper.get(url, headers={"If-None-Match": tag})).status_code == 304
    await album.shopper.request("PATCH", f"{ITEMS}{made.pks[0]}/", json={"note": "new"})
    seen.append(await tags())
    await album.order(made.pk, made.pks[1])
    seen.append(await tags())
    await factory.price(product, "11.00")
    seen.append(await tags())
    assert len({tag for pair in seen for tag in pair}) == 8


async def test_prices_are_in_the_currency_and_of_the_lists_of_the_shopper(album: Album, factory: Factory) -> None:
    product = await factory.product(price="10.00")
    vip = await factory.insert("price_list", name="vip")
    await factory.price(product, "1.00", currency_type="usd")
    await factory.price(product, "8.00", price_list_id=vip)
    made = await album.make("First", product)
    assert made.items[0].product.price == "10.00"
    dollars = await album.shopper.get(f"{COLLECTIONS}{made.pk}/", headers={"X-Currency": "usd"})
    assert read(dollars, Collection).items[0].product.price == "1.00"
    segment = await factory.insert("segment", name="vip", price_list_id=vip)
    await factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, album.shopper.email)
    assert (await album.page()).results[0].items[0].product.price == "8.00"


async def test_repeated_request_under_one_key_makes_one_collection(album: Album) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [await album.shopper.post(COLLECTIONS, json={"name": "A"}, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert (await album.page()).count == 1


async def test_no_more_collections_than_allowed_whatever_comes_at_once(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_COLLECTIONS", 3)
    answers = await asyncio.gather(*(album.shopper.post(COLLECTIONS, json={"name": "A"}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [406] * 3
    refusal = next(answer for answer in answers if answer.status_code == 406)
    assert read(refusal, CommerceRefusal, 406).error_code == "user_collection_101"


async def test_deleted_user_takes_the_collections_along(album: Album, factory: Factory) -> None:
    await album.make("First", await factory.product())
    await factory.execute("DELETE FROM users WHERE email = %s", album.shopper.email)
    assert (
        await factory.scalar("SELECT (SELECT count(*) FROM user_collection) + count(*) FROM user_collection_item") == 0
    )


async def test_cookie_alone_may_not_write(album: Album, client: httpx.AsyncClient) -> None:
    session = (await album.shopper.post("/api/v1/sessions")).cookies["osessionid"]
    client.cookies.set("osessionid", session)
    assert (await client.post(COLLECTIONS, json={"name": "A"})).status_code == 403
    own_page = {"X-Requested-With": "XMLHttpRequest"}
    assert (await client.post(COLLECTIONS, json={"name": "A"}, headers=own_page)).status_code == 201


async def test_refusals_speak_the_shoppers_language(album: Album, shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    made = await album.make("First", product)
    body = {"product_id": product.id, "usercollection_id": made.pk}
    refused = await shopper.post(ITEMS, json=body, headers={"Accept-Language": "tr"})
    assert read(refused, CommerceRefusal, 406).non_field_errors != "The product is already in this collection."
