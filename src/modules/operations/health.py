"""Is everything there that the service stands on? Asked at the same time, each within a time that probes grant."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Literal, Protocol, TypeAlias

from src.modules.operations.dtos import Check, Checks
from src.modules.operations.repositories import schema_version
from src.platform.database import Database
from src.platform.migrations import revisions

State: TypeAlias = Literal["ok", "away", "behind", "ahead", "unknown"]
TIMEOUT_S = 2.0
# Only to keep them alive.
_reaching: set[asyncio.Task[State]] = set()


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
    state: State = "away"
    reaching = asyncio.create_task(_reach(reach))
    _reaching.add(reaching)
    reaching.add_done_callback(_reaching.discard)
    try:
        # Not a timeout around it: what is cancelled may take long to clean up when its server does not answer.
        if (await asyncio.wait({reaching}, timeout=TIMEOUT_S))[0]:
            state = reaching.result()
    finally:
        reaching.cancel()
    return Check(state, round((perf_counter() - start) * 1000, 2))


async def _reach(reach: Callable[[], Awaitable[State]]) -> State:
    try:
        return await reach()
    except Exception:  # Whatever it is, the part does not serve us; its users log the reason.
        return "away"


def _compare(applied: str | None) -> State:
    """A schema that this release does not know is a newer one, which must serve this release too."""
    known, _, enough = revisions()
    if applied in enough:
        return "ok"
    return "behind" if applied is None or applied in known else "ahead"
