"""What everything that the service tells about itself costs a request that does very little."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import msgspec
import psutil

from bench.measure import Bench, Floor, Rate, Row
from bench.report import Result, Target
from bench.rows.baskets import is_whole, looks
from bench.server import SERVICE, SILENT, Server


@dataclass(frozen=True)
class Told(Rate):
    """A rate against the same service that tells nothing; the note has the processor's time for each request."""

    async def measure(self, bench: Bench) -> Result:
        """Both services in turns, first their throughput, then their time, which a busy machine sways less."""
        async with bench.beside(SILENT) as silent:
            result = await super().measure(bench)
            requests = self.requests(bench.seed)
            told, untold = [], []
            for _ in range(bench.options.rounds):
                told.append(await self._cost_us(bench, SERVICE, bench.service, requests))
                untold.append(await self._cost_us(bench, SILENT, silent, requests))
        more = median(told_us / untold_us - 1 for told_us, untold_us in zip(told, untold, strict=True))
        note = f"{median(told):.0f} µs of processor per request, {median(untold):.0f} without telemetry: {more:+.1%}"
        return msgspec.structs.replace(result, note=note)

    async def _cost_us(self, bench: Bench, name: str, server: Server, requests: Iterator[bytes]) -> float:
        before = _processor_s(server)
        measured = await bench.slice(name, requests, self.statuses)
        return (_processor_s(server) - before) / measured.answers * 1e6


def _processor_s(server: Server) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in server.worker_pids()]
    return sum(each.user + each.system for each in times)


ROWS: list[Row] = [
    Told("telemetry-cost", Floor("no telemetry", looks, SILENT), looks, Target(0.95), check=is_whole),
]
