"""A cheap HTTP/1.1 load generator: it shares the cores with what it measures, so it does very little."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from time import perf_counter
from typing import NamedTuple, cast

import psutil

HOST = "127.0.0.1"
GRACE_S = 15.0
_HEAD_END = b"\r\n\r\n"


class Slice(NamedTuple):
    """What one stretch of load gave: answers, how long each took, and what went wrong by kind."""

    answers: int
    seconds: float
    latencies_s: list[float]
    errors: Counter[str]

    @property
    def throughput(self) -> float:
        """Good answers per second."""
        return self.answers / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """The latency that so many percent of the answers did not exceed, in milliseconds."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


class Answer(NamedTuple):
    """One whole answer, for checks outside the measured stretches."""

    status: int
    head: bytes
    body: bytes


def request(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: bytes = b"",
    content_type: str = "application/json",
) -> bytes:
    """The bytes of a keep-alive request, ready to be sent as often as wanted."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if token is not None:
        lines.append(f"Authorization: Token {token}")
    if body:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + _HEAD_END + body


async def fetch(port: int, payload: bytes) -> Answer:
    """Sends one prebuilt request on a connection of its own and reads the whole answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(payload)
        head = await reader.readuntil(_HEAD_END)
        length = _content_length(head)
        return Answer(int(head[9:12]), head.lower(), await reader.readexactly(length))
    finally:
        writer.close()


class Load:
    """Keep-alive connections to one server, shared evenly among its worker processes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections: list[_Connection] = []

    async def open(self, connections: int, worker_pids: Collection[int]) -> None:
        """Connects until every worker has its share; what the kernel gives to one beyond it is dropped."""
        loop = asyncio.get_running_loop()
        share = -(-connections // max(len(worker_pids), 1))
        kept: Counter[int] = Counter()
        spare: list[_Connection] = []
        for _ in range(40):
            fresh = []
            for _ in range(connections):
                _, connection = await loop.create_connection(_Connection, HOST, self._port)
                fresh.append(connection)
            owners = await _owners(self._port, worker_pids, [c.local_port for c in fresh])
            for connection in fresh:
                owner = owners.get(connection.local_port)
                if owner is not None and kept[owner] < share and len(self._connections) < connections:
                    kept[owner] += 1
                    self._connections.append(connection)
                else:
                    spare.append(connection)
            if len(self._connections) == connections or not owners:
                break
        # Owners that can't be seen (another system, another user) leave the sharing to the kernel.
        while len(self._connections) < connections:
            self._connections.append(spare.pop())
        for connection in spare:
            connection.close()

    @property
    def broken(self) -> bool:
        """Whether the server has closed a connection since they were opened."""
        return any(connection.is_closed for connection in self._connections)

    def close(self) -> None:
        """Drops every connection."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def run(self, requests: Iterator[bytes], *, seconds: float, statuses: frozenset[int]) -> Slice:
        """Keeps every connection busy with `requests` for so many seconds, or until the requests end."""
        gc.disable()  # a collection here would show as the server's latency
        try:
            started_at = perf_counter()
            stretch = _Stretch(requests, started_at + seconds, statuses, len(self._connections))
            for connection in self._connections:
                connection.start(stretch)
            try:
                await asyncio.wait_for(stretch.done, seconds + GRACE_S)
            except TimeoutError:
                stretch.errors["no answer"] += stretch.busy
                for connection in self._connections:
                    connection.abandon()
            elapsed_s = perf_counter() - started_at
        finally:
            gc.enable()
        return Slice(len(stretch.latencies_s), elapsed_s, stretch.latencies_s, stretch.errors)


class _Stretch:
    """The state that the connections of one `Load.run` share."""

    __slots__ = ("busy", "deadline", "done", "errors", "latencies_s", "next_request", "statuses")

    def __init__(self, requests: Iterator[bytes], deadline: float, statuses: frozenset[int], busy: int) -> None:
        self.next_request: Callable[[], bytes | None] = lambda: next(requests, None)
        self.deadline = deadline
        self.statuses = frozenset(str(status).encode() for status in statuses)
        self.busy = busy
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies_s: list[float] = []
        self.errors: Counter[str] = Counter()

    def leave(self) -> None:
        """One connection has nothing more to do."""
        self.busy -= 1
        if self.busy == 0 and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request in flight."""

    __slots__ = (
        "_chunked",
        "_head",
        "_missing",
        "_sent_at",
        "_status",
        "_stretch",
        "_transport",
        "local_port",
    )

    def __init__(self) -> None:
        self._stretch: _Stretch | None = None
        self._head = b""
        self._missing = 0  # bytes of the body still to come
        self._chunked = False
        self._status = b""
        self._sent_at = 0.0
        self.local_port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour only
        self.local_port = transport.get_extra_info("sockname")[1]

    def start(self, stretch: _Stretch) -> None:
        self._stretch = stretch
        if self._transport.is_closing():
            stretch.errors["connection lost"] += 1
            stretch.leave()
        else:
            self._send(stretch, perf_counter())

    @property
    def is_closed(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def abandon(self) -> None:
        """Forget the request in flight: its answer must not be taken for the next one's."""
        self._stretch = None
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is not None:
            stretch.errors["connection lost"] += 1
            stretch.leave()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
            if self._missing <= 0:
                self._answered()
            return
        if self._chunked:
            if data.endswith(b"0\r\n\r\n"):
                self._chunked = False
                self._answered()
            return
        if self._head:
            data = self._head + data
        end = data.find(_HEAD_END)
        if end < 0:
            self._head = data
            return
        self._head = b""
        self._status = data[9:12]
        length = _content_length(data[:end])
        if length < 0:
            self._chunked = not data.endswith(b"0\r\n\r\n")
        else:
            self._missing = end + 4 + length - len(data)
        if self._missing <= 0 and not self._chunked:
            self._answered()

    def _answered(self) -> None:
        self._missing = 0
        stretch = self._stretch
        if stretch is None:  # an answer that came after its stretch was given up
            return
        now = perf_counter()
        if self._status in stretch.statuses:
            stretch.latencies_s.append(now - self._sent_at)
        else:
            stretch.errors[self._status.decode()] += 1
        self._send(stretch, now)

    def _send(self, stretch: _Stretch, now: float) -> None:
        payload = stretch.next_request() if now < stretch.deadline else None
        if payload is None:
            self._stretch = None
            stretch.leave()
            return
        self._sent_at = now
        self._transport.write(payload)


def _content_length(head: bytes) -> int:
    """The length that a head announces: 0 when none is needed, -1 when the body comes in chunks."""
    start = head.find(b"content-length: ")
    if start < 0:
        head = head.lower()
        start = head.find(b"content-length: ")
        if start < 0:
            return -1 if b"transfer-encoding: chunked" in head else 0
    end = head.find(b"\r", start)
    return int(head[start + 16 :] if end < 0 else head[start + 16 : end])


async def _owners(port: int, worker_pids: Collection[int], local_ports: list[int]) -> dict[int, int]:
    """Which worker process accepted the connection from each local port; empty where the system hides it."""
    wanted = set(local_ports)
    owners: dict[int, int] = {}
    for _ in range(20):
        for pid in worker_pids:
            try:
                held = psutil.Process(pid).net_connections(kind="tcp4")
            except psutil.Error:
                return {}
            owners.update(
                {c.raddr.port: pid for c in held if c.raddr and c.laddr.port == port and c.raddr.port in wanted}
            )
        if len(owners) == len(wanted):
            break
        await asyncio.sleep(0.01)  # accepted by the kernel, not yet by a worker
    return owners
