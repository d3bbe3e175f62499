"""How many requests somebody made in the last minute, from two numbers: what fixed minutes hold, weighed by the clock.

The last minute overlaps the fixed one before; as much of that one's count is taken as of it is overlapped. It is
right to a few per cent for a steady caller, and lets nobody through twice at the turn of a minute.
"""

from math import ceil

WINDOW_S = 60
# A request that comes exactly when it was told to has its room, although neither the clock nor the sums are exact.
ROUNDING_S = 1e-5


class Counts:
    """What is known of one actor: requests admitted here, and elsewhere as far as the others have told."""

    __slots__ = ("before", "elsewhere", "here", "late", "told", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.before = 0  # in the window before this one, by everybody
        self.here = 0
        self.elsewhere = 0
        self.told = 0  # of those here, what the others know
        self.late = 0  # of those here in the window before, what they don't know yet

    def roll(self, window: int) -> None:
        """Go on to the window that the clock is in; it may step back a little, and by more all begins anew."""
        if self.window - 1 <= window <= self.window:
            return
        follows = window == self.window + 1
        self.before = self.here + self.elsewhere if follows else 0
        self.late = self.here - self.told if follows else 0
        self.here = self.elsewhere = self.told = 0
        self.window = window

    def tell(self) -> tuple[int, int]:
        """What the others are to learn, in this window and the one before; they are told only once, come what may.

        A count that is lost lets a request through; one that arrived twice would refuse a request that has a right.
        """
        news = (self.here - self.told, self.late)
        self.told, self.late = self.here, 0
        return news

    def learn(self, total: int, before: int) -> None:
        """What everybody together made in this window and in the one before, with all that was told by `tell`."""
        self.elsewhere = max(total - self.told, 0)
        self.before = before


def used(counts: Counts, now: float) -> float:
    """How many requests of the last minute count against the limit; `counts` is in the window of `now`."""
    passed = min(now % WINDOW_S + ROUNDING_S, WINDOW_S)
    return counts.before * (WINDOW_S - passed) / WINDOW_S + counts.here + counts.elsewhere


def wait_s(counts: Counts, limit: int, now: float) -> int:
    """Whole seconds after which one more request has room under `limit`, if nobody makes another; 0 is at once."""
    present = counts.here + counts.elsewhere
    passed = now % WINDOW_S
    if used(counts, now) + 1 <= limit:
        return 0
    if present + 1 <= limit:
        # When so much of the window before is out of the last minute that its rest leaves room.
        return ceil(WINDOW_S * (1 - (limit - present - 1) / counts.before) - passed) or 1
    return ceil(WINDOW_S - passed + WINDOW_S * (1 - (limit - 1) / present)) or 1
