"""Pages of the warehouse: the first against a handler that fetches the same JSON, deep ones against the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import msgspec
import psycopg

from bench.load import request
from bench.measure import Bench, Floor, Rate, Row
from bench.report import Result, Target
from bench.seed import Seed
from bench.server import SERVICE

DEEP = 5_000
LIMIT = 100
BASKET_ITEMS = 1_000_000
_PATH = "/api/v1/data-warehouse/"
_PAGE_TARGET = Target(0.3)
_FOLLOWED_TARGET = Target(1.2, "most")
_NUMBERED_TARGET = Target(20, "most")
# Lines of a guest's basket that nobody visits: only the warehouse shows them.
_FILL = """
with basket as (insert into basket default values returning id),
missing as (select greatest(%s - count(*), 0) as number from basket_item)
insert into basket_item (basket_id, product_id, reference, quantity, currency_type, unit_price, tax_rate)
select basket.id, (select min(id) from product), 'bench ' || n, 1 + n %% 3, 'try', 100 + n %% 900, 18
from basket, missing, generate_series(1, missing.number) as n
"""


@dataclass(frozen=True)
class Pages:
    """Pages of a resource: the first, one that was come to by following the links, or one asked for by its number."""

    resource: str
    table: str
    which: Literal["first", "followed", "numbered"]

    @property
    def name(self) -> str:
        """What it is called."""
        return f"warehouse-{self.which}-{self.table.replace('_', '-')}"

    @property
    def target(self) -> Target | None:
        """The first page is compared with the floor by throughput, others with the first page by time."""
        return {"first": _PAGE_TARGET, "followed": _FOLLOWED_TARGET, "numbered": _NUMBERED_TARGET}[self.which]

    async def measure(self, bench: Bench) -> Result:
        """In turns with what it is compared with."""
        await _fill(bench.stores.database_url)
        token = bench.seed.integration_token
        first = request("GET", _PATH + self.resource, token=token)
        if self.which == "first":
            floor = Floor("JSON floor", lambda _: repeat(request("GET", f"/page/{self.table}")))
            rate = Rate(self.name, floor, lambda _: repeat(first), has_etag=False, check=_is_full, warm_up=500)
            return await rate.measure(bench)
        count = msgspec.json.decode((await bench.fetch(first)).body)["count"]
        deep = min(DEEP, count // LIMIT - 1)
        page = request("GET", f"{_PATH}{self.resource}?page={deep}", token=token)
        if self.which == "followed":
            following = msgspec.json.decode((await bench.fetch(page)).body)["next"]
            page = request("GET", following[following.index(_PATH) :], token=token)

        def pages(_: Seed) -> Iterator[bytes]:
            return repeat(page)

        floor = Floor("first page", lambda _: repeat(first), SERVICE)
        rate = Rate(self.name, floor, pages, compared="latency", has_etag=False, check=_is_full, warm_up=50)
        result = await rate.measure(bench)
        result.note = f"page {deep:,} of {count:,} rows"
        return result


def _is_full(body: bytes) -> bool:
    return len(msgspec.json.decode(body)["results"]) == LIMIT


async def _fill(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        done = await connection.execute(_FILL.encode(), [BASKET_ITEMS])
        if done.rowcount:
            await connection.execute("vacuum analyze basket_item")
            await connection.execute("vacuum analyze favourite")


ROWS: list[Row] = [
    Pages(resource, table, which)
    for resource, table in (("favourite-products", "favourite"), ("baskets/basket-items", "basket_item"))
    for which in ("first", "followed", "numbered")
]
