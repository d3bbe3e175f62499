"""Workers that pass over the log in tests, and what they told of it."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from src.modules.updates import FAVOURITES_OF_CHUNK, Chunk, ProductFacts, advance
from src.platform.database import Connection, Database

TOLD = f"""
SELECT user_id, product_id, old_price, new_price, price_change_id, availability_kind, availability_change_id
FROM ({FAVOURITES_OF_CHUNK}) AS told
"""


class Killed(Exception):
    """The end of a worker in the middle of a chunk."""


class Told(NamedTuple):
    """What somebody was told of a favourite."""

    user_id: int
    product_id: int
    old_price: Any
    new_price: Any
    price_change_id: int | None
    availability_kind: str | None
    availability_change_id: int | None


class Worker:
    """Passes over the log; keeps what was committed of what it was told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.told: list[Told] = []
        self.changed: list[ProductFacts] = []
        self.chunks = 0
        self._pending: tuple[list[Told], list[ProductFacts]] = ([], [])
        # Called in every chunk.
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def work(self, *, favourites: int = 1000, dies_in_chunk: int | None = None, **given: Any) -> bool:
        """Advance, up to a chunk that kills the worker if one is given; whether nothing is left."""
        left = dies_in_chunk

        async def also(connection: Connection, chunk: Chunk) -> None:
            nonlocal left
            if left is not None:
                left -= 1
            rows = await (await connection.execute(TOLD.encode(), chunk.values)).fetchall()
            self._pending = ([Told(*row) for row in rows], list(chunk.changed))
            if self.meanwhile:
                await self.meanwhile()
            if left == 0:
                raise Killed

        async def committed() -> None:
            self.chunks += 1
            self.told += self._pending[0]
            self.changed += self._pending[1]

        try:
            return await advance(self.database, also, committed=committed, favourites_per_chunk=favourites, **given)
        except Killed:
            return False

    async def settle(self) -> None:
        """Work off everything and forget what was told of it."""
        assert await self.work()
        self.told, self.changed = [], []

    def take(self) -> list[Told]:
        """What was told since this was last asked, in the order of products and users."""
        told, self.told = self.told, []
        return sorted(told, key=lambda each: (each.product_id, each.user_id))

    def take_changed(self) -> list[ProductFacts]:
        """What was told of products as such since this was last asked."""
        changed, self.changed = self.changed, []
        return changed
