"""What a run found: rows for machines, a table for people."""

from pathlib import Path
from typing import Literal

import msgspec


class Target(msgspec.Struct, frozen=True):
    """The ratio that a row is to reach or not to exceed."""

    ratio: float
    bound: Literal["least", "most"] = "least"

    def met_by(self, ratio: float) -> bool:
        """Whether a measured ratio is good enough."""
        return ratio >= self.ratio if self.bound == "least" else ratio <= self.ratio


class Result(msgspec.Struct, kw_only=True):
    """One measured row; `ratio` is against `floor`, the name of what was measured in turns with it."""

    name: str
    throughput: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio: float
    floor: str
    floor_throughput: float | None = None
    p50_ratio: float | None = None
    p99_ratio: float | None = None
    target: Target | None = None
    passed: bool | None = None
    errors: dict[str, int] = {}
    note: str = ""

    def judged(self, target: Target | None) -> "Result":
        """The same row compared with its target; a row with errors never passes."""
        passed = None if target is None else target.met_by(self.ratio) and not self.errors
        return msgspec.structs.replace(self, target=target, passed=passed)


def write_json(results: list[Result], path: Path) -> None:
    """Writes the rows as a JSON list."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def table(results: list[Result]) -> str:
    """The rows with their ratios and targets, in columns; (x) is the ratio to the floor."""
    lines: list[tuple[str, ...]] = [
        ("row", "floor", "per second", "(x)", "target", "", "p50 ms", "(x)", "p99 ms", "(x)", "note")
    ]
    lines += [_cells(result) for result in results]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    # Words to the left, numbers to the right.
    left = {0, 1, 5, 10}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(result: Result) -> tuple[str, ...]:
    target = result.target
    mark = {True: "✓", False: "✗ missed", None: ""}[result.passed]
    notes = [result.note] if result.note else []
    notes += [f"{count} x {error}" for error, count in result.errors.items()]
    return (
        result.name,
        result.floor,
        f"{result.throughput:,.0f}",
        f"{result.ratio:.2f}",
        "" if target is None else f"{'≥' if target.bound == 'least' else '≤'} {target.ratio:g}",
        "✗ errors" if result.errors else mark,
        _number(result.p50_ms),
        _number(result.p50_ratio),
        _number(result.p99_ms),
        _number(result.p99_ratio),
        "; ".join(notes),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
