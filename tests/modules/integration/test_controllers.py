"""The way in over HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from src.modules.integration.controllers import WORTH_ANALYZING
from src.platform.jobs import queue_key
from src.platform.settings import Settings
from tests.factories import Client, Factory
from tests.modules.integration.feeds import PRICES, PRODUCTS, Feed

URL = "/api/v1/integration/"
MERCHANT = URL + "feeds/merchant"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
TSV = {"Content-Type": "text/tab-separated-values"}
ROW = {"sku": "A", "name": "a"}
MANY = 60_000


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    told: dict[str, Any] = answer.json()
    assert (told["status"], told["error_code"]) == (status, code)
    return told


async def test_rows_go_in_and_bad_ones_are_told(feeder: Client) -> None:
    answer = await feeder.post(URL + PRODUCTS, json=[ROW, {"sku": "B"}, 5, {**ROW, "sku": "C", "no_such_field": 1}])
    assert answer.status_code == 200
    assert answer.json() == {
        "received": 4,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": [
            {"row": 1, "errors": [{"field": "name", "message": "a new row must tell it"}]},
            {"row": 2, "errors": [{"field": None, "message": "Expected `object`, got `int`"}]},
            {"row": 3, "errors": [{"field": "no_such_field", "message": "unknown field"}]},
        ],
    }


@pytest.mark.parametrize("path", [URL + PRODUCTS, URL + PRODUCTS + "/"])
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (json.dumps([ROW]), {"Content-Type": "application/json; charset=utf-8"}),
        (json.dumps(ROW), {"Content-Type": "Application/X-NDJSON"}),
        ("sku,name\r\nA,a\r\n", CSV),
    ],
)
async def test_each_format_goes_in(feeder: Client, path: str, content: str, headers: dict[str, str]) -> None:
    answer = await feeder.post(path, content=content, headers=headers)
    assert (answer.status_code, answer.json()["created"]) == (200, 1), answer.text


async def test_merchant_feed_goes_in(feeder: Client) -> None:
    for path in (MERCHANT, MERCHANT + "/"):
        answer = await feeder.post(path + "?language=tr", content="id\ttitle\nA\ta\nB\t\n", headers=TSV)
        assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "received": 2,
        "created": 0,
        "updated": 0,
        "unchanged": 1,
        "rejected": [{"row": 1, "errors": [{"field": "title", "message": "a new row must tell it"}], "line": 3}],
    }


@pytest.mark.parametrize("headers", [NDJSON, CSV])
async def test_body_of_no_rows_is_fine(feeder: Client, headers: dict[str, str]) -> None:
    for content, kind in (("", headers), ("[]", {"Content-Type": "application/json"})):
        answer = await feeder.post(URL + PRODUCTS, content=content, headers=kind)
        assert (answer.status_code, answer.json()["received"]) == (200, 0)


@pytest.mark.parametrize(
    ("path", "content", "content_type", "status", "code"),
    [
        (PRODUCTS, "{", "application/json", 400, "no_json_array"),
        (PRODUCTS, "", "application/json", 400, "no_json_array"),
        (PRODUCTS, '"x"', "application/json", 400, "no_json_array"),
        (PRODUCTS, "[" * 5000, "application/json", 400, "no_json_array"),
        (PRODUCTS, b"\xff\xfe", "application/json", 400, "no_json_array"),
        (PRODUCTS, 'sku\n"open', "text/csv", 400, "no_csv"),
        (PRODUCTS, "<a/>", "application/xml", 415, "unsupported_media_type"),
        (PRODUCTS, "[]", "text/plain", 415, "unsupported_media_type"),
        (PRODUCTS + "?atomic=perhaps", "[]", "application/json", 400, "invalid"),
        ("feeds/merchant", "title\nx", "text/tab-separated-values", 400, "no_feed"),
        ("feeds/merchant", "<a/>", "text/xml", 400, "no_feed"),
        ("feeds/merchant", "[]", "application/json", 415, "unsupported_media_type"),
        ("feeds/merchant?language=../x", "id", "text/tab-separated-values", 400, "invalid"),
        ("no/such", "[]", "application/json", 404, "not_found"),
    ],
)
async def test_body_that_makes_no_sense_is_refused(
    feeder: Client, path: str, content: str | bytes, content_type: str, status: int, code: str
) -> None:
    problem(await feeder.post(URL + path, content=content, headers={"Content-Type": content_type}), status, code)


async def test_document_that_breaks_off_changes_nothing(feeder: Client, feed: Feed) -> None:
    rows = ",".join(json.dumps({"sku": f"S{n}", "name": "x" * 100}) for n in range(3000))
    problem(
        await feeder.post(URL + PRODUCTS, content=f"[{rows}", headers={"Content-Type": "application/json"}),
        400,
        "no_json_array",
    )
    assert await feed.query("SELECT count(*) FROM product") == [0]


async def test_json_has_a_limit_and_streams_have_none(feeder: Client) -> None:
    row = json.dumps({"sku": "A", "name": "x" * 100_000}) + "\n"

    async def large() -> AsyncIterator[bytes]:
        for _ in range(110):
            yield row.encode()

    for announced in (True, False):
        content = (row * 110).encode() if announced else large()
        refused = await feeder.post(URL + PRODUCTS, content=content, headers={"Content-Type": "application/json"})
        problem(refused, 413, "too_large")
    taken = await feeder.post(URL + PRODUCTS, content=large(), headers=NDJSON)
    assert (taken.status_code, taken.json()["received"], taken.json()["created"]) == (200, 110, 1)


async def test_atomic_is_all_or_nothing(feeder: Client, feed: Feed) -> None:
    told = problem(
        await feeder.post(URL + PRODUCTS + "?atomic=true", json=[ROW, {"sku": "B"}, 5]), 422, "rows_rejected"
    )
    assert [rejection["row"] for rejection in told["rejected"]] == [1, 2]
    assert await feed.query("SELECT count(*) FROM product") == [0]
    taken = await feeder.post(URL + PRODUCTS + "?atomic=true", json=[ROW])
    assert (taken.status_code, taken.json()["created"]) == (200, 1)


async def test_body_of_nothing_but_bad_rows_is_refused_before_it_costs_too_much(feeder: Client) -> None:
    answer = await feeder.post(URL + PRODUCTS, content="5\n" * MANY, headers=NDJSON)
    problem(answer, 422, "too_many_rejected")


async def test_same_key_gives_the_same_answer_once(feeder: Client, feed: Feed) -> None:
    for path, content, headers in (
        (URL + PRODUCTS, json.dumps(ROW), NDJSON),
        (MERCHANT, "id\ttitle\nB\tb", TSV),
    ):
        keyed = {**headers, "Idempotency-Key": "k"}
        first, again = [await feeder.post(path, content=content, headers=keyed) for _ in range(2)]
        assert first.json()["created"] == 1
        assert again.json() == first.json()
        problem(await feeder.post(path, content=content + "\n", headers=keyed), 422, "idempotency_key_reused")
    refused = {**NDJSON, "Idempotency-Key": "other"}
    await feeder.post(URL + PRODUCTS + "?atomic=true", content="5", headers=refused)
    taken = await feeder.post(URL + PRODUCTS + "?atomic=true", content=json.dumps(ROW), headers=refused)
    assert taken.json()["unchanged"] == 1


async def test_deleting(feeder: Client, feed: Feed) -> None:
    await feeder.post(URL + PRODUCTS, json=[{**ROW, "id": 5}])
    await feeder.post(URL + PRICES, json=[{"id": 6, "product": 5, "price": "1.00"}])
    problem(await feeder.delete(URL + "catalogs/price-lists/1"), 409, "still_in_use")
    for path in (f"{PRICES}/6", f"{PRODUCTS}/5/"):
        gone = await feeder.delete(URL + path)
        assert (gone.status_code, gone.content) == (204, b"")
        problem(await feeder.delete(URL + path), 404, "not_found")
    for path in (f"{PRODUCTS}/abc", f"{PRODUCTS}/-1", f"{PRODUCTS}/{2**70}", "no/such/1", PRODUCTS):
        assert (await feeder.delete(URL + path)).status_code in (404, 405)
    assert await feed.query("SELECT object_id FROM deleted_item ORDER BY id") == ["6", "5"]


async def test_only_feeders_may_feed(client: httpx.AsyncClient, factory: Factory) -> None:
    others = [await factory.shopper(scope) for scope in ("storefront", "warehouse", "ops")]
    for method, path in (("POST", URL + PRODUCTS), ("DELETE", URL + PRODUCTS + "/1"), ("POST", MERCHANT)):
        problem(await client.request(method, path), 401, "not_authenticated")
        for other in others:
            problem(await other.request(method, path), 403, "permission_denied")


async def test_what_is_fed_is_what_shoppers_see(feeder: Client, factory: Factory) -> None:
    await feeder.post(URL + PRODUCTS, json=[{**ROW, "id": 5}])
    await feeder.post(URL + PRICES, json=[{"product": 5, "price": "12.50"}])
    shopper = await factory.shopper()
    await shopper.post("/wishlists/favourite-products/", json={"product": 5})
    for price in ("11.00", "10.00"):
        await feeder.post(URL + PRICES, json=[{"sku": "A", "price": price}])
        listed = (await shopper.get("/wishlists/favourite-products/")).json()["results"]
        assert [row["product"]["price"] for row in listed] == [price]


async def test_a_big_import_asks_for_new_statistics(feeder: Client, settings: Settings) -> None:
    rows = b"".join(b'{"sku": "S%d", "name": "n"}\n' % n for n in range(WORTH_ANALYZING))
    assert (await feeder.post(URL + PRODUCTS, content=rows, headers=NDJSON)).json()["created"] == WORTH_ANALYZING
    async with Redis.from_url(settings.queue_url) as queue:
        assert b"integration.analyze:product" in await queue.zrange(queue_key("upkeep"), 0, -1)
        await queue.flushdb()
