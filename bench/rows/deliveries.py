"""From a changed price to what is to be sent: a delivery for everybody who wants the product and consented."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import psycopg

from bench.measure import Bench, Row
from bench.report import Result, Target
from src.modules.notifications import make_deliveries
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from src.platform.settings import load_settings

_RECIPIENTS = 100_000
_MOST_ROUNDS = 5
_FIRST_PRICE = 10_000
_TARGET = Target(0.5)

# People and a product of their own, so that no other row sees them. Some have preferences, some wishes.
_PREPARE = """
CREATE TEMPORARY TABLE recipient AS
WITH made AS (
    INSERT INTO users (email, email_allowed)
    SELECT 'recipient' || n || '@bench.example', true FROM generate_series(1, {recipients}) AS n
    RETURNING id
) SELECT id FROM made;
INSERT INTO product (uuid, sku, name) VALUES (gen_random_uuid(), 'BENCH-TOLD', 'Told to everybody');
INSERT INTO product_state (product_id) SELECT id FROM product WHERE sku = 'BENCH-TOLD';
INSERT INTO product_price (product_id, price) SELECT id, {price} FROM product WHERE sku = 'BENCH-TOLD';
INSERT INTO product_stock (product_id, stock, in_stock) SELECT id, 5, true FROM product WHERE sku = 'BENCH-TOLD';
INSERT INTO favourite (user_id, product_id, baseline_price, baseline_currency, baseline_available)
SELECT recipient.id, product.id, {price}, 'try', true FROM recipient, product WHERE sku = 'BENCH-TOLD';
INSERT INTO notification_preference (user_id, least_drop) SELECT id, 0.01 FROM recipient WHERE id % 3 = 0;
INSERT INTO favourite_alert (user_id, favourite_id, kinds)
SELECT favourite.user_id, favourite.id, '{{price_drop}}' FROM favourite JOIN recipient ON recipient.id = user_id
WHERE favourite.id % 10 = 0;
VACUUM ANALYZE users; VACUUM ANALYZE favourite; VACUUM ANALYZE notification_preference;
VACUUM ANALYZE favourite_alert;
CREATE SCHEMA IF NOT EXISTS bench
"""
_LOWER = """
WITH lowered AS (
    UPDATE product_price SET price = price - 1 WHERE product_id = (SELECT id FROM product WHERE sku = 'BENCH-TOLD')
    RETURNING product_id, price
)
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT product_id, 'price', 1, 'try', price + 1, price FROM lowered
"""
_KEEP = "DROP TABLE IF EXISTS bench.made; CREATE TABLE bench.made AS SELECT * FROM delivery; TRUNCATE delivery"
_COLUMNS = "channel, user_id, webhook_endpoint_id, kind, product_id, favourite_id, dedupe_key, payload, occurred_at"
_RAW = f"INSERT INTO delivery ({_COLUMNS}) SELECT {_COLUMNS} FROM bench.made"
_COUNT = "SELECT count(*) FROM delivery"


@dataclass(frozen=True)
class DeliveryRows:
    """Deliveries as a pass makes them, against INSERT … SELECT of the very same rows into the same table."""

    name: str = "delivery-rows"
    target: Target | None = _TARGET
    recipients: int = _RECIPIENTS

    async def measure(self, bench: Bench) -> Result:
        """Pass, raw, pass, raw …; both without their commit, which the feed's rows of the pass share."""
        database = Database(load_settings({"DATABASE_URL": bench.stores.database_url, "REDIS_URL": "redis://unused"}))
        await database.open()
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            try:
                return await self._measure(bench, database, connection)
            finally:
                await connection.execute("TRUNCATE delivery")
                await database.close()

    async def _measure(self, bench: Bench, database: Database, connection: Connection) -> Result:
        for statement in _PREPARE.format(recipients=self.recipients, price=_FIRST_PRICE).split(";"):
            await connection.execute(statement.encode())
        made_s, raw_s, errors = [], [], {}
        for _ in range(min(bench.options.rounds, _MOST_ROUNDS)):
            await connection.execute("TRUNCATE delivery")
            await connection.execute(_LOWER)
            watch = _Watch()
            await advance(database, watch.also)
            for statement in _KEEP.split(";"):
                await connection.execute(statement.encode())
            made_s.append(watch.seconds)
            if watch.made != self.recipients:
                errors[f"expected {self.recipients} deliveries, got {watch.made}"] = 1
            async with connection.transaction():
                raw_s.append(await _seconds(lambda: connection.execute(_RAW)))
        return Result(
            name=self.name,
            throughput=self.recipients / median(made_s),
            ratio=median(raw / made for raw, made in zip(raw_s, made_s, strict=True)),
            floor="raw INSERT … SELECT",
            floor_throughput=self.recipients / median(raw_s),
            errors=errors,
            note=f"{self.recipients:,} rows in {median(made_s):.2f} s, raw {median(raw_s):.2f} s",
        )


class _Watch:
    """How long making deliveries took, over all chunks of a pass."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.made = 0

    async def also(self, connection: Connection, chunk: Chunk) -> None:
        """What the pass calls for each chunk."""
        began = perf_counter()
        self.made += await make_deliveries(connection, chunk)
        self.seconds += perf_counter() - began


async def _seconds(action: Callable[[], Awaitable[object]]) -> float:
    began = perf_counter()
    await action()
    return perf_counter() - began


ROWS: list[Row] = [DeliveryRows()]
