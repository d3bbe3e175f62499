"""From a change of the catalogue to the feed's rows and deliveries, by the worker's own jobs."""

from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from src.platform.jobs import QUEUES, JobContext, Queue, queue_key
from src.workers.jobs import JOBS, advance_updates
from src.workers.runner import run_worker
from tests.factories import Client, Factory, Product

PRICES = "/api/v1/integration/catalogs/product-prices"
STOCKS = "/api/v1/integration/catalogs/product-stocks"
WRITTEN = "SELECT count(*) FROM favourite_update WHERE price_changed_at IS NOT NULL"


@pytest.fixture
async def lamp(factory: Factory, queue: Queue) -> Product:
    """A product; nothing waits in the queue."""
    return await factory.product(price="100.00", stock=5)


@pytest.fixture
async def feeder(factory: Factory) -> Client:
    """A catalogue system."""
    return await factory.shopper("integration")


async def waiting(redis: Redis) -> list[str]:
    """The names of the jobs in all queues."""
    ids = [job_id for queue in QUEUES for job_id in await redis.zrange(queue_key(queue), 0, -1)]
    return [job_id.decode().partition(":")[0] for job_id in ids]


async def fed(feeder: Client, path: str, row: dict[str, Any]) -> httpx.Response:
    """Feed a row."""
    answer = await feeder.post(path, json=[row])
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []
    return answer


async def want(shopper: Client, product: Product) -> None:
    """Make a product a favourite."""
    answer = await shopper.post("/storefront/favorites", json={"variant_id": str(product.uuid)})
    assert answer.status_code == 201, answer.text


async def test_a_fed_price_becomes_rows_and_deliveries(
    context: JobContext, factory: Factory, feeder: Client, lamp: Product
) -> None:
    shopper = await factory.shopper()
    await factory.execute("UPDATE users SET email_allowed = true WHERE email = %s", shopper.email)
    await want(shopper, lamp)
    await fed(feeder, PRICES, {"product": lamp.id, "price": "80.00"})
    await run_worker(context, JOBS, burst=True)
    assert await factory.scalar(WRITTEN) == 1
    assert await factory.scalar("SELECT count(*) FROM delivery WHERE channel = 'email'") == 1


async def test_a_fed_stock_fires_alerts(context: JobContext, factory: Factory, feeder: Client) -> None:
    lamp = await factory.product(stock=0)
    waiting_for = await factory.shopper()
    answer = await waiting_for.post("/wishlists/product-alerts/", json={"product": lamp.id})
    assert answer.status_code == 201, answer.text
    await fed(feeder, STOCKS, {"product": lamp.id, "stock": 5})
    await run_worker(context, JOBS, burst=True)
    assert await factory.scalar("SELECT fired_at IS NOT NULL FROM product_alert")


async def test_only_what_changed_something_wakes_a_worker(feeder: Client, lamp: Product, redis: Redis) -> None:
    await fed(feeder, PRICES, {"product": lamp.id, "price": "80.00"})
    assert await waiting(redis) == ["updates.advance"]
    await redis.flushdb()
    await fed(feeder, PRICES, {"product": lamp.id, "price": "80.00"})
    assert await waiting(redis) == []


async def test_a_deleted_row_wakes_a_worker(factory: Factory, feeder: Client, lamp: Product, redis: Redis) -> None:
    price = await factory.scalar("SELECT id FROM product_price")
    assert (await feeder.delete(f"{PRICES}/{price}")).status_code == 204
    assert await waiting(redis) == ["updates.advance"]


async def test_a_lost_call_is_made_up_for_by_the_schedule(
    context: JobContext, factory: Factory, feeder: Client, lamp: Product, redis: Redis
) -> None:
    await want(await factory.shopper(), lamp)
    await fed(feeder, PRICES, {"product": lamp.id, "price": "80.00"})
    await redis.flushdb()
    assert advance_updates in JOBS
    assert advance_updates.minute == frozenset(range(60))
    await advance_updates(context)
    assert await factory.scalar(WRITTEN) == 1


async def test_a_worker_that_finds_another_at_it_comes_back(
    context: JobContext, factory: Factory, lamp: Product, redis: Redis
) -> None:
    async with AsyncExitStack() as stack:
        work = await stack.enter_async_context(factory.database.transaction())
        await work.connection.execute("SELECT FROM update_progress FOR UPDATE")
        await advance_updates(context)
        assert await waiting(redis) == ["updates.advance"]
