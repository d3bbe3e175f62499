"""What is too old for anybody goes away, and nothing else."""

from src.modules.updates import forget_old, forgetting
from src.platform.dynamic_settings import CHANGE_LOG_DAYS, UPDATES_WINDOW_DAYS, DynamicSetting, write_setting
from tests.factories import Client
from tests.modules.updates.passing import Worker
from tests.modules.updates.shop import Shop, updates, want

LOGGED = "SELECT count(*) FROM catalogue_change"
WRITTEN = "SELECT count(*) FROM favourite_update"


async def choose(shop: Shop, setting: DynamicSetting, value: int) -> None:
    """Change a setting."""
    async with shop.factory.database.read() as connection:
        await write_setting(connection, setting, value)


async def test_rows_go_when_they_are_no_longer_shown(shop: Shop, shopper: Client) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await shop.price(lamp, "90.00")
    await Worker(shop.factory.database).settle()
    await shop.days_pass(30.5)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(WRITTEN) == 1
    await shop.days_pass(1)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(WRITTEN) == 0


async def test_a_longer_window_keeps_rows_and_shows_what_the_log_still_has(shop: Shop, shopper: Client) -> None:
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await shop.price(lamp, "90.00")
    await Worker(shop.factory.database).settle()
    await shop.days_pass(40)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(WRITTEN) == 0
    await choose(shop, UPDATES_WINDOW_DAYS, 50)
    assert (await updates(shopper)).summary.price_changed_count == 1


async def test_the_log_goes_after_its_days(shop: Shop) -> None:
    lamp = await shop.product("100.00")  # two rows
    await Worker(shop.factory.database).settle()
    await shop.days_pass(80)
    await shop.price(lamp, "90.00")
    await Worker(shop.factory.database).settle()
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 3
    await shop.days_pass(11)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 1


async def test_the_log_is_kept_as_long_as_prior_prices_need_it(shop: Shop) -> None:
    await shop.product("100.00")
    await Worker(shop.factory.database).settle()
    await choose(shop, CHANGE_LOG_DAYS, 60)
    await choose(shop, UPDATES_WINDOW_DAYS, 100)
    await shop.days_pass(130)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 2
    await shop.days_pass(2)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 0


async def test_what_no_pass_has_seen_is_kept_however_old(shop: Shop, shopper: Client) -> None:
    worker = Worker(shop.factory.database)
    lamp = await shop.product("100.00")
    await want(shopper, lamp)
    await worker.settle()
    await shop.price(lamp, "90.00")
    await shop.days_pass(200)
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 1
    await worker.work()
    assert len(worker.take()) == 1
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 0


async def test_much_goes_in_several_transactions(shop: Shop) -> None:
    await shop.factory.execute(
        "INSERT INTO catalogue_change (product_id, kind, changed_at)"
        " SELECT 1, 'activity', now() - interval '91 days' FROM generate_series(1, %s)",
        2 * forgetting.AT_ONCE + 1,
    )
    await Worker(shop.factory.database).settle()
    await forget_old(shop.factory.database)
    assert await shop.factory.scalar(LOGGED) == 0
