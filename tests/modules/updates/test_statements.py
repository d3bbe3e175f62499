"""What a look at the feed costs the database."""

import asyncio

from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import forget
from tests.factories import Client, Factory
from tests.modules.updates.shop import UPDATES, Shop, dismiss, want
from tests.statements import Statements

COLD = 7  # whose it is, the snapshot, whose it is in it, what may have changed, products, their log, their looks


async def test_feed_costs_one_statement_when_it_is_kept(
    shop: Shop, shopper: Client, app: Litestar, settings: Settings, statements: Statements
) -> None:
    products = [await shop.product() for _ in range(20)]
    for product in products:
        await want(shopper, product)
    for product in products[:5]:
        await shop.price(product, "1.00")
    with statements.at_most(COLD):
        cold = await shopper.get(UPDATES)
    with statements.at_most(1):
        warm = await shopper.get(UPDATES)
    assert cold.content == warm.content
    assert cold.json()["data"]["summary"]["total_updates"] == 5
    await forget(app, settings)
    with statements.at_most(COLD):
        assert (await shopper.get(UPDATES)).content == warm.content


async def test_readers_of_one_moment_share_their_statements(
    shop: Shop, factory: Factory, statements: Statements
) -> None:
    product = await shop.product()
    shoppers = [await factory.shopper() for _ in range(30)]
    for one in shoppers:
        await want(one, product)
    await shop.price(product, "1.00")
    with statements.at_most(5 * COLD):
        answers = await asyncio.gather(*(one.get(UPDATES) for one in shoppers))
    assert all(answer.json()["data"]["summary"]["total_updates"] == 1 for answer in answers)


async def test_dismissal_costs_a_few_statements(shop: Shop, shopper: Client, statements: Statements) -> None:
    for _ in range(10):
        await want(shopper, await shop.product())
    with statements.at_most(6):
        assert await dismiss(shopper, all=True) == 10
