"""One running service for everything that speaks to it from outside."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="wk journey ") as folder:
        started = Service(Path(folder) / "data")
        try:
            started.wait_until_ready()
            yield started
        finally:
            assert started.stop() == 0, started.printed
