"""Many writes at once: none is lost, none counts twice, and what was acknowledged is in every later look."""

import asyncio
from collections import Counter

import pytest

from src.app import create_app
from src.modules.baskets.cart import Cart
from src.platform.settings import Settings
from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, add, browsing, look, quantities, read, send, stored


async def test_many_adds_of_one_to_one_line_all_count(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=1000)
    answers = await asyncio.gather(*(shopper.post(BASKET, json={"product": product.id}) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {200: 200}
    assert quantities(await look(shopper)) == {product.id: 200}
    versions = [answer.json()["basket"]["version"] for answer in answers]
    assert len(set(versions)) == 200
    seen = sorted((read(answer).version, quantities(read(answer))[product.id]) for answer in answers)
    assert [quantity for _, quantity in seen] == list(range(1, 201))


async def test_processes_do_not_lose_each_others_changes(shopper: Client, factory: Factory, settings: Settings) -> None:
    """A second application on the same database, as another process would be."""
    product, other = await factory.product(stock=60), await factory.product(stock=60)
    second = create_app(settings)
    async with second.lifespan(), browsing(second) as away:
        for again in range(2):  # the first write makes the basket
            here = [shopper.post(BASKET, json={"product": product.id, "attributes": {"n": n % 3}}) for n in range(40)]
            headers = {"Authorization": f"Token {shopper.token}"}
            there = [
                away.post(BASKET, json={"product": product.id, "attributes": {"n": n % 3}}, headers=headers)
                for n in range(20)
            ] + [away.post(BASKET, json={"product": other.id}, headers=headers) for _ in range(20)]
            answers = await asyncio.gather(*here, *there)
            statuses = Counter(answer.status_code for answer in answers)
            assert statuses == ({200: 80} if not again else {200: 20, 406: 60})
    assert quantities(await look(shopper)) == {product.id: 60, other.id: 40}


async def test_stock_is_never_oversold_within_a_basket(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=30)
    bodies = [{"product": product.id, "attributes": {"n": n % 3}} for n in range(60)]
    answers = await asyncio.gather(*(shopper.post(BASKET, json=body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 30, 406: 30}
    assert quantities(await look(shopper)) == {product.id: 30}


async def test_different_lines_at_once_are_all_there(shopper: Client, factory: Factory) -> None:
    products = [await factory.product() for _ in range(20)]
    await asyncio.gather(*(add(shopper, product, 2) for product in products))
    assert quantities(await look(shopper)) == dict.fromkeys((product.id for product in products), 2)


async def test_shoppers_at_once_do_not_mix(factory: Factory) -> None:
    """Changes of different baskets share a transaction; each gets its own answer, refusals too."""
    products = [await factory.product(stock=stock) for stock in (100, 1, 0)]
    shoppers = [await factory.shopper() for _ in range(30)]

    async def journey(number: int, shopper: Client) -> None:
        product = products[number % 3]
        for round_ in range(1, 5):
            answer = await shopper.post(BASKET, json={"product": product.id})
            if number % 3 == 0 or (number % 3 == 1 and round_ == 1):
                basket = read(answer)
                assert quantities(basket) == {product.id: round_}
                assert await look(shopper) == basket
            else:
                assert answer.json()["error_code"] == "basket_100"

    await asyncio.gather(*(journey(number, shopper) for number, shopper in enumerate(shoppers)))
    # Whoever was only ever refused has no basket at all.
    assert await factory.scalar("SELECT count(DISTINCT user_id) FROM basket") == 20
    assert await stored(factory, products[0]) == 40


async def test_first_writes_at_once_make_one_basket(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=100)
    await asyncio.gather(*(add(shopper, product) for _ in range(20)), *(look(shopper) for _ in range(20)))
    assert await factory.scalar("SELECT count(*) FROM basket") == 1
    assert quantities(await look(shopper)) == {product.id: 20}


async def test_one_failure_in_a_shared_transaction_is_its_own(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks one change does not break those that happened to share its statements."""
    product, cursed = await factory.product(stock=500), await factory.product(stock=500)
    shoppers = [await factory.shopper() for _ in range(12)]
    for shopper in shoppers:
        await look(shopper)
    price = Cart.price

    def broken(self: Cart, line: object, facts: object) -> None:
        price(self, line, facts)  # type: ignore[arg-type]
        if any(each.product_id == cursed.id for each in self.lines):
            raise ZeroDivisionError

    monkeypatch.setattr(Cart, "price", broken)
    answers = await asyncio.gather(
        *(
            shopper.post(BASKET, json={"product": cursed.id if number == 5 else product.id})
            for number, shopper in enumerate(shoppers)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {200: 11, 500: 1}
    assert await stored(factory, product) == 11
    assert await stored(factory, cursed) == 0


async def test_basket_that_somebody_else_holds_does_not_hold_up_others(factory: Factory) -> None:
    product = await factory.product(stock=500)
    shoppers = [await factory.shopper() for _ in range(10)]
    held = (await add(shoppers[0], product)).pk
    for shopper in shoppers[1:]:
        await look(shopper)
    async with factory.database.transaction() as work:
        await work.connection.execute("SELECT FROM basket WHERE id = %s FOR UPDATE", (held,))
        # More of them than there are connections.
        waiting = [asyncio.create_task(add(shoppers[0], product)) for _ in range(30)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await asyncio.gather(*(add(shopper, product) for shopper in shoppers[1:]))
        assert not any(task.done() for task in waiting)
    await asyncio.gather(*waiting)
    assert quantities(await look(shoppers[0])) == {product.id: 31}


async def test_key_makes_repeats_one_effect(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=100)
    headers = {"Idempotency-Key": "k"}
    body = {"product": product.id}
    answers = await asyncio.gather(*(shopper.post(BASKET, json=body, headers=headers) for _ in range(20)))
    good = {answer.content for answer in answers if answer.status_code == 200}
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(good) == 1
    await send(shopper, "PUT", {"product": product.id, "quantity": 5})
    replay = await shopper.post(BASKET, json=body, headers=headers)
    assert {replay.content} == good
    assert replay.headers["etag"].startswith('"')
    assert quantities(await look(shopper)) == {product.id: 5}
    assert (await shopper.post(BASKET, json={"product": 1}, headers=headers)).status_code == 422
    # A refusal is not kept.
    headers = {"Idempotency-Key": "r"}
    body = {"product": product.id, "quantity": 100}
    assert (await shopper.post(BASKET, json=body, headers=headers)).status_code == 406
    await factory.stock(product, 500)
    assert (await shopper.post(BASKET, json=body, headers=headers)).status_code == 200


async def test_if_match_lets_one_of_two_writers_through(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=100)
    await add(shopper, product)
    tag = (await shopper.get(BASKET)).headers["etag"]
    body = {"product": product.id}
    answers = await asyncio.gather(*(shopper.post(BASKET, json=body, headers={"If-Match": tag}) for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 4}
    assert quantities(await look(shopper)) == {product.id: 2}


async def test_if_match_compares_the_version_and_not_the_prices(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=100)
    empty = (await shopper.get(BASKET)).headers["etag"]
    read(await shopper.post(BASKET, json={"product": product.id}, headers={"If-Match": empty}))
    tag = (await shopper.get(BASKET)).headers["etag"]
    await factory.price(product, "7.00")
    assert (await shopper.get(BASKET)).headers["etag"] != tag
    body = {"product": product.id, "quantity": 1}
    basket = read(await shopper.request("PUT", BASKET, json=body, headers={"If-Match": tag}))
    now = f'"{basket.version}-other"'
    for match in (now, "*", f'"x", {now}', f"W/{now}"):
        assert read(await shopper.request("PUT", BASKET, json=body, headers={"If-Match": match})) == basket
    for method, match in (("POST", empty), ("PUT", '"0-x"'), ("PATCH", '"x"'), ("DELETE", '"1"'), ("PUT", "")):
        changed = {"product": product.id, "quantity": 2}
        answer = await shopper.request(method, BASKET, json=changed, headers={"If-Match": match})
        assert answer.status_code == 412, (method, match)
    assert quantities(await look(shopper)) == {product.id: 1}


async def test_if_match_of_a_basket_that_is_not_there(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    body = {"product": product.id}
    for match in ('"1-x"', "*"):
        assert (await shopper.post(BASKET, json=body, headers={"If-Match": match})).status_code == 412
    assert await factory.scalar("SELECT count(*) FROM basket") == 0
    read(await shopper.post(BASKET, json=body, headers={"If-Match": '"0-x"'}))
