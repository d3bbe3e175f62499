"""One hub per API process: it follows the log for all open streams, with one statement at a time and none when idle.

All streams that are under way are as far as the hub is (`_seen`), so what came since concerns them all at once. One
that begins, at present or with an id, is taken in by a round of its own kind and is as far as the others after it.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import structlog
from litestar import Request

from src.modules.updates import following
from src.modules.updates.following import Touched
from src.modules.updates.frames import OPENING, mark, told
from src.modules.updates.positions import HEADER, Position, Snapshot, decode
from src.modules.updates.services import Updates, Wanted
from src.modules.updates.subscribers import STALLED_S, Subscriber
from src.platform.database import Connection, Database
from src.platform.errors import AppError, Invalid, ServiceUnavailable
from src.platform.metrics import STREAM_EVENTS, STREAMS

log = structlog.get_logger(__name__)

POLL_S = 0.2
HEARTBEAT_S = 15.0
BEAT_S = 1.0
RECHECK_S = 20.0
PAUSE_S = 1.0  # after a failure that should not be
# Favourites whose elements are made in one go: requests wait so long for the loop.
BATCH = 250
# Streams that begin with an id and are looked at before those under way have their turn again.
RESUMED_PER_ROUND = 32
# When a process has as many streams as it may, another may have room.
COME_BACK_S = 5
NOTHING_SEEN = Snapshot(1, 1)
Group = dict[int, list[Subscriber]]


class Hub:
    """Tells followers what changed about their favourites; one per process and event loop."""

    def __init__(self, database: Database, updates: Updates, *, most: int) -> None:
        """At most so many streams are open at once."""
        self._database = database
        self._updates = updates
        self._most = most
        self._count = 0
        self._streams: Group = {}
        self._beginning: dict[Subscriber, asyncio.Future[None]] = {}
        self._seen = NOTHING_SEEN
        self._rechecked_at = 0.0
        self._beaten_at = 0.0
        self._called = asyncio.Event()
        self._is_closing = False
        self._following: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to follow the log whenever there is somebody to tell."""
        self._following = asyncio.create_task(self._follow())

    def part(self) -> None:
        """End all streams and begin no new one; clients come back elsewhere with the last id they got."""
        self._is_closing = True
        self._refuse([*self._beginning], ServiceUnavailable(retry_after_s=COME_BACK_S))
        for subscriber in self._all():
            subscriber.close()

    async def close(self) -> None:
        """`part`, and stop following."""
        self.part()
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def subscribe(self, request: Request[Any, Any, Any]) -> Subscriber:
        """A stream for the request's shopper, from now on or from the id in Last-Event-ID; call `leave` when it ends.

        Raises Unauthenticated, Forbidden, Invalid and ServiceUnavailable.
        """
        shopper = await self._updates.identity.shopper(request)
        last_id = request.headers.get(HEADER)
        subscriber = Subscriber(request, shopper.id, decode(last_id) if last_id else None)
        if self._is_closing or self._count >= self._most:
            raise ServiceUnavailable(retry_after_s=COME_BACK_S)
        self._count += 1
        STREAMS.inc()
        try:
            begun = self._beginning[subscriber] = asyncio.get_running_loop().create_future()
            self._called.set()
            await begun
        except BaseException:
            self.leave(subscriber)
            raise
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget the stream, which has ended."""
        self._count -= 1
        STREAMS.dec()
        subscriber.left()
        self._beginning.pop(subscriber, None)
        others = self._streams.get(subscriber.user_id, [])
        if subscriber in others:
            others.remove(subscriber)
            if not others:
                del self._streams[subscriber.user_id]

    def _all(self) -> Iterator[Subscriber]:
        return (subscriber for group in [*self._streams.values()] for subscriber in [*group])

    async def _follow(self) -> None:
        while True:
            if not self._count:
                await self._called.wait()
            self._called.clear()
            try:
                async with self._database.read() as connection:
                    await self._round(connection)
            except Exception as error:
                # The next round begins where this one did.
                self._refuse([*self._beginning], error)
                if not isinstance(error, ServiceUnavailable):
                    log.exception("stream.round_failed")
                    await asyncio.sleep(PAUSE_S)
            self._beat()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), POLL_S)

    async def _round(self, connection: Connection) -> None:
        until, is_news = await following.now(connection, self._seen)
        if is_news and self._streams:
            await self._tell(connection, until)
        self._seen = until
        await self._begin(connection, until)
        if self._streams and _clock() >= self._rechecked_at + RECHECK_S:
            self._rechecked_at = _clock()
            await self._recheck(connection)

    async def _tell(self, connection: Connection, until: Snapshot) -> None:
        """Tell those whose favourites changed; with a failure nobody has been told, or the rest is parted from."""
        seen = Position(self._seen)
        touched = await following.touched(connection, [*self._streams], self._seen, until)
        told_some = False
        for users in _batches(touched):
            try:
                frames = await self._frames(connection, users, touched, seen, until)
            except Exception as error:
                if isinstance(error, ServiceUnavailable) and not told_some:
                    raise
                log.warning("stream.parted", exc_info=error)
                for subscriber in [each for user in users for each in self._streams.get(user, ())]:
                    subscriber.close()
                continue
            told_some = True
            for user, events in frames.items():
                for subscriber in self._streams.get(user, ()):
                    subscriber.push(events)
                    STREAM_EVENTS.inc(len(events))

    async def _frames(
        self, connection: Connection, users: Sequence[int], touched: Touched, position: Position, until: Snapshot
    ) -> dict[int, list[bytes]]:
        """What is new since `position` to these users whose favourites are touched, as events."""
        wanted = [Wanted(user, touched.products[user]) for user in users]
        elements = await self._updates.elements(connection, wanted)
        return {
            user: events
            for user, theirs in zip(users, elements, strict=True)
            if (events := told(theirs, touched.entries, position, until))
        }

    async def _begin(self, connection: Connection, until: Snapshot) -> None:
        """Take in the streams that begin: at `until`, or with what came between their id and `until`."""
        resumed: dict[Position, Group] = {}
        for subscriber in [*self._beginning]:
            position = subscriber.position
            if position is None:
                self._take_in(subscriber, [])
            elif position.until.xmax > until.xmax:  # An id of another database, or of one that was put back in time.
                self._refuse([subscriber], Invalid("Not a valid value", field=HEADER))
            else:
                resumed.setdefault(position, {}).setdefault(subscriber.user_id, []).append(subscriber)
        for position, group in [*resumed.items()][:RESUMED_PER_ROUND]:
            await self._resume(connection, position, group, until)
        if len(resumed) > RESUMED_PER_ROUND:
            self._called.set()

    async def _resume(self, connection: Connection, position: Position, group: Group, until: Snapshot) -> None:
        try:
            touched = await following.touched(connection, [*group], position.before or position.until, until)
            for users in _batches(touched):
                frames = await self._frames(connection, users, touched, position, until)
                for user in users:
                    for subscriber in group.pop(user):
                        self._take_in(subscriber, frames.get(user, []))
        except AppError as error:
            self._refuse([subscriber for members in group.values() for subscriber in members], error)
            return
        for subscriber in [subscriber for members in group.values() for subscriber in members]:
            self._take_in(subscriber, [])

    def _take_in(self, subscriber: Subscriber, events: Sequence[bytes]) -> None:
        begun = self._beginning.pop(subscriber, None)
        if begun is None or begun.done():  # Gone in the meantime.
            return
        self._streams.setdefault(subscriber.user_id, []).append(subscriber)
        subscriber.push([OPENING, *events] if events else [OPENING, mark(self._seen)])
        STREAM_EVENTS.inc(len(events))
        begun.set_result(None)

    def _refuse(self, subscribers: Iterable[Subscriber], error: Exception) -> None:
        for subscriber in subscribers:
            begun = self._beginning.pop(subscriber, None)
            if begun is not None and not begun.done():
                begun.set_exception(error)

    def _beat(self) -> None:
        """Keep quiet streams alive, and their readers' last ids young; part from readers who read no more."""
        now = _clock()
        if now < self._beaten_at + BEAT_S:
            return
        self._beaten_at = now
        beat = [mark(self._seen)]
        for subscriber in self._all():
            idle_s = subscriber.idle_s(now)
            if idle_s >= HEARTBEAT_S and subscriber.is_waiting:
                subscriber.push(beat)
            elif idle_s >= STALLED_S:
                subscriber.close()

    async def _recheck(self, connection: Connection) -> None:
        """End the streams whose credential has been revoked or has expired, or whose user may not do this any more."""
        presented: dict[Subscriber, bytes] = {}
        identity = self._updates.identity
        for subscriber in [*self._all()]:
            try:
                presented[subscriber] = (await identity.present(subscriber.request)).digest
            except ServiceUnavailable:
                continue
            except AppError:
                subscriber.close()
        known = await following.holders(connection, [*set(presented.values())])
        for subscriber, digest in presented.items():
            holder = known.get(digest)
            if holder is None or holder.user_id != subscriber.user_id or "storefront" not in holder.scopes:
                subscriber.close()


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _batches(touched: Touched) -> Iterator[list[int]]:
    """The users who are concerned, so many at a time that together they have about BATCH favourites."""
    batch: list[int] = []
    size = 0
    for user, products in touched.products.items():
        if batch and size + len(products) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(user)
        size += len(products)
    if batch:
        yield batch
