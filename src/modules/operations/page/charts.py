"""Charts of the past as SVG that needs no script: pure geometry, which a template writes down."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from src.modules.operations.figures import History

# Units of the drawing; it is as wide as its place.
WIDTH, HEIGHT = 360, 132
LEFT, RIGHT, TOP, BOTTOM = 40, 6, 8, 18
STEPS = (1, 2, 2.5, 5, 10)
TICKS = 3
# What is smaller is nothing.
LEAST = 1e-6
# Rows of the table beside a chart: no more than somebody would read.
ROWS = 12


class Line(msgspec.Struct, frozen=True):
    """One series: its name, the places of its parts between gaps, and its points that stand alone."""

    name: str
    paths: list[str]
    dots: list[tuple[float, float]]
    last: float | None
    values: list[float | None]


class Tick(msgspec.Struct, frozen=True):
    """A label and where it stands."""

    at: float
    text: str


class Chart(msgspec.Struct, frozen=True):
    """A chart with everything that its picture and its table say."""

    key: str
    title: str
    unit: str
    about: str
    lines: list[Line]
    ticks: list[Tick]
    times: list[Tick]
    rows: list[tuple[str, list[float | None]]]
    is_empty: bool
    starts_at: str
    step_s: int


class Plot(msgspec.Struct, frozen=True):
    """What a chart shows: names of series by what they are called there, in a unit; `most` ends the axis."""

    key: str
    title: str
    unit: str
    series: Mapping[str, str]
    factor: float = 1
    most: float | None = None


def plots(queues: Sequence[str], channels: Sequence[str]) -> list[Plot]:
    """The charts of a service with these queues and channels."""
    return [
        Plot("requests", "Requests", "per second", {"requests_per_second": "all", "requests_failed": "failed"}),
        Plot("latency", "Time to answer, 95 %", "ms", {"requests_p95_ms": "requests"}),
        Plot("depth", "Jobs waiting", "jobs", {f"{name}.depth": name for name in queues}),
        Plot("wait", "Waiting time of jobs, 95 %", "ms", {f"{name}.wait_p95_ms": name for name in queues}),
        Plot("run", "Run time of jobs, 95 %", "ms", {f"{name}.run_p95_ms": name for name in queues}),
        Plot("done", "Jobs done", "in each step", {f"{name}.done": name for name in queues}),
        Plot("failed", "Jobs failed", "in each step", {f"{name}.failed": name for name in queues}),
        Plot("lag", "Feed lag", "seconds", {"feed_lag_s": "feed"}),
        Plot("sent", "Messages sent", "in each step", {f"{name}.sent": name for name in channels}),
        Plot("cache", "Cache hits", "%", {"cache_hit_rate": "cache"}, factor=100, most=100),
    ]


def draw(plot: Plot, history: History) -> Chart:
    """The chart of `plot` over the time of `history`."""
    series = {
        label: [None if value is None else value * plot.factor for value in history.series.get(name, ())]
        for name, label in plot.series.items()
    }
    length = max((len(values) for values in series.values()), default=0)
    known = [value for values in series.values() for value in values if value is not None]
    top, labels = _axis(max(known, default=0.0), plot.most)
    begin = datetime.fromisoformat(history.from_)
    lines = [_line(label, values, length, top) for label, values in series.items()]
    times = [begin + timedelta(seconds=history.step_s * step) for step in range(length)]
    return Chart(
        key=plot.key,
        title=plot.title,
        unit=plot.unit,
        about=_about(plot, lines),
        lines=lines,
        ticks=[Tick(_y(value, top), number(value)) for value in labels],
        times=_times(times),
        rows=_rows(times, [line.values for line in lines]),
        is_empty=not known,
        starts_at=history.from_,
        step_s=history.step_s,
    )


def number(value: float | None) -> str:
    """A number of an axis or a table, short."""
    if value is None:
        return "\N{EN DASH}"
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if abs(value) >= size:
            scale = 1000 if unit == "k" else size
            return f"{value / scale:.3g} {unit}"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _axis(largest: float, most: float | None) -> tuple[float, list[float]]:
    """Where the axis ends, and its labels: round numbers, of which the last is not below the largest value."""
    if most is not None:
        return most, [0, most / 2, most]
    if largest < LEAST:
        return 1, [0, 1]
    rough = largest / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in STEPS if size * power >= rough * (1 - 1e-9))
    steps = math.ceil(largest / step - 1e-9)
    return step * steps, [step * index for index in range(steps + 1)]


def _x(index: int, length: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (index / max(length - 1, 1)), 1)


def _y(value: float, top: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(value, top) / top), 1)


def _line(name: str, values: Sequence[float | None], length: int, top: float) -> Line:
    """The parts of a series: what is not known is a gap, never zero."""
    parts: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append((_x(index, length), _y(value, top)))
    paths = ["M" + "L".join(f"{x:g} {y:g}" for x, y in part) for part in parts if len(part) > 1]
    known = [value for value in values if value is not None]
    return Line(
        name=name,
        paths=paths,
        dots=[part[0] for part in parts if len(part) == 1],
        last=known[-1] if known else None,
        values=[None if value is None else round(value, 3) for value in values],
    )


def _times(times: Sequence[datetime]) -> list[Tick]:
    """Labels at the beginning, the end and between, each on a step."""
    if len(times) < 2:
        return []
    wanted = sorted({round(part * (len(times) - 1) / 4) for part in range(5)})
    return [Tick(_x(index, len(times)), times[index].strftime("%H:%M")) for index in wanted]


def _rows(times: Sequence[datetime], columns: Sequence[Sequence[float | None]]) -> list[tuple[str, list[float | None]]]:
    """The table: the mean of what is known in each of some equal parts of the time."""
    each = max(1, math.ceil(len(times) / ROWS))
    return [
        (times[start].strftime("%H:%M"), [_mean(values[start : start + each]) for values in columns])
        for start in range(0, len(times), each)
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _about(plot: Plot, lines: Sequence[Line]) -> str:
    """What somebody who can't see the picture should know of it."""
    told = []
    for line in lines:
        known = [value for value in line.values if value is not None]
        if known:
            told.append(f"{line.name}: now {number(known[-1])}, highest {number(max(known))}")
    return f"{plot.unit}; {'; '.join(told)}." if told else "Nothing is known of this time."
