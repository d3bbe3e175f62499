"""On a cluster and under Sentinel: right answers and nothing lost while servers die and others take over."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import httpx
import msgspec
from litestar import Litestar

from src.app import create_app
from src.commands import check
from src.platform.cache import VersionedCache, shared_name
from src.platform.database import Database
from src.platform.forgetting import STREAM, user_tag
from src.platform.jobs import JobContext, Queue, job
from src.platform.metrics import CACHE_REQUESTS
from src.platform.protection.sharing import share
from src.platform.redis import create_cache_client
from src.platform.settings import Settings
from src.workers.runner import run_worker
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shop import STOREFRONT, add_favorite, statuses
from tests.platform.protection.test_limits import admitted, limiter, request
from tests.topologies import Cluster, Watched, until

SHOPPERS = 3
PRICES = "/api/v1/integration/catalogs/product-prices"


def shared_hits() -> float:
    return float(CACHE_REQUESTS.labels(outcome="shared_hit")._value.get())


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Litestar, httpx.AsyncClient]]:
    """An application of its own, and a client of it."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield app, client


class Visitor:
    """A shopper who adds and removes favourites, and finds just these after each step."""

    def __init__(self, app: Litestar, shopper: Client, products: list[Product]) -> None:
        self._app = app
        self._shopper = shopper
        self._products = products
        self._wanted: dict[int, Any] = {}
        self.steps = 0

    async def step(self) -> None:
        """One of them, and two looks."""
        product = random.choice(self._products)
        if product.id in self._wanted:
            gone = await self._shopper.delete(f"{STOREFRONT}/{self._wanted.pop(product.id)}")
            assert gone.is_success
        else:
            self._wanted[product.id] = (await add_favorite(self._shopper, product)).id
        for _ in range(2):
            # What this process knows by itself is not what is to be tried.
            self._app.state.cache._local.clear()
            found = await statuses(self._shopper, *self._products)
            assert [each.favorite_id for each in found] == [self._wanted.get(each.id) for each in self._products]
            await asyncio.sleep(0)
        self.steps += 1

    async def go_on(self, stop: asyncio.Event) -> None:
        """Step by step."""
        while not stop.is_set():
            await self.step()


async def test_no_answer_is_wrong_while_a_master_of_the_cluster_dies(
    settings: Settings, database: Database, cluster: Cluster
) -> None:
    async with AsyncExitStack() as held:
        app, client = await held.enter_async_context(
            serving(msgspec.structs.replace(settings, redis_url=cluster.url, redis_queue_url=settings.queue_url))
        )
        factory = Factory(database, client)
        products = [await factory.product() for _ in range(6)]
        shoppers = [await factory.shopper() for _ in range(SHOPPERS)]
        visitors = [Visitor(app, shopper, products) for shopper in shoppers]
        stop = asyncio.Event()

        async def all_step(further: int) -> None:
            goals = [visitor.steps + further for visitor in visitors]
            await until(lambda: all(v.steps >= goal for v, goal in zip(visitors, goals, strict=True)))

        async with asyncio.TaskGroup() as tasks:
            for visitor in visitors:
                tasks.create_task(visitor.go_on(stop))
            await all_step(10)
            hits = shared_hits()
            assert hits > 0
            key = shared_name(f"{user_tag(await factory.user_id(shoppers[0]))}:favourites")
            holder = app.state.cache._client.get_node_from_key(key)
            (victim,) = [node for node in cluster.nodes if node.port == holder.port]
            victim.kill()
            replica = cluster.nodes[(cluster.nodes.index(victim) + 3) % 6]
            await until(lambda: replica.is_master)
            hits = shared_hits()
            await until(lambda: shared_hits() > hits + 30)
            await all_step(10)
            stop.set()
    cluster.restore()


