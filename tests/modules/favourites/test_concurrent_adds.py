"""Many adds at once: one favourite per product, clean refusals, and no request that starves another."""

import asyncio
from collections import Counter

import pytest

from src.platform.dynamic_settings import FAVOURITE_SKU_IS_ACTIVE
from tests.factories import Client, Factory
from tests.modules.favourites.shop import COMMERCE, STOREFRONT, change_setting, count, favorites, page, status


async def test_one_product_through_both_dialects_is_one_favourite(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    answers = await asyncio.gather(
        *(shopper.post(COMMERCE, json={"product": product.id}) for _ in range(20)),
        *(shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)}) for _ in range(20)),
    )
    statuses = Counter(answer.status_code for answer in answers)
    made = "commerce" if statuses[200] else "storefront"
    expected = {"commerce": {200: 1, 406: 19, 409: 20}, "storefront": {201: 1, 406: 20, 409: 19}}
    assert statuses == expected[made]
    assert {answer.json().get("error_code") for answer in answers[:20]} <= {"favourite_product_100", None}
    assert (await count(shopper)).count == len(await favorites(shopper)) == (await page(shopper)).count == 1


@pytest.mark.parametrize("way", ["shared", "with-key", "by-base-code"])
@pytest.mark.parametrize("dialect", [COMMERCE, STOREFRONT])
async def test_more_adds_than_connections_do_not_starve_each_other(factory: Factory, dialect: str, way: str) -> None:
    """Whoever holds a connection must not wait for a second one, of which there may be none left."""
    await change_setting(factory, FAVOURITE_SKU_IS_ACTIVE, way != "by-base-code")
    shoppers = [await factory.shopper() for _ in range(24)]
    products = [await factory.product() for _ in shoppers]
    bodies = [{"product": p.id} if dialect == COMMERCE else {"variant_id": str(p.uuid)} for p in products]
    headers = {"Idempotency-Key": "k"} if way == "with-key" else {}
    answers = await asyncio.gather(
        *(one.post(dialect, json=body, headers=headers) for one, body in zip(shoppers, bodies, strict=True))
    )
    assert Counter(answer.status_code for answer in answers) == {200 if dialect == COMMERCE else 201: 24}
    assert [(await count(one)).count for one in shoppers] == [1] * 24


async def test_shoppers_do_not_wait_for_each_other_and_do_not_mix(factory: Factory) -> None:
    product = await factory.product()
    shoppers = [await factory.shopper() for _ in range(12)]
    answers = await asyncio.gather(
        *(one.post(COMMERCE, json={"product": product.id}) for one in shoppers for _ in range(2))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 12, 406: 12}
    pks = [answer.json()["pk"] for answer in answers if answer.status_code == 200]
    assert len(set(pks)) == 12
    assert [(await count(one)).count for one in shoppers] == [1] * 12


async def test_read_after_an_acknowledged_write_shows_it_whoever_else_reads(factory: Factory) -> None:
    """Reads share round trips; none of them may share one that began before its own shopper's write."""
    products = [await factory.product() for _ in range(6)]

    async def journey(shopper: Client) -> None:
        for number, product in enumerate(products, 1):
            answer = await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)})
            assert answer.status_code == 201
            assert (await count(shopper)).count == number
            assert (await status(shopper, product)).is_favorited
            assert [row.product.pk for row in (await page(shopper)).results] == [p.id for p in products[:number]]
            assert (await favorites(shopper))[0].variant_id == str(product.uuid)

    await asyncio.gather(*[journey(await factory.shopper()) for _ in range(10)])


async def test_key_makes_concurrent_repeats_one_effect_in_each_dialect(shopper: Client, factory: Factory) -> None:
    for dialect, body in (
        (COMMERCE, {"product": (await factory.product()).id}),
        (STOREFRONT, {"variant_id": str((await factory.product()).uuid)}),
    ):
        headers = {"Idempotency-Key": "same for both"}
        answers = await asyncio.gather(*(shopper.post(dialect, json=body, headers=headers) for _ in range(10)))
        good = {answer.content for answer in answers if answer.status_code in (200, 201)}
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        assert len(good) == 1
        replay = await shopper.post(dialect, json=body, headers=headers)
        assert {replay.content} == good
        other = await shopper.post(dialect, json={**body, "more": 1}, headers=headers)
        assert other.status_code in (400, 422)
    assert (await count(shopper)).count == 2


async def test_replay_answers_what_was_even_when_the_world_moved_on(shopper: Client, factory: Factory) -> None:
    product, second = await factory.product(), await factory.product()
    headers = {"Idempotency-Key": "k"}
    first = await shopper.post(COMMERCE, json={"product": product.id}, headers=headers)
    assert (await shopper.delete(f"{COMMERCE}{first.json()['pk']}/")).status_code == 204
    again = await shopper.post(COMMERCE, json={"product": product.id}, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert (await count(shopper)).count == 0
    assert (await shopper.post(COMMERCE, json={"product": second.id}, headers=headers)).status_code == 422
    other = await factory.shopper()
    assert (await other.post(COMMERCE, json={"product": product.id}, headers=headers)).status_code == 200
