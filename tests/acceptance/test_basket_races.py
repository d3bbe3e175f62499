"""Shoppers who read and write while prices and campaigns move: what a tag stands for never changes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from tests.acceptance.basket_browser import BASKET, http_client
from tests.acceptance.basket_shapes import Answer, check
from tests.acceptance.basket_shop import Shop
from tests.acceptance.processes import Api

SECONDS, SHOPPERS = 3.0, 4


def test_every_answer_is_of_one_moment_and_no_tag_stands_for_two(shop: Shop, second: Api) -> None:
    product, other = shop.product("100.00", stock=None), shop.product("10.00")
    offer = shop.offer("percentage", 10)
    buyers = [shop.shopper() for _ in range(SHOPPERS)]
    for buyer in buyers:
        buyer.add(other)
    seen: dict[tuple[int, str], bytes] = {}
    added = [0] * SHOPPERS

    def note(place: int, least: int, tag: str, content: bytes) -> None:
        assert seen.setdefault((place, tag), content) == content, "one tag, two answers"
        basket = msgspec.json.decode(content, type=Answer).basket
        check(basket)
        assert basket.quantities.get(product.id, 0) >= least, "an add that was acknowledged is not there"
        if basket.discounts:
            assert float(basket.total_discount_amount) * 10 == float(basket.total_product_amount)

    until = time.monotonic() + SECONDS

    def look(place: int, address: str) -> None:
        with http_client(address, buyers[place].http.headers) as client:
            while time.monotonic() < until:
                least = added[place]
                answer = client.get(BASKET)
                assert answer.status_code == 200, answer.text
                note(place, least, answer.headers["etag"], answer.content)

    def add(place: int) -> None:
        with http_client(shop.address, buyers[place].http.headers) as client:
            while time.monotonic() < until:
                answer = client.post(BASKET, json={"product": product.id, "quantity": 1})
                assert answer.status_code == 200, answer.text
                added[place] += 1
                note(place, added[place], answer.headers["etag"], answer.content)

    def feed() -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            shop.price(product, f"{100 + turn % 50}.00")
            shop.feed("campaigns/basket-offers", {"id": offer, "status": ("active", "passive")[turn % 2]})
            shop.stock(other, turn % 3)

    work: list[Callable[[], None]] = [feed]
    for place in range(SHOPPERS):
        work += [partial(add, place), partial(look, place, shop.address), partial(look, place, second.address)]
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(do) for do in work]:
            done.result()
    assert [buyer.get().quantities[product.id] for buyer in buyers] == added
    assert len(seen) > sum(added)
