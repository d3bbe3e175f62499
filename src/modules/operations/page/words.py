"""Numbers in words: how a count, a duration or a share is written, and what the figures mean for shoppers."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from src.modules.operations.figures import Overview

Level: TypeAlias = Literal["ok", "warn", "bad", "unknown"]
UNKNOWN = "\N{EN DASH}"
MINUTE, HOUR, DAY = 60, 3600, 86400
# From when on a delay is worth a look, and from when on it is an incident.
LAG_S = (60, 600)
JOB_AGE_S = (60, 600)
DELIVERY_AGE_S = (300, 1800)
FAILED_SHARE = (0.001, 0.02)
SLOW_MS = 1000
WORST_FIRST: tuple[Level, ...] = ("bad", "warn", "unknown", "ok")


class Verdict(msgspec.Struct, frozen=True):
    """How something is, in a sentence, with the reasons."""

    level: Level
    headline: str
    reasons: list[str]


def count(number: float | None) -> str:
    """A whole number with its thousands apart."""
    return UNKNOWN if number is None else f"{round(number):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def rate(number: float | None) -> str:
    """A rate to three digits: 0.02, 1.5, 340."""
    if number is None:
        return UNKNOWN
    if number >= 100 or number == 0:
        return count(number)
    return f"{number:.1f}" if number >= 1 else f"{number:.2f}"


def share(number: float | None) -> str:
    """A share of one as percent, which is 100 only when nothing is missing."""
    if number is None:
        return UNKNOWN
    percent = number * 100
    return f"{percent:.0f} %" if percent in (0, 100) else f"{min(percent, 99.9):.1f} %"


def duration(seconds: float | None) -> str:
    """A duration in its two largest units at most."""
    if seconds is None:
        return UNKNOWN
    if seconds == 0:
        return "0 s"
    if seconds < 1:
        return milliseconds(seconds * 1000)
    if seconds < MINUTE:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, part_unit in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {part_unit}" if rest else f"{whole // size} {unit}"
    return UNKNOWN


def milliseconds(number: float | None) -> str:
    """A duration that was measured in milliseconds."""
    if number is None:
        return UNKNOWN
    if number >= 1000:
        return duration(number / 1000)
    return f"{number:.0f} ms" if number >= 10 or number == 0 else f"{number:.1f} ms"


def size(number: int | None) -> str:
    """A size of memory."""
    if number is None:
        return UNKNOWN
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"


def clock(time: str | datetime | None) -> str:
    """A time of today's or another day, in UTC, to the second."""
    if time is None:
        return UNKNOWN
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def served(overview: Overview) -> Verdict:
    """Whether shoppers get answers."""
    if not overview.database_available:
        return Verdict("bad", "Shoppers are not being served", ["The database does not answer."])
    requests = overview.requests
    asked, failed = requests.per_second, requests.failed_per_second
    if asked is None or failed is None:
        return Verdict("unknown", "Shoppers can be served", ["The figures of requests are not to be had right now."])
    found: list[tuple[Level, str]] = []
    lost = failed / asked if asked else 0.0
    if lost > FAILED_SHARE[0]:
        level: Level = "bad" if lost >= FAILED_SHARE[1] else "warn"
        found.append((level, f"{share(lost)} of all requests fail ({rate(failed)} per second)."))
    slow = requests.duration.p95_ms
    if slow is not None and slow > SLOW_MS:
        found.append(("warn", f"One request in twenty takes {milliseconds(slow)} or longer."))
    if requests.limited_per_second:
        found.append(("ok", f"{rate(requests.limited_per_second)} requests per second are over a limit."))
    if not asked:
        found.append(("ok", "Nobody has asked for anything in the last five minutes."))
    elif not lost:
        found.append(("ok", f"{rate(asked)} requests per second, none of them fails."))
    return _verdict(
        found,
        {
            "ok": "Shoppers are being served",
            "warn": "Shoppers are being served, not all of them well",
            "bad": "Many shoppers are not being served",
        },
    )


def told(overview: Overview) -> Verdict:
    """Whether shoppers hear of what changed."""
    if not overview.queue_available:
        reasons = ["The queue's server does not answer. Whatever is due stays in the database and is sent later."]
        return Verdict("bad", "Shoppers are not being told", reasons)
    found: list[tuple[Level, str]] = []
    if not any(process.kind == "worker" for process in overview.processes):
        found.append(("bad", "No worker is running."))
    for queue in overview.queues:
        if queue.paused:
            waits = f", {count(queue.depth)} jobs wait" if queue.depth else ""
            found.append(("warn", f"The queue {queue.name} is paused{waits}."))
        elif level := _late(queue.oldest_age_s, JOB_AGE_S):
            found.append(
                (level, f"The oldest job of the queue {queue.name} has waited for {duration(queue.oldest_age_s)}.")
            )
    if level := _late(overview.feed.lag_s, LAG_S):
        found.append((level, f"The feed is {duration(overview.feed.lag_s)} behind the catalogue."))
    for channel in overview.deliveries:
        if level := _late(channel.oldest_due_s, DELIVERY_AGE_S):
            since = duration(channel.oldest_due_s)
            found.append(
                (level, f"{count(channel.due)} deliveries by {channel.channel} are due, the first for {since}.")
            )
    dead = sum(channel.dead or 0 for channel in overview.deliveries)
    if dead:
        found.append(("ok", f"{count(dead)} deliveries are dead and can be replayed."))
    if overview.dead_letters:
        found.append(("ok", f"{count(overview.dead_letters)} dead letters wait for a decision."))
    if not found:
        found.append(("ok", "The feed is up to date and nothing is late."))
    return _verdict(
        found, {"ok": "Shoppers are being told", "warn": "Shoppers are told late", "bad": "Shoppers are not being told"}
    )


def _late(age_s: float | None, limits: tuple[int, int]) -> Level | None:
    if age_s is None or age_s < limits[0]:
        return None
    return "bad" if age_s >= limits[1] else "warn"


def _verdict(found: list[tuple[Level, str]], headlines: dict[str, str]) -> Verdict:
    """The worst decides; its reasons come first."""
    ordered = sorted(found, key=lambda reason: WORST_FIRST.index(reason[0]))
    level = ordered[0][0]
    return Verdict(level, headlines[level], [reason for _, reason in ordered])
