"""How long requests took, kept in memory for a moment and then written down together.

To write each by itself, into the file that the processes of a service share, would cost a quick request more than all
else that is told of it.
"""

from bisect import bisect_left
from collections import Counter
from time import perf_counter

from src.platform.metrics import BEFORE_TELLING, HTTP_DURATION

# Another process that is asked for the numbers of all knows of a request so much later, at most twice that when no
# other request follows.
KEPT_S = 1.0

_kept: dict[tuple[str, str, int], list[float]] = {}
_written_at = 0.0


def keep(method: str, route: str, status: int, duration_s: float, now: float) -> None:
    """Count a request that was over `now`, by the clock of `perf_counter`."""
    key = (method, route, status)
    kept = _kept.get(key)
    if kept is None:
        _kept[key] = [duration_s]
    else:
        kept.append(duration_s)
    if now - _written_at > KEPT_S:
        write_down()


def write_down() -> None:
    """Put what is kept into the histogram."""
    global _written_at
    _written_at = perf_counter()
    for key, durations in _kept.items():
        if durations:
            child = HTTP_DURATION.labels(*key)
            # As `observe` does, many at a time: the first bucket whose bound is not below a value counts it.
            child._sum.inc(sum(durations))
            for place, count in Counter(bisect_left(child._upper_bounds, each) for each in durations).items():
                child._buckets[place].inc(count)
            durations.clear()


BEFORE_TELLING.append(write_down)
