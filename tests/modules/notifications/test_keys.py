"""Keys that the service makes for itself."""

import asyncio

from src.modules.notifications.keys import service_key
from src.platform.database import Database


async def test_a_key_is_made_once_whoever_asks_first(database: Database) -> None:
    keys = await asyncio.gather(*(service_key(database, "one") for _ in range(20)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    assert await service_key(database, "one") == keys[0]


async def test_each_name_has_its_own(database: Database) -> None:
    assert await service_key(database, "one") != await service_key(database, "two")
