"""The use cases of the feed: reading it, dismissing what was read, and elements for those who follow it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from src.modules.identity import Identity, Presented, Shopper
from src.modules.updates import dismissing, reading, repositories
from src.modules.updates.dtos import Dismiss
from src.modules.updates.finding import find
from src.modules.updates.queries import Query
from src.modules.updates.question import read_terms
from src.modules.updates.reading import ONE_SNAPSHOT, Asked, Reads
from src.modules.updates.rules import Kind
from src.platform.cache import VersionedCache
from src.platform.database import Connection, Database
from src.platform.wire import NUMBER_ENCODER

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
STAMP_BYTES = 8
FOREVER = 2**63


class Wanted(NamedTuple):
    """Of whom, and of which products among their favourites, elements are wanted."""

    user_id: int
    products: Sequence[int]


class Element(NamedTuple):
    """An element of the feed as GET shows it."""

    kind: Kind
    favourite_id: int
    product_id: int
    changed_at: datetime
    # JSON.
    body: bytes


class Updates:
    """Shows and dismisses what changed about favourites; one per process."""

    def __init__(self, database: Database, identity: Identity, cache: VersionedCache) -> None:
        self._database = database
        self.identity = identity
        self._cache = cache
        self._reads = Reads(database)

    async def show(self, presented: Presented, query: Query) -> bytes:
        """The feed of the credential's holder, as JSON; raises Unauthenticated and Forbidden."""
        visit = await self._reads.visit(presented.digest)
        self.identity.admit(presented, visit.scopes, "storefront")
        key = visit.key(query.key)
        kept = (await self._cache.get_many([key])).get(key)
        if kept is not None and int.from_bytes(kept[:STAMP_BYTES]) > _micros(visit.now):
            return kept[STAMP_BYTES:]
        whole = await self._reads.whole(Asked(presented.digest, query))
        self.identity.admit(presented, whole.visit.scopes, "storefront")
        # What leaves the window changes the answer, though nothing happens that would move a version.
        until = FOREVER if whole.until is None else _micros(whole.until)
        self._cache.set_many({whole.visit.key(query.key): until.to_bytes(STAMP_BYTES) + whole.body})
        return whole.body

    async def dismiss(self, connection: Connection, shopper: Shopper, asked: Dismiss) -> int:
        """Make the state at `asked.up_to` the baseline of these favourites, except where theirs is newer; how many."""
        return await dismissing.dismiss(connection, shopper, asked)

    async def elements(self, connection: Connection, wanted: Sequence[Wanted]) -> list[list[Element]]:
        """For each of `wanted`, in their order, all elements of these favourites that GET shows now, oldest first.

        It opens a transaction of its own, with one snapshot: the connection must not be in one.
        """
        places: dict[tuple[int, int], list[int]] = {}
        for place, each in enumerate(wanted):
            for product in each.products:
                places.setdefault((each.user_id, product), []).append(place)
        async with connection.transaction():
            await connection.execute(ONE_SNAPSHOT, prepare=False)
            terms = await read_terms(connection)
            candidates = await repositories.candidates_of_products(connection, [*places], terms.horizon)
            found = await find(connection, candidates, terms)
            views = await reading.element_views(connection, found)
        told: list[list[Element]] = [[] for _ in wanted]
        for update in reversed(found):
            favourite, kind, changed_at = update.candidate, update.update.kind, update.update.changed_at
            body = NUMBER_ENCODER.encode(views[update.key])
            element = Element(kind, favourite.id, favourite.product_id, changed_at, body)
            for place in places[favourite.user_id, favourite.product_id]:
                told[place].append(element)
        return told


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
