"""Removing favourites: what a number means, how often it works, and whose favourites stay."""

import asyncio

import pytest

from tests.factories import Client, Factory
from tests.modules.favourites.shapes import Data, Detail, Failure, Removed, read
from tests.modules.favourites.shop import COMMERCE, STOREFRONT, add, add_favorite, count, favorites, product_ids

NOBODYS = "5f3c0a52-8d1e-4b7a-9c44-2e6d7b90f1aa"
AS_THE_WEB_CLIENT = {"Content-Type": "text/plain;charset=UTF-8"}


async def remove(shopper: Client, number: int) -> int:
    """DELETE by a number, as the published client sends it; the status."""
    answer = await shopper.request("DELETE", f"{COMMERCE}{number}/", content="{}", headers=AS_THE_WEB_CLIENT)
    if answer.status_code == 204:
        assert answer.content == b""
    else:
        assert read(answer, Detail, 404).detail == "Favorite item not found"
    return answer.status_code


async def test_pk_removes_its_favourite_once(shopper: Client, factory: Factory) -> None:
    kept, gone = await factory.product(), await factory.product()
    await add(shopper, kept)
    pk = await add(shopper, gone)
    assert [await remove(shopper, pk) for _ in range(4)] == [204, 404, 404, 404]
    assert await product_ids(shopper) == [kept.id]


async def test_product_id_removes_the_favourite_of_the_product(shopper: Client, factory: Factory) -> None:
    product = await factory.product(id=10**9 + 1)
    await add(shopper, product)
    assert [await remove(shopper, product.id) for _ in range(2)] == [204, 404]
    assert await product_ids(shopper) == []


async def test_pk_goes_before_a_product_of_the_same_number(shopper: Client, factory: Factory) -> None:
    meant = await factory.product()
    pk = await add(shopper, meant)
    trap = await factory.product(id=pk + 10**6)
    await factory.execute("UPDATE favourite SET id = %s WHERE id = %s", trap.id, pk)
    await add(shopper, trap)
    assert await remove(shopper, trap.id) == 204
    assert await product_ids(shopper) == [trap.id]
    # The number was a pk of this shopper: it never becomes a product's, however often it is sent.
    assert [await remove(shopper, trap.id) for _ in range(3)] == [404, 404, 404]
    assert await product_ids(shopper) == [trap.id]


async def test_number_that_was_a_pk_of_one_shopper_is_a_product_of_another(
    shopper: Client, other: Client, factory: Factory
) -> None:
    product = await factory.product()
    pk = await add(shopper, product)
    trap = await factory.product(id=pk + 10**6)
    await factory.execute("UPDATE favourite SET id = %s WHERE id = %s", trap.id, pk)
    assert await remove(shopper, trap.id) == 204
    for one in (shopper, other):
        await add(one, trap)
    assert await remove(shopper, trap.id) == 404
    assert await remove(other, trap.id) == 204
    assert (await product_ids(shopper), await product_ids(other)) == ([trap.id], [])


async def test_parallel_removals_remove_one(shopper: Client, factory: Factory) -> None:
    products = [await factory.product() for _ in range(3)]
    pks = [await add(shopper, product) for product in products]
    trap = await factory.product(id=pks[0] + 10**6)
    await factory.execute("UPDATE favourite SET id = %s WHERE id = %s", trap.id, pks[0])
    await add(shopper, trap)
    answers = await asyncio.gather(*(remove(shopper, trap.id) for _ in range(12)))
    assert sorted(answers) == [204] + [404] * 11
    assert sorted(await product_ids(shopper)) == sorted([products[1].id, products[2].id, trap.id])
    assert (await count(shopper)).count == 3


