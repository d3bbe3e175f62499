"""Favourites that a shop brings along."""

from typing import Any

import pytest

from src.platform.errors import NotFound
from tests.factories import Client, Factory
from tests.modules.favourites.shop import COMMERCE, add, count, favorites, product_ids, statuses
from tests.modules.integration.feeds import Feed, counts, faults

PATH = "favourite-products"
TIMES = {"created_date": "2022-03-21T09:01:37.920584Z", "modified_date": "2022-03-21T09:01:37.920605Z"}


async def kept(factory: Factory) -> tuple[Any, ...]:
    """What the only favourite is compared with."""
    return tuple(
        await factory.scalar(
            "SELECT ARRAY[baseline_price::text, baseline_currency, baseline_available::text] FROM favourite"
        )
    )


async def test_favourite_comes_in_as_it_was_and_is_the_shoppers_at_once(
    factory: Factory, feed: Feed, shopper: Client
) -> None:
    product, second = await factory.product(price="10.00"), await factory.product()
    before = await count(shopper)
    fed = {"id": 7, **TIMES, "user": await factory.user_id(shopper), "product": product.id}
    assert counts(await feed.rows(PATH, fed)) == (1, 0, 0)
    assert counts(await feed.rows(PATH, fed)) == (0, 0, 1)
    assert await product_ids(shopper) == [product.id]
    (shown,) = await favorites(shopper)
    assert shown.created_at == TIMES["created_date"]
    assert (before.count, (await count(shopper)).count) == (0, 1)
    assert await kept(factory) == ("10.00", "try", "true")
    assert await add(shopper, second) > 7
    assert (await count(shopper)).count == 2


async def test_row_without_an_id_is_found_by_user_and_product(factory: Factory, feed: Feed, shopper: Client) -> None:
    product = await factory.product()
    fed = {"user": await factory.user_id(shopper), "sku": product.sku}
    assert counts(await feed.rows(PATH, fed, fed)) == (1, 0, 1)
    assert counts(await feed.rows(PATH, {**fed, **TIMES})) == (0, 1, 0)
    assert (await count(shopper)).count == 1


async def test_change_is_seen_in_the_answers_that_were_kept(factory: Factory, feed: Feed, shopper: Client) -> None:
    products = [await factory.product(price="10.00"), await factory.product(price="20.00", stock=0)]
    user = await factory.user_id(shopper)
    await feed.rows(PATH, {"id": 7, "user": user, "product": products[0].id})
    seen = [(await statuses(shopper, products[0]))[0].favorited_at for _ in range(2)]
    await feed.rows(PATH, {"id": 7, **TIMES})
    assert (await statuses(shopper, products[0]))[0].favorited_at == TIMES["created_date"] != seen[-1]
    assert (await favorites(shopper))[0].created_at == TIMES["created_date"]
    assert counts(await feed.rows(PATH, {"id": 7, "product": products[1].id})) == (0, 1, 0)
    assert await product_ids(shopper) == [products[1].id]
    assert (await count(shopper)).count == 1
    assert await kept(factory) == ("20.00", "try", "false")


async def test_baseline_is_what_the_shoppers_lists_say(factory: Factory, feed: Feed, shopper: Client) -> None:
    await feed.rows("catalogs/price-lists", {"id": 5, "name": "club"})
    await feed.rows("catalogs/segments", {"id": 5, "name": "club", "price_list": 5})
    product = await factory.product(price="10.00")
    await factory.price(product, "8.00", price_list_id=5)
    user = await factory.user_id(shopper)
    await feed.rows("users", {"id": user, "segment": 5})
    await feed.rows(PATH, {"user": user, "product": product.id})
    assert await kept(factory) == ("8.00", "try", "true")


async def test_deleted_favourite_is_gone_and_its_id_means_nothing_else(
    factory: Factory, feed: Feed, shopper: Client
) -> None:
    product = await factory.product()
    fed = {"id": product.id, "user": await factory.user_id(shopper), "product": product.id}
    await feed.rows(PATH, fed)
    await favorites(shopper)
    await feed.delete(PATH, product.id)
    assert ((await count(shopper)).count, await favorites(shopper)) == (0, [])
    with pytest.raises(NotFound):
        await feed.delete(PATH, product.id)
    assert await feed.query("SELECT object_id FROM deleted_item") == [str(product.id)]
    # The same again, and the shopper deletes it: the id has been remembered before.
    await feed.rows(PATH, fed)
    assert (await shopper.delete(f"/wishlists/favourite-products/{product.id}/")).status_code == 204
    await add(shopper, product)
    assert (await shopper.delete(f"/wishlists/favourite-products/{product.id}/")).status_code == 404
    assert (await count(shopper)).count == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=["shared", "transaction"])
async def test_add_whose_id_was_just_fed_is_a_503_and_the_next_try_works(
    factory: Factory, feed: Feed, shopper: Client, other: Client, headers: dict[str, str]
) -> None:
    fed, wanted = await factory.product(), await factory.product()
    await feed.rows(PATH, {"id": 7, "user": await factory.user_id(other), "product": fed.id})
    # As while the feed has not moved the sequence on yet.
    await factory.execute("SELECT setval(pg_get_serial_sequence('favourite', 'id'), 6)")
    response = await shopper.post(COMMERCE, json={"product": wanted.id}, headers=headers)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert await add(shopper, wanted, **headers) == 8
    assert (await count(shopper)).count == 1


async def test_bad_favourites_are_rejected(factory: Factory, feed: Feed, shopper: Client, other: Client) -> None:
    product, second = await factory.product(), await factory.product()
    user, others = await factory.user_id(shopper), await factory.user_id(other)
    own = await add(shopper, product)
    first = own + 1000
    report = await feed.rows(
        PATH,
        {"id": first, "user": user, "product": product.id},
        {"id": first + 1, "user": user, "product": 10**9},
        {"id": first + 2, "user": 10**9, "product": product.id},
        {"id": first + 3, "product": product.id},
        {"id": first + 4, "user": user},
        {"id": own, "user": others},
        {"id": first + 5, "user": others, "product": second.id, "uuid": str(product.uuid)},
        {"id": first + 6, "user": others, "product": second.id},
        {"id": first + 7, "user": others, "product": second.id},
        {"id": first + 8, "user": None, "product": second.id},
    )
    assert faults(report) == {
        0: ["user"],
        1: ["product"],
        2: ["user"],
        3: ["user"],
        4: ["product"],
        5: ["user"],
        6: ["uuid"],
        8: ["user"],
        9: ["user"],
    }
    assert counts(report) == (1, 0, 0)
    assert [(await count(each)).count for each in (shopper, other)] == [1, 1]
