"""How streams begin, last and end."""

import asyncio

import httpx
import msgspec
import psycopg
import pytest
from litestar import Litestar

from src.modules.updates import hub
from src.platform.database import Database
from src.platform.settings import Settings
from tests.factories import Client, Factory, Product
from tests.modules.updates.follower import STREAM, Follower
from tests.modules.updates.processes import LATE_PRICE, another_process
from tests.modules.updates.shop import Shop, want


async def test_stranger_is_refused(client: httpx.AsyncClient, factory: Factory) -> None:
    assert (await client.get(STREAM)).status_code == 401
    feeder = await factory.shopper("integration")
    assert (await feeder.get(STREAM)).status_code == 403


@pytest.mark.parametrize(
    "ending",
    [
        "DELETE FROM credential WHERE user_id = (SELECT id FROM users WHERE email = %s)",
        "UPDATE users SET is_active = false WHERE email = %s",
        "UPDATE credential SET expires_at = now() WHERE user_id = (SELECT id FROM users WHERE email = %s)",
        "UPDATE credential SET scopes = '{ops}' WHERE user_id = (SELECT id FROM users WHERE email = %s)",
    ],
)
async def test_stream_ends_with_the_right_to_it(
    app: Litestar, shop: Shop, shopper: Client, other: Client, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = await shop.product()
    await want(other, product)
    monkeypatch.setattr(hub, "RECHECK_S", 0.0)
    async with Follower(app, shopper.token) as follower, Follower(app, other.token) as staying:
        await shop.factory.execute(ending, shopper.email)
        await follower.over()
        await shop.price(product, "90.00")
        assert (await staying.event()).kind == "price_changed"


async def test_quiet_stream_is_kept_alive_and_its_id_young(
    app: Litestar, shop: Shop, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(hub, "BEAT_S", 0.0)
    foreign, own = await shop.product(), await shop.product()
    await want(shopper, own)
    async with Follower(app, shopper.token) as follower:
        beginning = follower.body
        await shop.price(foreign, "90.00")  # whoever has it: transactions go by
        marks = await follower.marked(5)
        assert all(each.startswith(":") for each in marks)
        assert marks[-1] not in beginning
        await shop.price(own, "90.00")
        assert (await follower.event()).kind == "price_changed"


async def test_reader_who_does_not_read_is_parted_from_and_comes_back(
    app: Litestar, shop: Shop, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.modules.updates.subscribers.MAX_QUEUED_BYTES", 1)
    monkeypatch.setattr("src.modules.updates.subscribers.PARTING_S", 0.0)
    products = [await shop.product() for _ in range(4)]
    favourites = [await want(shopper, product) for product in products]
    async with Follower(app, shopper.token) as follower:
        await shop.price(products[0], "90.00")
        told = await follower.events(1)
        follower.reads.clear()
        for product in products[1:]:
            await shop.price(product, "90.00")
            await asyncio.sleep(2 * hub.POLL_S)  # so that they come one by one
        await follower.over()
    async with Follower(app, shopper.token, follower.last_id) as second:
        told += await second.events(3)
    assert [event.favourite for event in told] == favourites


async def test_process_that_is_full_says_when_to_come_back(settings: Settings, shopper: Client) -> None:
    async with (
        another_process(msgspec.structs.replace(settings, max_streams=1)) as small,
        Follower(small, shopper.token) as first,
    ):
        async with Follower(small, shopper.token) as second:
            assert (second.status, "success" in second.body) == (503, True)
        assert not first.is_over


async def test_stopping_process_ends_its_streams(settings: Settings, shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    favourite = await want(shopper, product)
    async with another_process(settings) as stopping:
        follower = await Follower(stopping, shopper.token).__aenter__()
    await follower.over()
    await shop.price(product, "90.00")
    assert follower.rest() == []
    async with another_process(settings) as another, Follower(another, shopper.token, follower.last_id) as second:
        assert (await second.event()).favourite == favourite


async def test_open_streams_hold_no_connection(settings: Settings, shop: Shop, factory: Factory) -> None:
    product = await shop.product()
    shoppers = [await factory.shopper() for _ in range(12)]
    for each in shoppers:
        await want(each, product)
    few = msgspec.structs.replace(settings, database_pool_size=1, pool_timeout_s=20)
    async with another_process(few) as small:
        followers = [await Follower(small, each.token).__aenter__() for each in shoppers]
        await shop.price(product, "90.00")
        for follower in followers:
            assert (await follower.event()).kind == "price_changed"
        for follower in followers:
            await follower.__aexit__(None, None, None)


async def test_database_that_is_away_for_a_while_loses_nothing(
    app: Litestar, database: Database, shop: Shop, shopper: Client, settings: Settings
) -> None:
    products: list[Product] = [await shop.product() for _ in range(2)]
    favourites = [await want(shopper, product) for product in products]
    async with Follower(app, shopper.token) as follower:
        for product, favourite in zip(products, favourites, strict=True):
            async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as admin:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'wishkeep-api' AND pid <> pg_backend_pid()"
                )
                await admin.execute(LATE_PRICE, {"product": product.id, "price": 50})
            assert (await follower.event()).favourite == favourite