async def test_parallel_removals_through_both_dialects_remove_one(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    favorite = await add_favorite(shopper, product)
    answers = await asyncio.gather(
        *(shopper.delete(f"{STOREFRONT}/{favorite.id}") for _ in range(6)),
        *(shopper.delete(f"{COMMERCE}{product.id}/") for _ in range(6)),
    )
    assert sorted(answer.status_code for answer in answers if answer.status_code < 300) in ([200], [204])
    assert {answer.status_code for answer in answers if answer.status_code >= 300} == {404}
    assert (await count(shopper)).count == 0


async def test_adding_and_removing_at_once_leaves_list_and_count_of_one_mind(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    writes = []
    for _ in range(12):
        writes += [
            shopper.post(COMMERCE, json={"product": product.id}),
            shopper.delete(f"{COMMERCE}{product.id}/"),
        ]
    answers = [answer.status_code for answer in await asyncio.gather(*writes)]
    assert set(answers) <= {200, 406, 204, 404}
    left = answers.count(200) - answers.count(204)
    assert left in (0, 1)
    assert (await count(shopper)).count == left
    assert await product_ids(shopper) == [product.id] * left


@pytest.mark.parametrize(
    "number", ["abc", "0", "-1", "9" * 30, "0" * 20 + "9" * 5000, "1.5", "%00", "1;drop", "%D9%A3"]
)
async def test_what_is_no_number_is_not_found(shopper: Client, number: str) -> None:
    read(await shopper.delete(f"{COMMERCE}{number}/"), Detail, 404)


async def test_leading_zeros_do_not_change_a_number(shopper: Client, factory: Factory) -> None:
    pk = await add(shopper, await factory.product())
    assert (await shopper.delete(f"{COMMERCE}00{pk}/")).status_code == 204


async def test_favourite_added_anew_is_another_one(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    first = await add(shopper, product)
    assert await remove(shopper, first) == 204
    second = await add(shopper, product)
    assert second != first
    assert await remove(shopper, first) == 404
    assert await product_ids(shopper) == [product.id]


async def test_removal_leaves_a_tombstone_of_its_own_kind(shopper: Client, factory: Factory) -> None:
    pk = await add(shopper, await factory.product())
    favorite = await add_favorite(shopper, await factory.product())
    second = await factory.scalar("SELECT id FROM favourite WHERE uuid = %s", favorite.id)
    await shopper.delete(f"{COMMERCE}{pk}/")
    await shopper.delete(f"{STOREFRONT}/{favorite.id}")
    for _ in range(2):  # what removes nothing leaves nothing
        await shopper.delete(f"{COMMERCE}{pk}/")
    tombstones = await factory.scalar(
        "SELECT array_agg(app_label || '.' || model || ' ' || object_id ORDER BY deleted_item.id)"
        " FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
    )
    assert tombstones == [f"wishlists.favouriteproduct {number}" for number in (pk, second)]


async def test_storefront_confirms_a_removal_with_its_time(shopper: Client, factory: Factory) -> None:
    favorite = await add_favorite(shopper, await factory.product())
    answer = await shopper.request(
        "DELETE", f"{STOREFRONT}/{favorite.id.upper()}", content="{}", headers=AS_THE_WEB_CLIENT
    )
    removed = read(answer, Data[Removed]).data
    assert removed.message == "Product removed from favorites successfully"
    assert removed.removed_at > favorite.created_at
    assert (await count(shopper)).last_updated == removed.removed_at
    again = read(await shopper.delete(f"{STOREFRONT}/{favorite.id}"), Failure, 404)
    assert again.message == "Favorite item not found"
    assert await favorites(shopper) == []


async def test_storefront_forbids_the_removal_of_anothers_favourite(
    shopper: Client, other: Client, factory: Factory
) -> None:
    favorite = await add_favorite(shopper, await factory.product())
    for _ in range(2):
        refused = read(await other.delete(f"{STOREFRONT}/{favorite.id}"), Failure, 403)
        assert refused.message == "Unauthorized to access this favorite item"
    assert [row.id for row in await favorites(shopper)] == [favorite.id]
    await shopper.delete(f"{STOREFRONT}/{favorite.id}")
    read(await other.delete(f"{STOREFRONT}/{favorite.id}"), Failure, 404)


@pytest.mark.parametrize("name", ["favorite-uuid-1", "1", "%00", "None", "0" * 32, "{" + NOBODYS + "}", NOBODYS])
async def test_storefront_does_not_find_what_is_nobodys(shopper: Client, name: str) -> None:
    read(await shopper.delete(f"{STOREFRONT}/{name}"), Failure, 404)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("tr", "Ürün favorilerden kaldırıldı"), ("xx", "Product removed from favorites successfully")],  # noqa: RUF001
)
async def test_storefront_confirms_in_the_readers_language(
    shopper: Client, factory: Factory, language: str, sentence: str
) -> None:
    favorite = await add_favorite(shopper, await factory.product())
    answer = await shopper.delete(f"{STOREFRONT}/{favorite.id}", headers={"Accept-Language": language})
    assert read(answer, Data[Removed]).data.message == sentence
