"""Webhook endpoints over HTTP, as operators manage them."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.factories import Client, Factory

PATH = "/api/v1/webhooks"
# Nothing is sent to it here, and it needs no name server.
URL = "https://93.184.216.34/hook"


@pytest.fixture
async def operator(factory: Factory) -> Client:
    return await factory.shopper("ops")


async def created(operator: Client, **fields: Any) -> dict[str, Any]:
    response = await operator.post(PATH, json={"url": URL, **fields})
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_new_endpoint_is_told_with_its_secret_this_once(operator: Client) -> None:
    made = await created(operator, description="Mail house", kinds=["price_changed", "price_changed"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made | {"id": 0, "created_date": "", "modified_date": ""} == {
        "id": 0,
        "url": URL,
        "description": "Mail house",
        "kinds": ["price_changed"],
        "status": "active",
        "disabled_reason": None,
        "previous_secret_until": None,
        "created_date": "",
        "modified_date": "",
    }
    shown = await operator.get(f"{PATH}/{made['id']}")
    assert shown.json() == made
    listed = await operator.get(PATH)
    assert listed.json() == {"count": 1, "next": None, "previous": None, "results": [made]}
    for response in (shown, listed):
        assert secret not in response.text
        assert response.headers["Cache-Control"] == "no-store"


async def test_replay_of_a_creation_makes_no_second_endpoint(operator: Client) -> None:
    again = {"headers": {"Idempotency-Key": "once"}, "json": {"url": URL}}
    first, second = await operator.post(PATH, **again), await operator.post(PATH, **again)
    assert first.json() == second.json()
    assert (await operator.get(PATH)).json()["count"] == 1


async def test_list_comes_in_pages(operator: Client) -> None:
    ids = [(await created(operator))["id"] for _ in range(3)]
    page = (await operator.get(f"{PATH}?limit=2&page=2")).json()
    assert (page["count"], [each["id"] for each in page["results"]]) == (3, ids[2:])
    assert (await operator.get(f"{PATH}?page=2")).status_code == 404


@pytest.mark.parametrize("url", ["http://shop.example/", "https://127.0.0.1/", "https://2130706433/", "nonsense", ""])
async def test_address_that_nothing_would_be_sent_to_is_refused(operator: Client, url: str) -> None:
    made = await created(operator)
    for response in (
        await operator.post(PATH, json={"url": url}),
        await operator.request("PATCH", f"{PATH}/{made['id']}", json={"url": url}),
    ):
        assert response.status_code == 400
        assert [fault["field"] for fault in response.json()["errors"]] == ["url"]


async def test_every_kind_that_is_posted_can_be_chosen(operator: Client) -> None:
    kinds = ["back_in_stock", "newly_available", "out_of_stock", "price_changed"]
    assert sorted((await created(operator, kinds=kinds))["kinds"]) == kinds
    document = (await operator.get("/schema/openapi.json")).json()
    schemas = [shape for name, shape in document["components"]["schemas"].items() if "Webhook" in name]
    chosen = [shape["properties"]["kinds"] for shape in schemas if "kinds" in shape["properties"]]
    assert chosen
    assert all(f'"{kind}"' in json.dumps(shape) for kind in kinds for shape in chosen)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": URL, "kinds": ["anything"]}, "kinds"),
        ({"url": URL, "description": "x" * 501}, "description"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
async def test_body_that_makes_no_sense_is_refused(operator: Client, body: dict[str, Any], field: str) -> None:
    response = await operator.post(PATH, json=body)
    assert response.status_code == 400
    assert [fault["field"] for fault in response.json()["errors"]] == [field]


async def test_what_a_change_leaves_out_stays(operator: Client) -> None:
    made = await created(operator, description="Mail house", kinds=["price_changed"])
    changed = (await operator.request("PATCH", f"{PATH}/{made['id']}", json={"status": "disabled"})).json()
    del made["secret"]
    assert changed | {"modified_date": ""} == made | {"status": "disabled", "modified_date": ""}
    emptied = await operator.request("PATCH", f"{PATH}/{made['id']}", json={"kinds": [], "description": ""})
    assert (emptied.json()["kinds"], emptied.json()["description"]) == ([], "")


async def test_endpoint_that_is_enabled_again_forgets_why_it_was_disabled(operator: Client, factory: Factory) -> None:
    made = await created(operator)
    await factory.execute("UPDATE webhook_endpoint SET status = 'disabled', disabled_reason = 'It answered 410 Gone'")
    assert (await operator.get(f"{PATH}/{made['id']}")).json()["disabled_reason"] == "It answered 410 Gone"
    enabled = (await operator.request("PATCH", f"{PATH}/{made['id']}", json={"status": "active"})).json()
    assert (enabled["status"], enabled["disabled_reason"]) == ("active", None)


async def test_rotation_keeps_the_secret_before_for_a_day(operator: Client, factory: Factory) -> None:
    made = await created(operator)
    rotated = (await operator.post(f"{PATH}/{made['id']}/rotate")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"] is not None
    kept = "SELECT previous_secret FROM webhook_endpoint WHERE previous_until - now() BETWEEN '23h' AND '24h'"
    assert await factory.scalar(kept) == made["secret"]
    await factory.execute("UPDATE webhook_endpoint SET previous_until = now() - interval '1s'")
    assert (await operator.get(f"{PATH}/{made['id']}")).json()["previous_secret_until"] is None


async def test_rotations_at_once_lose_no_secret_that_was_told(operator: Client, factory: Factory) -> None:
    made = await created(operator)
    answers = await asyncio.gather(*(operator.post(f"{PATH}/{made['id']}/rotate") for _ in range(2)))
    live = await factory.scalar("SELECT ARRAY[secret, previous_secret] FROM webhook_endpoint")
    assert sorted(live) == sorted(answer.json()["secret"] for answer in answers)


async def test_deleted_endpoint_is_gone_with_its_deliveries(operator: Client, factory: Factory) -> None:
    made = await created(operator)
    await operator.post(f"{PATH}/{made['id']}/test")
    assert (await operator.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert await factory.scalar("SELECT count(*) FROM delivery") == 0
    assert (await operator.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_test_event_is_a_delivery_of_its_own_each_time(operator: Client, factory: Factory) -> None:
    made = await created(operator)
    first, second = [await operator.post(f"{PATH}/{made['id']}/test") for _ in range(2)]
    assert first.status_code == second.status_code == 202
    assert first.json()["id"] != second.json()["id"]
    row = "SELECT channel || ' ' || kind || ' ' || status || ' ' || webhook_endpoint_id FROM delivery WHERE uuid = %s"
    assert await factory.scalar(row, first.json()["uuid"]) == f"webhook endpoint_test due {made['id']}"


@pytest.mark.parametrize("number", ["0", "-1", "abc", "999999999", "9" * 30])
async def test_endpoint_that_is_not_there_is_not_found(operator: Client, number: str) -> None:
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
    ):
        response = await operator.request(
            method, f"{PATH}/{number}{path}", **({"json": {}} if method == "PATCH" else {})
        )
        assert response.status_code == 404, method


async def test_only_operators_may(client: httpx.AsyncClient, factory: Factory, operator: Client) -> None:
    made = await created(operator)
    shopper = await factory.shopper("storefront", "integration", "warehouse")
    for method, path in (
        ("GET", PATH),
        ("POST", PATH),
        ("GET", f"{PATH}/{made['id']}"),
        ("PATCH", f"{PATH}/{made['id']}"),
        ("DELETE", f"{PATH}/{made['id']}"),
        ("POST", f"{PATH}/{made['id']}/rotate"),
        ("POST", f"{PATH}/{made['id']}/test"),
    ):
        body: dict[str, Any] = {"json": {"url": URL}} if method in ("POST", "PATCH") else {}
        assert (await shopper.request(method, path, **body)).status_code == 403
        assert (await client.request(method, path, **body)).status_code == 401
