"""What the tests of the warehouse share."""

import pytest

from tests.factories import Factory
from tests.modules.warehouse.analyst import Analyst


@pytest.fixture
async def reader(factory: Factory) -> Analyst:
    """Somebody who may read the warehouse and nothing else."""
    return Analyst(await factory.shopper("warehouse"))
