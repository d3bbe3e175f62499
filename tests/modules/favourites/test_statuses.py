"""Hearts on product pages and badges: status, batches of it and the count, cached and never stale."""

import asyncio
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from redis.asyncio import Redis

from src.modules.favourites.statuses import MAP_LIMIT
from src.platform.settings import Settings
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import Data, Failure, Fault, Favorite, Invalid, Status, read
from tests.modules.favourites.shop import (
    PRODUCTS,
    STOREFRONT,
    add,
    add_favorite,
    count,
    many_favourites,
    status,
    statuses,
)

NOT = Status(is_favorited=False, favorite_id=None, favorited_at=None)
UNKNOWN = "5f3c0a52-8d1e-4b7a-9c44-2e6d7b90f1aa"
BATCH = f"{PRODUCTS}/favorite-status"


def favorited(favorite: Favorite) -> Status:
    """The status that a favourite gives its product."""
    return Status(is_favorited=True, favorite_id=favorite.id, favorited_at=favorite.created_at)


async def both(shopper: Client, product: Product) -> Status:
    """The status of a product, which a page of one and a page of many must agree on."""
    one = await status(shopper, product)
    assert await statuses(shopper, product) == [one]
    return one


async def test_status_follows_adding_and_removing(shopper: Client, other: Client, factory: Factory) -> None:
    product = await factory.product()
    assert await both(shopper, product) == NOT
    for _ in range(2):
        favorite = await add_favorite(shopper, product)
        assert await both(shopper, product) == favorited(favorite)
        assert await both(other, product) == NOT
        await shopper.delete(f"{STOREFRONT}/{favorite.id}")
        assert await both(shopper, product) == NOT


async def test_parent_is_favorited_through_any_variant(shopper: Client, factory: Factory) -> None:
    parent = await factory.product()
    red, blue, green = [await factory.product(parent_id=parent.id) for _ in range(3)]
    first = await add_favorite(shopper, blue)
    assert await statuses(shopper, parent, red, blue) == [favorited(first), NOT, favorited(first)]
    await add_favorite(shopper, red)
    assert await both(shopper, parent) == favorited(first)
    assert await both(shopper, green) == NOT
    own = await add_favorite(shopper, parent)
    assert await both(shopper, parent) == favorited(own)
    await shopper.delete(f"{STOREFRONT}/{own.id}")
    assert await both(shopper, parent) == favorited(first)


async def test_variant_is_not_favorited_through_its_parent(shopper: Client, factory: Factory) -> None:
    parent = await factory.product()
    variant = await factory.product(parent_id=parent.id)
    await add_favorite(shopper, parent)
    assert (await both(shopper, parent)).is_favorited
    assert await both(shopper, variant) == NOT


