"""What this process has counted since it was last asked, as whole numbers under short names that can be added up.

The names:

    jobs:<outcome>:<job>            runs of a job
    run:<job>:<le>, wait:<job>:<le> how many took or waited so many seconds at most, and longer than the bucket before
    requests, requests:failed, requests:limited, duration:<le>
    cache:<outcome>
    deliveries:<outcome>:<channel>

Their number is bounded by that of jobs, outcomes and buckets. They are read from where prometheus_client keeps the
numbers of metrics for itself: to collect samples costs ten times as much, and the loop would stand still for that long.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from prometheus_client import Counter, Histogram

from src.platform.metrics import CACHE_REQUESTS, DELIVERIES, HTTP_DURATION, JOB_DURATION, JOB_WAIT, JOBS, write_down

SERVER_ERROR, TOO_MANY = 500, 429
# Of those who watch the service, not of those whom it serves.
NOT_SHOPPERS = ("/ops", "/health", "/metrics", "/schema")
# Whoever stays for long is not kept waiting.
STREAMS = "/stream"


class Counted:
    """What was counted from the moment it was made on."""

    def __init__(self) -> None:
        # By the child of a metric that counts it: sums tell whether anything has changed at all.
        self._sums: dict[int, float] = {}
        self._seen: dict[tuple[int, int], float] = {}
        self.take()

    def take(self) -> dict[str, int]:
        """What was gained since the last call, without what did not change."""
        write_down()
        gained: defaultdict[str, int] = defaultdict(int)
        for (job, outcome), child in _children(JOBS):
            gained[f"jobs:{outcome}:{job}"] += self._gain(child, 0, child._value.get())
        for kind, histogram in (("run", JOB_DURATION), ("wait", JOB_WAIT)):
            for (job,), child in _children(histogram):
                for bound, gain in self._gains(child):
                    gained[f"{kind}:{job}:{bound}"] += gain
        for (_, route, status), child in _children(HTTP_DURATION):
            if not route.startswith(NOT_SHOPPERS) and self._has_changed(child):
                self._add_requests(gained, route, int(status), child)
        for (outcome,), child in _children(CACHE_REQUESTS):
            gained[f"cache:{outcome}"] += self._gain(child, 0, child._value.get())
        for (channel, outcome), child in _children(DELIVERIES):
            gained[f"deliveries:{outcome}:{channel}"] += self._gain(child, 0, child._value.get())
        return {name: gain for name, gain in gained.items() if gain > 0}

    def _add_requests(self, gained: dict[str, int], route: str, status: int, child: Any) -> None:
        for bound, gain in self._gains(child):
            gained["requests"] += gain
            if status >= SERVER_ERROR:
                gained["requests:failed"] += gain
            elif status == TOO_MANY:
                gained["requests:limited"] += gain
            if not route.endswith(STREAMS):
                gained[f"duration:{bound}"] += gain

    def _has_changed(self, child: Any) -> bool:
        total = child._sum.get()
        changed = bool(self._sums.get(id(child)) != total)
        self._sums[id(child)] = total
        return changed

    def _gains(self, child: Any) -> Iterator[tuple[float, int]]:
        for number, (bound, bucket) in enumerate(zip(child._upper_bounds, child._buckets, strict=True)):
            gain = self._gain(child, number, bucket.get())
            if gain > 0:
                yield bound, gain

    def _gain(self, child: Any, number: int, value: float) -> int:
        key = (id(child), number)
        gain = value - self._seen.get(key, 0.0)
        self._seen[key] = value
        return int(gain)


def _children(metric: Counter | Histogram) -> list[tuple[tuple[str, ...], Any]]:
    with metric._lock:
        return [(tuple(labels), child) for labels, child in metric._metrics.items()]
