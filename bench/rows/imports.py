"""The way in: rows by the hundred thousand through the integration API."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import median

import psycopg

from bench.measure import Bench, Row
from bench.memory import peak_bytes, reset_peak, resident_bytes
from bench.report import Result, Target
from bench.seed import PRICES, Seed, money, price_cents
from bench.uploads import Upload, raw_upsert, wrong_counts

_ONE_IN = 10  # so many prices stay as they are for each that changes, itself counted
_LIMIT_BYTES = 150_000_000
_UPSERT_TARGET = Target(0.5)
_MEMORY_TARGET = Target(1, "most")

_RAW_TABLE = """
drop table if exists bench.product_price;
create table bench.product_price (like product_price including all);
insert into bench.product_price overriding system value select * from product_price;
vacuum analyze bench.product_price
"""
_RAW_UPSERT = """
create temporary table incoming (
    product_id bigint, price_list_id bigint, currency_type text, price_type text,
    price numeric(18, 2), retail_price numeric(18, 2), tax_rate numeric(9, 2)
) on commit drop;
\\copy incoming from pstdin (format csv)
merge into bench.product_price as target
using incoming as source
on target.product_id = source.product_id and target.price_list_id = source.price_list_id
    and target.currency_type = source.currency_type and target.price_type = source.price_type
when matched and (target.price, target.retail_price, target.tax_rate)
    is distinct from (source.price, source.retail_price, source.tax_rate) then
    update set price = source.price, retail_price = source.retail_price, tax_rate = source.tax_rate,
        modified_date = now()
when not matched then
    insert (product_id, price_list_id, currency_type, price_type, price, retail_price, tax_rate)
    values (product_id, price_list_id, currency_type, price_type, price, retail_price, tax_rate)
"""


@dataclass(frozen=True)
class PriceUpsert:
    """Prices of which one in ten is new, against COPY and MERGE of the same rows in psql on a like table."""

    name: str = "price-upsert"
    target: Target | None = _UPSERT_TARGET

    async def measure(self, bench: Bench) -> Result:
        """psql, service, psql, service …, each on its own table; a tenth of the prices is new every time."""
        keys = list(islice(_price_keys(bench.seed), bench.seed.sizes.price_rows))
        cents = [price_cents(product, place) for product, place in keys]
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            for statement in _RAW_TABLE.split(";"):
                await connection.execute(statement.encode())
        raw_s, service_s, errors = [], [], {}
        for turn in range(bench.options.rounds):
            for place in range(turn % _ONE_IN, len(cents), _ONE_IN):
                cents[place] += 1
            changed = len(range(turn % _ONE_IN, len(cents), _ONE_IN))
            with tempfile.TemporaryDirectory(prefix="wk-bench-") as folder:
                raw = Upload(folder, "prices.csv", map(_csv_price, keys, cents))
                upload = Upload(folder, "prices.ndjson", map(_json_price, keys, cents))
                raw_s.append(await asyncio.to_thread(raw_upsert, bench.stores.database_url, _RAW_UPSERT, raw.path))
                took_s, answer, faults = await asyncio.to_thread(
                    upload.send, bench.service.port, "catalogs/product-prices", bench.seed.integration_token
                )
            service_s.append(took_s)
            errors.update(faults or wrong_counts(answer, updated=changed, unchanged=len(keys) - changed))
        return Result(
            name=self.name,
            throughput=0 if errors else len(keys) / median(service_s),
            ratio=0 if errors else median(raw / service for raw, service in zip(raw_s, service_s, strict=True)),
            floor="COPY and MERGE",
            floor_throughput=len(keys) / median(raw_s),
            errors=errors,
            note=f"{len(keys):,} rows in {median(service_s):.2f} s, psql {median(raw_s):.2f} s",
        )


@dataclass(frozen=True)
class ImportMemory:
    """New products in one body: how far a process of the service grows; the ratio is to the limit."""

    name: str = "product-import-memory"
    target: Target | None = _MEMORY_TARGET

    async def measure(self, bench: Bench) -> Result:
        """One import into a service that has served nothing yet."""
        rows = bench.seed.sizes.imported_products
        service = await bench.restart_service()
        await asyncio.sleep(1)
        pids = service.worker_pids()
        idle = {pid: resident_bytes(pid) for pid in pids}
        for pid in pids:
            reset_peak(pid)
        with tempfile.TemporaryDirectory(prefix="wk-bench-") as folder:
            upload = Upload(folder, "products.ndjson", map(_json_product, range(rows)))
            took_s, answer, errors = await asyncio.to_thread(
                upload.send, service.port, "products/products", bench.seed.integration_token
            )
        grown = max(peak_bytes(pid) - idle[pid] for pid in pids)
        errors = errors or wrong_counts(answer, created=rows)
        return Result(
            name=self.name,
            throughput=0 if errors else rows / took_s,
            ratio=grown / _LIMIT_BYTES,
            floor=f"{_LIMIT_BYTES // 1_000_000} MB",
            errors=errors,
            note=f"{rows:,} rows in {took_s:.1f} s: {max(idle.values()) / 1e6:.0f} MB + {grown / 1e6:.0f} MB",
        )


def _price_keys(seed: Seed) -> Iterator[tuple[int, int]]:
    for place in range(len(PRICES)):
        for product in range(1, seed.sizes.products + 1):
            yield product, place


def _csv_price(key: tuple[int, int], cents: int) -> str:
    product, place = key
    price_list, currency = PRICES[place]
    retail = money(price_cents(product, place) * 2)
    return f"{product},{price_list},{currency},default,{money(cents)},{retail},18.00\n"


def _json_price(key: tuple[int, int], cents: int) -> str:
    product, place = key
    price_list, currency = PRICES[place]
    return (
        f'{{"product": {product}, "price_list": {price_list}, "currency_type": "{currency}",'
        f' "price_type": "default", "price": "{money(cents)}",'
        f' "retail_price": "{money(price_cents(product, place) * 2)}", "tax_rate": "18.00"}}\n'
    )


def _json_product(n: int) -> str:
    return (
        f'{{"sku": "BULK{n:07d}", "base_code": "BULK{n // 4:07d}", "name": "Linen trousers no. {n}",'
        f' "product_type": "0", "is_active": true, "slug": "linen-trousers-{n}",'
        f' "attributes": {{"color": "{("red", "blue")[n % 2]}", "size": "{n % 30}", "material": "linen"}},'
        f' "attribute_set": 8, "translations": {{"en": {{"name": "Linen trousers no. {n}",'
        f' "description": "Trousers of washed linen with two pockets, made to last."}}}}}}\n'
    )


ROWS: list[Row] = [PriceUpsert(), ImportMemory()]
