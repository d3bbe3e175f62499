"""Measuring in turns: floor, row, floor, row … in short slices, so that a busy machine hits both."""

import gc
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice, pairwise
from statistics import median
from typing import Literal, Protocol

from bench import floors
from bench.load import Answer, Load, Slice, fetch
from bench.report import Result, Target
from bench.seed import Seed
from bench.server import FLOORS, SERVICE, Server, Stores

Requests = Callable[[Seed], Iterator[bytes]]
OK = frozenset({200})
_WARM_UP_SLICES = 5


@dataclass(frozen=True)
class Options:
    """How long and how hard to measure."""

    # Many short slices follow the moods of a shared machine better than few long ones.
    seconds: float = 1.0
    rounds: int = 9
    connections: int = 32
    workers: int = 2


class Row(Protocol):
    """Something to measure, and what the figure is to be."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in the table."""

    @property
    def target(self) -> Target | None:
        """The ratio to reach, if one is set."""

    async def measure(self, bench: "Bench") -> Result:
        """Measures in turns with the floor."""


@dataclass(frozen=True)
class Floor:
    """Something that rows are compared with, on the floor server or on the service itself."""

    name: str
    requests: Requests
    server: str = FLOORS


READ_FLOOR = Floor("read floor", lambda seed: floors.read_requests(seed.randomness("read floor")))
WRITE_FLOOR = Floor("write floor", lambda seed: floors.write_requests(seed.randomness("write floor")))


@dataclass(frozen=True)
class Rate:
    """Requests of one kind, as many as go through; the ratio is of throughputs or of median latencies."""

    name: str
    floor: Floor
    requests: Requests
    target: Target | None = None
    compared: Literal["throughput", "latency"] = "throughput"
    statuses: frozenset[int] = OK
    has_etag: bool = True
    check: Callable[[bytes], bool] = lambda body: True
    warm_up: int = 2_000  # requests at most before the first slice: caches, plans and pools as after an hour

    async def measure(self, bench: "Bench") -> Result:
        """Floor, row, floor, row …, floor: each slice of the row against the floors on both sides of it."""
        requests = self.requests(bench.seed)
        errors = await self._sample(bench, next(requests))
        errors += (await bench.warm_up(SERVICE, islice(requests, self.warm_up), self.statuses)).errors
        floor_requests = self.floor.requests(bench.seed)
        await bench.warm_up(self.floor.server, islice(floor_requests, self.warm_up), OK)

        async def floor_slice() -> Slice:
            return await bench.slice(self.floor.server, floor_requests, OK)

        floor_slices, row_slices = [await floor_slice()], []
        for _ in range(bench.options.rounds):
            row_slices.append(await self.slice(bench, requests))
            floor_slices.append(await floor_slice())
        for measured in (*row_slices, *floor_slices):
            errors += measured.errors
        if not all(measured.answers for measured in (*row_slices, *floor_slices)):
            errors["no answers"] += 1
            return Result(name=self.name, throughput=0, ratio=0, floor=self.floor.name, errors=dict(errors))

        def against(value: Callable[[Slice], float]) -> float:
            around = [(value(before) + value(after)) / 2 for before, after in pairwise(floor_slices)]
            return median(value(row) / floor for row, floor in zip(row_slices, around, strict=True))

        throughput_ratio, p50_ratio = against(lambda s: s.throughput), against(lambda s: s.percentile_ms(50))
        return Result(
            name=self.name,
            throughput=median(s.throughput for s in row_slices),
            p50_ms=median(s.percentile_ms(50) for s in row_slices),
            p99_ms=median(s.percentile_ms(99) for s in row_slices),
            ratio=throughput_ratio if self.compared == "throughput" else p50_ratio,
            floor=self.floor.name,
            floor_throughput=median(s.throughput for s in floor_slices),
            p50_ratio=p50_ratio,
            p99_ratio=against(lambda s: s.percentile_ms(99)),
            errors=dict(errors),
        )

    async def slice(self, bench: "Bench", requests: Iterator[bytes]) -> Slice:
        """One measured stretch of the row."""
        return await bench.slice(SERVICE, requests, self.statuses)

    async def _sample(self, bench: "Bench", payload: bytes) -> Counter[str]:
        """Looks at one whole answer: a fast wrong answer is no figure."""
        answer = await bench.fetch(payload)
        faults: Counter[str] = Counter()
        if answer.status not in self.statuses:
            faults[f"{answer.status} {answer.body[:200].decode(errors='replace')}"] += 1
        elif self.has_etag and b"\r\netag: " not in answer.head:
            faults["no ETag"] += 1
        elif not self.check(answer.body):
            faults[f"unexpected answer {answer.body[:200].decode(errors='replace')}"] += 1
        return faults


@dataclass
class Bench:
    """A run under way: the seeded stores, the servers and the connections to them."""

    stores: Stores
    seed: Seed
    options: Options
    _servers: dict[str, Server] = field(default_factory=dict)
    _loads: dict[str, Load] = field(default_factory=dict)

    async def __aenter__(self) -> "Bench":
        await floors.prepare(self.stores.database_url, self.stores.redis_url)
        gc.freeze()  # the seed is large and stays
        try:
            await self._start(FLOORS)
            await self._start(SERVICE)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        for load in self._loads.values():
            load.close()
        for server in self._servers.values():
            await server.stop()

    async def restart_service(self) -> Server:
        """A service that has served nothing yet."""
        self._loads.pop(SERVICE).close()
        await self._servers.pop(SERVICE).stop()
        return await self._start(SERVICE)

    @asynccontextmanager
    async def beside(self, target: str) -> AsyncIterator[Server]:
        """One more server, for as long as the block measures it."""
        server = await self._start(target)
        try:
            yield server
        finally:
            self._loads.pop(target).close()
            await self._servers.pop(target).stop()

    @property
    def service(self) -> Server:
        """The service under measurement."""
        return self._servers[SERVICE]

    async def fetch(self, payload: bytes) -> Answer:
        """One whole answer of the service."""
        return await fetch(self.service.port, payload)

    async def warm_up(self, server: str, requests: Iterator[bytes], statuses: frozenset[int]) -> Slice:
        """A stretch that is not measured and ends with the requests, or when it takes far too long."""
        return await self._stretch(server, requests, statuses, self.options.seconds * _WARM_UP_SLICES)

    async def slice(
        self, server: str, requests: Iterator[bytes], statuses: frozenset[int], *, share: float = 1.0
    ) -> Slice:
        """One measured stretch of load on a server of ours, or a share of one."""
        return await self._stretch(server, requests, statuses, self.options.seconds * share)

    async def _stretch(self, server: str, requests: Iterator[bytes], statuses: frozenset[int], seconds: float) -> Slice:
        load = self._loads[server]
        if load.broken:
            load.close()
            await load.open(self.options.connections, self._servers[server].worker_pids())
        return await load.run(requests, seconds=seconds, statuses=statuses)

    async def measure(self, row: Row) -> Result:
        """Measures a row and compares it with its target; one that breaks leaves the others their turn."""
        print(f"measuring {row.name} …", file=sys.stderr, flush=True)
        try:
            result = await row.measure(self)
        except Exception as error:
            traceback.print_exc()
            result = Result(name=row.name, throughput=0, ratio=0, floor="", errors={repr(error): 1})
        return result.judged(row.target)

    async def _start(self, target: str) -> Server:
        server = Server(target, self.stores, self.options.workers)
        self._servers[target] = server
        await server.start()
        self._loads[target] = load = Load(server.port)
        await load.open(self.options.connections, server.worker_pids())
        return server
