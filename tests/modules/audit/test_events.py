"""Audit events: one for each call that changed something, in the same transaction, without what opens doors."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.factories import Client, Factory
from tests.modules.audit.records import Records

PRODUCTS = "/api/v1/integration/products/products"
NDJSON = {"Content-Type": "application/x-ndjson"}


def outcome(created: int = 0, updated: int = 0, unchanged: int = 0, rejected: int = 0) -> dict[str, int]:
    return {
        "received": created + updated + unchanged + rejected,
        "created": created,
        "updated": updated,
        "unchanged": unchanged,
        "rejected": rejected,
    }


async def test_feeding_call_is_told_as_it_came(feeder: Client, factory: Factory, records: Records) -> None:
    before = datetime.now(UTC)
    await factory.execute("UPDATE users SET first_name = 'Ada', last_name = 'L' WHERE email = %s", feeder.email)
    rows = [{"sku": "A", "name": "a"}, {"sku": "B", "name": "b", "parent": 10**9}]
    answer = await feeder.post(f"{PRODUCTS}?atomic=false", json=rows, headers={"User-Agent": "feed/1", "X-Shop": "7"})
    assert answer.status_code == 200
    event = await records.event()
    assert event["user"] == {
        "pk": await factory.user_id(feeder),
        "email": feeder.email,
        "first_name": "Ada",
        "last_name": "L",
    }
    assert before <= event["timestamp"] <= datetime.now(UTC)
    assert event["remote_addr"] == "127.0.0.1"
    assert event["url"] == f"http://shop.test{PRODUCTS}"
    assert event["query_params"] == {"atomic": "false"}
    assert event["post_data"] == {}
    assert event["headers"]["X-Shop"] == "7"
    assert event["headers"]["User-Agent"] == "feed/1"
    assert (event["kind"], event["object_id"]) == ("products.product", None)
    content = event["content"]
    assert before <= datetime.fromisoformat(content.pop("request_datetime")) <= event["timestamp"]
    assert content == {
        "request_method": "POST",
        "request_data": rows,
        "request_size": len(json.dumps(rows, separators=(",", ":"))),
        "client_type": "default",
        "browser_agent": "feed/1",
        "outcome": outcome(created=1, rejected=1),
    }


async def test_no_credential_is_kept(feeder: Client, records: Records) -> None:
    secrets = {
        "Idempotency-Key": "the-key-itself",
        "X-Api-Key": "hunter2",
        "X-Forwarded-Access-Token": "hunter2",
        "X-Something": "Bearer hunter2",
        "Referer": "https://operator:hunter2@panel.test/?code=hunter2",
        "X-Other": "eyJhbGciOi.eyJzdWIi.hunter2",
        "Cookie": "osessionid=hunter2",
    }
    await feeder.post(f"{PRODUCTS}?atomic=true", json=[{"sku": "A", "name": "a"}], headers=secrets)
    text = str(await records.event())
    for secret in (feeder.token, "hunter2", "the-key-itself"):
        assert secret not in text


async def test_call_that_changed_nothing_is_no_event(feeder: Client, records: Records) -> None:
    rows = [{"sku": "A", "name": "a"}]
    keyed = {"Idempotency-Key": "1"}
    await feeder.post(PRODUCTS, json=rows, headers=keyed)
    assert len(await records.events()) == 1
    await feeder.post(PRODUCTS, json=rows, headers=keyed)  # answered from what was kept
    await feeder.post(PRODUCTS, json=rows)
    await feeder.post(PRODUCTS, json=[{"sku": "", "name": "a"}])
    refused = await feeder.post(f"{PRODUCTS}?atomic=true", json=[{"sku": "B", "name": "b"}, {"sku": ""}])
    assert refused.status_code == 422
    assert (await feeder.delete(f"{PRODUCTS}/1000000")).status_code == 404
    assert len(await records.events()) == 1


async def test_delete_names_its_object(feeder: Client, factory: Factory, records: Records) -> None:
    product = await factory.product()
    assert (await feeder.delete(f"{PRODUCTS}/{product.id}")).status_code == 204
    event = await records.event()
    assert (event["kind"], event["object_id"]) == ("products.product", product.id)
    assert event["url"] == f"http://shop.test{PRODUCTS}/{product.id}"
    assert event["content"]["request_method"] == "DELETE"
    assert event["content"]["request_data"] == {}


async def test_user_who_deletes_themselves_is_still_told_of(feeder: Client, factory: Factory, records: Records) -> None:
    user = await factory.user_id(feeder)
    assert (await feeder.delete(f"/api/v1/integration/users/{user}")).status_code == 204
    event = await records.event()
    assert event["user"] == {"pk": user, "email": feeder.email, "first_name": "", "last_name": ""}


async def test_long_body_is_kept_by_its_size(feeder: Client, records: Records) -> None:
    body = "".join(json.dumps({"sku": f"S{n}", "name": "x" * 1000}) + "\n" for n in range(40))
    await feeder.post(PRODUCTS, content=body, headers=NDJSON)
    content = (await records.event())["content"]
    assert (content["request_data"], content["request_size"]) == (None, len(body))
    assert content["outcome"] == outcome(created=40)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-ndjson", b'{"sku": "A", "name": "a"}\n{"sku": "B\\u0000"}\n{"sku": 1e999}\n\xff\n[[[\n'),
        ("text/csv", b"sku,name\nA,a\nB\x00,\xff\n"),
        ("application/json", b'[{"sku": "A", "name": "a"}, {"sku": "B\\u0000", "attribute_set": ' + b"9" * 300 + b"}]"),
    ],
)
async def test_hostile_rows_do_not_keep_the_good_ones_out(
    feeder: Client, records: Records, content_type: str, body: bytes
) -> None:
    answer = await feeder.post(PRODUCTS, content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["created"]) == (200, 1)
    assert (await records.event())["content"]["outcome"]["created"] == 1


async def test_merchant_feed_is_one_event(feeder: Client, records: Records) -> None:
    feed = "id\ttitle\tprice\tavailability\nA\ta\t10.00 TRY\tin_stock\n"
    answer = await feeder.post(
        "/api/v1/integration/feeds/merchant", content=feed, headers={"Content-Type": "text/tab-separated-values"}
    )
    assert answer.json()["created"] == 1
    event = await records.event()
    assert (event["kind"], event["content"]["request_data"]) == ("products.product", feed)


async def test_setting_is_told(operator: Client, records: Records) -> None:
    url = "/api/v1/settings/DEFAULT_CURRENCY"
    assert (await operator.put(url, json={"value": "usd"})).status_code == 200
    assert (await operator.put(url, json={"value": 5})).status_code == 400
    event = await records.event()
    assert (event["kind"], event["object_id"]) == ("settings.setting", None)
    assert event["url"] == f"http://shop.test{url}"
    assert event["content"]["request_data"] == {"value": "usd"}


async def test_tokens_are_told_without_what_is_issued(operator: Client, records: Records) -> None:
    asked = {"email": "b@example.com", "scopes": ["warehouse"]}
    issued = await operator.post("/api/v1/tokens", json=asked)
    listed = (await operator.get("/api/v1/tokens", params={"email": "b@example.com"})).json()["results"]
    await operator.delete(f"/api/v1/tokens/{listed[0]['id']}")
    made, revoked = await records.events()
    assert issued.json()["token"] not in str(made)
    assert made["content"]["request_data"] == asked
    assert revoked["content"]["request_method"] == "DELETE"
    assert revoked["url"].endswith(listed[0]["id"])


async def test_webhooks_are_told_without_their_secrets(operator: Client, records: Records) -> None:
    asked = {"url": "https://hooks.example.com/in", "description": "x"}
    made = (await operator.post("/api/v1/webhooks", json=asked)).json()
    url = f"/api/v1/webhooks/{made['id']}"
    rotated = (await operator.post(f"{url}/rotate")).json()
    await operator.request("PATCH", url, json={"status": "disabled"})
    await operator.delete(url)
    events = await records.events()
    assert [event["content"]["request_method"] for event in events] == ["POST", "POST", "PATCH", "DELETE"]
    assert events[0]["content"]["request_data"] == asked
    assert made["secret"] not in str(events)
    assert rotated["secret"] not in str(events)


async def test_address_is_the_one_that_our_proxies_saw(app: Litestar, factory: Factory, records: Records) -> None:
    feeder = await factory.shopper("integration")
    application: Any = app
    transport = httpx.ASGITransport(app=application, client=("2001:db8:1:2:3:4:5:6", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        headers = {"Authorization": f"Token {feeder.token}", "X-Forwarded-For": "192.0.2.1"}
        await client.post(PRODUCTS, json=[{"sku": "A", "name": "a"}], headers=headers)
    assert (await records.event())["remote_addr"] == "2001:db8:1:2:3:4:5:6"
