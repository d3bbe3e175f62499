"""`changed_after`: whoever keeps the mark of each pull gets every change once, also of transactions that overlap."""

import asyncio
import itertools
import random
from collections import Counter
from typing import Any

import psycopg
from psycopg import AsyncConnection

from src.platform.settings import Settings
from tests.factories import Factory
from tests.modules.warehouse.analyst import MARK, Analyst

SEO = "cms/seo"
ROWS = 40
VALUES = itertools.count(1)
WRITES = (
    "INSERT INTO cms_seo (title) VALUES (%(value)s)",
    "UPDATE cms_seo SET title = %(value)s WHERE id = %(id)s",
    "UPDATE cms_seo SET title = %(value)s, modified_date = '2020-01-01' WHERE id = %(id)s",
    "DELETE FROM cms_seo WHERE id = %(id)s AND id %% 5 = 0",
)


class Puller:
    """Keeps a copy of the rows by what the pulls bring."""

    def __init__(self, reader: Analyst, sort: str) -> None:
        self._reader = reader
        self._sort = sort
        self._marks: dict[str, str] = {}
        self.copy: dict[int, str] = {}
        self.brought: Counter[tuple[int, str]] = Counter()
        self.pulls = 0

    async def pull(self) -> None:
        """Everything that changed since the last time; what went is taken away at last."""
        for row in await self._changes("deleted-items"):
            if row["content_type"] == self.content_type:
                self.copy.pop(int(row["object_id"]), None)
        for row in await self._changes(SEO):
            self.copy[row["id"]] = row["title"]
            self.brought[row["id"], row["title"]] += 1
        self.pulls += 1

    async def begin(self, content_type: int) -> None:
        """Learn the number of the rows' content type and pull for the first time."""
        self.content_type = content_type
        await self.pull()

    async def _changes(self, path: str) -> list[dict[str, Any]]:
        mark = self._marks.get(path)
        since = {} if mark is None else {"changed_after": mark}
        sort = self._sort if path == SEO else "id"
        rows: list[dict[str, Any]] = []
        async for page in self._reader.pages(path, sort=sort, limit=7, **since):
            self._marks.setdefault(path + str(self.pulls), page[MARK])
            rows += page["results"]
            await asyncio.sleep(0)
        self._marks[path] = self._marks[path + str(self.pulls)]
        return rows


async def write(connection: AsyncConnection[Any], chance: random.Random, transactions: int) -> None:
    """Transactions of a few statements each, which take their time, and some of which are taken back."""
    for _ in range(transactions):
        # In the order of their ids, so that no two writers wait for each other.
        ids = sorted(chance.sample(range(1, ROWS + 1), chance.randint(1, 4)))
        try:
            for row_id in ids:
                values = {"id": row_id, "value": str(next(VALUES))}
                if chance.random() < 0.2:
                    await connection.execute("SAVEPOINT part")
                await connection.execute(chance.choice(WRITES).encode(), values)
                await asyncio.sleep(chance.choice((0, 0, 0.002)))
        finally:
            await (connection.rollback() if chance.random() < 0.25 else connection.commit())


async def follow(factory: Factory, reader: Analyst, settings: Settings, sort: str, seed: int) -> Puller:
    """A puller that went on while four writers wrote, and once more after they ended."""
    await factory.execute("INSERT INTO cms_seo (id, title) SELECT n, '0' FROM generate_series(1, %s) n", ROWS)
    await factory.execute("SELECT setval(pg_get_serial_sequence('cms_seo', 'id'), 1000 * %s)", ROWS)
    puller = Puller(reader, sort)
    await puller.begin(await factory.scalar("SELECT id FROM content_type WHERE (app_label, model) = ('cms', 'seo')"))
    connections = [await psycopg.AsyncConnection.connect(settings.database_url) for _ in range(4)]
    writers = asyncio.gather(*(write(c, random.Random(seed + n), 25) for n, c in enumerate(connections)))
    try:
        while not writers.done():
            await puller.pull()
    finally:
        await writers
        for connection in connections:
            await connection.close()
    await puller.pull()
    return puller


async def check(factory: Factory, puller: Puller) -> None:
    """The copy is the table, and nothing came twice."""
    rows = await factory.scalar("SELECT jsonb_object_agg(id, title) FROM cms_seo")
    assert puller.copy == {int(row_id): title for row_id, title in rows.items()}
    assert [change for change, times in puller.brought.items() if times > 1] == []
    assert puller.pulls > 3


async def test_pulls_bring_each_change_once_whoever_writes_meanwhile(
    factory: Factory, reader: Analyst, settings: Settings
) -> None:
    await check(factory, await follow(factory, reader, settings, "id", 1))


async def test_pulls_in_another_order_bring_the_same(factory: Factory, reader: Analyst, settings: Settings) -> None:
    await check(factory, await follow(factory, reader, settings, "-modified_date", 2))


async def test_transaction_that_was_open_is_not_missed(factory: Factory, reader: Analyst, settings: Settings) -> None:
    async with await psycopg.AsyncConnection.connect(settings.database_url) as late:
        await late.execute("INSERT INTO cms_seo (title) VALUES ('late')")
        await factory.execute("INSERT INTO cms_seo (title) VALUES ('early')")
        first = await reader.page(SEO)
        await late.commit()
    assert [row["title"] for row in first["results"]] == ["early"]
    second = await reader.page(SEO, changed_after=first[MARK])
    assert [row["title"] for row in second["results"]] == ["late"]
    assert second["count"] == 1
    third = await reader.page(SEO, changed_after=second[MARK])
    assert (third["count"], third["results"]) == (0, [])


async def test_what_changes_during_a_pull_comes_with_the_next(factory: Factory, reader: Analyst) -> None:
    start = (await reader.page(SEO))[MARK]
    await factory.execute("INSERT INTO cms_seo (id, title) SELECT n, 'a' FROM generate_series(1, 4) n")
    first = await reader.page(SEO, changed_after=start, limit=2)
    await factory.execute("UPDATE cms_seo SET title = 'b' WHERE id IN (1, 4)")
    second = await reader.page(first["next"])
    assert [row["id"] for row in second["results"]] == [3]
    again = await reader.crawl(SEO, changed_after=first[MARK])
    assert [(row["id"], row["title"]) for row in again] == [(1, "b"), (4, "b")]


async def test_filters_and_pages_hold_within_a_pull(factory: Factory, reader: Analyst) -> None:
    await factory.execute("INSERT INTO cms_seo (id, title) SELECT n, 'a' FROM generate_series(1, 9) n")
    start = (await reader.page(SEO))[MARK]
    await factory.execute("UPDATE cms_seo SET title = 'b' WHERE id > 3")
    page = await reader.page(SEO, changed_after=start, id__lt=9, page=2, limit=3)
    assert ([row["id"] for row in page["results"]], page["count"]) == ([7, 8], 5)
    assert await reader.refused(SEO, changed_after=start[:-2]) == ["changed_after"]
