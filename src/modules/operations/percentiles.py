"""Percentiles from buckets: as exact as these are."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import inf

from src.modules.operations.figures import Percentiles


def percentile(buckets: Mapping[float, int], share: float, bounds: Sequence[float]) -> float | None:
    """The number that `share` of those counted are not above, interpolated within its bucket; None when none are.

    `buckets` has how many are in each bucket by its upper bound; each begins where the one before it among the sorted
    `bounds` ends. What is in the last one, which has no end, is told as where it begins.
    """
    total = sum(buckets.values())
    if total == 0:
        return None
    wanted, below = share * total, 0
    found = lower = 0.0
    for bound in sorted(bound for bound, count in buckets.items() if count > 0):
        position = bisect_left(bounds, bound)
        lower = bounds[position - 1] if position > 0 else 0.0
        count = buckets[bound]
        found = lower if bound == inf else lower + (bound - lower) * (wanted - below) / count
        below += count
        if below >= wanted:
            break
    return found


def percentiles_ms(buckets: Mapping[float, int], bounds: Sequence[float]) -> Percentiles:
    """What the figures show of buckets in seconds."""
    return Percentiles(*(_ms(percentile(buckets, share, bounds)) for share in (0.50, 0.95, 0.99)))


def p95_ms(buckets: Mapping[float, int], bounds: Sequence[float]) -> float | None:
    """What the charts show of buckets in seconds."""
    return _ms(percentile(buckets, 0.95, bounds))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
