"""Pages over HTTP: who may read them, what they hold, their links, and what is refused."""

from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import JSONB

from src.modules.warehouse import SHOWN
from src.modules.warehouse.parameters import MOST_KEYS
from tests.factories import Factory
from tests.modules.warehouse.analyst import BASE, MARK, Analyst

CITIES = "cities"
ORDERS = "orders/orders"


async def cities(factory: Factory, number: int) -> None:
    """So many cities, changed on as many days."""
    await factory.execute(
        "INSERT INTO address_city (id, name, modified_date)"
        " SELECT n, 'City ' || n, '2025-01-01T12:00Z'::timestamptz + n * interval '1 day'"
        " FROM generate_series(1, %s) n",
        number,
    )


def query_of(url: str) -> dict[str, list[str]]:
    """The parameters of a link."""
    return parse_qs(urlsplit(url).query)


async def test_rows_come_by_id_a_hundred_at_a_time(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 250)
    pages = [page async for page in reader.pages(CITIES)]
    assert [len(page["results"]) for page in pages] == [100, 100, 50]
    assert {page["count"] for page in pages} == {250}
    assert [row["id"] for page in pages for row in page["results"]] == list(range(1, 251))


async def test_links_keep_the_path_and_what_was_asked(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 9)
    page = await reader.page(f"{CITIES}/", limit=2, id__gt=1, sort="-id")
    assert page["previous"] is None
    page = await reader.page(page["next"])
    assert [row["id"] for row in page["results"]] == [7, 6]
    for link, number in (("next", "3"), ("previous", "1")):
        assert page[link].startswith(f"http://shop.test{BASE}{CITIES}/?")
        asked = query_of(page[link])
        assert asked.pop("cursor", None) is None or link == "next"
        assert asked == {"limit": ["2"], "id__gt": ["1"], "sort": ["-id"], "page": [number]}
    page = await reader.page(page["previous"])
    assert [row["id"] for row in page["results"]] == [9, 8]


async def test_page_may_be_asked_for_by_its_number(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 25)
    for sort, first in (("id", 11), ("-modified_date", 15), ("name", 19)):
        page = await reader.page(CITIES, page=2, limit=10, sort=sort)
        assert (page["count"], page["results"][0]["id"]) == (25, first)
        rest = await reader.page(page["next"])
        assert len(rest["results"]) == 5
        assert rest["next"] is None
        assert query_of(rest["previous"])["page"] == ["2"]


async def test_page_past_the_end_is_not_found_but_the_first_never_is(factory: Factory, reader: Analyst) -> None:
    assert (await reader.page(CITIES))["results"] == []
    await cities(factory, 20)
    for number in (3, 10**9, 10**40):
        for _ in range(2):  # Before the count is known, and after.
            response = await reader.ask(CITIES, page=number, limit=10)
            assert (response.status_code, response.json()) == (404, {"detail": "Not found"})
    assert (await reader.ask(CITIES, page=2, limit=10)).status_code == 200


async def test_where_there_is_a_cursor_the_page_is_a_label(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 9)
    cursor = query_of((await reader.page(CITIES, limit=3))["next"])["cursor"][0]
    page = await reader.page(CITIES, limit=4, page=77, cursor=cursor)
    assert [row["id"] for row in page["results"]] == [4, 5, 6, 7]
    assert query_of(page["next"])["page"] == ["78"]


async def test_rows_that_went_meanwhile_leave_an_empty_page(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 4)
    page = await reader.page(CITIES, limit=2)
    await factory.execute("DELETE FROM address_city WHERE id > 2")
    assert (await reader.page(page["next"]))["results"] == []


