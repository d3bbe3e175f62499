"""What goes on in the shop while parts of it are killed. Every writer repeats itself until it is told yes or no."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

INTEGRATION = "/api/v1/integration"
FAVOURITES = "/storefront/favorites"
FIRST_PRICE = Decimal("100.00")
PATIENCE_S = 120


@dataclass
class Goods:
    """A product as its writer last got acknowledged; only one thread writes it."""

    id: int
    uuid: str
    price: Decimal = FIRST_PRICE
    in_stock: bool = True
    is_active: bool = True


@dataclass
class Shopper:
    """A user with the favourites that were acknowledged; only one thread acts for it."""

    id: int
    token: str
    # Favourites by the product's UUID.
    wanted: dict[str, str] = field(default_factory=dict)


class Load:
    """Threads that write and read at random through both APIs until told to stop."""

    def __init__(self, addresses: Sequence[str], feeder: str, goods: Sequence[Goods], seed: int) -> None:
        self._addresses = addresses
        self._feeder = {"Authorization": f"Token {feeder}"}
        self._goods = goods
        self._seed = seed
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failures: list[BaseException] = []
        self.acknowledged = 0
        self.looked = 0

    def start(self, watchers: Sequence[Shopper], busy: Sequence[Shopper]) -> None:
        """Two catalogue writers, whose changes watchers look at, and two who act for busy shoppers."""
        for place in range(2):
            self._begin(self._write, place, self._goods[place::2], watchers)
            self._begin(self._act, place, busy[place::2])

    def stop(self) -> None:
        """End it after the writes under way got their answers; raises what went wrong."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for failure in self.failures:
            raise failure

    def _begin(self, work: Callable[..., None], place: int, *arguments: Any) -> None:
        def run() -> None:
            chance = random.Random(f"{self._seed} {work.__name__} {place}")
            try:
                while not self._stopping.is_set() and not self.failures:
                    work(chance, *arguments)
            except BaseException as failure:
                self.failures.append(failure)

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def _write(self, chance: random.Random, goods: Sequence[Goods], watchers: Sequence[Shopper]) -> None:
        product = chance.choice(goods)
        what = chance.choice(("price", "price", "price", "stock", "activity"))
        if what == "price":
            self.change_a_price(chance, product)
        elif what == "stock":
            product.in_stock = not product.in_stock
            row = {"product": product.id, "stock": 5 if product.in_stock else 0}
            self.feed(chance, "catalogs/product-stocks", row)
        else:
            product.is_active = not product.is_active
            self.feed(chance, "products/products", {"id": product.id, "is_active": product.is_active})
        self.acknowledged += 1
        self._look(chance, product, chance.choice(watchers))

    def change_a_price(self, chance: random.Random, product: Goods) -> None:
        """Give a product another price, until that is acknowledged."""
        product.price = Decimal(chance.randint(50_00, 150_00)) / 100
        self.feed(chance, "catalogs/product-prices", {"product": product.id, "price": str(product.price)})

    def feed(self, chance: random.Random, resource: str, row: dict[str, Any]) -> None:
        """Feed a row until that is acknowledged."""
        answer = self._insist(chance, "POST", f"{INTEGRATION}/{resource}", self._feeder, json=[row])
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == [], answer.text

    def _look(self, chance: random.Random, product: Goods, watcher: Shopper) -> None:
        """What was acknowledged is in the next answer, whoever gives it."""
        data = self.updates(chance, watcher)
        found = {each["variant_id"]: each["price_change"] for each in data["price_changed"]}
        told = found.get(product.uuid)
        assert (None if told is None else Decimal(str(told["new_price"]))) == (
            None if product.price == FIRST_PRICE else product.price
        ), (product, told)
        here = {each["variant_id"] for each in data["newly_available"]}
        gone = {each["variant_id"] for each in data["out_of_stock"]}
        available = product.in_stock and product.is_active
        assert product.uuid not in (gone if available else here), (product, available)
        assert available or product.uuid in gone, (product, "is not told to be gone")
        self.looked += 1

    def updates(self, chance: random.Random, shopper: Shopper) -> dict[str, Any]:
        """The feed of a shopper, from any API."""
        answer = self._insist(chance, "GET", f"{FAVOURITES}/updates", _as(shopper), params={"limit": 500})
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def _act(self, chance: random.Random, shoppers: Sequence[Shopper]) -> None:
        shopper = chance.choice(shoppers)
        product = chance.choice(self._goods)
        what = chance.choice(("add", "add", "remove", "dismiss", "look"))
        if what == "add" and product.uuid not in shopper.wanted:
            self.add(chance, shopper, product)
        elif what == "remove" and shopper.wanted:
            uuid = chance.choice(sorted(shopper.wanted))
            url = f"{FAVOURITES}/{shopper.wanted[uuid]}"
            answer = self._insist(chance, "DELETE", url, _as(shopper))
            assert answer.status_code in (200, 404), answer.text  # 404: an unanswered try has done it
            del shopper.wanted[uuid]
        elif what == "dismiss":
            answer = self._insist(chance, "POST", f"{FAVOURITES}/updates/dismiss", _as(shopper), json={"all": True})
            assert answer.status_code == 200, answer.text
        else:
            self.updates(chance, shopper)
        time.sleep(0.01)

    def add(self, chance: random.Random, shopper: Shopper, product: Goods) -> None:
        """Make the product a favourite; one that is not for sale can't be."""
        answer = self._insist(chance, "POST", FAVOURITES, _as(shopper), json={"variant_id": product.uuid})
        assert answer.status_code in (201, 404, 409), answer.text
        if answer.status_code == 201:
            shopper.wanted[product.uuid] = answer.json()["favorite"]["id"]
        elif answer.status_code == 409:  # an unanswered try has done it
            answer = self._insist(chance, "GET", f"/storefront/products/{product.uuid}/favorite-status", _as(shopper))
            shopper.wanted[product.uuid] = answer.json()["data"]["favorite_id"]

    def _insist(
        self, chance: random.Random, method: str, path: str, headers: dict[str, str], **given: Any
    ) -> httpx.Response:
        """Repeat a request, anywhere, until there is an answer that is none of a server in trouble."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            url = chance.choice(self._addresses) + path
            try:
                answer = httpx.request(method, url, headers=headers, timeout=20, trust_env=False, **given)
            except httpx.HTTPError as error:
                last: object = error
            else:
                if answer.status_code < 500:
                    return answer
                assert answer.status_code == 503, (path, answer.status_code, answer.text)
                last = answer.text
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path} got no answer for {PATIENCE_S} s: {last!r}")
            time.sleep(0.05)


def _as(shopper: Shopper) -> dict[str, str]:
    return {"Authorization": f"Bearer {shopper.token}"}
