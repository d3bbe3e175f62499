"""A shop whose catalogue changes, and a shopper."""

import pytest

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.updates.shop import Shop


@pytest.fixture
def shop(factory: Factory, database: Database) -> Shop:
    """A shop."""
    return Shop(factory, database)


@pytest.fixture
async def shopper(factory: Factory) -> Client:
    """A shopper with a token."""
    return await factory.shopper()


@pytest.fixture
async def other(factory: Factory) -> Client:
    """Another shopper."""
    return await factory.shopper()
