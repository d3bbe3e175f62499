"""Followers of the stream who come back with the last id they got."""

import httpx
import pytest
from litestar import Litestar

from src.modules.updates.positions import Position, Snapshot, encode
from src.platform.dynamic_settings import UPDATES_WINDOW_DAYS
from src.platform.settings import Settings
from tests.factories import Client
from tests.modules.favourites.shop import change_setting
from tests.modules.updates.follower import STREAM, Follower
from tests.modules.updates.processes import another_process
from tests.modules.updates.shop import Shop, want


async def test_follower_who_comes_back_is_told_the_rest_by_any_process(
    app: Litestar, shop: Shop, shopper: Client, settings: Settings
) -> None:
    products = [await shop.product("100.00") for _ in range(5)]
    favourites = [await want(shopper, product) for product in products]
    async with another_process(settings) as another:
        async with Follower(app, shopper.token) as follower:
            await shop.price(products[0], "90.00")
            assert (await follower.event()).favourite == favourites[0]
        # These come together when it is back, and it goes away in the middle.
        for product in products[1:]:
            await shop.price(product, "80.00")
        async with Follower(another, shopper.token, follower.last_id) as second:
            told = await second.events(2)
        async with Follower(app, shopper.token, second.last_id) as third:
            told += await third.events(2)
            await shop.price(products[0], "70.00")
            told += await third.events(1)
    assert [event.favourite for event in told] == [*favourites[1:], favourites[0]]


async def test_follower_who_was_told_nothing_can_come_back_too(app: Litestar, shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    favourite = await want(shopper, product)
    async with Follower(app, shopper.token) as follower:
        pass
    assert follower.rest() == []
    assert follower.last_id
    await shop.price(product, "90.00")
    async with Follower(app, shopper.token, follower.last_id) as second:
        assert (await second.event()).favourite == favourite


async def test_changes_in_between_are_told_as_they_are_in_the_end(app: Litestar, shop: Shop, shopper: Client) -> None:
    product, gone = await shop.product("100.00"), await shop.product("100.00")
    favourite = await want(shopper, product)
    await want(shopper, gone)
    async with Follower(app, shopper.token) as follower:
        pass
    assert follower.rest() == []
    for price in ("90.00", "70.00", "80.00"):
        await shop.price(product, price)
        await shop.price(gone, price)
    await shop.price(gone, "100.00")
    async with Follower(app, shopper.token, follower.last_id) as second:
        event = await second.event()
        assert (event.favourite, event.data["price_change"]["new_price"]) == (favourite, 80)
        await shop.price(product, "60.00")
        assert (await second.event()).data["price_change"]["new_price"] == 60


async def test_old_id_gives_what_is_shown_still(app: Litestar, shop: Shop, shopper: Client) -> None:
    old, young = await shop.product("100.00"), await shop.product("100.00")
    await want(shopper, old)
    favourite = await want(shopper, young)
    async with Follower(app, shopper.token) as follower:
        pass
    assert follower.rest() == []
    await shop.price(old, "90.00")
    await shop.days_pass(20)
    await shop.price(young, "90.00")
    await change_setting(shop.factory, UPDATES_WINDOW_DAYS, 10)
    async with Follower(app, shopper.token, follower.last_id) as second:
        assert (await second.event()).favourite == favourite


@pytest.mark.parametrize("last_id", ["1", "AAAA", "not an id", "_" * 100, "x" * 20_000])
async def test_id_that_is_none_of_ours_is_refused(client: httpx.AsyncClient, shopper: Client, last_id: str) -> None:
    answer = await shopper.get(STREAM, headers={"Last-Event-ID": last_id})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Last-Event-ID")


async def test_id_of_another_database_is_refused(client: httpx.AsyncClient, shopper: Client) -> None:
    answer = await shopper.get(STREAM, headers={"Last-Event-ID": encode(Position(Snapshot(1, 2**60)))})
    assert answer.status_code == 400
