"""Changes over HTTP, and what the audit keeps of them."""

import pytest

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.audit.records import Records


@pytest.fixture
def records(database: Database) -> Records:
    """What the audit has kept."""
    return Records(database)


@pytest.fixture
async def feeder(factory: Factory) -> Client:
    """A client that may feed."""
    return await factory.shopper("integration")


@pytest.fixture
async def operator(factory: Factory) -> Client:
    """A client that may operate."""
    return await factory.shopper("ops")
