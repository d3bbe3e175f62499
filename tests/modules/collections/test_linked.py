"""Links: whoever has one sees a public collection; a private one is for its owner alone, and like none for others."""

import asyncio

import httpx
import pytest

from src.modules.collections.rules import new_slug
from tests.factories import Client, Factory
from tests.modules.collections.albums import COLLECTIONS, ITEMS, LINKS, Album
from tests.modules.collections.shapes import Collection
from tests.modules.favourites.shapes import read
from tests.statements import Statements

NOT_THERE = {"detail": "Not found"}


def told(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer says, but the id of its request."""
    return response.status_code, response.content, {k: v for k, v in response.headers.items() if k != "x-request-id"}


async def test_anyone_sees_what_the_owner_sees(album: Album, client: httpx.AsyncClient, factory: Factory) -> None:
    made = await album.make("First", await factory.product(), await factory.product(), status="public")
    assert made.public_url == f"{LINKS}{made.slug}/"
    for url in (made.public_url, made.public_url[:-1]):
        answer = await client.get(url)
        assert read(answer, Collection) == made
        assert answer.headers["cache-control"] == "public, no-cache"


async def test_warm_look_asks_the_database_once_and_is_never_stale(
    album: Album, client: httpx.AsyncClient, factory: Factory, statements: Statements
) -> None:
    product = await factory.product(price="10.00")
    made = await album.make("First", product, status="public")
    first = await client.get(f"{LINKS}{made.slug}")
    with statements.at_most(1):
        again = await client.get(f"{LINKS}{made.slug}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert (await client.get(f"{LINKS}{made.slug}")).content == first.content

    async def look() -> Collection:
        return read(await client.get(f"{LINKS}{made.slug}"), Collection)

    await factory.price(product, "11.00")
    assert (await look()).items[0].product.price == "11.00"
    await factory.execute("UPDATE catalogue_epoch SET version = version + 1")
    await album.shopper.request("PATCH", f"{ITEMS}{made.pks[0]}/", json={"note": "new"})
    assert (await look()).items[0].note == "new"
    await album.change(made.pk, name="Second")
    assert (await look()).name == "Second"
    await album.put(made.pk, await factory.product())
    assert len((await look()).items) == 2
    await album.order(made.pk, (await look()).pks[1])
    assert await look() == await album.get(made.pk)
    await album.shopper.delete(f"{ITEMS}{made.pks[0]}/")
    assert len((await look()).items) == 1


async def test_private_link_is_like_one_that_nobody_made(
    album: Album, other: Album, client: httpx.AsyncClient, factory: Factory, statements: Statements
) -> None:
    made = await album.make("First", await factory.product())
    absent, malformed = new_slug("First"), "no-link"
    tag = (await album.shopper.get(f"{LINKS}{made.slug}")).headers["etag"]
    for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}, {"Accept-Language": "tr"}):
        for asked in (client.get, other.shopper.get):
            answers, counts = [], []
            for slug in (made.slug, absent):
                statements.sent.clear()
                answers.append(await asked(f"{LINKS}{slug}", headers=headers))
                counts.append(list(statements.sent))
            assert answers[0].status_code == 404
            assert told(answers[0]) == told(answers[1])
            assert answers[0].headers["cache-control"] == "no-store"
            assert counts[0] == counts[1]
    assert (await client.get(f"{LINKS}{malformed}")).json() == NOT_THERE


async def test_owner_sees_a_private_collection_through_its_link(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    for _ in range(2):
        answer = await album.shopper.get(f"{LINKS}{made.slug}/")
        assert read(answer, Collection) == made
        assert answer.headers["cache-control"] == "private, no-cache"


async def test_link_dies_at_once_when_the_collection_is_private_again(
    album: Album, client: httpx.AsyncClient, factory: Factory
) -> None:
    made = await album.make("First", await factory.product(), status="public")
    link = f"{LINKS}{made.slug}"
    tag = (await client.get(link)).headers["etag"]
    await album.change(made.pk, status="private")
    for headers in ({}, {"If-None-Match": tag}):
        assert (await client.get(link, headers=headers)).status_code == 404
    await album.change(made.pk, status="public")
    assert (await client.get(link)).status_code == 200
    await album.shopper.delete(f"{COLLECTIONS}{made.pk}/")
    assert (await client.get(link)).status_code == 404


async def test_rotated_link_replaces_the_old_one_at_once(album: Album, client: httpx.AsyncClient) -> None:
    made = await album.make("First", status="public")
    await album.change(made.pk, name="Other name")
    assert (await client.get(f"{LINKS}{made.slug}")).status_code == 200
    rotated = read(await album.shopper.post(f"{COLLECTIONS}{made.pk}/rotate-link/"), Collection)
    assert rotated.slug.startswith("other-name-")
    assert (await client.get(f"{LINKS}{made.slug}")).status_code == 404
    assert read(await client.get(str(rotated.public_url)), Collection) == rotated


async def test_rotation_under_one_key_happens_once(album: Album) -> None:
    made, headers = await album.make(), {"Idempotency-Key": "once"}
    answers = [await album.shopper.post(f"{COLLECTIONS}{made.pk}/rotate-link", headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert (await album.get(made.pk)).slug == answers[0].json()["slug"]


async def test_visitors_see_the_prices_that_apply_to_them(
    album: Album, other: Album, client: httpx.AsyncClient, factory: Factory
) -> None:
    product = await factory.product(price="10.00")
    vip = await factory.insert("price_list", name="vip")
    await factory.price(product, "8.00", price_list_id=vip)
    await factory.price(product, "1.00", currency_type="usd")
    segment = await factory.insert("segment", name="vip", price_list_id=vip)
    await factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, other.shopper.email)
    link = f"{LINKS}{(await album.make('First', product, status='public')).slug}"
    for _ in range(2):
        assert read(await client.get(link), Collection).items[0].product.price == "10.00"
        dollars = await client.get(link, headers={"X-Currency": "USD"})
        assert read(dollars, Collection).items[0].product.price == "1.00"
        special = await other.shopper.get(link)
        assert read(special, Collection).items[0].product.price == "8.00"
        assert special.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("cookie", ["nonsense", "a" * 43])
async def test_cookie_of_nobody_is_a_guests(album: Album, client: httpx.AsyncClient, cookie: str) -> None:
    made = await album.make(status="public")
    client.cookies.set("osessionid", cookie)
    assert (await client.get(f"{LINKS}{made.slug}")).status_code == 200


async def test_credential_of_nobody_is_refused(album: Album, client: httpx.AsyncClient) -> None:
    made = await album.make(status="public")
    refused = await client.get(f"{LINKS}{made.slug}", headers={"Authorization": "Token nonsense"})
    assert refused.status_code == 401


async def test_owner_is_known_by_cookie_too(album: Album, client: httpx.AsyncClient) -> None:
    made = await album.make()
    client.cookies.set("osessionid", (await album.shopper.post("/api/v1/sessions")).cookies["osessionid"])
    assert (await client.get(f"{LINKS}{made.slug}")).status_code == 200


@pytest.mark.parametrize("slug", ["%00", "a%20b", "..", "x" * 5000, "%F0%9F%8E%81"])
async def test_texts_that_are_no_links_are_not_found(client: httpx.AsyncClient, shopper: Client, slug: str) -> None:
    for asked in (client.get, shopper.get):
        assert (await asked(f"{LINKS}{slug}")).status_code == 404


async def test_links_that_are_followed_together_lead_each_to_its_own(album: Album, client: httpx.AsyncClient) -> None:
    made = [await album.make(f"No {n}", status="public") for n in range(4)]
    slugs = [collection.slug for collection in made] * 3 + [new_slug("absent")]
    answers = await asyncio.gather(*(client.get(f"{LINKS}{slug}") for slug in slugs))
    assert [answer.json().get("slug") for answer in answers] == [*slugs[:-1], None]
