"""Passes over the log: whose favourites are told what, in which chunks, whatever happens to the worker."""

import asyncio
from datetime import datetime
from decimal import Decimal

import pytest

from src.modules.updates import ProductFacts, fan_out, passes
from src.modules.updates.history import History, read_histories
from src.platform.database import Connection, Database
from tests.factories import Client, Factory, Product
from tests.modules.updates.passing import Told, Worker
from tests.modules.updates.shop import Shop, want

D = Decimal
PASS_UNDER_WAY = "SELECT pass_until IS NOT NULL FROM update_progress"
ROWS = "SELECT count(*) FROM favourite_update"


@pytest.fixture
def worker(database: Database) -> Worker:
    """A worker."""
    return Worker(database)


async def crowd(factory: Factory, size: int, *products: Product) -> list[int]:
    """Shoppers who all want these products; the ids of their users."""
    shoppers = [await factory.shopper() for _ in range(size)]
    for shopper in shoppers:
        for product in products:
            await want(shopper, product)
    return [await factory.user_id(shopper) for shopper in shoppers]


def whom(told: list[Told]) -> list[tuple[int, int]]:
    """Who was told of which product."""
    return [(each.product_id, each.user_id) for each in told]


async def test_everybody_is_told_once_what_changed(shop: Shop, worker: Worker, shopper: Client) -> None:
    lamp, kettle = await shop.product("100.00"), await shop.product("50.00", stock=0)
    await want(shopper, lamp)
    await want(shopper, kettle)
    await worker.settle()
    await shop.price(lamp, "80.00")
    await shop.stock(kettle, 3)
    assert await worker.work()
    price_change, stock_change = await changes(shop.factory, 2)
    user = await shop.factory.user_id(shopper)
    assert worker.take() == [
        Told(user, lamp.id, D(100), D(80), price_change, None, None),
        Told(user, kettle.id, D(50), D(50), None, "newly_available", stock_change),
    ]
    assert await worker.work()
    assert worker.take() == []


async def changes(factory: Factory, count: int) -> list[int]:
    """The ids of the log's last rows."""
    ids = await factory.scalar("SELECT array_agg(id ORDER BY changed_at, id) FROM catalogue_change")
    return list(ids[-count:])


async def test_what_comes_back_within_a_pass_is_no_news_but_its_row_is_kept(
    shop: Shop, worker: Worker, shopper: Client
) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await worker.settle()
    for price, stock in (("80.00", 0), ("100.00", 5)):
        await shop.price(lamp, price)
        await shop.stock(lamp, stock)
    await worker.work()
    assert worker.take() == []
    ((product, old, new, change),) = [
        (each.product_id, each.old_price, each.new_price, each.price_change_id) for each in worker.take_changed()
    ]
    assert (product, old, new, change) == (lamp.id, D(100), D(100), None)
    times = await shop.change_times(lamp)
    assert await rows(shop.factory) == [(lamp.id, times[-2], times[-1], times[-3], times[-1])]


async def rows(factory: Factory) -> list[tuple[object, ...]]:
    """The rows of the feed."""
    async with factory.database.read() as connection:
        cursor = await connection.execute("""
            SELECT product_id, price_changed_at, became_available_at, became_unavailable_at, changed_at
            FROM favourite_update ORDER BY product_id, user_id""")
        return list(await cursor.fetchall())


async def test_of_several_changes_in_a_pass_the_last_one_that_counts_is_named(
    shop: Shop, worker: Worker, shopper: Client
) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await worker.settle()
    for price in ("90.00", "85.00"):
        await shop.price(lamp, price)
    ((*_, last),) = [await changes(shop.factory, 2)]
    await shop.price(lamp, "10.00", currency="usd")  # not the currency of this favourite
    await worker.work()
    (told,) = worker.take()
    assert (told.old_price, told.new_price, told.price_change_id) == (D(100), D(85), last)


