"""From the acknowledgement of a price to those who are to know of it: the next read of the feed, and the mail."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

import msgspec
import psycopg

from bench.load import HOST, request
from bench.measure import Bench, Row
from bench.report import Result, Target
from bench.seed import money, token

_TRIALS = 10_000
_LANES = 4
_CONNECTIONS = 16
_MAILS = 100
_PAUSE_S = 0.25  # between mails: the system is idle, and the moment of a poll is not always the same
_LIMIT_S = 2.0
_PATIENCE_S = 20.0
_START_S = 30.0
_FIRST_PRICE = 9_000_000
_PRICES = "/api/v1/integration/catalogs/product-prices"
_UPDATES = "/storefront/favorites/updates"
_HEAD_END = b"\r\n\r\n"
_FEED_TARGET = Target(1)
_MAIL_TARGET = Target(1, "most")
_PREPARE = """
INSERT INTO product (uuid, sku, name) VALUES (gen_random_uuid(), '{sku}', 'Lamp') ON CONFLICT DO NOTHING;
INSERT INTO product_state (product_id) SELECT id FROM product WHERE sku = '{sku}' ON CONFLICT DO NOTHING;
INSERT INTO product_price (product_id, price) SELECT id, {price} FROM product WHERE sku = '{sku}'
ON CONFLICT (product_id, price_list_id, currency_type, price_type) DO UPDATE SET price = excluded.price;
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product WHERE sku = '{sku}'
ON CONFLICT DO NOTHING;
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
SELECT {user}, id, {price}, 'try', true FROM product WHERE sku = '{sku}' ON CONFLICT DO NOTHING;
UPDATE users SET email_allowed = true WHERE id = {user};
INSERT INTO favourite_summary (user_id, total) VALUES ({user}, 1)
ON CONFLICT (user_id) DO UPDATE SET version = favourite_summary.version + 1;
INSERT INTO setting (name, value) VALUES ('MESSAGES_PER_DAY', '0') ON CONFLICT (name) DO UPDATE SET value = '0'
"""


@dataclass
class _Product:
    """A product that one shopper wants, whose price falls a cent at a time."""

    sku: str
    user: int
    feeder: str
    price: int = _FIRST_PRICE

    async def prepare(self, bench: Bench) -> None:
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            for statement in _PREPARE.format(sku=self.sku, user=self.user, price=money(self.price)).split(";"):
                await connection.execute(statement.encode())

    def lower(self) -> bytes:
        self.price -= 1
        row = msgspec.json.encode([{"product": self.sku, "price": money(self.price)}])
        return request("POST", _PRICES, token=self.feeder, body=row)

    def look(self) -> bytes:
        return request("GET", _UPDATES, token=token(self.user))


class _Line:
    """A keep-alive connection that one asks at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def ask(self, payload: bytes) -> bytes:
        """The body of the answer; raises RuntimeError for one that is no success."""
        async with self._turn:
            self._writer.write(payload)
            head = (await self._reader.readuntil(_HEAD_END)).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
            body = await self._reader.readexactly(length)
        if head[9:12] != b"200":
            raise RuntimeError(f"{head[9:12]!r} {body!r}")
        return body

    def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True)
class FeedLag:
    """A price is acknowledged by some process, and the shopper looks by another: the ratio is how often it is there."""

    name: str = "lag-feed"
    target: Target | None = _FEED_TARGET

    async def measure(self, bench: Bench) -> Result:
        """Trial after trial in a few lanes, each with a product and a shopper of its own."""
        trials = min(_TRIALS, bench.seed.sizes.favourites // 40)
        lines = [_Line(*await asyncio.open_connection(HOST, bench.service.port)) for _ in range(_CONNECTIONS)]
        left = iter(range(trials))
        lags: list[float] = []
        missed: Counter[str] = Counter()

        async def lane(number: int) -> None:
            randomness = Random(number)  # noqa: S311
            product = _Product(f"BENCH-LAG-{number}", number + 1, bench.seed.integration_token)
            await product.prepare(bench)
            for _ in left:
                await randomness.choice(lines).ask(product.lower())
                acknowledged = perf_counter()
                body = await randomness.choice(lines).ask(product.look())
                lags.append(perf_counter() - acknowledged)
                if f'"new_price":{money(product.price)},'.encode() not in body:
                    missed["not in the next answer"] += 1

        began = perf_counter()
        await asyncio.gather(*(lane(number) for number in range(_LANES)))
        took_s = perf_counter() - began
        for line in lines:
            line.close()
        lags.sort()
        return Result(
            name=self.name,
            throughput=trials / took_s,
            p50_ms=lags[len(lags) // 2] * 1000,
            p99_ms=lags[len(lags) * 99 // 100] * 1000,
            ratio=1 - missed.total() / trials,
            floor="always",
            errors=dict(missed),
            note=f"{trials:,} trials, {bench.options.workers} processes",
        )


@dataclass
class _Mailbox:
    """A mail server that only notes when it accepted something."""

    accepted: asyncio.Queue[float] = field(default_factory=asyncio.Queue)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"220 mailbox ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.accepted.put_nowait(perf_counter())
            writer.write(b"250-mailbox\r\n250 8BITMIME\r\n" if verb == b"EHLO" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()


@asynccontextmanager
async def _worker(bench: Bench, smtp_port: int) -> AsyncIterator[None]:
    """A worker process that mails there."""
    mailing = {"SMTP_URL": f"smtp://{HOST}:{smtp_port}", "PUBLIC_URL": "https://shop.bench.example"}
    environment = {**bench.stores.environment(), **mailing, "LOG_LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "-m", "src.cli", "worker"], env=environment)  # noqa: ASYNC220
    try:
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


@dataclass(frozen=True)
class MailLag:
    """A price is acknowledged on an idle system, and a mail server accepts the mail about it."""

    name: str = "lag-mail"
    target: Target | None = _MAIL_TARGET
    mails: int = _MAILS

    async def measure(self, bench: Bench) -> Result:
        """One price at a time; the first one waits until the worker is there and does not count."""
        mailbox = _Mailbox()
        product = _Product("BENCH-LAG-MAIL", _LANES + 1, bench.seed.integration_token)
        await product.prepare(bench)
        line = _Line(*await asyncio.open_connection(HOST, bench.service.port))
        lags = []
        randomness = Random(0)  # noqa: S311
        async with (
            await asyncio.start_server(mailbox.talk, HOST, 0) as smtp,
            _worker(bench, smtp.sockets[0].getsockname()[1]),
        ):
            for turn in range(self.mails + 1):
                await line.ask(product.lower())
                acknowledged = perf_counter()
                at = await asyncio.wait_for(mailbox.accepted.get(), _PATIENCE_S if turn else _START_S)
                lags += [at - acknowledged] * bool(turn)
                await asyncio.sleep(_PAUSE_S + randomness.random() * _PAUSE_S)
        line.close()
        lags.sort()
        p99_s = lags[len(lags) * 99 // 100]
        return Result(
            name=self.name,
            throughput=len(lags) / sum(lags),
            p50_ms=lags[len(lags) // 2] * 1000,
            p99_ms=p99_s * 1000,
            ratio=p99_s / _LIMIT_S,
            floor=f"{_LIMIT_S:g} s, p99",
            errors={} if mailbox.accepted.empty() else {"more mails than changes": mailbox.accepted.qsize()},
            note=f"{len(lags)} mails",
        )


ROWS: list[Row] = [FeedLag(), MailLag()]
