"""A shop with somebody who waits."""

import httpx
import pytest

from tests.factories import Client, Factory
from tests.modules.alerts.desk import Desk
from tests.modules.integration.feeds import Feed


@pytest.fixture
def desk(factory: Factory, client: httpx.AsyncClient) -> Desk:
    """The shop."""
    return Desk(factory, Feed(factory.database), client)


@pytest.fixture
async def shopper(factory: Factory) -> Client:
    """Somebody with a token."""
    return await factory.shopper()


@pytest.fixture
async def other(factory: Factory) -> Client:
    """Somebody else with a token."""
    return await factory.shopper()
