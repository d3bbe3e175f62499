"""What the tests of several features watch."""

import pytest

from tests.statements import Statements, watched


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Watches the statements of this process."""
    return watched(monkeypatch)
