"""What the tests of several features watch and feed."""

import pytest

from src.platform.database import Database
from tests.modules.integration.feeds import Feed
from tests.statements import Statements, watched


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Watches the statements of this process."""
    return watched(monkeypatch)


@pytest.fixture
def feed(database: Database) -> Feed:
    """Feeds rows, without HTTP."""
    return Feed(database)