async def test_each_is_told_what_their_lists_and_currency_say(
    shop: Shop, worker: Worker, shopper: Client, other: Client
) -> None:
    factory = shop.factory
    third = await factory.shopper()
    prices = await factory.insert("price_list", name="Club")
    stocks = await factory.insert("stock_list", name="Club")
    await shop.join(other, prices, stocks)
    lamp = await shop.product("100.00")
    for price, price_list, currency in (("70.00", prices, "try"), ("9.00", 1, "usd")):
        await shop.price(lamp, price, price_list, currency)
    for each in (shopper, other):
        await want(each, lamp)
    await want(third, lamp, "usd")
    await worker.settle()
    users = [await factory.user_id(each) for each in (shopper, other, third)]
    await shop.price(lamp, "95.00")
    await worker.work()
    assert [(t.user_id, t.old_price, t.new_price) for t in worker.take()] == [(users[0], D(100), D(95))]
    await shop.price(lamp, "60.00", prices)
    await shop.stock(lamp, 0, stocks)
    await worker.work()
    assert [(t.user_id, t.new_price, t.availability_kind) for t in worker.take()] == [(users[1], D(60), "out_of_stock")]
    await shop.price(lamp, "8.00", currency="usd")
    await shop.activity(lamp, is_active=False)
    await worker.work()
    assert [(t.user_id, t.new_price, t.availability_kind) for t in worker.take()] == [
        (users[0], D(95), "out_of_stock"),
        (users[2], D(8), "out_of_stock"),  # and the other one's list had none already
    ]


async def test_products_are_told_once_in_the_default_context_wanted_or_not(
    shop: Shop, worker: Worker, shopper: Client
) -> None:
    unwanted, wanted = await shop.product("100.00", stock=0), await shop.product("100.00")
    await want(shopper, wanted)
    await worker.settle()
    await shop.stock(unwanted, 4)
    await shop.price(wanted, "90.00")
    await worker.work()
    told = {each.product_id: each for each in worker.take_changed()}
    assert told.keys() == {unwanted.id, wanted.id}
    assert (told[unwanted.id].availability_kind, told[unwanted.id].currency) == ("newly_available", "try")
    assert (told[wanted.id].old_price, told[wanted.id].new_price) == (D(100), D(90))


@pytest.mark.parametrize("favourites", [1, 2, 3, 4, 100])
async def test_a_kill_in_any_chunk_neither_loses_nor_repeats(shop: Shop, database: Database, favourites: int) -> None:
    factory = shop.factory
    crowded, quiet, last = [await shop.product() for _ in range(3)]
    users = await crowd(factory, 5, crowded)
    users += await crowd(factory, 1, last)
    await Worker(database).settle()
    for product in (crowded, quiet, last):
        await shop.price(product, "50.00")
    told: list[Told] = []
    changed: list[ProductFacts] = []
    chunks = 0
    while True:
        worker = Worker(database)
        # It works off one chunk and dies in the next one.
        if await worker.work(favourites=favourites, dies_in_chunk=2):
            break
        told, changed, chunks = told + worker.take(), changed + worker.take_changed(), chunks + worker.chunks
        assert await factory.scalar(PASS_UNDER_WAY)
    told, changed = told + worker.take(), changed + worker.take_changed()
    assert chunks + worker.chunks >= 6 // favourites
    assert whom(told) == [*((crowded.id, user) for user in users[:5]), (last.id, users[5])]
    assert [each.product_id for each in changed] == [crowded.id, quiet.id, last.id]
    assert await factory.scalar(ROWS) == 6
    assert not await factory.scalar(PASS_UNDER_WAY)


async def test_several_workers_share_a_pass_without_repeating_anything(shop: Shop, database: Database) -> None:
    products = [await shop.product() for _ in range(3)]
    users = await crowd(shop.factory, 4, *products)
    await Worker(database).settle()
    for product in products:
        await shop.price(product, "50.00")
    workers = [Worker(database) for _ in range(3)]
    left = set(range(3))
    while left:
        done = await asyncio.gather(*(workers[each].work(favourites=1) for each in left))
        left -= {each for each, finished in zip(left, done, strict=True) if finished}
    told = sorted(whom([each for worker in workers for each in worker.take()]))
    assert told == [(product.id, user) for product in products for user in users]
    changed = [each.product_id for worker in workers for each in worker.take_changed()]
    assert sorted(changed) == [product.id for product in products]


