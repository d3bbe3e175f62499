"""With waves, so many alerts fire for each unit in stock, and the others later, if there is still something to tell."""

import asyncio

from src.modules.alerts import fire_due
from tests.modules.alerts.desk import Desk


async def test_wave_is_as_large_as_the_stock_says_and_the_oldest_come_first(desk: Desk) -> None:
    await desk.set_waves(2)
    product = await desk.sold_out()
    users = await desk.waiting(20, product)
    await desk.restock(product, 3)
    assert await desk.told_users() == users[:6]
    await fire_due(desk.database)
    assert len(await desk.told()) == 6
    await desk.let_time_pass()
    await fire_due(desk.database)
    assert await desk.told_users() == users[:12]


async def test_stock_is_read_again_before_each_wave(desk: Desk) -> None:
    await desk.set_waves(1)
    product = await desk.sold_out()
    users = await desk.waiting(20, product)
    await desk.restock(product, 5)
    await desk.restock(product, 2)
    await desk.let_time_pass()
    await fire_due(desk.database)
    assert await desk.told_users() == users[:7]


async def test_waves_end_when_the_product_sells_out_and_begin_anew_when_it_returns(desk: Desk) -> None:
    await desk.set_waves(1)
    product = await desk.sold_out()
    users = await desk.waiting(10, product)
    await desk.restock(product, 2)
    # Even if no pass has seen it yet.
    await desk.stock(product, 0)
    await desk.let_time_pass()
    await fire_due(desk.database)
    assert await desk.told_users() == users[:2]
    assert await desk.factory.scalar("SELECT count(*) FROM restock") == 0
    await desk.run_pass()
    await desk.restock(product, 3)
    assert await desk.told_users() == users[:5]


async def test_product_that_sold_out_ends_its_waves_with_the_pass(desk: Desk) -> None:
    await desk.set_waves(1)
    product = await desk.sold_out()
    await desk.waiting(10, product)
    await desk.restock(product, 2)
    await desk.restock(product, 0)
    assert await desk.factory.scalar("SELECT count(*) FROM restock") == 0


async def test_waves_end_when_everybody_was_told(desk: Desk) -> None:
    await desk.set_waves(2)
    product = await desk.sold_out()
    users = await desk.waiting(5, product)
    await desk.restock(product, 2)
    await desk.let_time_pass()
    await fire_due(desk.database)
    assert await desk.told_users() == users
    assert await desk.factory.scalar("SELECT count(*) FROM restock") == 0


async def test_wave_in_several_steps_is_no_larger(desk: Desk) -> None:
    await desk.set_waves(100)
    product = await desk.sold_out()
    users = await desk.waiting(800, product)
    # A pass tells 500 of the 600.
    await desk.restock(product, 6)
    await fire_due(desk.database, at_once=30)
    assert await desk.told_users() == users[:600]


async def test_stock_that_nobody_counts_has_no_waves(desk: Desk) -> None:
    await desk.set_waves(1)
    product = await desk.sold_out()
    users = await desk.waiting(5, product)
    await desk.feed.rows("catalogs/product-stocks", {"product": product.id, "stock": None, "in_stock": True})
    await desk.run_pass()
    assert await desk.told_users() == users


async def test_each_stock_list_has_its_own_waves(desk: Desk) -> None:
    await desk.set_waves(1)
    own_list = await desk.factory.insert("stock_list", name="Own")
    segment = await desk.factory.insert("segment", name="Own", stock_list_id=own_list)
    product = await desk.sold_out()
    await desk.restock(product, 0, stock_list=own_list)
    users = await desk.waiting(10, product)
    await desk.factory.execute("UPDATE users SET segment_id = %s WHERE id > %s", segment, users[4])
    await desk.stock(product, 2)
    await desk.restock(product, 3, stock_list=own_list)
    assert sorted(await desk.told_users(), key=lambda user: user or 0) == users[:2] + users[5:8]


async def test_several_workers_make_one_wave(desk: Desk) -> None:
    await desk.set_waves(1)
    product = await desk.sold_out()
    users = await desk.waiting(100, product)
    await desk.restock(product, 2)
    await desk.stock(product, 40)
    await desk.let_time_pass()
    await asyncio.gather(*(fire_due(desk.database, at_once=3) for _ in range(4)))
    assert sorted(await desk.told_users(), key=lambda user: user or 0) == users[:42]
