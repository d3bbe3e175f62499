"""The load of `make chaos`, by clients who keep their connections and take no failure."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from src.platform.embedded.processes import wait_until
from tests.chaos.load import Load, Shopper
from tests.running import PATIENCE_S

# Enough requests for each moment to have some; what starts meanwhile needs the processor too.
PAUSE_S = 0.1
# So many answers are a use of what there is.
SOME = 20
# Each change is a message to all of them on each channel, and in the end all messages are waited for.
WATCHERS = 3


class StrictLoad(Load):
    """Each request is made once, and answered by none of 5xx."""

    def __init__(self, addresses: list[str], *arguments: Any) -> None:
        super().__init__(addresses, *arguments)
        self.addresses = addresses
        self._own = threading.local()
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self.answered = 0

    def begin(self, people: Sequence[Shopper]) -> list[Shopper]:
        """Begin, once those who watch want everything; returns them."""
        watchers, busy = [*people[:WATCHERS]], people[WATCHERS:]
        chance = random.Random(self._seed)
        for watcher in watchers:
            for product in self._goods:
                self.add(chance, watcher, product)
        self.start(watchers, busy)
        return watchers

    def go_on(self) -> None:
        """Return when some more requests have been answered, or one was not."""
        goal = self.answered + SOME
        assert wait_until(lambda: self.answered >= goal or bool(self.failures), timeout_s=PATIENCE_S), self.answered

    def leave(self, address: str) -> None:
        """Ask this API nothing more; return when it has answered what it was asked."""
        with self._lock:
            self.addresses.remove(address)
        assert wait_until(lambda: not self._under_way[address], timeout_s=PATIENCE_S), address

    def stop(self) -> None:
        """End it after the requests under way got their answers; raises what went wrong."""
        try:
            super().stop()
        finally:
            for client in self._clients:
                client.close()

    def _insist(
        self, chance: random.Random, method: str, path: str, headers: dict[str, str], **given: Any
    ) -> httpx.Response:
        if not hasattr(self._own, "client"):
            self._own.client = httpx.Client(timeout=30, trust_env=False)
            self._clients.append(self._own.client)
        with self._lock:
            address = chance.choice(self.addresses)
            self._under_way[address] += 1
        try:
            answer: httpx.Response = self._own.client.request(method, address + path, headers=headers, **given)
        finally:
            with self._lock:
                self._under_way[address] -= 1
        assert answer.status_code < 500, (method, path, answer.status_code, answer.text)
        with self._lock:
            self.answered += 1
        if self._threads:  # It has begun.
            time.sleep(PAUSE_S)
        return answer