async def test_a_change_that_is_committed_late_is_not_lost(shop: Shop, worker: Worker, shopper: Client) -> None:
    factory = shop.factory
    late, early = await shop.product("100.00"), await shop.product("100.00")
    for product in (late, early):
        await want(shopper, product)
    await worker.settle()
    async with factory.database.transaction() as work:
        await log_price(work.connection, late, "100.00", "70.00")
        await shop.price(early, "80.00")
        assert await worker.work()
        assert [each.product_id for each in worker.take()] == [early.id]
    assert await worker.work()
    assert [(each.product_id, each.new_price) for each in worker.take()] == [(late.id, D(70))]


async def log_price(connection: Connection, product: Product, old: str, new: str) -> None:
    """Change a price in a transaction that is under way."""
    await connection.execute("UPDATE product_price SET price = %s WHERE product_id = %s", (new, product.id))
    await connection.execute(
        "INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)"
        " VALUES (%s, 'price', 1, 'try', %s, %s)",
        (product.id, old, new),
    )


async def test_a_change_during_a_pass_is_told_by_the_next_one(shop: Shop, worker: Worker) -> None:
    lamp = await shop.product("100.00")
    users = await crowd(shop.factory, 3, lamp)
    await worker.settle()
    await shop.price(lamp, "90.00")

    async def falls_further() -> None:
        worker.meanwhile = None
        await shop.price(lamp, "70.00")

    worker.meanwhile = falls_further
    assert await worker.work(favourites=1)
    assert [(each.user_id, each.old_price, each.new_price) for each in worker.take()] == [
        (user, *prices) for user in users for prices in ((D(100), D(90)), (D(90), D(70)))
    ]
    last = (await shop.change_times(lamp))[-1]
    assert [row[1] for row in await rows(shop.factory)] == [last] * 3


async def test_rows_of_lists_that_apply_no_more_are_forgotten_by_the_next_pass(
    shop: Shop, worker: Worker, shopper: Client
) -> None:
    factory = shop.factory
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await worker.settle()
    await shop.price(lamp, "90.00")
    await worker.work()
    assert await factory.scalar(ROWS) == 1
    # With the club's price, the fall of the usual one is nothing to this shopper, who then leaves the club.
    club = await factory.insert("price_list", name="Club")
    await shop.price(lamp, "60.00", club)
    await worker.work()
    await shop.join(shopper, club, None)
    await shop.price(lamp, "80.00")
    await worker.work()
    await factory.execute("UPDATE users SET segment_id = NULL")
    shown = await shopper.get("/storefront/favorites/updates")
    (change,) = shown.json()["data"]["price_changed"]
    times = await shop.change_times(lamp)
    assert change["price_change"]["changed_at"] == times[-1].isoformat().replace("+00:00", "Z")


