"""Feeding over HTTP."""

import pytest

from tests.factories import Client, Factory


@pytest.fixture
async def feeder(factory: Factory) -> Client:
    """A client that may feed."""
    return await factory.shopper("integration")
