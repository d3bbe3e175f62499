"""The way in for rows that only the warehouse shows: order items as a shop's order system pushes them."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec
import psycopg

from bench.measure import Bench, Row
from bench.report import Result, Target
from bench.seed import money
from bench.uploads import Upload, raw_upsert, wrong_counts

_ROWS = 200_000
_ITEM: dict[str, Any] = {
    "status": "100",
    "price_currency": "try",
    "shipping_company": None,
    "modified_date": "2024-08-18T20:33:01.224584Z",
    "attributes": {},
    "attributes_kwargs": {},
    "localized_attributes": {},
    "localized_attributes_kwargs": {},
    "tax_rate": "8.00",
    "invoice_date": None,
    "e_archive_url": None,
    "defined_tracking_url": None,
    "retail_price": "1000.00",
    "image": None,
    "estimated_delivery_date": None,
    "shipping_tracking_url": None,
    "parent": None,
    "extra_product_price": None,
    "extra_product_stock": None,
    "datasource": None,
    "shipping_option_group": None,
}
_VARYING = ("id", "price", "order", "product", "created_date", "invoice_number", "tracking_number", "extra_field")
_TOLD = (*_VARYING, *_ITEM)
_COLUMNS = ", ".join(f'"{name}"' for name in _TOLD)
_RAW_TABLE = """
drop table if exists bench.order_item;
create table bench.order_item (like orders_orderitem including all)
"""
_RAW_UPSERT = f"""
create temporary table incoming on commit drop as select {_COLUMNS} from bench.order_item limit 0;
\\copy incoming ({_COLUMNS}) from pstdin (format csv)
merge into bench.order_item as target using incoming as source on target.id = source.id
when matched and ({", ".join(f'target."{name}"' for name in _TOLD)})
    is distinct from ({", ".join(f'source."{name}"' for name in _TOLD)}) then
    update set {", ".join(f'"{name}" = source."{name}"' for name in _TOLD)}
when not matched then insert ({_COLUMNS}) values ({_COLUMNS})
"""


@dataclass(frozen=True)
class OrderItems:
    """New order items in one body, against COPY and MERGE of the same rows in psql on a like table."""

    name: str = "order-items"
    target: Target | None = field(default_factory=lambda: Target(0.5))

    async def measure(self, bench: Bench) -> Result:
        """psql, service, psql, service …, each on its own table; every row is new every time."""
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            for statement in _RAW_TABLE.split(";"):
                await connection.execute(statement.encode())
        raw_s, service_s, errors = [], [], {}
        for turn in range(bench.options.rounds):
            numbers = range(turn * _ROWS + 1, (turn + 1) * _ROWS + 1)
            with tempfile.TemporaryDirectory(prefix="wk-bench-") as folder:
                raw = Upload(folder, "items.csv", map(_csv_item, numbers))
                upload = Upload(folder, "items.ndjson", map(_json_item, numbers))
                raw_s.append(await asyncio.to_thread(raw_upsert, bench.stores.database_url, _RAW_UPSERT, raw.path))
                took_s, answer, faults = await asyncio.to_thread(
                    upload.send, bench.service.port, "orders/order-items", bench.seed.integration_token
                )
            service_s.append(took_s)
            errors.update(faults or wrong_counts(answer, created=_ROWS))
        return Result(
            name=self.name,
            throughput=0 if errors else _ROWS / median(service_s),
            ratio=0 if errors else median(raw / service for raw, service in zip(raw_s, service_s, strict=True)),
            floor="COPY and MERGE",
            floor_throughput=_ROWS / median(raw_s),
            errors=errors,
            note=f"{_ROWS:,} rows in {median(service_s):.2f} s, psql {median(raw_s):.2f} s",
        )


def _varying(number: int) -> tuple[Any, ...]:
    return (
        number,
        money(500 + number * 7919 % 90_000),
        number // 3,
        1 + number % 997,
        f"2024-08-{1 + number % 28:02d}T16:{number % 60:02d}:20.{number % 1_000_000:06d}Z",
        f"INV{number:09d}",
        f"TR{number:012d}" if number % 2 else None,
        {"price_extra_field": {"campaign": number % 50}, "stock_extra_field": {}},
    )


def _json_item(number: int) -> str:
    row = dict(zip(_VARYING, _varying(number), strict=True)) | _ITEM
    return msgspec.json.encode(row).decode() + "\n"


def _csv_item(number: int) -> str:
    return ",".join(map(_csv, _varying(number))) + _CSV_REST


def _csv(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return '"' + text.replace('"', '""') + '"'


_CSV_REST = "".join("," + _csv(value) for value in _ITEM.values()) + "\n"

ROWS: list[Row] = [OrderItems()]
