"""What looking at a basket costs the database: so many statements and no more, the check of the token among them."""

import asyncio

import pytest
from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import forget
from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import BASKET, look
from tests.modules.baskets.scene import Guest, Scene
from tests.statements import Statements


@pytest.fixture
async def products(factory: Factory) -> list[Product]:
    """What is for sale."""
    return [await factory.product() for _ in range(3)]


async def fill(owner: Client | Guest, scene: Scene, products: list[Product]) -> int:
    """A basket with a line of each product."""
    basket = await scene.basket(owner)
    for product in products:
        await scene.line(basket, product)
    return basket


async def test_warm_look_costs_one_statement_and_a_cold_one_two(
    shopper: Client, guest: Guest, scene: Scene, statements: Statements, products: list[Product]
) -> None:
    await scene.offer("percentage", 10)
    for owner in (shopper, guest):
        basket = await fill(owner, scene, products)
        await look(owner)
        with statements.at_most(1):
            warm = await owner.get(BASKET)
        with statements.at_most(1):
            assert (await owner.get(BASKET, headers={"If-None-Match": warm.headers["etag"]})).status_code == 304
        await scene.move(basket)
        with statements.at_most(2):
            assert (await owner.get(BASKET)).status_code == 200


async def test_look_without_any_cache_costs_four_statements(
    shopper: Client, scene: Scene, app: Litestar, settings: Settings, statements: Statements, products: list[Product]
) -> None:
    await fill(shopper, scene, products)
    await look(shopper)
    await forget(app, settings)
    # Products were read after the basket: that it still stands is the fourth.
    with statements.at_most(4):
        await shopper.get(BASKET)


async def test_price_that_changed_costs_the_lines_and_the_products_once(
    shopper: Client, scene: Scene, factory: Factory, statements: Statements, products: list[Product]
) -> None:
    await fill(shopper, scene, products)
    await look(shopper)
    for product in products:
        await factory.price(product, "7.00")
    with statements.at_most(4):
        assert (await look(shopper)).total_amount == "21.00"


async def test_anonymous_look_costs_one_statement(
    guest: Guest, scene: Scene, statements: Statements, products: list[Product]
) -> None:
    await look(guest)
    with statements.at_most(1):
        await guest.get(BASKET)


async def test_looks_of_one_moment_share_their_statements(
    factory: Factory, scene: Scene, statements: Statements, products: list[Product]
) -> None:
    shoppers = [await factory.shopper() for _ in range(25)]
    for shopper in shoppers:
        await fill(shopper, scene, products)
    await look(shoppers[0])
    with statements.at_most(16):
        answers = await asyncio.gather(*(shopper.get(BASKET) for shopper in shoppers * 2))
    assert {answer.status_code for answer in answers} == {200}
    with statements.at_most(6):
        await asyncio.gather(*(shopper.get(BASKET) for shopper in shoppers * 2))


async def test_add_costs_four_statements_and_adds_of_one_moment_share_them(
    factory: Factory, scene: Scene, statements: Statements, products: list[Product]
) -> None:
    """Whose basket it is, its lock, all that is known of it, and the write; what is shown is never read again."""
    await scene.offer("percentage", 10)
    shoppers = [await factory.shopper() for _ in range(9)]
    for shopper in shoppers:
        await fill(shopper, scene, products[1:])
        await look(shopper)
    await shoppers[0].post(BASKET, json={"product": products[0].id})
    for _ in range(2):  # on a line of its own, then on the line that is there
        with statements.at_most(4):
            assert (await shoppers[1].post(BASKET, json={"product": products[0].id})).status_code == 200
    with statements.at_most(12):
        answers = await asyncio.gather(*(each.post(BASKET, json={"product": products[0].id}) for each in shoppers))
    assert {answer.status_code for answer in answers} == {200}
