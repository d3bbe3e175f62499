"""What those who follow the feed are given, and the rows that a pass leaves for its readers."""

import json

import pytest
from litestar import Litestar

from src.modules.updates import Chunk, Updates, Wanted, advance
from src.platform.database import Connection, Database
from tests.factories import Client, Factory
from tests.modules.updates.shop import UPDATES, Shop, kinds, updates, want
from tests.statements import Statements


async def _pass(database: Database) -> None:
    async def also(_: Connection, __: Chunk) -> None:
        pass

    assert await advance(database, also)


@pytest.fixture
def service(app: Litestar, database: Database) -> Updates:
    """The service of the feed."""
    return Updates(database, app.state.identity, app.state.cache)


async def test_elements_are_those_that_get_shows(
    shop: Shop, factory: Factory, service: Updates, shopper: Client, other: Client
) -> None:
    users = [await factory.user_id(one) for one in (shopper, other)]
    products = [await shop.product() for _ in range(3)]
    for product in products[:2]:
        await want(shopper, product)
    await want(other, products[0])
    await shop.price(products[1], "7.00")
    for product in products:
        await shop.price(product, "5.00")
        await shop.stock(product, 0)
    ids = [product.id for product in products]
    async with factory.database.read() as connection:
        mine, none, theirs = await service.elements(
            connection, [Wanted(users[0], ids[::-1]), Wanted(users[1], ids[1:]), Wanted(users[1], ids)]
        )
    shown = (await shopper.get(UPDATES)).json()["data"]
    changes = [(element.kind, element.product_id) for element in mine]
    assert changes == [(kind, each) for each in ids[:2] for kind in ("price_changed", "out_of_stock")]
    assert [element.changed_at for element in mine] == sorted(element.changed_at for element in mine)
    for kind in ("price_changed", "out_of_stock"):
        assert [json.loads(each.body) for each in reversed(mine) if each.kind == kind] == shown[kind]
    assert (none, len(theirs)) == ([], 2)


async def test_elements_of_one_product_do_not_look_at_the_others(
    shop: Shop, factory: Factory, service: Updates, shopper: Client
) -> None:
    user = await factory.user_id(shopper)
    products = [await shop.product() for _ in range(2)]
    for product in products:
        await want(shopper, product)
        await shop.price(product, "5.00")
    async with factory.database.read() as connection:
        ((element,),) = await service.elements(connection, [Wanted(user, [products[1].id])])
        assert await service.elements(connection, [Wanted(user, [])]) == [[]]
        assert await service.elements(connection, []) == []
    assert element.product_id == products[1].id


async def test_log_is_not_read_where_a_pass_has_been(
    shop: Shop, factory: Factory, shopper: Client, statements: Statements
) -> None:
    product = await shop.product()
    favourite = await want(shopper, product)
    await shop.stock(product, 0)
    await _pass(factory.database)
    statements.sent.clear()
    assert await kinds(shopper) == {"out_of_stock": [favourite]}
    assert not any("AS log" in statement for statement in statements.sent)
    await shop.stock(product, 1)
    statements.sent.clear()
    assert await kinds(shopper) == {"newly_available": [favourite]}
    assert any("AS log" in statement for statement in statements.sent)


async def test_change_after_a_pass_is_told_however_far_the_pass_is_behind(
    shop: Shop, factory: Factory, shopper: Client
) -> None:
    product, noise = await shop.product(), await shop.product()
    favourite = await want(shopper, product)
    await shop.stock(product, 0)
    await _pass(factory.database)
    await factory.execute(
        "INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price) "
        "SELECT %s, 'price', 1, 'try', n, n + 1 FROM generate_series(1, 1000) AS n",
        noise.id,
    )
    assert (await updates(shopper)).summary.out_of_stock_count == 1
    await shop.stock(product, 1)
    assert await kinds(shopper) == {"newly_available": [favourite]}
    for _ in range(2):
        await _pass(factory.database)
        await factory.execute("UPDATE favourite_summary SET version = version + 1")
        assert await kinds(shopper) == {"newly_available": [favourite]}


async def test_rows_of_a_pass_do_not_count_for_other_lists(shop: Shop, factory: Factory, shopper: Client) -> None:
    own = await factory.insert("price_list", name="x")
    product = await shop.product("100.00")
    favourite = await want(shopper, product)
    await shop.price(product, "90.00", own)
    await shop.price(product, "80.00")
    await _pass(factory.database)
    first, second = (await shop.change_times(product))[-2:]
    assert (await updates(shopper)).price_changed[0].price_change.new_price == 80.0
    await shop.join(shopper, own, None)
    (element,) = (await updates(shopper)).price_changed
    assert (element.id, element.price_change.new_price) == (favourite, 90.0)
    assert element.price_change.changed_at < f"{second:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert element.price_change.changed_at == f"{first:%Y-%m-%dT%H:%M:%S.%f}Z"
