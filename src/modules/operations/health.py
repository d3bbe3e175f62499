"""Is everything there that the service stands on? Asked at the same time, each within a time that probes grant."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Literal, Protocol, TypeAlias

from alembic.script import ScriptDirectory

from src.modules.operations.dtos import Check, Checks
from src.modules.operations.repositories import schema_version
from src.platform.database import Database
from src.platform.migrations import MIGRATIONS

State: TypeAlias = Literal["ok", "away", "behind", "ahead", "unknown"]
TIMEOUT_S = 2.0


class Pinged(Protocol):
    """A cache or a queue: something that can be asked whether it answers."""

    async def ping(self) -> None:
        """Raises when it does not."""


async def examine(database: Database, cache: Pinged, queue: Pinged) -> Checks:
    """How each part is; takes no longer than TIMEOUT_S."""
    applied: list[str | None] = []

    async def reach_database() -> State:
        async with database.read() as connection:
            applied.append(await schema_version(connection))
        return "ok"

    database_check, cache_check, queue_check = await asyncio.gather(
        _timed(reach_database), _timed(lambda: _ping(cache)), _timed(lambda: _ping(queue))
    )
    migrations = _compare(applied[0]) if applied else "unknown"
    return Checks(database_check, Check(migrations, database_check.ms), cache_check, queue_check)


async def _ping(part: Pinged) -> State:
    await part.ping()
    return "ok"


async def _timed(reach: Callable[[], Awaitable[State]]) -> Check:
    start = perf_counter()
    state: State
    try:
        async with asyncio.timeout(TIMEOUT_S):
            state = await reach()
    except Exception:  # Whatever it is, the part does not serve us; its users log the reason.
        state = "away"
    return Check(state, round((perf_counter() - start) * 1000, 2))


def _compare(applied: str | None) -> State:
    """A schema that this release does not know is a newer one, which must serve this release too."""
    known, head = _revisions(MIGRATIONS)
    if applied == head:
        return "ok"
    return "behind" if applied is None or applied in known else "ahead"


@lru_cache(maxsize=1)
def _revisions(folder: Path) -> tuple[frozenset[str], str | None]:
    """The ids of all migrations of this release, and the newest."""
    scripts = ScriptDirectory(str(folder))
    return frozenset(script.revision for script in scripts.walk_revisions()), scripts.get_current_head()
