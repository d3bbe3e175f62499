"""Servers that stop, hang, lose everything or die in the middle: right answers or a clear 503, and nothing lost."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import psutil
import pytest
from litestar import Litestar

from src.app import create_app
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import upgrade
from src.platform.settings import Settings, load_settings
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import Detail, Failure, read
from tests.modules.favourites.shop import (
    COMMERCE,
    PRODUCTS,
    STOREFRONT,
    add,
    add_favorite,
    count,
    favorites,
    page,
    product_ids,
    status,
    statuses,
)

PATIENCE_S = 60


@pytest.fixture(scope="module")
def own_servers() -> Iterator[EmbeddedServers]:
    """Servers that tests may ruin, as durable as in production."""
    with tempfile.TemporaryDirectory(prefix="wk") as folder, EmbeddedServers(Path(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def own_settings(own_servers: EmbeddedServers) -> Settings:
    made = load_settings({**own_servers.addresses, "POOL_TIMEOUT_S": "0.5", "LOG_LEVEL": "error"})
    upgrade(made)
    return made


@pytest.fixture(scope="module")
async def own_app(own_settings: Settings) -> AsyncIterator[Litestar]:
    """The application on those servers; it is never restarted, whatever happens to them."""
    app = create_app(own_settings)
    await app.state.database.open()
    yield app
    await app.state.queue.close()
    await app.state.cache.close()
    await app.state.database.close()


class Shop:
    """The application, its servers, and two shoppers."""

    def __init__(self, app: Litestar, servers: EmbeddedServers, client: httpx.AsyncClient) -> None:
        self.app = app
        self.servers = servers
        self.factory = Factory(app.state.database, client)

    async def open(self) -> None:
        """Wait until everything answers, and make a shopper."""
        await self.recover()
        self.shopper = await self.factory.shopper()

    def send(self, server: str, number: signal.Signals) -> None:
        """Signal a server's main process."""
        psutil.Process(self.servers.pids[server]).send_signal(number)

    async def recover(self) -> None:
        """Start again what has ended, and wait until the application, left alone, answers."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self.servers.restart_ended()
                try:
                    await self.factory.scalar("SELECT 1")
                except Exception:
                    await asyncio.sleep(0.05)
                else:
                    break
            self.app.state.cache._paused_until = 0.0

    async def ended(self, server: str) -> None:
        """Wait until a server's main process has ended."""
        process = psutil.Process(self.servers.pids[server])
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                    return
                await asyncio.sleep(0.01)

    def forget(self) -> None:
        """Empty the cache of the process, so that the shared one is asked."""
        self.app.state.cache._local.clear()
        self.app.state.cache._paused_until = 0.0


