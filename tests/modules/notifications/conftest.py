"""A shop that tells its shoppers what changes."""

import pytest

from src.platform.database import Database
from tests.factories import Factory
from tests.modules.notifications.telling import Telling


@pytest.fixture
def telling(factory: Factory, database: Database) -> Telling:
    """The shop."""
    return Telling(factory, database)
