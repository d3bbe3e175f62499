"""Reads of whole feeds: everything of one answer as of one snapshot, for several shoppers at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from src.modules.updates import elements, repositories
from src.modules.updates.dtos import AnyElement, Feed, Success
from src.modules.updates.finding import Found, Key, find
from src.modules.updates.queries import Query
from src.modules.updates.question import Visit, visits
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.wire import NUMBER_ENCODER

# Everything is looked up by keys. What was planned while a table was empty is kept, and reads the whole of it after a
# pass has filled it, until somebody analyzes it.
ONE_SNAPSHOT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"""
# A whole feed is big, and others wait for it.
WHOLE_BATCH = 16


class Asked(NamedTuple):
    """A credential, and what its holder wants to see."""

    digest: bytes
    query: Query


class Whole(NamedTuple):
    """An answer, who gets it, and when its oldest update leaves the window; None when there is none."""

    visit: Visit
    body: bytes
    until: datetime | None


class Reads:
    """Coalesced reads; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._visits: Coalescer[bytes, Visit] = Coalescer(self._fetch_visits)
        self._wholes: Coalescer[Asked, Whole] = Coalescer(self._fetch_wholes, max_batch=WHOLE_BATCH)

    async def visit(self, digest: bytes) -> Visit:
        """Whose feed is asked for, and what decides how it looks."""
        return await self._visits.get(digest)

    async def whole(self, asked: Asked) -> Whole:
        """The feed."""
        return await self._wholes.get(asked)

    async def _fetch_visits(self, digests: Sequence[bytes]) -> list[Visit]:
        async with self._database.read() as connection:
            return await visits(connection, list(digests))

    async def _fetch_wholes(self, asked: Sequence[Asked]) -> list[Whole]:
        async with self._database.transaction() as work:
            await work.connection.execute(ONE_SNAPSHOT, prepare=False)
            return await _wholes(work.connection, asked)


async def _wholes(connection: Connection, asked: Sequence[Asked]) -> list[Whole]:
    known = await visits(connection, [each.digest for each in asked])
    terms = known[0].terms
    users = {visit.user_id for visit in known if visit.user_id is not None}
    candidates = await repositories.candidates_of_users(connection, sorted(users), terms.horizon)
    of_user: dict[int | None, list[Found]] = {}
    for found in await find(connection, candidates, terms):
        of_user.setdefault(found.candidate.user_id, []).append(found)
    chosen = [each.query.choose(of_user.get(visit.user_id, ())) for each, visit in zip(asked, known, strict=True)]
    views = await element_views(connection, [found for choice in chosen for found in choice.shown])
    wholes = []
    for visit, choice in zip(known, chosen, strict=True):
        shown = elements.feed(choice.counts, [views[found.key] for found in choice.shown])
        body = NUMBER_ENCODER.encode(Success[Feed](True, shown))
        wholes.append(Whole(visit, body, None if choice.oldest is None else choice.oldest + terms.window))
    return wholes


async def element_views(connection: Connection, found: Sequence[Found]) -> dict[Key, AnyElement]:
    """The elements of these updates."""
    wanted = {each.place for each in found}
    shown = await repositories.shown(connection, [*wanted]) if wanted else {}
    return {each.key: elements.element(each, shown[each.place]) for each in found}
