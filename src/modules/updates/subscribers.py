"""Followers of the stream: what waits to be sent to each, and when it is time to part."""

import asyncio
from collections.abc import Sequence
from typing import Any

from litestar import Request

from src.modules.updates.positions import Position

# What may wait for a reader who is slow, besides what it was given when nothing waited.
MAX_QUEUED_BYTES = 256 * 1024
# A reader who has not taken anything for so long is not there any more.
STALLED_S = 60.0
# What is being sent when a stream is closed gets so long to go out.
PARTING_S = 1.0


class Subscriber:
    """One open stream. What is queued goes out in order; a stream that is closed sends nothing more."""

    __slots__ = (
        "_arrival", "_closed", "_parting", "_queue", "_queued_bytes", "_sender", "_served_at",
        "position", "request", "user_id",
    )  # fmt: skip

    def __init__(self, request: Request[Any, Any, Any], user_id: int, position: Position | None) -> None:
        self.request = request
        self.user_id = user_id
        # Where it wants to begin: None is now.
        self.position = position
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._arrival: asyncio.Future[None] | None = None
        self._sender: asyncio.Task[Any] | None = None
        self._parting: asyncio.TimerHandle | None = None
        self._served_at = asyncio.get_running_loop().time()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is sent."""
        return self._closed

    def idle_s(self, now: float) -> float:
        """How long ago something was sent or, when something waits, taken; by the loop's clock."""
        return now - self._served_at

    @property
    def is_waiting(self) -> bool:
        """Whether all that was queued has been taken."""
        return not self._queue

    def push(self, frames: Sequence[bytes]) -> None:
        """Queue frames; a reader who is too far behind is parted from, and comes back with the last id it got."""
        if self._closed:
            return
        size = sum(map(len, frames))
        # However much it is, whoever keeps up gets it: else nobody with many favourites would ever come further.
        if self._queue and self._queued_bytes + size > MAX_QUEUED_BYTES:
            self.close()
            return
        if not self._queue:
            self._served_at = asyncio.get_running_loop().time()
        self._queue += frames
        self._queued_bytes += size
        self._wake()

    def close(self) -> None:
        """End the stream soon, whatever is queued."""
        if self._closed:
            return
        self._closed = True
        self._queue.clear()
        self._wake()
        if self._sender is not None:
            # It may hang in the sending to a reader who does not read.
            self._parting = asyncio.get_running_loop().call_later(PARTING_S, self._sender.cancel)

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def take(self) -> bytes:
        """All that waits, as soon as there is something; nothing when the stream is closed."""
        self._sender = asyncio.current_task()
        if not self._queue and not self._closed:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        taken, self._queued_bytes = b"".join(self._queue), 0
        self._queue.clear()
        self._served_at = asyncio.get_running_loop().time()
        return taken

    def left(self) -> None:
        """Note that nothing is being sent any more."""
        self._sender = None
        self.close()
        if self._parting is not None:
            self._parting.cancel()
