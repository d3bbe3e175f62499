"""Feeding, with and without HTTP."""

import pytest

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.integration.feeds import Feed


@pytest.fixture
def feed(database: Database) -> Feed:
    """Feeds rows."""
    return Feed(database)


@pytest.fixture
async def feeder(factory: Factory) -> Client:
    """A client that may feed."""
    return await factory.shopper("integration")
