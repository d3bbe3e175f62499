"""What the tests of privacy share."""

import pytest

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.privacy.planting import Person, Planter


@pytest.fixture
async def operator(factory: Factory) -> Client:
    """A client that may operate."""
    return await factory.shopper("ops")


@pytest.fixture
async def people(database: Database, factory: Factory) -> tuple[Person, Person]:
    """Two people with something in every table; one of them will be erased."""
    planter = Planter(database)
    product = (await factory.product()).id
    return await planter.plant("Zelda", product), await planter.plant("Quentin", (await factory.product()).id)
