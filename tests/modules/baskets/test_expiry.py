"""What time does: frozen baskets thaw, forgotten ones expire, and no use of an offer is lost."""

import asyncio

from src.modules.baskets import expire_forgotten, forget_guests, release_overdue
from src.platform.dynamic_settings import (
    BASKET_EXPIRY_DAYS,
    BASKET_FREEZE_MINUTES,
    USER_BASKET_EXPIRY_DAYS,
    write_setting,
)
from src.workers.jobs import JOBS
from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, add, look, quantities, refused, send
from tests.modules.baskets.ordering import call, moved
from tests.modules.baskets.scene import Guest, Scene

OVERDUE = "UPDATE basket SET frozen_until = now() - interval '1 second' WHERE status = 'frozen'"


async def test_overdue_basket_is_released_and_its_uses_go_back(
    shopper: Client, system: Client, factory: Factory, scene: Scene
) -> None:
    await scene.coupon("one", max_stock_limit=1)
    product = await factory.product(price="50.00")
    await add(shopper, product)
    basket = await send(shopper, "PATCH", {"voucher_code": "one"})
    await moved(system, basket.pk, "freeze")
    assert await release_overdue(factory.database) == 0
    other = await factory.shopper()
    await add(other, product)
    assert await refused(other, "PATCH", {"voucher_code": "one"}) == "basket_112"
    await factory.execute(OVERDUE)
    assert await release_overdue(factory.database) == 1
    assert await release_overdue(factory.database) == 0
    thawed = await look(shopper)
    assert (thawed.status, thawed.total_amount) == ("active", "45.00")
    assert thawed.version > basket.version
    assert (await send(other, "PATCH", {"voucher_code": "one"})).total_amount == "45.00"


async def test_setting_says_how_long_a_basket_stays_frozen(shopper: Client, system: Client, factory: Factory) -> None:
    pk = (await add(shopper, await factory.product())).pk
    async with factory.database.transaction() as work:
        await write_setting(work.connection, BASKET_FREEZE_MINUTES, 5)
    await moved(system, pk, "freeze")
    left = await factory.scalar("SELECT extract(epoch FROM frozen_until - modified_date) FROM basket")
    assert 290 < left < 310


async def test_write_to_an_overdue_basket_thaws_it(shopper: Client, system: Client, factory: Factory) -> None:
    product = await factory.product()
    pk = (await add(shopper, product)).pk
    for headers in ({}, {"Idempotency-Key": "k"}):
        await call(system, pk, "freeze")
        assert await refused(shopper, "POST", {"product": product.id}) == "basket_120"
        await factory.execute(OVERDUE)
        basket = await send(shopper, "POST", {"product": product.id}, headers=headers)
        assert basket.status == "active"
    assert quantities(await look(shopper)) == {product.id: 3}


async def test_overdue_basket_can_still_be_submitted(shopper: Client, system: Client, factory: Factory) -> None:
    pk = (await add(shopper, await factory.product())).pk
    await moved(system, pk, "freeze")
    await factory.execute(OVERDUE)
    assert (await moved(system, pk, "submit"))["status"] == "submitted"
    assert await release_overdue(factory.database) == 0


async def test_forgotten_baskets_expire_by_their_kind(
    shopper: Client, guest: Guest, system: Client, factory: Factory, scene: Scene
) -> None:
    product = await factory.product()
    await scene.line(await scene.basket(guest), product)
    await add(shopper, product)
    frozen = await factory.shopper()
    pk = (await add(frozen, product)).pk
    await moved(system, pk, "freeze")

    async def age(days: int) -> int:
        await factory.execute("UPDATE basket SET modified_date = now() - %s * interval '1 day'", days)
        return await expire_forgotten(factory.database)

    assert await age(29) == 0
    assert await age(31) == 1
    assert await age(364) == 0
    assert quantities(await look(shopper)) == {product.id: 1}
    assert await age(366) == 1
    assert (await look(shopper)).basketitem_set == []
    assert (await guest.get(BASKET)).json()["basket"]["pk"] is None
    assert (await look(frozen)).status == "frozen"
    async with factory.database.transaction() as work:
        await write_setting(work.connection, BASKET_EXPIRY_DAYS, 400)
        await write_setting(work.connection, USER_BASKET_EXPIRY_DAYS, 1)
    assert await age(2) == 1  # the one that the look has made


async def test_many_forgotten_baskets_expire_in_chunks(factory: Factory) -> None:
    await factory.execute(
        """
        INSERT INTO basket (guest_digest, modified_date)
        SELECT sha256(n::text::bytea), now() - interval '40 days' FROM generate_series(1, 1234) AS n
        """
    )
    counts = await asyncio.gather(expire_forgotten(factory.database), expire_forgotten(factory.database))
    assert sum(counts) + await expire_forgotten(factory.database) == 1234
    assert await factory.scalar("SELECT count(*) FROM basket WHERE status = 'expired'") == 1234


def test_both_are_on_the_schedule() -> None:
    assert {"baskets.release_overdue", "baskets.expire_forgotten"} <= {job.name for job in JOBS}


async def test_guests_baskets_that_ended_long_ago_are_deleted_with_their_lines(factory: Factory) -> None:
    product = await factory.product()
    user = await factory.user_id(await factory.shopper())

    async def basket(status: str, days: int, **owner: object) -> int:
        made = await factory.insert("basket", status=status, **owner)
        await factory.execute(f"UPDATE basket SET modified_date = now() - interval '{days} days' WHERE id = {made}")
        await factory.insert("basket_item", basket_id=made, product_id=product.id, reference="p", quantity=1)
        return made

    gone = [await basket(status, 100, guest_digest=b"a") for status in ("expired", "merged")]
    await basket("expired", 10, guest_digest=b"b")
    await basket("submitted", 100, guest_digest=b"c")
    await basket("expired", 100, user_id=user)
    assert await forget_guests(factory.database) == len(gone)
    assert await forget_guests(factory.database) == 0
    assert await factory.scalar("SELECT count(*) FROM basket WHERE id = ANY(%s)", gone) == 0
    assert await factory.scalar("SELECT count(*) FROM basket_item") == 3
