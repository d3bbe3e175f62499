"""Requests that arrive together share one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MAX_BATCH = 128


class Coalescer(Generic[K, V]):
    """Collects the keys that are asked for while a fetch is under way and asks for all of them in the next one.

    A caller only ever joins a batch that has not been sent, so what it reads was read after it asked: a write that
    was acknowledged before is in it.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Sequence[V]]],
        *,
        max_in_flight: int = 2,
        max_batch: int = MAX_BATCH,
    ) -> None:
        """`fetch` answers one value per key, in the order of the keys."""
        self._fetch = fetch
        self._max_in_flight = max_in_flight
        self._max_batch = max_batch
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._flights: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V:
        """The value of `key`, read after this call began."""
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if len(self._flights) < self._max_in_flight:
            self._take_off()
        return await future

    def _take_off(self) -> None:
        flight = asyncio.create_task(self._fly())
        self._flights.add(flight)
        flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        if self._waiting and len(self._flights) < self._max_in_flight:
            self._take_off()

    async def _fly(self) -> None:
        # The batch is taken when the task first runs, so callers of the same turn of the loop are aboard.
        batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
        batch = [(key, future) for key, future in batch if not future.done()]
        if not batch:
            return
        try:
            values = await self._fetch([key for key, _ in batch])
            if len(values) != len(batch):
                raise ValueError(f"{len(values)} values were fetched for {len(batch)} keys")
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(
                        error if isinstance(error, Exception) else ConnectionError("fetch was cancelled")
                    )
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), value in zip(batch, values, strict=True):
            if not future.done():
                future.set_result(value)
