"""One running service for everything that speaks to it from outside."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.basket_shop import Shop, opened
from tests.acceptance.processes import Api, unused_port
from tests.running import Service


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="wk journey ") as folder:
        started = Service(Path(folder) / "data", "--port", str(unused_port()))
        try:
            started.wait_until_ready()
            yield started
        finally:
            assert started.stop() == 0, started.printed


@pytest.fixture(scope="session")
def second(service: Service) -> Iterator[Api]:
    """A second API process on the service's stores."""
    with Api(service) as started:
        yield started


@pytest.fixture
def shop(service: Service) -> Iterator[Shop]:
    """The service with a catalogue team and an order system, without campaigns of earlier tests."""
    with opened(service) as shop:
        yield shop
