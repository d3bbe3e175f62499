"""Exports over HTTP: which rows they hold, what they saw, and what is refused."""

from contextlib import aclosing

import httpx
import pytest

from src.modules.warehouse import SHOWN, Exports, begun, read_wanted
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from tests.factories import Client, Factory
from tests.modules.integration.feeds import Feed
from tests.modules.warehouse.analyst import BASE, MARK, Analyst
from tests.modules.warehouse.exporting import formats

CITIES = "cities"


@pytest.fixture
async def fifty(factory: Factory) -> None:
    """Fifty cities, changed on as many days."""
    await factory.execute(
        "INSERT INTO address_city (id, name, postcode, modified_date)"
        " SELECT n, 'City ' || n %% 7, nullif(n %% 3, 0)::text, '2025-01-01T12:00Z'::timestamptz + n * interval '1 day'"
        " FROM generate_series(1, 50) n"
    )


async def ids(reader: Analyst, **query: str) -> list[int]:
    response = await reader.ask(f"{CITIES}/export", **query)
    assert response.status_code == httpx.codes.OK, response.text
    return [row["id"] for row in formats.ndjson(response.content)]


@pytest.mark.usefixtures("fifty")
async def test_rows_and_their_order_are_those_of_the_pages(reader: Analyst) -> None:
    for query in (
        {},
        {"id__gt": "10", "id__lte": "20"},
        {"id": "7"},
        {"id": "0"},
        {"modified_date__gte": "2025-01-20", "sort": "-modified_date"},
        {"modified_date__lt": "2025-02-01T12:00:00+03:00", "sort": "name,-id"},
        {"sort": "-postcode"},
    ):
        assert await ids(reader, **query) == await reader.ids(CITIES, **query)


@pytest.mark.usefixtures("fifty")
async def test_answer_is_a_file_with_a_name(reader: Analyst) -> None:
    for kind, media_type, suffix in (
        ("ndjson", "application/x-ndjson", "ndjson"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("parquet", "application/vnd.apache.parquet", "parquet"),
        ("arrow", "application/vnd.apache.arrow.stream", "arrows"),
    ):
        answer = await reader.ask("campaigns/basket-offers/export/", format=kind)
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == f'attachment; filename="campaigns-basket-offers.{suffix}"'
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("format=xml", "format"),
        ("format=", "format"),
        ("format=csv&format=csv", "format"),
        ("page=1", "page"),
        ("limit=10", "limit"),
        ("cursor=abc", "cursor"),
        ("sort=nothing", "sort"),
        ("id__gt=x", "id__gt"),
        ("modified_date__gt=2025-13-01", "modified_date__gt"),
        ("changed_after=abc", "changed_after"),
        ("name=x", "name"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(reader: Analyst, query: str, named: str) -> None:
    answer = await reader.client.get(f"{BASE}{CITIES}/export?{query}")
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert list(answer.json()) == [named, "detail"]
    assert "content-disposition" not in answer.headers


async def test_only_analysts_of_the_channel_may(reader: Analyst, factory: Factory, client: httpx.AsyncClient) -> None:
    shopper: Client = await factory.shopper()
    assert (await client.get(f"{BASE}{CITIES}/export")).status_code == httpx.codes.UNAUTHORIZED
    assert (await shopper.get(f"{BASE}{CITIES}/export")).status_code == httpx.codes.FORBIDDEN
    remote = "/api/v1/remote/{}/data-warehouse/cities/export"
    for channel, status in (("1", 200), ("2", 404), ("01", 404), ("x", 404)):
        assert (await reader.client.get(remote.format(channel))).status_code == status
    assert (await reader.ask("nothing/export")).status_code == httpx.codes.NOT_FOUND
    assert (await reader.client.post(f"{BASE}{CITIES}/export")).status_code == httpx.codes.METHOD_NOT_ALLOWED


@pytest.mark.usefixtures("fifty")
async def test_mark_leads_to_what_changed_since(reader: Analyst, feed: Feed) -> None:
    first = await reader.ask(f"{CITIES}/export")
    await feed.rows(CITIES, {"id": 7, "name": "New"}, {"id": 99, "name": "Another"})
    since = {"changed_after": first.headers[MARK]}
    assert await ids(reader, **since) == await reader.ids(CITIES, **since) == [7, 99]
    # Marks of exports and of pages are the same.
    second = await reader.page(CITIES)
    assert await ids(reader, changed_after=second[MARK]) == []


@pytest.mark.usefixtures("fifty")
async def test_export_is_of_one_moment(database: Database, feed: Feed) -> None:
    wanted = read_wanted([], SHOWN[CITIES])
    async with begun(database, wanted) as export:
        await feed.rows(CITIES, {"id": 7, "name": "New"}, {"id": 99, "name": "Another"})
        await feed.delete(CITIES, 8)
        assert await export.count() == 50
        async with aclosing(export.chunks()) as chunks:
            content = b"".join([chunk.content async for chunk in chunks])
    assert [row["id"] for row in formats.ndjson(content)] == [*range(1, 51)]
    assert b"New" not in content
    async with begun(database, read_wanted([("changed_after", export.mark)], SHOWN[CITIES])) as later:
        assert await later.count() == 2


async def test_two_exports_at_once_are_enough(database: Database) -> None:
    exports, wanted = Exports(database), read_wanted([], SHOWN[CITIES])
    async with exports.begun(wanted):
        async with exports.begun(wanted):
            with pytest.raises(ServiceUnavailable) as refusal:
                async with exports.begun(wanted):
                    pass
            assert int(refusal.value.headers["Retry-After"]) > 0
        async with exports.begun(wanted):
            pass


async def test_answers_are_not_bound_to_the_time_of_a_statement(database: Database) -> None:
    async with database.alone() as alone, database.read() as pooled:
        for connection, expected in ((alone, "0"), (pooled, "15s")):
            assert await (await connection.execute("SHOW statement_timeout")).fetchone() == (expected,)
