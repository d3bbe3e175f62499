"""The call that has the log of changes worked off soon."""

from src.platform.jobs import Queue

ADVANCE = "updates.advance"


async def wake(queue: Queue, *, after_s: float = 0) -> None:
    """Have passes begin after what is committed now; calls that come together are one, and one that is lost is late."""
    await queue.wake(ADVANCE, after_s=after_s)
