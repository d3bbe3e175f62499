"""Products as bytes: rendered once per version and context, never stale, whatever the cache does."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from src.modules.catalogue import PriceContext, ProductViews
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.redis import create_cache_client
from src.platform.settings import Settings
from tests.factories import Factory, Product

PLAIN = PriceContext(None, None, "try", "try")


class Desk:
    """ProductViews over a cache, and what a shopper's list would ask of it."""

    def __init__(self, database: Database, cache: VersionedCache) -> None:
        self.database = database
        self.cache = cache
        self.views = ProductViews(database, cache)

    async def prices(self, *products: Product, context: PriceContext = PLAIN, dialect: str = "commerce") -> list[str]:
        """The price of each product, as rendered now."""
        async with self.database.read() as connection:
            cursor = await connection.execute(
                "SELECT product_id, version, (SELECT version FROM catalogue_epoch) FROM product_state"
                " WHERE product_id = ANY(%s)",
                ([product.id for product in products],),
            )
            versions = {row[0]: row[1:] for row in await cursor.fetchall()}
        epoch = next(iter(versions.values()))[1]
        asked = {product.id: versions[product.id][0] for product in products}
        rendered = (await self.views.render(dialect, asked, context, epoch=epoch)).bodies
        assert list(rendered) == list(asked)
        return [str(msgspec.json.decode(body).get("price")) for body in rendered.values()]


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[Desk]:
    cache = VersionedCache(create_cache_client(settings))
    yield Desk(database, cache)
    await cache.close()


async def test_rendered_once_then_cached_until_the_version_moves(desk: Desk, factory: Factory) -> None:
    product = await factory.product(price="10.00")
    assert await desk.prices(product) == ["10.00"]
    # A change that does not move the version is not seen, which shows that the bytes came from the cache.
    await factory.execute("UPDATE product_price SET price = 11 WHERE product_id = %s", product.id)
    assert await desk.prices(product) == ["10.00"]
    await factory.touch(product.id)
    assert await desk.prices(product) == ["11.00"]


async def test_contexts_and_dialects_have_their_own_bytes(desk: Desk, factory: Factory) -> None:
    vip = await factory.insert("price_list", name="vip")
    product = await factory.product(price="10.00")
    await factory.price(product, "8.00", price_list_id=vip)
    await factory.price(product, "1.00", currency_type="usd")
    for _ in range(2):
        assert await desk.prices(product) == ["10.00"]
        assert await desk.prices(product, context=PriceContext(vip, None, "try", "try")) == ["8.00"]
        assert await desk.prices(product, context=PriceContext(None, None, "usd", "try")) == ["1.00"]
        assert await desk.prices(product, dialect="storefront") == ["None"]


async def test_epoch_moves_every_product(desk: Desk, factory: Factory) -> None:
    product = await factory.product(price="10.00")
    await desk.prices(product)
    await factory.execute("UPDATE product_price SET price = 11 WHERE product_id = %s", product.id)
    await factory.execute("UPDATE catalogue_epoch SET version = version + 1")
    assert await desk.prices(product) == ["11.00"]


async def test_order_is_the_one_asked_for_and_missing_products_are_left_out(desk: Desk, factory: Factory) -> None:
    products = [await factory.product(price=f"{n}.00") for n in range(1, 5)]
    await desk.prices(products[1], products[3])
    mixed = [products[n] for n in (3, 0, 2, 1)]
    assert await desk.prices(*mixed) == ["4.00", "1.00", "3.00", "2.00"]
    rendered = (await desk.views.render("commerce", {10**12: 1, products[0].id: 2}, PLAIN, epoch=1)).bodies
    assert list(rendered) == [products[0].id]


async def test_other_processes_share_the_bytes(desk: Desk, factory: Factory, settings: Settings) -> None:
    product = await factory.product(price="10.00")
    await desk.prices(product)
    await desk.cache.close()
    await factory.execute("UPDATE product_price SET price = 11 WHERE product_id = %s", product.id)
    other = Desk(desk.database, VersionedCache(create_cache_client(settings)))
    assert await other.prices(product) == ["10.00"]
    await other.cache.close()


async def test_cache_that_lost_everything_or_is_away_costs_no_truth(
    database: Database, factory: Factory, settings: Settings, tmp_path: Path
) -> None:
    product = await factory.product(price="10.00")
    away = msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    for number, chosen in enumerate((settings, settings, away), 11):
        desk = Desk(database, VersionedCache(create_cache_client(chosen), local_bytes=0))
        await factory.price(product, f"{number}.00")
        assert await desk.prices(product) == [f"{number}.00"]
        flushed = Redis.from_url(settings.redis_url)
        await flushed.flushall()
        await flushed.aclose()
        assert await desk.prices(product) == [f"{number}.00"]
        await desk.cache.close()


async def test_bytes_are_kept_under_the_version_of_the_snapshot_they_were_read_in(desk: Desk, factory: Factory) -> None:
    """A reader who learnt an old version and was overtaken leaves nothing wrong under that version."""
    product = await factory.product(price="10.00")
    async with desk.database.read() as connection:
        row = await (
            await connection.execute("SELECT version FROM product_state WHERE product_id = %s", (product.id,))
        ).fetchone()
    assert row
    await factory.price(product, "11.00")
    epoch = int(await factory.scalar("SELECT version FROM catalogue_epoch"))
    await desk.views.render("commerce", {product.id: row[0]}, PLAIN, epoch=epoch)
    old = f"product:commerce:{epoch}:{PLAIN.key}:{product.id}:{row[0]}"
    assert await desk.cache.get_many([old]) == {}
    await factory.price(product, "12.00")
    assert await desk.prices(product) == ["12.00"]


async def test_caller_with_a_connection_needs_no_second_one(
    factory: Factory, settings: Settings, tmp_path: Path
) -> None:
    """Or as many callers as the pool has connections wait for each other."""
    product = await factory.product(price="10.00")
    lonely = Database(msgspec.structs.replace(settings, database_pool_size=1, pool_timeout_s=0.5))
    await lonely.open()
    away = msgspec.structs.replace(settings, redis_url=f"unix://{tmp_path}/nobody.sock")
    cache = VersionedCache(create_cache_client(away))
    views = ProductViews(lonely, cache)
    async with lonely.transaction() as work:
        rendered = (await views.render("commerce", {product.id: 1}, PLAIN, epoch=1, connection=work.connection)).bodies
    assert list(rendered) == [product.id]
    await cache.close()
    await lonely.close()
