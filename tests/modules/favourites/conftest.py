"""Two shoppers, and a database that no test leaves things in."""

import pytest

from tests.factories import Client, Factory


@pytest.fixture
async def shopper(factory: Factory) -> Client:
    """A shopper with a token."""
    return await factory.shopper()


@pytest.fixture
async def other(factory: Factory) -> Client:
    """Another shopper."""
    return await factory.shopper()