async def test_inactive_product_still_has_its_status(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    favorite = await add_favorite(shopper, product)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", product.id)
    await factory.touch(product.id)
    assert await both(shopper, product) == favorited(favorite)


@pytest.mark.parametrize("name", ["product-uuid-123", "1", "%00", "0" * 32, UNKNOWN])
async def test_status_of_a_product_nobody_knows_is_not_found(shopper: Client, name: str) -> None:
    refused = read(await shopper.get(f"{PRODUCTS}/{name}/favorite-status"), Failure, 404)
    assert refused.message == "Product not found"


async def test_batch_tells_every_id_that_was_asked_for(shopper: Client, factory: Factory) -> None:
    products = [await factory.product() for _ in range(5)]
    wanted = {products[n].uuid: await add_favorite(shopper, products[n]) for n in (1, 4)}
    unknown = uuid4()
    ids = [*(product.uuid for product in products), unknown, products[0].uuid]
    expected = {str(uuid): favorited(wanted[uuid]) if uuid in wanted else NOT for uuid in ids}
    for _ in range(2):
        answer = await shopper.get(BATCH, params={"ids": ",".join(map(str, ids))})
        assert read(answer, Data[dict[str, Status]]).data == expected
    shouted = await shopper.get(BATCH, params={"ids": ",".join(str(uuid).upper() for uuid in ids)})
    told = read(shouted, Data[dict[str, Status]]).data
    assert {uuid.lower(): status for uuid, status in told.items()} == expected


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (None, "Field is required"),
        ("", "Field is required"),
        ("nonsense", "Must be a list of valid UUIDs"),
        (f"{UNKNOWN},", "Must be a list of valid UUIDs"),
        (f",{UNKNOWN}", "Must be a list of valid UUIDs"),
        (f"{UNKNOWN},1", "Must be a list of valid UUIDs"),
        (f"{UNKNOWN}\0", "Must be a list of valid UUIDs"),
        ("0" * 32, "Must be a list of valid UUIDs"),
        (",".join(str(UUID(int=n)) for n in range(201)), "At most 200 values are allowed"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_batch_that_makes_no_sense_is_refused(shopper: Client, ids: str | None, message: str) -> None:
    refused = read(await shopper.get(BATCH, params={} if ids is None else {"ids": ids}), Invalid, 400)
    assert refused.errors == [Fault(field="ids", message=message)]


async def test_batch_of_two_hundred_unknown_ids_is_all_false(shopper: Client, factory: Factory) -> None:
    ids = [str(uuid4()) for _ in range(200)]
    for _ in range(2):
        answer = await shopper.get(BATCH, params={"ids": ",".join(ids)})
        assert read(answer, Data[dict[str, Status]]).data == dict.fromkeys(ids, NOT)
        await add(shopper, await factory.product())


@pytest.mark.parametrize("beyond", [-1, 0, 1, 300])
async def test_batch_is_right_however_many_favourites_there_are(shopper: Client, factory: Factory, beyond: int) -> None:
    """Up to some hundreds a shopper's favourites are one cached map, beyond that only those asked for are read."""
    parent = await factory.product()
    variant, wanted, unwanted = (
        await factory.product(parent_id=parent.id),
        await factory.product(),
        await factory.product(),
    )
    ids = await many_favourites(factory, shopper, MAP_LIMIT + beyond - 2)
    through, own = await add_favorite(shopper, variant), await add_favorite(shopper, wanted)
    uuid = await factory.scalar("SELECT uuid FROM product WHERE id = %s", ids[0])
    bulk = Product(ids[0], uuid, "")
    for _ in range(2):
        told = await statuses(shopper, parent, variant, wanted, unwanted, bulk)
        assert told[:4] == [favorited(through), favorited(through), favorited(own), NOT]
        assert told[4].is_favorited
    await shopper.delete(f"{STOREFRONT}/{through.id}")
    late = await add_favorite(shopper, unwanted)
    assert await statuses(shopper, parent, variant, wanted, unwanted) == [NOT, NOT, favorited(own), favorited(late)]
    assert (await count(shopper)).count == MAP_LIMIT + beyond


async def test_batch_follows_variants_that_change_their_parent(shopper: Client, factory: Factory) -> None:
    old, new = await factory.product(), await factory.product()
    variant = await factory.product(parent_id=old.id)
    favorite = await add_favorite(shopper, variant)
    assert await statuses(shopper, old, new) == [favorited(favorite), NOT]
    feeder = await factory.shopper("integration")
    fed = await feeder.post("/api/v1/integration/products/products", json=[{"id": variant.id, "parent": new.id}])
    assert fed.json()["updated"] == 1
    assert await statuses(shopper, old, new) == [NOT, favorited(favorite)]


async def test_batch_survives_a_cache_that_lost_everything(
    shopper: Client, factory: Factory, app: Litestar, settings: Settings
) -> None:
    product = await factory.product()
    favorite = await add_favorite(shopper, product)
    redis = Redis.from_url(settings.redis_url)
    for _ in range(3):
        assert await statuses(shopper, product) == [favorited(favorite)]
        await redis.flushall()
        app.state.cache._local.clear()
    await redis.aclose()


async def test_count_says_how_many_and_when_one_last_came_or_went(shopper: Client, factory: Factory) -> None:
    first = await count(shopper)
    assert (first.count, first.last_updated) == (0, None)
    times = []
    added = []
    for number in range(1, 4):
        favorite = await add_favorite(shopper, await factory.product())
        told = await count(shopper)
        assert told.count == number
        assert told.last_updated
        assert told.last_updated >= favorite.created_at
        added.append(favorite)
        times.append(told.last_updated)
    for number, favorite in enumerate(added, 1):
        await shopper.delete(f"{STOREFRONT}/{favorite.id}")
        told = await count(shopper)
        assert told.count == 3 - number
        assert told.last_updated
        times.append(told.last_updated)
    assert times == sorted(set(times))


async def test_refused_writes_leave_the_count_alone(shopper: Client, other: Client, factory: Factory) -> None:
    product = await factory.product()
    favorite = await add_favorite(shopper, product)
    before = await count(shopper)
    await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)})
    await shopper.post(STOREFRONT, json={"variant_id": str(uuid4())})
    await shopper.delete(f"{STOREFRONT}/{uuid4()}")
    await other.delete(f"{STOREFRONT}/{favorite.id}")
    assert await count(shopper) == before
    assert (await count(other)).last_updated is None


async def test_count_and_status_of_many_shoppers_at_once_do_not_mix(factory: Factory) -> None:
    products = [await factory.product() for _ in range(4)]
    shoppers = [await factory.shopper() for _ in range(8)]
    for number, one in enumerate(shoppers):
        for product in products[: number % 5]:
            await add(one, product)
    counted = await asyncio.gather(*(count(one) for one in shoppers * 3))
    assert [told.count for told in counted] == [number % 5 for number in range(8)] * 3
    hearts = await asyncio.gather(*(status(one, product) for one in shoppers for product in products))
    expected = [place < number % 5 for number in range(8) for place in range(4)]
    assert [heart.is_favorited for heart in hearts] == expected


async def test_reads_that_did_not_change_are_not_sent_again(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    paths = [f"{STOREFRONT}/count", f"{PRODUCTS}/{product.uuid}/favorite-status", f"{BATCH}?ids={product.uuid}"]
    tags = {}
    for path in paths:
        first = await shopper.get(path)
        tags[path] = {"If-None-Match": first.headers["etag"]}
        assert first.headers["cache-control"] == "private, no-cache"
        assert (await shopper.get(path, headers=tags[path])).status_code == 304
        assert (await shopper.get(path + ("" if "?" in path else "/"))).content == first.content
    await add(shopper, product)
    for path in paths:
        assert (await shopper.get(path, headers=tags[path])).status_code == 200
