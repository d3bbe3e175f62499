"""A process that is killed in the middle: what was acknowledged is there, whole, and nothing else came of it."""

import threading
from collections.abc import Callable

import httpx

from tests.acceptance.basket_browser import BASKET, http_client
from tests.acceptance.basket_shop import ORDERS, Shop
from tests.acceptance.processes import Api
from tests.running import Service

WRITERS, USES, ENOUGH = 4, 6, 40


def test_nothing_acknowledged_is_lost_when_an_api_process_is_killed(shop: Shop, service: Service) -> None:
    product = shop.product("10.00", stock=None)
    code = shop.coupon(benefit="fixed", amount=5, max_stock_limit=USES)
    buyers = [shop.shopper() for _ in range(WRITERS)]
    acknowledged, sent = [0] * WRITERS, [0] * WRITERS
    baskets = []
    for _ in range(2 * USES):
        hopeful = shop.shopper()
        hopeful.add(product)
        baskets.append(hopeful.apply(code).pk)
    submitted: set[int | None] = set()

    with Api(service) as doomed:

        def keep_adding(place: int) -> None:
            with http_client(doomed.address, buyers[place].http.headers) as client:
                while True:
                    sent[place] += 1
                    answer = client.post(BASKET, json={"product": product.id, "quantity": 1})
                    assert answer.status_code == 200, answer.text
                    acknowledged[place] += 1
                    if sum(acknowledged) >= ENOUGH and len(submitted) >= USES // 2:
                        doomed.kill()

        def keep_submitting(place: int) -> None:
            with http_client(doomed.address, shop.feeder.headers) as client:
                for pk in baskets[place::2]:
                    answer = client.post(f"{ORDERS}/{pk}/submit")
                    assert answer.status_code == 200, answer.text
                    submitted.add(pk)
                    while len(submitted) >= USES // 2:
                        client.get("/health/live")

        _at_once([*((keep_adding, place) for place in range(WRITERS)), (keep_submitting, 0), (keep_submitting, 1)])

    for place, buyer in enumerate(buyers):
        kept = buyer.get().quantities.get(product.id, 0)
        assert acknowledged[place] <= kept <= sent[place]
        assert buyer.add(product).quantities == {product.id: kept + 1}, "no lock was left behind"
    done = {pk for pk in baskets if shop.order(pk, "submit").status_code == 200}
    assert submitted <= done
    assert len(done) == USES, "every use is used once, whoever died"


def _at_once(work: list[tuple[Callable[[int], None], int]]) -> None:
    """Run all of it until the service is gone."""
    failures: list[BaseException] = []

    def run(do: Callable[[int], None], place: int) -> None:
        try:
            do(place)
        except httpx.HTTPError:
            pass
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
