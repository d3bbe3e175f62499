"""GET /storefront/favorites/updates/stream, with everything but the network: what is told."""

import pytest
from litestar import Litestar

from src.modules.updates import hub
from src.platform.settings import Settings
from tests.factories import Client
from tests.modules.updates.follower import Follower, shown
from tests.modules.updates.processes import LATE_PRICE, LATE_STOCK, transaction
from tests.modules.updates.shop import Shop, dismiss, want


async def test_every_kind_is_told_as_the_list_shows_it(app: Litestar, shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00", 5)
    await want(shopper, product)
    async with Follower(app, shopper.token) as follower:
        assert follower.status == 200
        for kind, change in (
            ("price_changed", shop.price(product, "90.00")),
            ("out_of_stock", shop.stock(product, 0)),
            ("newly_available", shop.stock(product, 2)),
        ):
            await change
            event = await follower.event()
            assert event.kind == kind
            assert [event.data] == await shown(shopper, kind)


async def test_stream_begins_now(app: Litestar, shop: Shop, shopper: Client) -> None:
    earlier, later = await shop.product(), await shop.product()
    await want(shopper, earlier)
    favourite = await want(shopper, later)
    await shop.price(earlier, "90.00")
    async with Follower(app, shopper.token) as follower:
        await shop.price(later, "80.00")
        assert (await follower.event()).favourite == favourite


async def test_only_own_favourites_and_only_changes_that_are_seen(
    app: Litestar, shop: Shop, shopper: Client, other: Client
) -> None:
    product, last = await shop.product(), await shop.product()
    club = await shop.factory.insert("price_list", name="Club")
    await shop.price(product, "50.00", price_list=club)
    member = await shop.factory.shopper()
    await shop.join(member, club, None)
    for each in (shopper, member):
        await want(each, product)
    for each in (shopper, member, other):
        await want(each, last)
    async with (
        Follower(app, shopper.token) as of_shopper,
        Follower(app, member.token) as of_member,
        Follower(app, other.token) as of_other,
    ):
        await shop.price(product, "99.00")
        assert (await of_shopper.event()).data["price_change"]["new_price"] == 99
        await shop.price(product, "49.00", price_list=club)
        assert (await of_member.event()).data["price_change"]["new_price"] == 49
        await shop.price(last, "1.00")
        for follower in (of_shopper, of_member, of_other):
            event = await follower.event()
            assert event.data["variant"]["id"] == str(last.uuid)


async def test_price_that_comes_back_is_not_told(app: Litestar, shop: Shop, shopper: Client) -> None:
    product, last = await shop.product("100.00"), await shop.product()
    await want(shopper, product)
    await want(shopper, last)
    async with Follower(app, shopper.token) as follower:
        await shop.price(product, "90.00")
        assert (await follower.event()).kind == "price_changed"
        await shop.price(product, "100.00")
        await shop.price(last, "1.00")
        assert (await follower.event()).data["variant"]["id"] == str(last.uuid)


async def test_dismissed_change_is_compared_with_no_more(app: Litestar, shop: Shop, shopper: Client) -> None:
    product = await shop.product("100.00")
    await want(shopper, product)
    async with Follower(app, shopper.token) as follower:
        await shop.price(product, "90.00")
        assert (await follower.event()).data["price_change"]["old_price"] == 100
        await dismiss(shopper, all=True)
        await shop.price(product, "80.00")
        assert (await follower.event()).data["price_change"]["old_price"] == 90


async def test_favourite_that_was_added_meanwhile_is_followed_and_one_removed_is_not(
    app: Litestar, shop: Shop, shopper: Client
) -> None:
    product, last = await shop.product("100.00"), await shop.product("100.00")
    favourite = await want(shopper, product)
    async with Follower(app, shopper.token) as follower:
        assert (await shopper.delete(f"/storefront/favorites/{favourite}")).status_code == 200
        added = await want(shopper, last)
        await shop.price(product, "90.00")
        await shop.price(last, "90.00")
        assert (await follower.event()).favourite == added


async def test_commits_out_of_order_are_neither_lost_nor_repeated(
    app: Litestar, shop: Shop, shopper: Client, settings: Settings
) -> None:
    slow, quick, last = [await shop.product() for _ in range(3)]
    favourites = [await want(shopper, product) for product in (slow, quick, last)]
    async with Follower(app, shopper.token) as follower:
        async with transaction(settings) as late:
            await late.execute(LATE_PRICE, {"product": slow.id, "price": 90})
            await shop.price(quick, "80.00")
            told = await follower.events(1)
        told += await follower.events(1)
        await shop.price(last, "1.00")
        told += await follower.events(1)
    assert [event.favourite for event in told] == [favourites[1], favourites[0], favourites[2]]


async def test_late_commit_that_uncovers_an_earlier_one_is_told(
    app: Litestar, shop: Shop, shopper: Client, settings: Settings
) -> None:
    product, last = await shop.product(stock=0), await shop.product()
    await shop.activity(product, is_active=True)
    await want(shopper, product)
    await want(shopper, last)
    await shop.activity(product, is_active=False)
    async with Follower(app, shopper.token) as follower:
        async with transaction(settings) as late:
            await late.execute(LATE_STOCK, {"product": product.id})
            await shop.activity(product, is_active=True)  # later than the stock, and without effect before it
            await shop.price(last, "1.00")
            assert (await follower.event()).kind == "price_changed"
        event = await follower.event()
        assert event.kind == "newly_available"
        assert [event.data] == await shown(shopper, "newly_available")


async def test_many_changes_at_once_are_found_by_favourite(
    app: Litestar, shop: Shop, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.modules.updates.following.FEW", 3)
    monkeypatch.setattr(hub, "BATCH", 1)
    products = [await shop.product() for _ in range(5)]
    favourites = [await want(shopper, product) for product in products]
    async with Follower(app, shopper.token) as follower:
        rows = [{"product": product.id, "price": "90.00"} for product in products]
        await shop.feed.rows("catalogs/product-prices", *rows)
        assert {event.favourite for event in await follower.events(5)} == set(favourites)
