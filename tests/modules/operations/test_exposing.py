"""The overview as gauges."""

from prometheus_client.parser import text_string_to_metric_families

from src.modules.operations.exposing import gauges
from src.modules.operations.figures import (
    CacheFigures,
    ChannelFigures,
    FeedFigures,
    Overview,
    Percentiles,
    ProcessFigures,
    QueueFigures,
    RequestFigures,
)

NOW = "2026-01-01T00:00:00Z"


def queue(name: str, depth: int | None, *, paused: bool | None = False) -> QueueFigures:
    hour = dict.fromkeys(("per_minute", "done", "retried", "failed", "dropped"))
    return QueueFigures(
        name=name,
        paused=paused,
        depth=depth,
        scheduled=0,
        oldest_age_s=None if depth is None else 1.5,
        in_flight=1,
        workers=2,
        dead_letters=None,
        run=Percentiles(),
        wait=Percentiles(),
        jobs=[],
        **hour,
    )


def process(kind: str, version: str, uptime_s: float, memory_bytes: int) -> ProcessFigures:
    return ProcessFigures(f"{kind}-{uptime_s}", kind, version, "host", 1, NOW, uptime_s, memory_bytes)


def told(overview: Overview) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(gauges(overview).decode())
        for sample in family.samples
    }


def overview(**parts: object) -> Overview:
    empty: dict[str, object] = {
        "queue_available": True,
        "database_available": True,
        "queues": [],
        "feed": FeedFigures(None, None),
        "deliveries": [],
        "cache": CacheFigures(None, None, None, None),
        "requests": RequestFigures(None, None, None, Percentiles()),
        "processes": [],
        "dead_letters": None,
    }
    return Overview(NOW, **{**empty, **parts})  # type: ignore[arg-type]


def test_figures_become_gauges_with_few_labels() -> None:
    shown = told(
        overview(
            queues=[queue("feed", 3), queue("upkeep", 0, paused=True)],
            feed=FeedFigures(2.5, 7),
            deliveries=[ChannelFigures("email", 4, 60.0, 1, 9, 0, 2)],
            processes=[process("api", "2", 10, 300), process("api", "2", 99, 100), process("worker", "1", 50, 200)],
        )
    )
    assert shown["wishkeep_queue_depth", ("feed",)] == 3
    assert shown["wishkeep_queue_paused", ("feed",)] == 0
    assert shown["wishkeep_queue_paused", ("upkeep",)] == 1
    assert shown["wishkeep_queue_oldest_age_seconds", ("feed",)] == 1.5
    assert shown["wishkeep_feed_lag_seconds", ()] == 2.5
    assert shown["wishkeep_deliveries_due", ("email",)] == 4
    assert shown["wishkeep_deliveries_dead", ("email",)] == 2
    assert shown["wishkeep_processes", ("api", "2")] == 2
    assert shown["wishkeep_process_memory_bytes", ("api",)] == 300
    assert shown["wishkeep_process_uptime_seconds", ("api",)] == 10


def test_what_is_not_known_is_left_out() -> None:
    shown = told(overview(queue_available=False, queues=[queue("feed", None, paused=None)]))
    assert shown["wishkeep_queue_available", ()] == 0
    names = {name for name, _ in shown}
    assert not names & {"wishkeep_queue_depth", "wishkeep_queue_paused", "wishkeep_feed_lag_seconds"}
    assert not names & {"wishkeep_queue_oldest_age_seconds", "wishkeep_dead_letters"}


def test_labels_cannot_break_out_of_their_quotes() -> None:
    shown = told(overview(processes=[process("api", 'x"} 1\nup 0', 1, 1)]))
    assert shown["wishkeep_processes", ("api", 'x"} 1\nup 0')] == 1
