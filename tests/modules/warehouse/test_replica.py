"""DATABASE_REPLICA_URL: a real replica shows the rows; who may see them, the primary knows."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from litestar import Litestar

from src.app import create_app
from src.platform.settings import Settings
from tests.factories import Client, Factory
from tests.modules.warehouse.analyst import MARK, Analyst
from tests.modules.warehouse.exporting import formats
from tests.replica import Replica, streaming_replica

CITIES = "cities"


@pytest.fixture(scope="module")
def replica(settings: Settings) -> Iterator[Replica]:
    """A replica of the test server."""
    with streaming_replica(settings.database_url) as running:
        yield running


@pytest.fixture(scope="module")
async def replicated(settings: Settings, replica: Replica) -> AsyncIterator[Litestar]:
    """The application, with the replica."""
    made = create_app(msgspec.structs.replace(settings, database_replica_url=replica.url, pool_timeout_s=2.0))
    started, finished = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with made.lifespan():
            started.set()
            await finished.wait()

    life = asyncio.create_task(live())
    await started.wait()
    yield made
    finished.set()
    await life


@pytest.fixture
async def reader(replicated: Litestar, factory: Factory) -> AsyncIterator[Analyst]:
    """Somebody who reads from the replica."""
    application: Any = replicated
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    token = (await factory.shopper("warehouse")).token
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield Analyst(Client(client, token, ""))


async def city(factory: Factory, number: int, name: str = "") -> None:
    await factory.execute(
        "INSERT INTO address_city (id, name) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        number,
        name,
    )


async def exported(reader: Analyst, **query: str) -> tuple[list[int], str]:
    response = await reader.ask(f"{CITIES}/export", **query)
    assert response.status_code == httpx.codes.OK, response.text
    return [row["id"] for row in formats.ndjson(response.content)], response.headers[MARK]


async def test_rows_come_from_the_replica_and_tokens_from_the_primary(
    reader: Analyst, factory: Factory, replica: Replica
) -> None:
    await city(factory, 1)
    replica.catch_up()
    with psycopg.connect(replica.url, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        try:
            await city(factory, 2)
            newcomer = await factory.shopper("warehouse")
            other = Analyst(Client(reader.client._client, newcomer.token, ""))
            assert await other.ids(CITIES) == [1]
            assert (await exported(other))[0] == [1]
        finally:
            connection.execute("SELECT pg_wal_replay_resume()")
    replica.catch_up()
    assert await reader.ids(CITIES) == (await exported(reader))[0] == [1, 2]


async def test_pulls_miss_no_transaction_that_was_open(
    reader: Analyst, factory: Factory, replica: Replica, settings: Settings
) -> None:
    await city(factory, 1)
    async with await psycopg.AsyncConnection.connect(settings.database_url) as open_one:
        await open_one.execute("INSERT INTO address_city (id) VALUES (2)")
        await city(factory, 3)
        replica.catch_up()
        # 3 is newer than a transaction that may still commit anything, so it waits for the next pull.
        before = (await reader.page(CITIES))[MARK]
        pulled, mark = await exported(reader, changed_after=before)
        assert pulled == []
        await open_one.commit()
    await city(factory, 4)
    replica.catch_up()
    assert await reader.ids(CITIES, changed_after=mark) == (await exported(reader, changed_after=mark))[0] == [2, 3, 4]


async def test_crawl_in_any_order_shows_each_row_once_whatever_is_open(
    reader: Analyst, factory: Factory, replica: Replica, settings: Settings
) -> None:
    await city(factory, 1, "b")
    async with await psycopg.AsyncConnection.connect(settings.database_url) as open_one:
        await open_one.execute("INSERT INTO address_city (id) VALUES (2)")
        for number, name in ((3, "a"), (4, "c"), (5, "d")):
            await city(factory, number, name)
        replica.catch_up()
        for limit in (1, 2, 3, 4, 9):
            assert await reader.ids(CITIES, limit=limit) == [1, 3, 4, 5]
            # What is newer than a transaction that is open comes at last, by its id.
            assert await reader.ids(CITIES, sort="-name", limit=limit) == [1, 3, 4, 5]


async def test_mark_that_the_replica_has_not_reached_is_for_later(
    reader: Analyst, factory: Factory, replica: Replica, client: httpx.AsyncClient
) -> None:
    replica.catch_up()
    with psycopg.connect(replica.url, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        try:
            await city(factory, 1)
            primary = Analyst(Client(client, reader.client.token, ""))
            mark = (await primary.page(CITIES))[MARK]
            assert (await reader.ask(f"{CITIES}/export", changed_after=mark)).status_code == 503
        finally:
            connection.execute("SELECT pg_wal_replay_resume()")
    replica.catch_up()
    assert (await exported(reader, changed_after=mark))[0] == []


async def test_without_its_replica_the_warehouse_rests_and_the_shop_goes_on(
    reader: Analyst, factory: Factory, replica: Replica
) -> None:
    shopper = await factory.shopper()
    replica.server.stop()
    try:
        for path in (CITIES, f"{CITIES}/export"):
            response = await reader.ask(path)
            assert response.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert "Retry-After" in response.headers
        favourites = await reader.client._client.get(
            "/wishlists/favourite-products/", headers={"Authorization": f"Token {shopper.token}"}
        )
        assert favourites.status_code == httpx.codes.OK
    finally:
        replica.server.start()
        replica.server.wait_until_it_answers(30)
    replica.catch_up()
    assert (await exported(reader))[0] == []
