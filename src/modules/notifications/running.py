"""A run over a channel: lanes that claim and send side by side, so that what is slow holds up nothing else.

Whoever asks for a run while there is one in this process has it look again, and leaves.
"""

import asyncio
from datetime import datetime
from time import monotonic
from weakref import WeakKeyDictionary

from src.modules.notifications import claiming
from src.modules.notifications.delivering import Claim, work_off
from src.modules.notifications.messages import Channel, Send
from src.platform.database import Database

# After so long nothing more is claimed: with what is being sent then, a run stays below a minute.
RUN_S = 12.0
RECIPIENTS_AT_ONCE = 100
# While one batch is sent another is claimed or recorded; there may be more lanes when those are stuck.
LANES, MOST_LANES = 2, 6
MESSAGES_PER_ENDPOINT = 4
ENDPOINTS_AT_ONCE = 32

_RUNNING: WeakKeyDictionary[Database, dict[Channel, "_Run"]] = WeakKeyDictionary()


async def deliver(
    database: Database, channel: Channel, send: Send, *, run_s: float = RUN_S, now: datetime | None = None
) -> bool:
    """Send what is due over a channel until nothing is; whether more is due, because `run_s` were over before that.

    `now` is the time to judge by; the database's own when it is None.
    """
    return await _Run(database, channel, send, run_s, now).work()


async def deliver_alone(
    database: Database, channel: Channel, send: Send, stopping: asyncio.Event | None = None
) -> bool:
    """`deliver`, by one run of this process at a time: a second one only has the first look again.

    Once the process is `stopping` nothing more is claimed, so that nothing is cut off while it is being sent.
    """
    running = _RUNNING.setdefault(database, {})
    if channel in running:
        running[channel].asked.set()
        return False
    run = running[channel] = _Run(database, channel, send, RUN_S, None, stopping)
    try:
        return await run.work()
    finally:
        # Nothing is awaited since the run last looked whether it was asked, so nobody who asked is forgotten.
        del running[channel]


class _Run:
    """Lanes by their key: the endpoint that a lane sends to, or a mere number."""

    def __init__(
        self,
        database: Database,
        channel: Channel,
        send: Send,
        run_s: float,
        now: datetime | None,
        stopping: asyncio.Event | None = None,
    ) -> None:
        self.asked = asyncio.Event()
        self.asked.set()
        self._database = database
        self._channel: Channel = channel
        self._send = send
        self._until = monotonic() + run_s
        self._stopping = stopping
        self._now = now
        self._lanes: dict[int, asyncio.Task[bool]] = {}
        # Lanes that are to look again when they are done: their last look may have come too early.
        self._again: set[int] = set()
        self._more = False
        self._failure: BaseException | None = None

    async def work(self) -> bool:
        """All lanes to their end; whether more is due. What one lane raises is raised when all others are done."""
        try:
            while self._lanes or self.asked.is_set():
                if self.asked.is_set():
                    self.asked.clear()
                    await self._look()
                else:
                    await self._wait()
        finally:
            await self._stop()
        if self._failure is not None:
            raise self._failure
        return self._more

    async def _look(self) -> None:
        for key in await self._keys():
            if key in self._lanes:
                self._again.add(key)
            else:
                self._start(key)

    async def _keys(self) -> list[int]:
        if self._channel != "webhook":
            return [key for key in range(MOST_LANES) if key not in self._lanes][:LANES] or [0]
        async with self._database.read() as connection:
            now = await claiming.clock(connection, self._now)
            return await claiming.endpoints_with_due(connection, now)

    def _start(self, key: int) -> None:
        if self._over() or len(self._lanes) >= ENDPOINTS_AT_ONCE:
            self._more = True
        elif self._failure is None:
            lane = work_off(self._database, self._claim(key), self._channel, self._send, self._over, self._now)
            self._lanes[key] = asyncio.create_task(lane)

    def _over(self) -> bool:
        return monotonic() >= self._until or (self._stopping is not None and self._stopping.is_set())

    def _claim(self, key: int) -> Claim:
        if self._channel == "webhook":
            return lambda connection, now: claiming.due_of_endpoint(connection, key, MESSAGES_PER_ENDPOINT, now)
        return lambda connection, now: claiming.due_of_recipients(connection, self._channel, RECIPIENTS_AT_ONCE, now)

    async def _wait(self) -> None:
        """Until a lane is done or somebody asks."""
        asking = asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait({asking, *self._lanes.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
        for key in [key for key, lane in self._lanes.items() if lane.done()]:
            self._end(key, self._lanes.pop(key))

    def _end(self, key: int, lane: asyncio.Task[bool]) -> None:
        failure = lane.exception()
        if failure is not None:
            self._failure = self._failure or failure
        elif lane.result():
            self._more = True
        elif key in self._again:
            self._start(key)
        self._again.discard(key)

    async def _stop(self) -> None:
        """When the run itself is cancelled, its lanes are; there are none otherwise."""
        for lane in self._lanes.values():
            lane.cancel()
        if self._lanes:
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)
