"""From a changed price to the feed of everybody who wants the product, and what others notice of it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import psycopg

from bench.load import HOST, request
from bench.measure import Bench, Row
from bench.memory import peak_bytes
from bench.report import Result, Target
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from src.platform.settings import load_settings

_FAVOURITES = 1_000_000
_MOST_ROUNDS = 3
_FIRST_PRICE = 10_000
_ROWS_TARGET = Target(0.6)
_BESIDE_TARGET = Target(3, "most")
_MEMORY_LIMIT_BYTES = 300_000_000
_READERS = 4
_READ_EVERY_S = 0.02  # each of them: together 200 requests a second
_IDLE_S = 10.0
_START_S = 30.0
_MOST_S = 300.0
_PATH = "/storefront/favorites/count"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

# People and a product of their own, so that no other row sees them; one in ten buys at the club's prices.
_PREPARE = """
CREATE TEMPORARY TABLE follower AS
WITH made AS (
    INSERT INTO users (email, segment_id)
    SELECT 'follower' || n || '@bench.example', CASE WHEN n % 10 = 0 THEN 1 END
    FROM generate_series(1, {favourites}) AS n RETURNING id
) SELECT id FROM made;
INSERT INTO product (uuid, sku, name) VALUES (gen_random_uuid(), 'BENCH-WANTED', 'Wanted by everybody');
INSERT INTO product_state (product_id) SELECT id FROM product WHERE sku = 'BENCH-WANTED';
INSERT INTO product_price (product_id, price) SELECT id, {price} FROM product WHERE sku = 'BENCH-WANTED';
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product WHERE sku = 'BENCH-WANTED';
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
SELECT follower.id, product.id, {price}, 'try', true FROM follower, product WHERE sku = 'BENCH-WANTED';
DROP TABLE follower;
VACUUM ANALYZE users; VACUUM ANALYZE favourite;
CREATE SCHEMA IF NOT EXISTS bench
"""
_IS_PREPARED = "SELECT EXISTS (SELECT FROM product WHERE sku = 'BENCH-WANTED')"
_LOWER = """
WITH lowered AS (
    UPDATE product_price SET price = price - 1 WHERE product_id = (SELECT id FROM product WHERE sku = 'BENCH-WANTED')
    RETURNING product_id, price
)
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT product_id, 'price', 1, 'try', price + 1, price FROM lowered
"""
_KEEP = """
DROP TABLE IF EXISTS bench.written; CREATE TABLE bench.written AS SELECT * FROM favourite_update;
VACUUM ANALYZE bench.written
"""
_RAW = "INSERT INTO favourite_update SELECT * FROM bench.written"
_EMPTY = "TRUNCATE favourite_update; CHECKPOINT"
_WRITTEN = """
SELECT count(*) FROM favourite_update
WHERE product_id = (SELECT id FROM product WHERE sku = 'BENCH-WANTED') AND price_changed_at IS NOT NULL
"""
_IS_DONE = """
SELECT pass_until IS NULL AND NOT EXISTS (SELECT FROM catalogue_change WHERE NOT pg_visible_in_snapshot(xid, done))
FROM update_progress
"""
_NEXT_PRICE = "SELECT price - 1 FROM product_price JOIN product ON product.id = product_id WHERE sku = 'BENCH-WANTED'"


@dataclass(frozen=True)
class FanOutRows:
    """A pass over one change of a product that many want, against INSERT … SELECT of the very same rows."""

    name: str = "fan-out-rows"
    target: Target | None = _ROWS_TARGET
    favourites: int = _FAVOURITES

    async def measure(self, bench: Bench) -> Result:
        """Pass, raw, pass, raw …; each begins with an empty table and ends with its commits."""
        database = Database(load_settings({"DATABASE_URL": bench.stores.database_url, "REDIS_URL": "redis://unused"}))
        await database.open()
        try:
            async with _prepared(bench, self.favourites) as connection:
                return await self._measure(bench, database, connection)
        finally:
            await database.close()

    async def _measure(self, bench: Bench, database: Database, connection: Connection) -> Result:
        pass_s, raw_s, errors = [], [], {}
        await advance(database, _nothing_else)
        for _ in range(min(bench.options.rounds, _MOST_ROUNDS)):
            await _run(connection, _EMPTY)
            await connection.execute(_LOWER)
            began = perf_counter()
            finished = await advance(database, _nothing_else, budget_s=_MOST_S)
            pass_s.append(perf_counter() - began)
            written = await _scalar(connection, _WRITTEN)
            if not finished or written != self.favourites:
                errors[f"expected {self.favourites} rows, got {written}"] = 1
            await _run(connection, _KEEP)
            await _run(connection, _EMPTY)
            began = perf_counter()
            await connection.execute(_RAW)
            raw_s.append(perf_counter() - began)
        return Result(
            name=self.name,
            throughput=self.favourites / median(pass_s),
            ratio=median(raw / ours for raw, ours in zip(raw_s, pass_s, strict=True)),
            floor="raw INSERT … SELECT",
            floor_throughput=self.favourites / median(raw_s),
            errors=errors,
            note=f"{self.favourites:,} rows in {median(pass_s):.1f} s, raw {median(raw_s):.1f} s",
        )


@dataclass(frozen=True)
class FanOutBeside:
    """How slow answers become while a worker passes on such a change: the ratio is that of the 99th percentiles."""

    name: str = "fan-out-beside"
    target: Target | None = _BESIDE_TARGET
    favourites: int = _FAVOURITES

    async def measure(self, bench: Bench) -> Result:
        """The same readers, first beside a worker that idles, then beside one at work; its memory counts, too."""
        async with _prepared(bench, self.favourites) as connection, _worker(bench) as worker:
            await _run(connection, _EMPTY)
            readers = [request("GET", _PATH, token=reader.token) for reader in bench.seed.readers[:_READERS]]
            await _read(bench.service.port, readers, asyncio.sleep(_IDLE_S / 5))
            idle = await _read(bench.service.port, readers, asyncio.sleep(_IDLE_S))
            began = perf_counter()
            busy = await _read(bench.service.port, readers, self._pass_on(bench, connection))
            took_s = perf_counter() - began
            written = await _scalar(connection, _WRITTEN)
            peak = peak_bytes(worker)
        errors = {} if peak < _MEMORY_LIMIT_BYTES else {f"the worker took {peak / 1e6:.0f} MB": 1}
        if written != self.favourites:
            errors[f"expected {self.favourites} rows, got {written}"] = 1
        return Result(
            name=self.name,
            throughput=len(busy) / took_s,
            p50_ms=median(busy) * 1000,
            p99_ms=_p99(busy) * 1000,
            ratio=_p99(busy) / _p99(idle),
            floor="beside an idle worker",
            floor_throughput=len(idle) / _IDLE_S,
            p50_ratio=median(busy) / median(idle),
            errors=errors,
            note=f"{self.favourites:,} rows in {took_s:.1f} s, idle p99 {_p99(idle) * 1000:.1f} ms, "
            f"worker {peak / 1e6:.0f} MB",
        )

    async def _pass_on(self, bench: Bench, connection: Connection) -> None:
        price = await _scalar(connection, _NEXT_PRICE)
        lower = request(
            "POST",
            "/api/v1/integration/catalogs/product-prices",
            token=bench.seed.integration_token,
            body=b'[{"product": "BENCH-WANTED", "price": "%s"}]' % str(price).encode(),
        )
        answer = await bench.fetch(lower)
        if answer.status != 200:
            raise RuntimeError(answer.body[:300])
        for _ in range(int(_MOST_S)):
            await asyncio.sleep(1)
            if await _scalar(connection, _IS_DONE):
                return


async def _nothing_else(_: Connection, __: Chunk) -> None:
    pass


@asynccontextmanager
async def _prepared(bench: Bench, favourites: int) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
        if not await _scalar(connection, _IS_PREPARED):
            await _run(connection, _PREPARE.format(favourites=favourites, price=_FIRST_PRICE))
        yield connection


async def _run(connection: Connection, script: str) -> None:
    for statement in script.split(";"):
        await connection.execute(statement.encode())


async def _scalar(connection: Connection, statement: str, *values: object) -> object:
    row = await (await connection.execute(statement.encode(), values)).fetchone()
    return row[0] if row else None


@asynccontextmanager
async def _worker(bench: Bench) -> AsyncIterator[int]:
    """A worker process as in production, which has begun to look for jobs; its process id."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "src.cli", "worker"),
        env=dict(bench.stores.environment()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout
    assert output is not None  # noqa: S101
    try:
        async with asyncio.timeout(_START_S):
            while b"worker.polling" not in (line := await output.readline()):
                if not line:
                    raise RuntimeError("the worker did not start")
        reading = asyncio.create_task(output.read())  # or it would wait for whoever reads its log
        yield process.pid
        process.terminate()
        await reading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read(port: int, readers: list[bytes], meanwhile: Coroutine[Any, Any, None]) -> list[float]:
    """How long answers took, in seconds, that readers at an easy pace got while something else went on."""
    going_on = asyncio.create_task(meanwhile)
    latencies = [_read_on(port, reader, going_on) for reader in readers]
    found = [each for reader in await asyncio.gather(*latencies) for each in reader]
    await going_on
    return found


async def _read_on(port: int, payload: bytes, meanwhile: asyncio.Task[None]) -> list[float]:
    """How long one reader's answers took."""
    reader, writer = await asyncio.open_connection(HOST, port)
    latencies = []
    try:
        while not meanwhile.done():
            sent_at = perf_counter()
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if b" 200 " not in head[:15] or length is None:
                raise RuntimeError(head)
            await reader.readexactly(int(length[1]))
            latencies.append(perf_counter() - sent_at)
            await asyncio.sleep(_READ_EVERY_S)
    finally:
        writer.close()
    return latencies


def _p99(latencies: list[float]) -> float:
    return sorted(latencies)[len(latencies) * 99 // 100]


ROWS: list[Row] = [FanOutRows(), FanOutBeside()]
