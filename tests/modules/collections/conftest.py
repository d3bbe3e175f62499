"""Two users with collections of their own."""

import pytest

from tests.factories import Client, Factory
from tests.modules.collections.albums import Album


@pytest.fixture
async def shopper(factory: Factory) -> Client:
    """Somebody with a token."""
    return await factory.shopper()


@pytest.fixture
def album(shopper: Client) -> Album:
    """The collections of the shopper."""
    return Album(shopper)


@pytest.fixture
async def other(factory: Factory) -> Album:
    """Somebody else's collections."""
    return Album(await factory.shopper())
