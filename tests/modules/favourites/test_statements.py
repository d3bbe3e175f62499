"""What a request costs the database: so many statements and no more, the check of the token among them."""

import asyncio

import pytest
from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import forget
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shop import COMMERCE, PRODUCTS, STOREFRONT, add, add_favorite, many_favourites
from tests.statements import Statements


@pytest.fixture
async def wanted(shopper: Client, factory: Factory) -> list[Product]:
    """Products with everything that a list shows of them, some of them favourites of the shopper."""
    source = await factory.insert("data_source", name="x", slug="x")
    parent = await factory.product()
    products = [await factory.product(data_source_id=source, parent_id=parent.id) for _ in range(30)]
    for product in products[:20]:
        await add(shopper, product)
        await factory.insert("product_image", product_id=product.id, image="a.jpg")
    return products


LISTS = [COMMERCE, STOREFRONT, f"{COMMERCE}?page=2&limit=7", f"{STOREFRONT}?page=2&limit=7"]


@pytest.mark.parametrize("path", LISTS)
async def test_list_costs_two_statements_cold_and_one_warm(
    shopper: Client, app: Litestar, settings: Settings, statements: Statements, wanted: list[Product], path: str
) -> None:
    # Campaigns are read once per process, whenever they change.
    await shopper.get(path)
    await forget(app, settings)
    with statements.at_most(2):
        cold = await shopper.get(path)
    with statements.at_most(1):
        warm = await shopper.get(path)
    assert cold.status_code == 200
    assert cold.content == warm.content
    with statements.at_most(1):
        assert (await shopper.get(path, headers={"If-None-Match": warm.headers["etag"]})).status_code == 304


async def test_product_that_changed_costs_one_statement_more_and_not_one_for_each(
    shopper: Client, factory: Factory, statements: Statements, wanted: list[Product]
) -> None:
    await shopper.get(COMMERCE)
    for product in wanted[3:6]:
        await factory.price(product, "7.00")
    with statements.at_most(2):
        assert (await shopper.get(COMMERCE)).text.count('"price":"7.00"') == 3
    with statements.at_most(1):
        await shopper.get(COMMERCE)


async def test_count_and_status_cost_one_statement(
    shopper: Client, app: Litestar, settings: Settings, statements: Statements, wanted: list[Product]
) -> None:
    for product in wanted[::15]:
        await forget(app, settings)
        for path in (f"{STOREFRONT}/count", f"{PRODUCTS}/{product.uuid}/favorite-status"):
            with statements.at_most(1):
                assert (await shopper.get(path)).status_code == 200


async def test_batch_costs_two_statements_cold_and_one_warm(
    shopper: Client, factory: Factory, app: Litestar, settings: Settings, statements: Statements, wanted: list[Product]
) -> None:
    path = f"{PRODUCTS}/favorite-status?ids=" + ",".join(str(product.uuid) for product in wanted)
    await forget(app, settings)
    with statements.at_most(2):
        await shopper.get(path)
    with statements.at_most(1):
        assert (await shopper.get(path)).text.count("true") == 21
    nobody = await factory.shopper()
    with statements.at_most(1):
        await nobody.get(path)
    await many_favourites(factory, shopper, 600)
    for _ in range(2):
        with statements.at_most(2):
            assert (await shopper.get(path)).text.count("true") == 21


async def test_writes_cost_a_few_statements(
    shopper: Client, factory: Factory, statements: Statements, wanted: list[Product]
) -> None:
    one, two, three = wanted[20:23]
    with statements.at_most(2):
        pk = await add(shopper, one)
    with statements.at_most(2):
        assert (await shopper.post(COMMERCE, json={"product": one.id})).status_code == 406
    with statements.at_most(3):
        favorite = await add_favorite(shopper, two)
    with statements.at_most(3):
        assert (await shopper.delete(f"{COMMERCE}{pk}/")).status_code == 204
    with statements.at_most(3):
        assert (await shopper.delete(f"{STOREFRONT}/{favorite.id}")).status_code == 200
    with statements.at_most(5):
        await add(shopper, three, **{"Idempotency-Key": "k"})


async def test_readers_of_one_moment_share_their_statements(
    factory: Factory, statements: Statements, wanted: list[Product]
) -> None:
    shoppers = [await factory.shopper() for _ in range(25)]
    for path in (f"{STOREFRONT}/count", f"{PRODUCTS}/{wanted[0].uuid}/favorite-status", COMMERCE, STOREFRONT):
        with statements.at_most(12):
            answers = await asyncio.gather(*(one.get(path) for one in shoppers * 2))
        assert {answer.status_code for answer in answers} == {200}


async def test_refused_credentials_cost_one_statement_and_no_credentials_none(
    shopper: Client, statements: Statements
) -> None:
    for path in (COMMERCE, STOREFRONT, f"{STOREFRONT}/count"):
        with statements.at_most(1):
            unknown = await shopper.get(path, headers={"Authorization": "Token unknown"})
        assert unknown.status_code == 401
        statements.sent.clear()
        assert (await shopper.get(path, headers={"Authorization": "nonsense"})).status_code == 401
        assert statements.sent == []
