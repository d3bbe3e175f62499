"""Counts: never a stale one without its time, and not counted again while nothing changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import flush
from tests.factories import Factory
from tests.modules.warehouse.analyst import COUNT_AS_OF, Analyst
from tests.statements import Statements

SEO = "cms/seo"
COUNTING = "SELECT count(*), "


async def count(reader: Analyst, path: str = SEO, **query: Any) -> int:
    """The count of a first page, which is always exact."""
    page = await reader.page(path, **query)
    assert page[COUNT_AS_OF] is None
    return int(page["count"])


async def test_count_follows_every_kind_of_write(factory: Factory, reader: Analyst) -> None:
    expected = 0
    for statement, more in (
        ("INSERT INTO cms_seo (id, title) SELECT n, 'x' FROM generate_series(1, 9) n", 9),
        ("UPDATE cms_seo SET title = 'y' WHERE id = 1", 0),
        ("DELETE FROM cms_seo WHERE id = 2", -1),
        ("DELETE FROM cms_seo WHERE id IN (3, 4); INSERT INTO cms_seo (id) VALUES (77)", -1),
        ("INSERT INTO cms_seo (id) VALUES (2) ON CONFLICT DO NOTHING", 1),
        ("MERGE INTO cms_seo USING (VALUES (5)) AS v (n) ON id = n WHEN MATCHED THEN DELETE", -1),
        ("INSERT INTO cms_widget (name) VALUES ('another table'); DELETE FROM cms_widget", 0),
    ):
        await factory.execute(statement)
        expected += more
        for _ in range(2):
            assert await count(reader) == expected, statement
        assert await count(reader, id__gt=1) == expected - 1


async def test_count_follows_cascades(factory: Factory, reader: Analyst) -> None:
    shopper, product = await factory.shopper(), await factory.product()
    user = await factory.user_id(shopper)
    await factory.insert("favourite", user_id=user, product_id=product.id)
    assert await count(reader, "favourite-products") == 1
    await factory.execute("DELETE FROM users WHERE id = %s", user)
    assert await count(reader, "favourite-products") == 0


async def test_count_of_rows_that_leave_the_filter_follows(factory: Factory, reader: Analyst) -> None:
    await factory.execute("INSERT INTO cms_seo (modified_date) SELECT '2025-01-01' FROM generate_series(1, 3)")
    assert await count(reader, modified_date__lt="2025-02-01") == 3
    await factory.execute("UPDATE cms_seo SET modified_date = '2025-03-01' WHERE id = (SELECT min(id) FROM cms_seo)")
    assert await count(reader, modified_date__lt="2025-02-01") == 2


async def test_transaction_that_is_open_is_counted_when_it_is_committed(
    factory: Factory, reader: Analyst, settings: Settings
) -> None:
    async with await psycopg.AsyncConnection.connect(settings.database_url) as late:
        await late.execute("INSERT INTO cms_seo (title) VALUES ('late')")
        await factory.execute("INSERT INTO cms_seo (title) VALUES ('early')")
        assert await count(reader) == 1
        await late.commit()
    assert await count(reader) == 2


@pytest.mark.parametrize("path", [SEO, "baskets/basket-items", "product-alerts"])
async def test_nothing_is_counted_twice_while_nothing_changes(
    reader: Analyst, statements: Statements, path: str
) -> None:
    for expected in (1, 0, 0):
        statements.sent.clear()
        await reader.page(path)
        assert sum(COUNTING in statement for statement in statements.sent) == expected


async def test_cache_that_is_empty_costs_only_time(
    app: Litestar, settings: Settings, factory: Factory, reader: Analyst
) -> None:
    await factory.execute("INSERT INTO cms_seo (title) VALUES ('x')")
    for _ in range(2):
        assert await count(reader) == 1
        await flush(settings)
        app.state.cache._local.clear()


async def test_later_page_tells_when_its_count_was_true(factory: Factory, reader: Analyst) -> None:
    await factory.execute("INSERT INTO cms_seo (title) SELECT 'x' FROM generate_series(1, 9)")
    first = await reader.page(SEO, limit=3)
    unchanged = await reader.page(first["next"])
    assert (unchanged["count"], unchanged[COUNT_AS_OF]) == (9, None)
    await factory.execute("INSERT INTO cms_seo (title) VALUES ('y')")
    third = await reader.page(unchanged["next"])
    assert third["count"] == 9
    as_of = datetime.fromisoformat(third[COUNT_AS_OF])
    assert as_of.tzinfo is not None
    assert datetime.now(UTC) - timedelta(minutes=1) < as_of < datetime.now(UTC)
    assert await count(reader) == 10
    fourth = await reader.page(third["next"])
    assert (fourth["count"], fourth[COUNT_AS_OF]) == (10, None)
