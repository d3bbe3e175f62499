"""Following `next`: the right order whatever is null, and nothing lost or doubled while rows are written."""

import asyncio
import random
from collections import Counter
from typing import Any

import psycopg
import pytest

from src.platform.settings import Settings
from tests.factories import Factory
from tests.modules.warehouse.analyst import MARK, Analyst

ORDERS = "orders/orders"
SEO = "cms/seo"
ROWS = 240
STAYING = set(range(1, ROWS // 2 + 1))
MOST_WRITES = 700
WRITES = {
    "insert": "INSERT INTO cms_seo (title) VALUES (%(title)s)",
    "update": "UPDATE cms_seo SET title = %(title)s, modified_date = clock_timestamp() WHERE id = %(id)s",
    "delete": f"DELETE FROM cms_seo WHERE id = %(id)s AND id > {ROWS // 2}",
}


def model(rows: list[dict[str, Any]], sort: str) -> list[int]:
    """The ids in the order that `sort` asks for: nulls are the greatest, the id breaks ties."""
    rows = sorted(rows, key=lambda row: int(row["id"]))
    for told in reversed(sort.split(",")):
        name = told.removeprefix("-")

        def place(row: dict[str, Any], name: str = name) -> tuple[bool, Any]:
            value = row[name]
            return (value is None, 0 if value is None else float(value) if name == "amount" else value)

        # Like this, and not reversed, rows that are equal stay in their order.
        present = sorted({place(row) for row in rows}, reverse=told.startswith("-"))
        rows.sort(key=lambda row: present.index(place(row)))
    return [row["id"] for row in rows]


@pytest.mark.parametrize(
    "sort",
    [
        "id",
        "-id",
        "modified_date",
        "-modified_date",
        "user",
        "-user",
        "status,-amount",
        "-status,amount,user",
        "has_gift_box,modified_date",
        "-has_gift_box,-number,-id",
        "-modified_date,user",
    ],
)
async def test_pages_are_in_the_order_asked_for(factory: Factory, reader: Analyst, sort: str) -> None:
    chance = random.Random(sort)

    def one_of(*values: object) -> object:
        return chance.choice((None, *values))

    async with factory.database.transaction() as work:
        for _ in range(40):
            await work.connection.execute(
                'INSERT INTO orders_order (status, number, amount, has_gift_box, "user", modified_date)'
                " VALUES (%s, %s, %s, %s, %s, make_timestamptz(2025, 1, %s, 0, 0, 0.5))",
                [
                    one_of("sent", "paid"),
                    one_of("a", "b", "c" * 400),
                    one_of("-1.00", "10.50", "9.00"),
                    one_of(True, False),
                    one_of(1, 2, 30),
                    chance.randint(1, 4),
                ],
            )
    rows = (await reader.page(ORDERS, limit=1000))["results"]
    for limit in (7, 40):
        assert await reader.ids(ORDERS, sort=sort, limit=limit) == model(rows, sort)
    page = await reader.page(ORDERS, sort=sort, limit=7, page=4)
    assert [row["id"] for row in page["results"]] == model(rows, sort)[21:28]


async def test_long_texts_are_sorted_by_their_beginning_and_make_no_long_links(
    factory: Factory, reader: Analyst
) -> None:
    await factory.execute(
        "INSERT INTO cms_seo (id, title) SELECT n, repeat('x', 5000) || n FROM generate_series(1, 5) n"
    )
    page = await reader.page(SEO, sort="title", limit=2)
    assert len(page["next"]) < 1000
    assert await reader.ids(SEO, sort="title", limit=2) == [1, 2, 3, 4, 5]


class Crawl:
    """Reads all pages while others write more rows between any two of them than are on one."""

    def __init__(self, reader: Analyst, settings: Settings) -> None:
        self._reader = reader
        self._url = settings.database_url
        self._chance = random.Random(7)
        self.sights: list[tuple[int, str]] = []
        self.writes = 0

    async def run(self, sort: str) -> None:
        """Three writers, each write a transaction of its own."""
        connections = [await psycopg.AsyncConnection.connect(self._url, autocommit=True) for _ in range(3)]
        try:
            async for page in self._reader.pages(SEO, sort=sort, limit=15):
                self.sights += [(row["id"], row["title"]) for row in page["results"]]
                if self.writes < MOST_WRITES:  # Rows that go on changing would go on coming.
                    await asyncio.gather(*(self._write(connection, 8) for connection in connections))
        finally:
            for connection in connections:
                await connection.close()

    async def _write(self, connection: psycopg.AsyncConnection[Any], number: int) -> None:
        for _ in range(number):
            self.writes += 1
            statement = WRITES[self._chance.choice(list(WRITES))]
            values = {"id": self._chance.randint(1, ROWS), "title": f"{self.writes:05}"}
            await connection.execute(statement.encode(), values)


async def begin(factory: Factory) -> None:
    """Rows of which the first half stays."""
    await factory.execute("INSERT INTO cms_seo (id, title) SELECT n, '0' FROM generate_series(1, %s) n", ROWS)
    await factory.execute("SELECT setval(pg_get_serial_sequence('cms_seo', 'id'), 1000000)")


@pytest.mark.parametrize("sort", ["id", "-id"])
async def test_crawl_by_id_sees_each_row_once_while_rows_are_written(
    factory: Factory, reader: Analyst, settings: Settings, sort: str
) -> None:
    await begin(factory)
    crawl = Crawl(reader, settings)
    await crawl.run(sort)
    seen = Counter(row_id for row_id, _ in crawl.sights)
    assert seen.keys() >= STAYING
    assert set(seen.values()) == {1}
    assert crawl.writes > ROWS


@pytest.mark.parametrize("sort", ["modified_date", "-modified_date"])
async def test_crawl_by_what_changes_misses_no_row_and_repeats_none_that_did_not_change(
    factory: Factory, reader: Analyst, settings: Settings, sort: str
) -> None:
    await begin(factory)
    crawl = Crawl(reader, settings)
    await crawl.run(sort)
    assert {row_id for row_id, _ in crawl.sights} >= STAYING
    assert set(Counter(crawl.sights).values()) == {1}
    assert max(Counter(row_id for row_id, _ in crawl.sights).values()) == 2
    assert crawl.writes > ROWS


async def test_pages_of_a_crawl_tell_the_mark_of_the_first(factory: Factory, reader: Analyst) -> None:
    await factory.execute("INSERT INTO cms_seo (title) SELECT 'x' FROM generate_series(1, 5)")
    first = await reader.page(SEO, limit=2)
    await factory.execute("INSERT INTO cms_seo (title) VALUES ('y')")
    second = await reader.page(first["next"])
    assert second[MARK] == first[MARK]
    assert (await reader.page(SEO))[MARK] != first[MARK]
    assert [row["title"] for row in await reader.crawl(SEO, changed_after=second[MARK])] == ["y"]
