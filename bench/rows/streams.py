"""Many open update streams on one API process: what each costs, and how soon all of them tell a change."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal, cast

import msgspec
import psycopg

from bench.load import HOST, fetch, request
from bench.measure import Bench, Row
from bench.memory import resident_bytes
from bench.report import Result, Target
from bench.seed import money, token
from bench.server import SERVICE, Server

_STREAMS = 2_000
_FIRST = 100  # of them are there before memory is looked at: whatever is made once has been made
_AT_ONCE = 50
_CHANGES = 5
_LIMIT_BYTES = 30 * 1024
_LIMIT_S = 1.0
_PATIENCE_S = 20.0
_TARGET = Target(1, "most")
_PRICES = "/api/v1/integration/catalogs/product-prices"
_STREAM = "/storefront/favorites/updates/stream"
_FIRST_PRICE = 50_000
_PREPARE = """
DELETE FROM favourite WHERE product_id = (SELECT id FROM product WHERE sku = 'BENCH-STREAMED');
INSERT INTO product (uuid, sku, name) VALUES (gen_random_uuid(), 'BENCH-STREAMED', 'Lamp') ON CONFLICT DO NOTHING;
INSERT INTO product_state (product_id) SELECT id FROM product WHERE sku = 'BENCH-STREAMED' ON CONFLICT DO NOTHING;
INSERT INTO product_price (product_id, price) SELECT id, {price} FROM product WHERE sku = 'BENCH-STREAMED'
ON CONFLICT (product_id, price_list_id, currency_type, price_type) DO UPDATE SET price = excluded.price;
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product WHERE sku = 'BENCH-STREAMED'
ON CONFLICT DO NOTHING;
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
SELECT users.id, product.id, {price}, 'try', true FROM users, product
WHERE users.id <= {streams} AND sku = 'BENCH-STREAMED';
ANALYZE favourite
"""


class _Reader(asyncio.Protocol):
    """A follower that only notes when something came."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._payload)

    def data_received(self, data: bytes) -> None:
        if b"event: price_changed" in data and not self.told.done():
            self.told.set_result(perf_counter())
        elif b"id: " in data and not self.begun.done():
            self.begun.set_result(None)

    def await_next(self) -> None:
        self.told = asyncio.get_running_loop().create_future()


@dataclass
class _Streams:
    """An API process of its own, whose followers all want the same product."""

    server: Server
    feeder: str
    pid: int = 0
    readers: list[_Reader] = field(default_factory=list)
    price: int = _FIRST_PRICE

    async def open(self, count: int) -> None:
        """Open so many more."""
        loop = asyncio.get_running_loop()
        while count > 0:
            begin = len(self.readers) + 1
            batch = []
            for user in range(begin, begin + min(count, _AT_ONCE)):
                payload = request("GET", _STREAM, token=token(user))
                _, reader = await loop.create_connection(lambda p=payload: _Reader(p), HOST, self.server.port)  # type: ignore[misc]
                batch.append(reader)
            await asyncio.wait_for(asyncio.gather(*(reader.begun for reader in batch)), _PATIENCE_S)
            self.readers += batch
            count -= len(batch)

    async def change(self) -> list[float]:
        """Change the price; how many seconds after the acknowledgement each follower was told."""
        for reader in self.readers:
            reader.await_next()
        self.price -= 1
        row = msgspec.json.encode([{"product": "BENCH-STREAMED", "price": money(self.price)}])
        answer = await fetch(self.server.port, request("POST", _PRICES, token=self.feeder, body=row))
        acknowledged = perf_counter()
        if answer.status != 200 or b'"updated":1' not in answer.body:
            raise RuntimeError(answer.body)
        told = await asyncio.wait_for(asyncio.gather(*(reader.told for reader in self.readers)), _PATIENCE_S)
        return [at - acknowledged for at in told]


@asynccontextmanager
async def _streams(bench: Bench, count: int) -> AsyncIterator[_Streams]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
        for statement in _PREPARE.format(price=money(_FIRST_PRICE), streams=count).split(";"):
            await connection.execute(statement.encode())
    server = Server(SERVICE, bench.stores, 1)
    await server.start()
    streams = _Streams(server, bench.seed.integration_token)
    try:
        [streams.pid] = server.worker_pids()
        yield streams
    finally:
        for reader in streams.readers:
            reader.transport.abort()
        await server.stop()


@dataclass(frozen=True)
class Streams:
    """One more stream against the memory it may take, or the slowest of them against the time it may take."""

    measured: Literal["memory", "lag"]
    target: Target | None = _TARGET

    @property
    def name(self) -> str:
        """What it is called."""
        return f"streams-{self.measured}"

    async def measure(self, bench: Bench) -> Result:
        """Opens all, looks at the process, and changes the price a few times."""
        count = min(_STREAMS, bench.seed.sizes.shoppers)
        first = min(_FIRST, count // 2)
        async with _streams(bench, count) as streams:
            await streams.open(first)
            await streams.change()
            before = resident_bytes(streams.pid)
            began = perf_counter()
            await streams.open(count - first)
            opened_s = perf_counter() - began
            each = (resident_bytes(streams.pid) - before) / (count - first)
            lags = sorted([lag for _ in range(_CHANGES) for lag in await streams.change()])
            told = (resident_bytes(streams.pid) - before) / (count - first)
        if self.measured == "memory":
            return Result(
                name=self.name,
                throughput=(count - first) / opened_s,
                # What it costs to have told something stays, so that is the figure.
                ratio=max(each, told) / _LIMIT_BYTES,
                floor=f"{_LIMIT_BYTES / 1024:.0f} KB a stream",
                note=f"{count:,} streams of {each / 1024:.1f} KB, {told / 1024:.1f} KB when told {_CHANGES} times",
            )
        return Result(
            name=self.name,
            throughput=len(lags) / sum(lags),
            p50_ms=lags[len(lags) // 2] * 1000,
            p99_ms=lags[len(lags) * 99 // 100] * 1000,
            ratio=lags[-1] / _LIMIT_S,
            floor=f"{_LIMIT_S:g} s to the last",
            note=f"{count:,} streams, {_CHANGES} changes, the last of all after {lags[-1]:.2f} s",
        )


ROWS: list[Row] = [Streams("memory"), Streams("lag")]
