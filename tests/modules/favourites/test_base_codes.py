"""FAVOURITE_SKU_IS_ACTIVE, switched while the service runs: one favourite per product or one per base code."""

import asyncio
from typing import Any

import pytest

from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import CommerceRefusal, Failure, read
from tests.modules.favourites.shop import (
    COMMERCE,
    STOREFRONT,
    add,
    add_favorite,
    count,
    favorites,
    page,
    product_ids,
)


async def per_product(factory: Factory, value: bool) -> None:
    """Switch the setting at run time, as an operator does."""
    operator = await factory.shopper("ops", email="operator@example.com")
    answer = await operator.put("/api/v1/settings/FAVOURITE_SKU_IS_ACTIVE", json={"value": value})
    assert answer.status_code == 200, answer.text


async def refused(shopper: Client, product: Product) -> None:
    """Both dialects refuse the product, and nothing changes."""
    before = (await count(shopper), (await shopper.get(COMMERCE)).content)
    told = read(await shopper.post(COMMERCE, json={"product": product.id}), CommerceRefusal, 406)
    assert told.error_code == "favourite_product_100"
    read(await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)}), Failure, 409)
    assert (await count(shopper), (await shopper.get(COMMERCE)).content) == before


async def test_one_per_product_is_the_default(shopper: Client, factory: Factory) -> None:
    one, twin = [await factory.product(base_code="SAME") for _ in range(2)]
    await add(shopper, one)
    await add_favorite(shopper, twin)
    assert (await count(shopper)).count == 2


async def test_switch_counts_from_the_very_next_request(shopper: Client, factory: Factory) -> None:
    one, twin, third = [await factory.product(base_code="SAME") for _ in range(3)]
    await per_product(factory, False)
    first = await add(shopper, one)
    await refused(shopper, twin)
    await refused(shopper, one)
    assert [row.pk for row in (await page(shopper)).results] == [first]
    await per_product(factory, True)
    await add(shopper, twin)
    assert await product_ids(shopper) == [one.id, twin.id]
    await per_product(factory, False)
    for product in (one, twin, third):
        await refused(shopper, product)


async def test_both_dialects_heed_it(shopper: Client, factory: Factory) -> None:
    one, twin = [await factory.product(base_code="SAME") for _ in range(2)]
    await per_product(factory, False)
    favorite = await add_favorite(shopper, twin)
    await refused(shopper, one)
    await shopper.delete(f"{STOREFRONT}/{favorite.id}")
    await add(shopper, one)
    await refused(shopper, twin)


async def test_other_shoppers_and_base_codes_are_not_in_the_way(
    shopper: Client, other: Client, factory: Factory
) -> None:
    one, twin = [await factory.product(base_code="SAME") for _ in range(2)]
    lower = await factory.product(base_code="same")
    await per_product(factory, False)
    await add(shopper, one)
    await add(other, twin)
    await add(shopper, lower)


async def test_without_a_base_code_a_product_stands_for_itself(shopper: Client, factory: Factory) -> None:
    one, two = [await factory.product(base_code=None) for _ in range(2)]
    await per_product(factory, False)
    await add(shopper, one)
    await add(shopper, two)
    await refused(shopper, two)


async def test_inactive_and_unknown_products_are_told_as_ever(shopper: Client, factory: Factory) -> None:
    await per_product(factory, False)
    inactive = await factory.product(is_active=False)
    for number in (inactive.id, 10**12):
        answer = await shopper.post(COMMERCE, json={"product": number})
        assert (answer.status_code, answer.json()) == (400, {"product": ["There is no such product"]})
    missing = await shopper.post(STOREFRONT, json={"variant_id": str(inactive.uuid)})
    assert missing.status_code == 404
    assert (await count(shopper)).last_updated is None


async def test_list_is_in_the_order_of_base_codes(shopper: Client, factory: Factory) -> None:
    codes = ["d", "B", "c", "a", "B", None, "Z", "ä", "10", "9"]
    products = [await factory.product(base_code=code, name=f"P {n % 2}") for n, code in enumerate(codes)]
    for product in products:
        await add(shopper, product)
    by_id = [product.id for product in products]
    # As PostgreSQL's "C" and Python compare texts; those without a base code come last, equal ones by their id.
    places = sorted(range(len(codes)), key=lambda n: (codes[n] is None, codes[n] or "", n))
    by_code = [by_id[place] for place in places]
    assert await product_ids(shopper) == by_id
    await per_product(factory, False)
    assert await product_ids(shopper) == by_code
    newest_first = [favorite.variant_id for favorite in await favorites(shopper)]
    assert newest_first == [str(product.uuid) for product in reversed(products)]
    for number in (1, 2, 3, 4):
        part = await page(shopper, page=number, limit=3)
        assert [row.product.pk for row in part.results] == by_code[3 * (number - 1) : 3 * number]
        assert part.count == len(codes)
    assert await product_ids(shopper, product__name="p 1") == [one for one in by_code if by_id.index(one) % 2]
    assert (await shopper.get(COMMERCE, params={"page": 5, "limit": 3})).status_code == 404
    await per_product(factory, True)
    assert await product_ids(shopper) == by_id


