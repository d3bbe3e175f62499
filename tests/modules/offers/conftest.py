"""A shop with campaigns."""

import pytest

from src.platform.database import Database
from tests.factories import Factory
from tests.modules.offers.shop import Shop


@pytest.fixture
def shop(database: Database, factory: Factory) -> Shop:
    """Feeds campaigns and asks what there is."""
    return Shop(database, factory)
