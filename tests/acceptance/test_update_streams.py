"""GET /storefront/favorites/updates/stream over the network: what a server in between does to it included."""

import random
import re
import signal
import threading
from contextlib import suppress

import httpx
import pytest

from src.platform.embedded.processes import wait_until
from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import Shop
from tests.acceptance.processes import Api
from tests.acceptance.update_follower import FAVORITES, Follower
from tests.running import Service

WRITERS, CHANGES = 4, 12
# Longer would mean that the stream was waited for, and killed in the end.
DRAINS_WITHIN_S = 20


@pytest.fixture
def shopper(shop: Shop) -> Browser:
    return shop.shopper()


def headers(shopper: Browser) -> dict[str, str]:
    return {"Authorization": f"Token {shopper.token}"}


def want(shopper: Browser, product: Fed) -> str:
    """Make a product a favourite; the favourite's id."""
    pk = shopper.send("POST", "/wishlists/favourite-products/", json={"product": product.id}).json()["pk"]
    assert pk
    listed = shopper.send("GET", FAVORITES, params={"limit": "100"}).json()["favorites"]
    return str(listed[0]["id"])


def open_streams(shop: Shop) -> float:
    found = re.search(r"^wishkeep_streams (\S+)$", shop.ops.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_change_reaches_a_follower_and_who_leaves_is_forgotten(shop: Shop, shopper: Browser) -> None:
    product = shop.product("100.00", stock=3)
    favourite = want(shopper, product)
    with Follower(shop.address, headers(shopper)) as follower:
        assert follower.answer.headers["content-type"].startswith("text/event-stream")
        assert "no-cache" in follower.answer.headers["cache-control"]
        assert open_streams(shop) == 1
        shop.price(product, "80.00")
        told = follower.event()
        assert (told.kind, told.favourite, told.price) == ("price_changed", favourite, 80)
        shop.stock(product, 0)
        told = follower.event()
        assert (told.kind, told.favourite) == ("out_of_stock", favourite)
        [shown] = shopper.send("GET", f"{FAVORITES}/updates").json()["data"]["out_of_stock"]
        assert told.data == shown
    assert wait_until(lambda: open_streams(shop) == 0, timeout_s=30)


def test_browser_follows_by_its_cookie(shop: Shop, shopper: Browser) -> None:
    product = shop.product("100.00")
    want(shopper, product)
    session = shopper.http.post("/api/v1/sessions").cookies["osessionid"]
    with Follower(shop.address, {"Cookie": f"osessionid={session}"}) as follower:
        shop.price(product, "80.00")
        assert follower.event().price == 80


def test_process_that_is_asked_to_end_ends_its_streams_first(shop: Shop, shopper: Browser, service: Service) -> None:
    product = shop.product("100.00")
    want(shopper, product)
    with Api(service) as ending, Follower(ending.address, headers(shopper)) as follower:
        shop.price(product, "90.00")
        assert follower.event().price == 90
        ending.process.send_signal(signal.SIGTERM)
        follower.end()
        assert ending.process.wait(DRAINS_WITHIN_S) == 0
    shop.price(product, "80.00")
    with Follower(shop.address, headers(shopper), follower.last_id) as resumed:
        assert resumed.event().price == 80


def test_nothing_is_lost_or_repeated_when_a_process_is_killed(shop: Shop, shopper: Browser, service: Service) -> None:
    products = [shop.product("100.00") for _ in range(3)]
    favourites = [want(shopper, product) for product in products]
    with Api(service) as doomed, Follower(doomed.address, headers(shopper)) as follower:
        shop.price(products[0], "90.00")
        assert follower.event().favourite == favourites[0]
        doomed.kill()
        with suppress(httpx.RemoteProtocolError):  # unless it heard that its parent had died, and had time to part
            follower.end()
    shop.price(products[1], "90.00")
    with Follower(shop.address, headers(shopper), follower.last_id) as resumed:
        assert resumed.event().favourite == favourites[1]
        shop.price(products[2], "90.00")
        assert resumed.event().favourite == favourites[2]


def test_follower_who_comes_and_goes_is_told_all_that_many_writers_do(
    shop: Shop, shopper: Browser, second: Api
) -> None:
    products = [shop.product("1000.00") for _ in range(WRITERS)]
    favourites = [want(shopper, product) for product in products]
    last = shop.product("1000.00")
    last_favourite = want(shopper, last)
    addresses = [shop.address, second.address]
    randomness = random.Random(4)

    def write(place: int) -> None:
        with httpx.Client(base_url=addresses[place % 2], headers=shop.feeder.headers, timeout=60) as feeder:
            for change in range(1, CHANGES + 1):
                row = {"product": products[place].id, "price": f"{1000 - change}.00"}
                answer = feeder.post("/api/v1/integration/catalogs/product-prices", json=[row])
                assert answer.json()["updated"] == 1, answer.text

    writers = [threading.Thread(target=write, args=(place,)) for place in range(WRITERS)]

    def end() -> None:
        for writer in writers:
            writer.join()
        shop.price(last, "1.00")

    ending = threading.Thread(target=end)
    told = []
    with Follower(addresses[0], headers(shopper)) as follower:
        for thread in (*writers, ending):
            thread.start()
        told.append(follower.event())
    while told[-1].favourite != last_favourite:
        with Follower(randomness.choice(addresses), headers(shopper), told[-1].id) as follower:
            for _ in range(randomness.randint(1, 3)):
                if told[-1].favourite != last_favourite:
                    told.append(follower.event())
    ending.join()
    keys = [each.key for each in told]
    assert len(set(keys)) == len(keys)
    ends = {each.favourite: each.price for each in told}
    assert [ends[favourite] for favourite in favourites] == [1000 - CHANGES] * WRITERS
