"""From deliveries that are due to mails that a server has accepted: one worker, everything it does for each."""

import asyncio
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import aiosmtplib
import psycopg

from bench.load import HOST
from bench.measure import Bench, Row
from bench.report import Result, Target
from src.modules.notifications import Channels, deliver, make_deliveries
from src.modules.notifications.mail.sender import CONNECTIONS
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from src.platform.settings import load_settings

_MAILS = 3_000
_MOST_ROUNDS = 5
_START_S = 20.0
_FIRST_PRICE = 10_000
_TARGET = Target(0.5)
_PREPARE = """
INSERT INTO users (email, first_name, email_allowed, language_code)
SELECT 'reader' || n || '@bench.example', 'Reader', true, (ARRAY['en', 'tr', 'ar', 'ku'])[1 + n % 4]
FROM generate_series(1, {mails}) AS n;
INSERT INTO product (uuid, sku, name, slug) VALUES (gen_random_uuid(), 'BENCH-MAILED', 'Arc reading lamp', 'arc-lamp');
INSERT INTO product_state (product_id) SELECT id FROM product WHERE sku = 'BENCH-MAILED';
INSERT INTO product_price (product_id, price) SELECT id, {price} FROM product WHERE sku = 'BENCH-MAILED';
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product WHERE sku = 'BENCH-MAILED';
INSERT INTO product_image (product_id, image, "order") SELECT id, 'https://images.bench.example/lamp.jpg', 0
FROM product WHERE sku = 'BENCH-MAILED';
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
SELECT users.id, product.id, {price}, 'try', true FROM users, product
WHERE email LIKE 'reader%@bench.example' AND sku = 'BENCH-MAILED';
INSERT INTO setting (name, value) VALUES ('MESSAGES_PER_DAY', '0') ON CONFLICT (name) DO UPDATE SET value = '0';
VACUUM ANALYZE users; VACUUM ANALYZE favourite
"""
_LOWER = """
WITH lowered AS (
    UPDATE product_price SET price = price - 1 WHERE product_id = (SELECT id FROM product WHERE sku = 'BENCH-MAILED')
    RETURNING product_id, price
)
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT product_id, 'price', 1, 'try', price + 1, price FROM lowered
"""
_SENT = "SELECT count(*) FROM delivery WHERE channel = 'email' AND status = 'sent'"


@dataclass(frozen=True)
class Mails:
    """Due deliveries claimed, judged, rendered, sent and recorded, against a loop that only sends the same mail."""

    name: str = "mails"
    target: Target | None = _TARGET
    mails: int = _MAILS

    async def measure(self, bench: Bench) -> Result:
        """Worker, loop, worker, loop …, each over as many connections to the same server."""
        with tempfile.TemporaryDirectory(prefix="wk-bench-") as folder:
            first = Path(folder) / "first"
            async with _sink(first) as port:
                settings = load_settings(
                    {
                        "DATABASE_URL": bench.stores.database_url,
                        "REDIS_URL": "redis://unused",
                        "SMTP_URL": f"smtp://{HOST}:{port}",
                        "PUBLIC_URL": "https://shop.bench.example",
                    }
                )
                database = Database(settings)
                await database.open()
                try:
                    async with (
                        await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection,
                        Channels(settings, database) as channels,
                    ):
                        rounds = min(bench.options.rounds, _MOST_ROUNDS)
                        return await self._measure(database, connection, channels, port, first, rounds)
                finally:
                    await database.close()

    async def _measure(
        self, database: Database, connection: Connection, channels: Channels, port: int, first: Path, rounds: int
    ) -> Result:
        send = channels.send("email")
        assert send is not None  # noqa: S101
        for statement in _PREPARE.format(mails=self.mails, price=_FIRST_PRICE).split(";"):
            await connection.execute(statement.encode())
        worker_s, bare_s, errors, mail = [], [], {}, b""
        for _ in range(rounds):
            await connection.execute("TRUNCATE delivery")
            await connection.execute(_LOWER)
            await advance(database, _make)
            began = perf_counter()
            while await deliver(database, "email", send):
                pass
            worker_s.append(perf_counter() - began)
            row = await (await connection.execute(_SENT)).fetchone()
            if row is None or row[0] != self.mails:
                errors[f"expected {self.mails} mails, sent {row and row[0]}"] = 1
            mail = await asyncio.to_thread(first.read_bytes)
            bare_s.append(await _bare_s(port, mail, self.mails))
        await connection.execute("TRUNCATE delivery")
        return Result(
            name=self.name,
            throughput=self.mails / median(worker_s),
            ratio=median(bare / worker for bare, worker in zip(bare_s, worker_s, strict=True)),
            floor=f"aiosmtplib, {CONNECTIONS} connections",
            floor_throughput=self.mails / median(bare_s),
            errors=errors,
            note=f"{self.mails:,} mails of {len(mail) / 1000:.0f} kB in {median(worker_s):.2f} s",
        )


async def _make(connection: Connection, chunk: Chunk) -> None:
    await make_deliveries(connection, chunk)


async def _bare_s(port: int, content: bytes, mails: int) -> float:
    left = iter(range(mails))

    async def loop() -> None:
        async with aiosmtplib.SMTP(hostname=HOST, port=port) as client:
            for _ in left:
                await client.sendmail("shop@bench.example", ["reader@bench.example"], content)

    began = perf_counter()
    await asyncio.gather(*(loop() for _ in range(CONNECTIONS)))
    return perf_counter() - began


@asynccontextmanager
async def _sink(first: Path) -> AsyncIterator[int]:
    """A mail server in a process of its own, so that its work is not counted as ours."""
    with socket.create_server((HOST, 0)) as trial:
        port: int = trial.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "bench.smtp_sink", str(port), str(first)])  # noqa: ASYNC220
    try:
        deadline = perf_counter() + _START_S
        while perf_counter() < deadline:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield port
    finally:
        process.kill()
        process.wait()


ROWS: list[Row] = [Mails()]
