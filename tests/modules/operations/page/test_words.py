"""What figures mean in words."""

import msgspec
import pytest

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
from src.modules.operations.page import words

NONE = Percentiles()
QUEUE = QueueFigures("feed", False, 0, 0, None, 0, 1, 1.0, 1, 0, 0, 0, 0, NONE, NONE, [])
CHANNEL = ChannelFigures("email", 0, None, 0, 0, 0, 0)
WORKER = ProcessFigures("1", "worker", "1", "machine", 1, "2026-01-01T00:00:00Z", 1.0, 1)
WELL = Overview(
    "2026-01-01T00:00:00Z",
    queue_available=True,
    database_available=True,
    queues=[QUEUE],
    feed=FeedFigures(0.0, 0),
    deliveries=[CHANNEL],
    cache=CacheFigures(1.0, 1, 0, 0),
    requests=RequestFigures(10.0, 0.0, 0.0, NONE),
    processes=[WORKER],
    dead_letters=0,
)


def but(**changes: object) -> Overview:
    """All is well but for this."""
    return msgspec.structs.replace(WELL, **changes)


def queue(**changes: object) -> list[QueueFigures]:
    return [msgspec.structs.replace(QUEUE, **changes)]


def channel(**changes: object) -> list[ChannelFigures]:
    return [msgspec.structs.replace(CHANNEL, **changes)]


@pytest.mark.parametrize(
    ("overview", "level", "reason"),
    [
        (WELL, "ok", "none of them fails"),
        (but(database_available=False), "bad", "The database does not answer."),
        (but(requests=RequestFigures(None, None, None, NONE)), "unknown", "not to be had"),
        (but(requests=RequestFigures(0.0, 0.0, 0.0, NONE)), "ok", "Nobody has asked"),
        (but(requests=RequestFigures(100.0, 1.0, 0.0, NONE)), "warn", "1.0 % of all requests fail"),
        (but(requests=RequestFigures(100.0, 20.0, 0.0, NONE)), "bad", "20.0 % of all requests fail"),
        (
            but(requests=RequestFigures(10.0, 0.0, 0.0, Percentiles(1.0, 1500.0, 2000.0))),
            "warn",
            "takes 1.5 s or longer",
        ),
        (but(requests=RequestFigures(10.0, 0.0, 2.0, NONE)), "ok", "over a limit"),
    ],
    ids=["well", "no database", "unknown", "quiet", "some fail", "many fail", "slow", "limited"],
)
def test_whether_shoppers_are_served_is_said_in_words(overview: Overview, level: str, reason: str) -> None:
    verdict = words.served(overview)
    assert verdict.level == level
    assert any(reason in told for told in verdict.reasons)


@pytest.mark.parametrize(
    ("overview", "level", "reason"),
    [
        (WELL, "ok", "nothing is late"),
        (but(queue_available=False), "bad", "queue's server does not answer"),
        (but(processes=[]), "bad", "No worker is running."),
        (but(queues=queue(paused=True, depth=12)), "warn", "is paused, 12 jobs wait"),
        (but(queues=queue(oldest_age_s=90.0)), "warn", "has waited for 1 min 30 s"),
        (but(queues=queue(oldest_age_s=900.0)), "bad", "has waited for 15 min"),
        (but(feed=FeedFigures(700.0, 5)), "bad", "11 min 40 s behind"),
        (but(deliveries=channel(due=3, oldest_due_s=400.0)), "warn", "3 deliveries by email are due"),
        (but(deliveries=channel(dead=2)), "ok", "2 deliveries are dead"),
        (but(dead_letters=4), "ok", "4 dead letters"),
    ],
    ids=["well", "no queue", "no worker", "paused", "late", "very late", "lag", "due", "dead", "letters"],
)
def test_whether_shoppers_are_told_is_said_in_words(overview: Overview, level: str, reason: str) -> None:
    verdict = words.told(overview)
    assert verdict.level == level
    assert any(reason in told for told in verdict.reasons)


def test_the_worst_reason_decides_and_comes_first() -> None:
    verdict = words.told(but(dead_letters=1, queues=queue(paused=True), feed=FeedFigures(700.0, 5)))
    assert verdict.level == "bad"
    assert "behind" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, words.UNKNOWN),
        (0, "0 s"),
        (0.0042, "4.2 ms"),
        (9.94, "9.9 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(("number", "text"), [(1, "100 %"), (0.99999, "99.9 %"), (0, "0 %"), (0.5, "50.0 %")])
def test_a_share_is_whole_only_when_nothing_is_missing(number: float, text: str) -> None:
    assert words.share(number) == text
