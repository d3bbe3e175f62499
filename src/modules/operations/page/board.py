"""The page's live numbers: worked out once for everybody who looks, in each process, and only while somebody does."""

import asyncio
import contextlib
from datetime import UTC, datetime
from time import monotonic

import structlog

from src.modules.identity import Identity, Presented
from src.modules.operations.operators import SCOPE
from src.modules.operations.overview import Overviews
from src.modules.operations.page.rendering import live_parts
from src.platform.errors import Forbidden, ServiceUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

EVERY_S = 2.0
RECHECK_S = 5.0
# Operators are few; a page that was left open in many windows must not use up the process.
MOST = 100
COME_BACK_S = 5
LETTERS = "letters"
SIGNED_OUT = "signed-out"


class Reader:
    """Somebody who looks at the page: what is new for them waits here, of each part only the latest."""

    def __init__(self, presented: Presented) -> None:
        self.presented = presented
        self.is_closed = False
        self._waiting: dict[str, str] = {}
        self._called = asyncio.Event()

    def push(self, parts: dict[str, str]) -> None:
        """Have these sent."""
        self._waiting |= parts
        self._called.set()

    def close(self) -> None:
        """End the stream after what waits."""
        self.is_closed = True
        self._called.set()

    async def take(self) -> bytes:
        """What is new, as soon as anything is; empty at the end."""
        while not self._waiting and not self.is_closed:
            await self._called.wait()
            self._called.clear()
        waiting, self._waiting = self._waiting, {}
        return b"".join(event(name, data) for name, data in waiting.items())


class Board:
    """Keeps readers up to date; one per process and event loop."""

    def __init__(self, overviews: Overviews, identity: Identity) -> None:
        self._overviews = overviews
        self._identity = identity
        self._readers: set[Reader] = set()
        self._told: dict[str, str] = {}
        self._called = asyncio.Event()
        self._is_closing = False
        self._rechecked_at = 0.0
        self._running: asyncio.Task[None] | None = None

    def join(self, presented: Presented) -> Reader:
        """A reader from now on, for an operator; call `leave` when it ends. Raises ServiceUnavailable."""
        if self._is_closing or len(self._readers) >= MOST:
            raise ServiceUnavailable(retry_after_s=COME_BACK_S)
        reader = Reader(presented)
        self._readers.add(reader)
        if self._running is None or self._running.done():
            # Whatever was told the last time that somebody looked is old.
            self._told = {}
            self._running = asyncio.create_task(self._run())
        elif self._told:
            reader.push(self._told)
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        reader.close()
        self._readers.discard(reader)
        if not self._readers:
            self._called.set()

    def hurry(self) -> None:
        """Look again at once: an operator did something and wants to see it."""
        self._called.set()

    def part(self) -> None:
        """End all streams and begin no new one; the pages come back by themselves."""
        self._is_closing = True
        self._called.set()
        for reader in self._readers:
            reader.close()

    async def close(self) -> None:
        """`part`, and stop working."""
        self.part()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        while self._readers and not self._is_closing:
            self._called.clear()
            try:
                await self._round()
            except Exception:
                log.exception("page.round_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), EVERY_S)

    async def _round(self) -> None:
        overview = await self._overviews.now()
        parts = live_parts(overview) | {LETTERS: str(overview.dead_letters)}
        news = {name: text for name, text in parts.items() if self._told.get(name) != text}
        self._told = parts
        news["time"] = datetime.now(UTC).strftime("%H:%M:%S")
        for reader in [*self._readers]:
            reader.push(news)
        if monotonic() >= self._rechecked_at + RECHECK_S:
            self._rechecked_at = monotonic()
            for reader in [*self._readers]:
                await self._recheck(reader)

    async def _recheck(self, reader: Reader) -> None:
        """Whoever may not look any more is told so and parted from; a database that is away says nothing of that."""
        try:
            await self._identity.known(reader.presented, SCOPE)
        except (Unauthenticated, Forbidden):
            reader.push({SIGNED_OUT: ""})
            reader.close()
        except ServiceUnavailable:
            return


def event(name: str, data: str) -> bytes:
    """A server-sent event; lines of the data are lines of the event."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()