async def test_filters_and_the_documents_example(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 30)
    for told, expected in (
        ({"id": 7}, [7]),
        ({"id__exact": 7}, [7]),
        ({"id__gt": 28}, [29, 30]),
        ({"id__gte": 29, "id__lt": 30}, [29]),
        ({"id__lte": 2}, [1, 2]),
        ({"id": 3, "id__gt": 3}, []),
        ({"modified_date__gt": "2025-01-29"}, [29, 30]),
        ({"modified_date__gte": "2025-01-29"}, [28, 29, 30]),
        ({"modified_date__lt": "2025-01-03"}, [1]),
        ({"modified_date__lte": "2025-01-03"}, [1, 2]),
        ({"modified_date__lte": "2025-01-03T12:00:00Z"}, [1, 2]),
        ({"modified_date__lt": "2025-01-03T12:00:00Z"}, [1]),
        ({"id__gt": 26, "modified_date__gte": "2025-01-10", "sort": "-modified_date", "page": 1}, [30, 29, 28, 27]),
    ):
        page = await reader.page(CITIES, **told)
        assert [row["id"] for row in page["results"]] == expected, told
        assert page["count"] == len(expected)


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        (CITIES, {"page": 0}, "page"),
        (CITIES, {"page": "x"}, "page"),
        (CITIES, {"page": -1}, "page"),
        (CITIES, {"limit": 0}, "limit"),
        (CITIES, {"limit": 1001}, "limit"),
        (CITIES, {"limit": 10**9}, "limit"),
        (CITIES, {"limit": ""}, "limit"),
        (CITIES, {"format": "csv"}, "format"),
        (CITIES, {"name": "x"}, "name"),
        (CITIES, {"id__in": "1,2"}, "id__in"),
        (CITIES, {"id": "1 OR true"}, "id"),
        (CITIES, {"modified_date__gt": "yesterday"}, "modified_date__gt"),
        (CITIES, {"sort": "translations"}, "sort"),
        (CITIES, {"sort": 'id"; SELECT'}, "sort"),
        (CITIES, {"cursor": ""}, "cursor"),
        (CITIES, {"cursor": "AAAA"}, "cursor"),
        (CITIES, {"cursor": "\u00e4"}, "cursor"),
        (CITIES, {"cursor": "A" * 15_000}, "cursor"),
        (CITIES, {"changed_after": "2025-01-10"}, "changed_after"),
        (CITIES, {"page": ["1", "1"]}, "page"),
        ("redirects", {"modified_date__gt": "2025-01-10"}, "modified_date__gt"),
        ("redirects", {"sort": "modified_date"}, "sort"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(
    reader: Analyst, path: str, query: dict[str, Any], wrong: str
) -> None:
    assert await reader.refused(path, **query) == [wrong]


async def test_cursor_belongs_to_its_query(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 9)
    page = await reader.page(CITIES, limit=2, sort="-modified_date,name", id__gt=1)
    cursor = query_of(page["next"])["cursor"][0]
    same = {"sort": "-modified_date,name", "id__gt": 1, "cursor": cursor}
    assert len((await reader.page(CITIES, **same))["results"]) == 6
    for other in (
        {"sort": "-modified_date"},
        {"sort": "modified_date,name"},
        {"id__gt": 2},
        {"changed_after": page[MARK]},
    ):
        assert await reader.refused(CITIES, **(same | other)) == ["cursor"]
    assert await reader.refused("districts", **same) == ["cursor"]


async def test_refusals_speak_the_readers_language(reader: Analyst) -> None:
    response = await reader.client.get(f"{BASE}{CITIES}?limit=x", headers={"Accept-Language": "tr"})
    assert response.json()["limit"] != ["Must be a positive whole number"]


async def test_channel_is_the_configured_one(factory: Factory, reader: Analyst) -> None:
    await cities(factory, 3)
    here = await reader.page(CITIES, limit=1)
    remote = await reader.client.get(f"/api/v1/remote/1/data-warehouse/{CITIES}/?limit=1")
    assert remote.json()["results"] == here["results"]
    assert remote.json()["next"].startswith(f"http://shop.test/api/v1/remote/1/data-warehouse/{CITIES}/?")
    for channel in ("2", "01", "x", "-1"):
        response = await reader.client.get(f"/api/v1/remote/{channel}/data-warehouse/{CITIES}")
        assert (response.status_code, response.json()) == (404, {"detail": "Not found"})


@pytest.mark.parametrize("base", [BASE, "/api/v1/remote/1/data-warehouse/"])
async def test_only_those_who_may_read_and_only_get(
    factory: Factory, client: httpx.AsyncClient, reader: Analyst, base: str
) -> None:
    anyone = await client.get(f"{base}{CITIES}")
    assert (anyone.status_code, set(anyone.json())) == (401, {"detail"})
    assert "WWW-Authenticate" in anyone.headers
    shopper = await (await factory.shopper("storefront", "integration")).get(f"{base}{CITIES}")
    assert (shopper.status_code, set(shopper.json())) == (403, {"detail"})
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for asked in (reader.client.request, client.request):
            refused = await asked(method, f"{base}{CITIES}")
            assert (refused.status_code, refused.json()) == (405, {"detail": "Method not allowed"})
            assert "GET" in refused.headers["Allow"]
    unknown = await reader.client.get(f"{base}nothing")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not found"})


async def test_rows_may_be_sorted_by_every_field_that_has_an_order(factory: Factory, reader: Analyst) -> None:
    await factory.shopper()
    for path, resource in SHOWN.items():
        names = [k.name for k in resource.fields if k.name != "id" and not isinstance(k.column.type, JSONB | ARRAY)]
        for sign, begin in product(("", "-"), range(0, len(names), MOST_KEYS)):
            told = ",".join(sign + name for name in names[begin : begin + MOST_KEYS])
            ids = await reader.ids(path, sort=told, limit=1 if path == "users" else 9)
            assert len(set(ids)) == len(ids), path


async def test_answers_are_kept_by_nobody_and_tell_their_mark(reader: Analyst) -> None:
    response = await reader.ask(CITIES)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers[MARK]
