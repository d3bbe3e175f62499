"""Those who come to a basket, and what baskets are about."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from tests.factories import Client, Factory
from tests.modules.baskets.buying import Browser, browsing
from tests.modules.baskets.kept import Kept
from tests.modules.baskets.scene import Guest, Scene


@pytest.fixture
async def shopper(factory: Factory) -> Client:
    """A shopper with a token."""
    return await factory.shopper()


@pytest.fixture
def guest(client: httpx.AsyncClient) -> Guest:
    """A shopper with a cookie that nobody has signed in with."""
    return Guest(client)


@pytest.fixture
async def browser(app: Litestar, factory: Factory) -> AsyncIterator[Browser]:
    """A browser that was never here before, of a shop that is there."""
    del factory
    async with browsing(app) as opened:
        yield opened


@pytest.fixture
async def system(factory: Factory) -> Client:
    """An order system."""
    return await factory.shopper("integration")


@pytest.fixture
async def kept(shopper: Client, factory: Factory, scene: Scene) -> Kept:
    """A basket whose bytes are cached."""
    return await Kept(shopper, factory, scene).prepare()


@pytest.fixture
def scene(factory: Factory) -> Scene:
    """Puts baskets and campaigns into the database."""
    return Scene(factory)