@pytest.fixture
async def shop(own_app: Litestar, own_servers: EmbeddedServers) -> AsyncIterator[Shop]:
    transport = httpx.ASGITransport(app=cast("Any", own_app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        opened = Shop(own_app, own_servers, client)
        await opened.open()
        yield opened
        await opened.recover()


async def journey(shop: Shop) -> None:
    """Everything that a shopper can do with favourites, each answer checked."""
    shopper = await shop.factory.shopper()
    parent = await shop.factory.product()
    one, two = await shop.factory.product(price="1.00"), await shop.factory.product(parent_id=parent.id)
    pk = await add(shopper, one)
    favorite = await add_favorite(shopper, two)
    for price in ("2.00", "3.00"):
        shop.forget()
        await shop.factory.price(one, price)
        first = (await page(shopper)).results[0]
        assert (first.pk, first.product.price) == (pk, price)
        assert [row.current_price for row in await favorites(shopper)] == [100, float(price)]
    assert (await shopper.post(COMMERCE, json={"product": one.id})).status_code == 406
    assert (await shopper.post(STOREFRONT, json={"variant_id": str(two.uuid)})).status_code == 409
    for _ in range(2):
        shop.forget()
        assert (await count(shopper)).count == 2
        assert (await status(shopper, parent)).favorite_id == favorite.id
        hearts = [heart.is_favorited for heart in await statuses(shopper, parent, one, two)]
        assert hearts == [True, True, True]
    assert (await shopper.delete(f"{COMMERCE}{pk}/")).status_code == 204
    assert (await shopper.delete(f"{STOREFRONT}/{favorite.id}")).status_code == 200
    assert (await count(shopper)).count == 0
    assert [heart.is_favorited for heart in await statuses(shopper, parent, one, two)] == [False] * 3


async def test_everything_is_right_while_redis_is_dead_and_when_it_is_back_with_nothing(shop: Shop) -> None:
    await journey(shop)
    shop.send("Valkey", signal.SIGKILL)
    await shop.ended("Valkey")
    await journey(shop)
    await shop.recover()
    await journey(shop)


async def test_everything_is_right_while_redis_hangs(shop: Shop) -> None:
    product = await shop.factory.product()
    await add(shop.shopper, product)
    shop.send("Valkey", signal.SIGSTOP)
    try:
        shop.forget()
        assert await product_ids(shop.shopper) == [product.id]
        await shop.factory.price(product, "9.00")
        assert (await page(shop.shopper)).results[0].product.price == "9.00"
        assert (await count(shop.shopper)).count == 1
        assert (await statuses(shop.shopper, product))[0].is_favorited
        another = await shop.factory.product()
        await add_favorite(shop.shopper, another)
        assert await product_ids(shop.shopper) == [product.id, another.id]
    finally:
        shop.send("Valkey", signal.SIGCONT)
    shop.forget()
    assert (await page(shop.shopper)).count == 2


async def every_endpoint(shopper: Client, product: Product) -> dict[str, httpx.Response]:
    """An answer of every endpoint."""
    by_id, by_uuid, with_key = {"product": product.id}, {"variant_id": str(product.uuid)}, {"Idempotency-Key": "k"}
    asked = {
        "list": shopper.get(COMMERCE),
        "add": shopper.post(COMMERCE, json=by_id),
        "add with a key": shopper.post(COMMERCE, json=by_id, headers=with_key),
        "remove": shopper.delete(f"{COMMERCE}{product.id}/"),
        "/list": shopper.get(STOREFRONT),
        "/add": shopper.post(STOREFRONT, json=by_uuid),
        "/remove": shopper.delete(f"{STOREFRONT}/{product.uuid}"),
        "/count": shopper.get(f"{STOREFRONT}/count"),
        "/status": shopper.get(f"{PRODUCTS}/{product.uuid}/favorite-status"),
        "/statuses": shopper.get(f"{PRODUCTS}/favorite-status?ids={product.uuid}"),
    }
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))


async def test_database_that_is_away_is_a_503_in_the_dialect_and_comes_back_by_itself(shop: Shop) -> None:
    kept, wanted = await shop.factory.product(), await shop.factory.product()
    pk = await add(shop.shopper, kept)
    # A long outage: the pool has given up to connect by the time that the server is back.
    pool = shop.app.state.database._pool
    pool.reconnect_timeout, patience = 0.2, pool.reconnect_timeout
    shop.send("PostgreSQL", signal.SIGINT)
    await shop.ended("PostgreSQL")
    answers = await every_endpoint(shop.shopper, wanted)
    for name, answer in answers.items():
        read(answer, Failure if name.startswith("/") else Detail, 503)
        assert int(answer.headers["retry-after"]) > 0, name
    translated = await shop.shopper.get(COMMERCE, headers={"Accept-Language": "tr"})
    assert translated.json() != answers["list"].json()
    await shop.recover()
    pool.reconnect_timeout = patience
    assert [row.pk for row in (await page(shop.shopper)).results] == [pk]
    await add(shop.shopper, wanted, **{"Idempotency-Key": "k"})
    assert await product_ids(shop.shopper) == [kept.id, wanted.id]


async def test_nothing_acknowledged_is_lost_when_the_database_is_killed(shop: Shop) -> None:
    products = [await shop.factory.product() for _ in range(300)]
    acknowledged: list[int] = []
    refused: list[int] = []

    async def keep_adding(some: list[Product]) -> None:
        for product in some:
            answer = await shop.shopper.post(COMMERCE, json={"product": product.id})
            (acknowledged if answer.status_code == 200 else refused).append(product.id)
            assert answer.status_code in (200, 503)
            if answer.status_code == 503:
                return

    async def kill() -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(acknowledged) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0)
        shop.send("PostgreSQL", signal.SIGKILL)

    await asyncio.gather(kill(), *(keep_adding(products[n::6]) for n in range(6)))
    assert refused
    await shop.recover()
    left = await product_ids(shop.shopper, limit=1000)
    assert set(acknowledged) <= set(left)
    # What was refused may have been stored just before the end, and nothing else.
    assert set(left) - set(acknowledged) <= set(refused)
    assert (await count(shop.shopper)).count == len(left)
    for product in products[:3]:
        answer = await shop.shopper.post(COMMERCE, json={"product": product.id})
        assert answer.status_code == (406 if product.id in left else 200)
