"""Partitions of a table as tests want them: as they are in a shop that has had them for long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from src.platform.database import Database
from src.platform.partitions import Partitioned, make_ahead, partitions_of
from tests.factories import Factory


async def names_of(database: Database, whole: Partitioned) -> set[str]:
    """The partitions that there are."""
    async with database.read() as connection:
        return {each.name for each in await partitions_of(connection, whole.table)}


@asynccontextmanager
async def divided_since(factory: Factory, whole: Partitioned, ends: datetime) -> AsyncIterator[None]:
    """Let the first partition end at a moment, when the next were made; all is as it was, and empty, afterwards."""
    first, kept = f"{whole.table}_first", {f"{whole.table}_first", f"{whole.table}_default"}
    async with factory.database.read() as connection:
        bound = next(each.ends for each in await partitions_of(connection, whole.table) if each.name == first)
    await _drop_others(factory, whole, kept)
    await _bound(factory, whole, ends)
    await make_ahead(factory.database, whole, ends)
    yield
    await _drop_others(factory, whole, kept)
    await factory.execute(f"DELETE FROM {whole.table}")
    if first in await names_of(factory.database, whole):
        await _bound(factory, whole, bound)
    else:
        await factory.execute(
            f"CREATE TABLE {first} PARTITION OF {whole.table} FOR VALUES FROM (MINVALUE) TO ('{bound}')"
        )
    await make_ahead(factory.database, whole)


async def _drop_others(factory: Factory, whole: Partitioned, kept: set[str]) -> None:
    for name in await names_of(factory.database, whole) - kept:
        await factory.execute(f"DROP TABLE {name}")


async def _bound(factory: Factory, whole: Partitioned, ends: datetime | None) -> None:
    table = whole.table
    await factory.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_first")
    await factory.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {table}_first FOR VALUES FROM (MINVALUE) TO ('{ends}')"
    )
