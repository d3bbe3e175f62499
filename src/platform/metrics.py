"""What the service counts, for API and worker processes alike.

With PROMETHEUS_MULTIPROC_DIR set before this module is imported, every process counts in a file of its own in that
folder, and whichever is asked adds them all up; without it a process knows only itself.
"""

import os
from collections.abc import Callable
from pathlib import Path

import psutil
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from src.platform.metrics_folder import VARIABLE

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# Percentiles are read from them: each is at most two and a half times the one before. What takes least is looked for
# first, so that more of them cost the quick requests nothing.
HTTP_BUCKETS_S = (
    0.001, 0.0015, 0.0025, 0.004, 0.006, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    25.0,
)  # fmt: skip
JOB_BUCKETS_S = (
    0.005, 0.01, 0.02, 0.035, 0.06, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.5, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0,
    600.0, 1200.0, 3600.0, 7200.0, 14400.0,
)  # fmt: skip

# Its `_count` counts the requests: one metric, because each request pays for every number that is kept of it.
HTTP_DURATION = Histogram(
    "wishkeep_http_request_duration_seconds",
    "From the request's head to the answer's end; route is the path's template.",
    ("method", "route", "status"),
    buckets=HTTP_BUCKETS_S,
)
CACHE_REQUESTS = Counter(
    "wishkeep_cache_requests", "Keys asked of the versioned cache: hit, shared_hit, miss or error.", ("outcome",)
)
JOBS = Counter("wishkeep_jobs", "Job runs: done, retried, failed, cancelled or dropped.", ("job", "outcome"))
JOB_DURATION = Histogram("wishkeep_job_duration_seconds", "How long a job's run took.", ("job",), buckets=JOB_BUCKETS_S)
JOB_WAIT = Histogram(
    "wishkeep_job_wait_seconds", "From a job's due time to its first run.", ("job",), buckets=JOB_BUCKETS_S
)
JOBS_RUNNING = Gauge("wishkeep_jobs_running", "Jobs that run now.", ("job",), multiprocess_mode="livesum")
JOBS_ENQUEUED = Counter(
    "wishkeep_jobs_enqueued",
    "Calls for jobs: queued, duplicate, lost, or kept until the queue is back, when they count once more.",
    ("job", "outcome"),
)
RATE_LIMITED = Counter("wishkeep_rate_limited", "Requests refused for being too many, by limit.", ("limit",))
RATE_LIMIT_ERRORS = Counter(
    "wishkeep_rate_limit_errors",
    "Times that processes could not tell each other their counts, so that each was alone, or could not count at all.",
)
REQUESTS_TIMED_OUT = Counter(
    "wishkeep_requests_timed_out", "Requests given up: their body did not come, or their answer.", ("status",)
)
DELIVERIES = Counter(
    "wishkeep_deliveries", "What became of deliveries: sent, retried, dead or dropped.", ("channel", "outcome")
)
STREAMS = Gauge("wishkeep_streams", "Update streams that are open now.", multiprocess_mode="livesum")
STREAM_EVENTS = Counter("wishkeep_stream_events", "Events that update streams were told.")


# What has kept numbers in memory puts them into its metrics when it is called.
BEFORE_TELLING: list[Callable[[], None]] = []


class KeptCounter:
    """A counter's child that counts in memory: to write each by itself into the shared file costs a quick read more."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._kept = 0
        BEFORE_TELLING.append(self._write_down)

    def inc(self, amount: int) -> None:
        """Count so many more, which the metric says within two seconds."""
        self._kept += amount

    def _write_down(self) -> None:
        kept, self._kept = self._kept, 0
        if kept:
            self._counter.inc(kept)


def write_down() -> None:
    """Put what is kept in memory into the metrics."""
    for each in BEFORE_TELLING:
        each()


def exposition() -> bytes:
    """Every process's numbers in the text format of Prometheus (`CONTENT_TYPE`)."""
    write_down()
    if VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    for gauge in Path(os.environ[VARIABLE]).glob("gauge_live*.db"):
        # A process that was killed could not say goodbye, and what it was doing is not being done any more.
        pid = int(gauge.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            forget_process(pid)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_process(pid: int) -> None:
    """Drop the gauges of a process that is gone; its counters stay in the sums."""
    if VARIABLE in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
