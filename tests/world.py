"""An application of its own for tests that hypothesis drives from outside any event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from redis.asyncio import Redis

from src.app import create_app
from src.platform.settings import Settings
from tests.factories import Factory


class World:
    """An application on an event loop of its own, driven from outside it."""

    def __init__(self, runner: asyncio.Runner, chosen: Settings) -> None:
        self.run = runner.run
        self.settings = chosen
        self.app = create_app(chosen)
        transport = httpx.ASGITransport(app=cast("Any", self.app), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shop.test")
        self.factory = Factory(self.app.state.database, self.client)

    async def flush(self) -> None:
        """Lose everything that Redis holds."""
        redis = Redis.from_url(self.settings.redis_url)
        await redis.flushall()
        await redis.aclose()

    @classmethod
    @contextmanager
    def open(cls, chosen: Settings) -> Iterator["World"]:
        """A world for the time of the block."""
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            world = runner.run(cls._made(runner, chosen))
            world.run(world.app.state.database.open())
            yield world
            for part in (world.client.aclose, world.app.state.cache.close, world.app.state.queue.close):
                world.run(part())
            world.run(world.app.state.database.close())

    @classmethod
    async def _made(cls, runner: asyncio.Runner, chosen: Settings) -> "World":
        return cls(runner, chosen)