async def test_tag_of_the_list_follows_the_switch(shopper: Client, factory: Factory) -> None:
    for code in "ba":
        await add(shopper, await factory.product(base_code=code))
    tag = (await shopper.get(COMMERCE)).headers["etag"]
    await per_product(factory, False)
    assert (await shopper.get(COMMERCE, headers={"If-None-Match": tag})).status_code == 200


def attempts(shopper: Client, products: list[Product]) -> list[Any]:
    """An add of each product through each dialect, twice."""
    through_commerce = [shopper.post(COMMERCE, json={"product": product.id}) for product in products * 2]
    through_storefront = [shopper.post(STOREFRONT, json={"variant_id": str(p.uuid)}) for p in products * 2]
    return [attempt for pair in zip(through_commerce, through_storefront, strict=True) for attempt in pair]


@pytest.mark.parametrize(("one_per_product", "made"), [(True, 4), (False, 1)], ids=["per-product", "per-base-code"])
async def test_concurrent_adds_through_both_dialects(
    shopper: Client, factory: Factory, one_per_product: bool, made: int
) -> None:
    await per_product(factory, one_per_product)
    products = [await factory.product(base_code="SAME") for _ in range(4)]
    answers = [answer.status_code for answer in await asyncio.gather(*attempts(shopper, products))]
    assert sum(status in (200, 201) for status in answers) == made
    assert set(answers) <= {200, 201, 406, 409}
    assert (await count(shopper)).count == made == len(await favorites(shopper)) == (await page(shopper)).count


async def test_concurrent_adds_of_different_base_codes_are_all_made(shopper: Client, factory: Factory) -> None:
    await per_product(factory, False)
    products = [await factory.product() for _ in range(10)]
    answers = await asyncio.gather(*attempts(shopper, products))
    assert sum(answer.status_code in (200, 201) for answer in answers) == 10
    assert (await count(shopper)).count == 10 == (await page(shopper)).count


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def test_adds_on_either_side_of_a_switch_do_not_wait_for_each_other_in_a_circle(
    shopper: Client, factory: Factory
) -> None:
    await add(shopper, await factory.product())
    product = await factory.product()

    async def waiting(number: int) -> None:
        async with asyncio.timeout(20):
            while True:
                if await factory.scalar(WAITING) >= number:
                    return
                await asyncio.sleep(0.01)

    await per_product(factory, False)
    async with factory.database.transaction() as work:
        await work.connection.execute("SELECT FROM favourite_summary FOR UPDATE")
        by_base_code = asyncio.create_task(shopper.post(COMMERCE, json={"product": product.id}))
        await waiting(1)
        await per_product(factory, True)
        by_product = asyncio.create_task(shopper.post(COMMERCE, json={"product": product.id}))
        await waiting(2)
    statuses = [answer.status_code for answer in await asyncio.gather(by_base_code, by_product)]
    assert sorted(statuses) == [200, 406]
    assert (await count(shopper)).count == 2


async def test_adds_and_removals_while_it_is_switched_leave_list_and_count_of_one_mind(
    shopper: Client, factory: Factory
) -> None:
    products = [await factory.product(base_code=code) for code in "aabb"]

    async def switch() -> None:
        for value in (False, True, False, True):
            await per_product(factory, value)
            await asyncio.sleep(0.01)

    removals = [shopper.delete(f"{COMMERCE}{product.id}/") for product in products * 3]
    answers = await asyncio.gather(switch(), *attempts(shopper, products), *removals)
    statuses = [answer.status_code for answer in answers[1:]]
    assert set(statuses) <= {200, 201, 204, 404, 406, 409}
    left = sum(status in (200, 201) for status in statuses) - statuses.count(204)
    assert (await count(shopper)).count == left == len(await favorites(shopper)) == (await page(shopper)).count