async def test_user_is_forgotten_on_every_master(settings: Settings, cluster: Cluster) -> None:
    chosen = msgspec.structs.replace(settings, redis_url=cluster.url, redis_queue_url=settings.queue_url)
    cluster.flush()
    first, second = (VersionedCache(create_cache_client(chosen)) for _ in range(2))
    keys = [f"{user_tag(user)}:basket:{n}" for user in range(1, 20) for n in range(3)]
    second.set_many(dict.fromkeys(keys, b"x") | {f"product:{n}": b"x" for n in range(50)})
    await second._written()
    await first.forget(user_tag(7))
    left: set[bytes] = set()
    for node in cluster.masters:
        left.update(node.ask("KEYS", "*"))
    kept = {shared_name(key).encode() for key in keys if not key.startswith("{u7}")}
    assert left == kept | {STREAM.encode()} | {shared_name(f"product:{n}").encode() for n in range(50)}
    assert len(await first.get_many([*keys, *(f"product:{n}" for n in range(50))])) == len(keys) - 3 + 50
    await first.close()
    await second.close()


async def test_processes_tell_each_other_their_counts_over_a_cluster(settings: Settings, cluster: Cluster) -> None:
    client = create_cache_client(msgspec.structs.replace(settings, redis_url=cluster.url))
    first, second = limiter(per_token=100), limiter(per_token=100)
    for number in range(40):  # enough for every shard
        assert admitted(first, request(token=f"Token {number:08}"), 90) == 90
        assert admitted(second, request(token=f"Token {number:08}"), 1) == 1
    assert await share(first, client)
    assert await share(second, client)
    assert [admitted(second, request(token=f"Token {number:08}"), 50) for number in range(40)] == [9] * 40
    await client.aclose()


def test_check_reaches_a_cluster_and_a_server_under_sentinel(
    settings: Settings, cluster: Cluster, sentinel: Watched
) -> None:
    chosen = msgspec.structs.replace(settings, redis_url=cluster.url, redis_queue_url=sentinel.url)
    assert check.faults(chosen) == []
    nobody = msgspec.structs.replace(chosen, redis_queue_url=f"{sentinel.url}x")
    (fault,) = check.faults(nobody)
    assert fault.startswith("REDIS_QUEUE_URL: No master found for 'wishkeepx'")


async def test_every_job_is_run_and_every_request_answered_while_the_master_of_the_queue_dies(
    settings: Settings, database: Database, sentinel: Watched
) -> None:
    ran: set[int] = set()
    chosen = msgspec.structs.replace(settings, redis_queue_url=sentinel.url)
    stop, enough = asyncio.Event(), asyncio.Event()
    answers: list[int] = []
    asked = 0

    # A job that was picked when the master died is picked again when its lease ends, which its time limit decides.
    @job("test.note", timeout_s=5)
    async def note(context: JobContext, n: int) -> None:
        ran.add(n)

    async def enqueue(queue: Queue) -> None:
        nonlocal asked
        while not enough.is_set():
            asked += 1
            await queue.enqueue("test.note", n=asked)
            await asyncio.sleep(0.005)

    async with AsyncExitStack() as held:
        _, client = await held.enter_async_context(serving(chosen))
        factory = Factory(database, client)
        feeder, product = await factory.shopper("integration"), await factory.product()

        async def feed() -> None:
            while not enough.is_set():
                price = str(len(answers) + 1)
                row = {"product": product.id, "price_list": 1, "currency_type": "try", "price": price}
                answers.append((await feeder.post(PRICES, json=[row])).status_code)
                await asyncio.sleep(0.02)

        queue = Queue(chosen)
        working = asyncio.create_task(run_worker(JobContext(chosen, database, queue), [note], stop=stop))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(enqueue(queue))
            tasks.create_task(feed())
            await until(lambda: len(ran) > 100 and len(answers) > 5)
            old = sentinel.master
            old.kill()
            await until(lambda: sentinel.master is not old)
            before, answered = len(ran), len(answers)
            await until(lambda: len(ran) > before + 100 and len(answers) > answered + 3)
            enough.set()
        await until(lambda: len(ran) == asked)
        stop.set()
        await working
        await queue.close()
    assert ran == set(range(1, asked + 1))
    assert set(answers) == {200}
