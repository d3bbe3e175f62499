"""What everything that the service tells about itself costs a request that does very little."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from statistics import mean, median, quantiles

import psutil

from bench.load import Slice
from bench.measure import OK, Bench, Row
from bench.report import Result, Target
from bench.rows.baskets import is_whole, looks
from bench.seed import Seed
from bench.server import SWITCHED, TOLD, UNTOLD, Server

TARGET = Target(0.95)
_WARM_UP = 3_000
# What is to be seen is smaller than how much slices differ: a round is many turns, each very short.
_TURNS, _SHARE = 20, 0.1


@dataclass(frozen=True)
class _Turn:
    """Four slices: told, untold, untold, told, so that a machine whose mood changes steadily favours neither."""

    told: list[tuple[Slice, float]]
    untold: list[tuple[Slice, float]]

    @property
    def throughput_ratio(self) -> float:
        return _throughput(self.told) / _throughput(self.untold)

    @property
    def processor_us(self) -> tuple[float, float]:
        """The processor's time for each request, told and untold."""
        return mean(us for _, us in self.told), mean(us for _, us in self.untold)


@dataclass(frozen=True)
class Telling:
    """Looks at baskets that are told of against looks that are not, by the same processes in turns."""

    name: str = "telemetry-cost"
    target: Target | None = TARGET

    async def measure(self, bench: Bench) -> Result:
        """The ratio of throughputs; the note has its standard error and the processor's time for each request."""
        told, untold = _requests(bench.seed, TOLD), _requests(bench.seed, UNTOLD)
        errors: Counter[str] = Counter()
        if not is_whole((await bench.fetch(next(told))).body):
            errors["unexpected answer"] += 1
        async with bench.beside(SWITCHED) as server:
            for requests in (told, untold):
                errors += (await bench.warm_up(SWITCHED, islice(requests, _WARM_UP), OK)).errors
            turns = [await _turn(bench, server, told, untold) for _ in range(bench.options.rounds * _TURNS)]
        slices = [each for turn in turns for each, _ in turn.told]
        for measured in (*slices, *(each for turn in turns for each, _ in turn.untold)):
            errors += measured.errors
        ratios = [turn.throughput_ratio for turn in turns]
        times = [turn.processor_us for turn in turns]
        # Of the median, as far as the middle half of the turns tells it.
        lower, _, upper = quantiles(ratios, n=4)
        error = 0.93 * (upper - lower) / sqrt(len(ratios))
        all_us, more_us = median(us for us, _ in times), median(us - less_us for us, less_us in times)
        return Result(
            name=self.name,
            throughput=median(each.throughput for each in slices),
            p50_ms=median(each.percentile_ms(50) for each in slices),
            p99_ms=median(each.percentile_ms(99) for each in slices),
            ratio=median(ratios),
            floor="nothing told",
            floor_throughput=median(_throughput(turn.untold) for turn in turns),
            errors=dict(errors),
            note=f"±{error:.3f}; {all_us:.0f} µs of processor per request, {more_us:.1f} of them for telling",
        )


def _requests(seed: Seed, header: bytes) -> Iterator[bytes]:
    return (request.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n") for request in looks(seed))


async def _turn(bench: Bench, server: Server, told: Iterator[bytes], untold: Iterator[bytes]) -> _Turn:
    first, second, third, fourth = [await _slice(bench, server, each) for each in (told, untold, untold, told)]
    return _Turn([first, fourth], [second, third])


async def _slice(bench: Bench, server: Server, requests: Iterator[bytes]) -> tuple[Slice, float]:
    while True:
        before_s = _processor_s(server)
        measured = await bench.slice(SWITCHED, requests, OK, share=_SHARE)
        # It is so short that a machine which stood still may have answered nothing in it: that tells nothing.
        if measured.answers or measured.errors:
            return measured, (_processor_s(server) - before_s) / measured.answers * 1e6


def _processor_s(server: Server) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in server.worker_pids()]
    return sum(each.user + each.system for each in times)


def _throughput(measured: list[tuple[Slice, float]]) -> float:
    return mean(each.throughput for each, _ in measured)


ROWS: list[Row] = [Telling()]
