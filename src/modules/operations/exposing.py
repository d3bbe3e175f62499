"""The figures of the overview as gauges of Prometheus, worked out when it asks.

They are of the whole service, so every API process tells the same ones: take the largest, never the sum. What is not
known is left out rather than told as zero.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from src.modules.operations.figures import Overview, ProcessFigures
from src.modules.operations.overview import Overviews

log = structlog.get_logger(__name__)

# Prometheus waits for ten seconds unless it is told otherwise.
PATIENCE_S = 5.0
# By the field of the figures.
QUEUE_GAUGES = {
    "depth": ("wishkeep_queue_depth", "Jobs that are due and not begun."),
    "scheduled": ("wishkeep_queue_scheduled", "Jobs that are due later."),
    "oldest_age_s": ("wishkeep_queue_oldest_age_seconds", "How long the first of the jobs that are due has been due."),
    "in_flight": ("wishkeep_queue_in_flight", "Jobs that run now, on all workers."),
    "paused": ("wishkeep_queue_paused", "1 while the queue is paused."),
    "workers": ("wishkeep_queue_workers", "Workers that work the queue off."),
    "dead_letters": ("wishkeep_dead_letters", "Dead letters that wait for somebody to decide."),
}
CHANNEL_GAUGES = {
    "due": ("wishkeep_deliveries_due", "Deliveries whose time has come."),
    "oldest_due_s": (
        "wishkeep_deliveries_oldest_due_seconds",
        "How long the first of the due deliveries has been due.",
    ),
    "sending": ("wishkeep_deliveries_sending", "Deliveries that a worker has claimed."),
    "dead": ("wishkeep_deliveries_dead", "Deliveries that were given up and can be replayed."),
}


async def current_gauges(overviews: Overviews) -> bytes:
    """The gauges of this moment; none when it takes too long to work them out, so that the counters are told."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return gauges(await overviews.now())
    except Exception as error:
        log.warning("metrics.no_overview", error=repr(error))
        return b""


def gauges(overview: Overview) -> bytes:
    """What `overview` knows, in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Overview(overview))
    return generate_latest(registry)


class _Overview(Collector):
    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def collect(self) -> Iterator[Metric]:
        """Every gauge that has a value."""
        shown = self._overview
        yield _plain("wishkeep_queue_available", "1 while the queue's server answers.", shown.queue_available)
        yield _plain("wishkeep_database_available", "1 while PostgreSQL answers.", shown.database_available)
        yield from _labelled(QUEUE_GAUGES, "queue", [(queue.name, queue) for queue in shown.queues])
        yield from _labelled(CHANNEL_GAUGES, "channel", [(each.channel, each) for each in shown.deliveries])
        if shown.feed.lag_s is not None:
            yield _plain(
                "wishkeep_feed_lag_seconds", "The age of the first change that no pass has seen.", shown.feed.lag_s
            )
        if shown.feed.waiting_changes is not None:
            yield _plain("wishkeep_feed_waiting_changes", "Changes that no pass has seen.", shown.feed.waiting_changes)
        yield from _processes(shown.processes)


def _plain(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _labelled(told: dict[str, tuple[str, str]], label: str, rows: Iterable[tuple[str, object]]) -> Iterator[Metric]:
    rows = list(rows)
    for field, (name, help_text) in told.items():
        family = GaugeMetricFamily(name, help_text, labels=[label])
        for row_name, row in rows:
            value = getattr(row, field)
            if value is not None:
                family.add_metric([row_name], value)
        yield family


def _processes(processes: Iterable[ProcessFigures]) -> Iterator[Metric]:
    processes = list(processes)
    there = GaugeMetricFamily("wishkeep_processes", "Processes that are there.", labels=["kind", "version"])
    for (kind, version), count in sorted(Counter((each.kind, each.version) for each in processes).items()):
        there.add_metric([kind, version], count)
    yield there
    # Each process by itself would be a new series at each start; who is largest and who is youngest says enough.
    memory = GaugeMetricFamily("wishkeep_process_memory_bytes", "Memory of the largest process.", labels=["kind"])
    youngest = GaugeMetricFamily("wishkeep_process_uptime_seconds", "Age of the youngest process.", labels=["kind"])
    for kind in sorted({each.kind for each in processes}):
        alike = [each for each in processes if each.kind == kind]
        memory.add_metric([kind], max(each.memory_bytes for each in alike))
        youngest.add_metric([kind], min(each.uptime_s for each in alike))
    yield memory
    yield youngest