async def test_a_user_who_goes_away_meanwhile_is_left_out(shop: Shop, worker: Worker) -> None:
    factory = shop.factory
    lamp = await shop.product("100.00")
    await worker.settle()
    gone, stays = await crowd(factory, 2, lamp)
    await shop.price(lamp, "90.00")
    async with factory.database.transaction() as work:
        await work.connection.execute("DELETE FROM users WHERE id = %s", (gone,))
        working = asyncio.create_task(worker.work())
        while not await factory.scalar("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0.01)
            assert not working.done()
    assert await working
    assert whom(worker.take()) == [(lamp.id, stays)]
    assert await factory.scalar(ROWS) == 1


async def test_a_worker_stops_when_its_time_is_over_and_another_goes_on(
    shop: Shop, worker: Worker, shopper: Client
) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await worker.settle()
    await shop.price(lamp, "90.00")
    assert not await worker.work(budget_s=0)
    assert worker.take() == []
    assert await worker.work()
    assert len(worker.take()) == 1


async def test_a_worker_leaves_the_pass_to_one_that_has_it(shop: Shop, worker: Worker, shopper: Client) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    async with shop.factory.database.transaction() as work:
        await work.connection.execute("SELECT FROM update_progress FOR UPDATE")
        assert not await worker.work()
    assert worker.chunks == 0
    assert await worker.work()


async def test_idle_workers_close_what_long_transactions_kept_open(shop: Shop, worker: Worker) -> None:
    is_open = "SELECT pg_snapshot_xmin(done) <= %s::text::xid8 FROM update_progress"
    async with shop.factory.database.transaction() as work:
        ((long,),) = await (await work.connection.execute("SELECT pg_current_xact_id()::text")).fetchall()
        await shop.product()
        assert await worker.work()
    assert await shop.factory.scalar(is_open, long)
    assert await worker.work()
    assert not await shop.factory.scalar(is_open, long)


async def test_a_log_that_was_restored_from_a_dump_is_gone_on_with(shop: Shop, worker: Worker, shopper: Client) -> None:
    done, not_done, new = [await shop.product("100.00") for _ in range(3)]
    for product in (done, not_done, new):
        await want(shopper, product)
    await worker.settle()
    for product in (done, not_done):
        await shop.price(product, "90.00")
    # A dump from far ahead, of which only the first change had been worked off; and a change since it was restored.
    restored = "UPDATE catalogue_change SET xid = (9000000000 + %s)::text::xid8 WHERE product_id = %s"
    for distance, product in ((1, done), (1, new), (3, not_done)):
        await shop.factory.execute(restored, distance, product.id)
    await shop.factory.execute(
        "UPDATE update_progress SET done = '9000000002:9000000002:', pass_until = '9000000009:9000000009:',"
        " user_cursor = 7, advanced_at = now()"
    )
    await shop.price(new, "80.00")
    assert await worker.work()
    assert {(each.product_id, each.new_price) for each in worker.take()} == {(not_done.id, D(90)), (new.id, D(80))}
    await shop.price(done, "70.00")
    assert await worker.work()
    assert [(each.product_id, each.old_price, each.new_price) for each in worker.take()] == [(done.id, D(90), D(70))]


async def test_row_that_another_worker_has_just_moved_is_not_taken_for_one_of_a_dump(
    shop: Shop, worker: Worker, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await want(shopper, product := await shop.product("100.00"))
    await worker.settle()
    await shop.price(product, "90.00")
    ids = "SELECT array_agg(xid::text ORDER BY id) FROM catalogue_change"
    before = await shop.factory.scalar(ids)
    # The lock's own snapshot is from before the move.
    monkeypatch.setattr(passes, "LOCK", passes.LOCK.replace("pg_current_snapshot()", "'4:4:'::pg_snapshot"))
    assert await worker.work()
    assert [each.new_price for each in worker.take()] == [D(90)]
    assert await shop.factory.scalar(ids) == before


async def test_log_from_before_the_window_is_read_only_where_a_pass_is_late_with_it(
    shop: Shop, worker: Worker, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    async def reading(connection: Connection, products: list[int], since: datetime | None = None) -> dict[int, History]:
        histories = await read_histories(connection, products, since)
        read.extend(len(history.changes) for history in histories.values())
        return histories

    monkeypatch.setattr(fan_out, "read_histories", reading)
    age = "UPDATE catalogue_change SET changed_at = changed_at - interval '60 days'"
    await want(shopper, product := await shop.product("100.00"))
    await worker.settle()
    await shop.price(product, "90.00")
    await shop.factory.execute(age)
    assert await worker.work()
    assert [each.new_price for each in worker.take()] == [D(90)]
    read.clear()
    await shop.price(product, "80.00")
    assert await worker.work()
    assert [(each.old_price, each.new_price) for each in worker.take()] == [(D(90), D(80))]
    assert read == [1]


async def test_many_products_come_in_several_chunks_and_stretches(
    shop: Shop, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "PRODUCTS_PER_CHUNK", 2)
    monkeypatch.setattr("src.modules.updates.passes.AHEAD", 3)
    products = [await shop.product() for _ in range(7)]
    users = await crowd(shop.factory, 2, *products)
    await worker.settle()
    for product in products:
        await shop.price(product, "50.00")
    assert await worker.work(favourites=3)
    assert whom(worker.take()) == [(product.id, user) for product in products for user in users]
    assert [each.product_id for each in worker.take_changed()] == [product.id for product in products]
