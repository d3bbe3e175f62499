"""Subscriptions of browsers over HTTP."""

from typing import Any

import httpx
import pytest

from src.modules.notifications.push.services import MOST_PER_USER
from src.modules.notifications.push.vapid import from_base64url
from tests.factories import Factory
from tests.modules.notifications.push.browsers import Browser

PATH = "/api/v1/push/subscriptions"
ENDPOINT = "https://push.example/send/abc"


async def owners(factory: Factory, endpoint: str = ENDPOINT) -> Any:
    return await factory.scalar(
        "SELECT array_agg(u.email) FROM push_subscription s JOIN users u ON u.id = s.user_id WHERE endpoint = %s",
        endpoint,
    )


async def test_public_key_needs_no_credentials_and_stays_the_same(client: httpx.AsyncClient) -> None:
    first, second = [await client.get("/api/v1/push/public-key") for _ in range(2)]
    assert first.status_code == 200
    assert first.json() == second.json()
    point = from_base64url(first.json()["public_key"])
    assert (len(point), point[0]) == (65, 4)


async def test_subscription_is_kept_as_the_browser_writes_it(factory: Factory) -> None:
    shopper, browser = await factory.shopper(), Browser()
    response = await shopper.post(PATH, json=browser.subscription(ENDPOINT))
    assert response.status_code == 201
    assert response.json()["endpoint"] == ENDPOINT
    kept = await factory.scalar("SELECT jsonb_build_object('p256dh', p256dh, 'auth', auth) FROM push_subscription")
    assert kept == browser.keys


async def test_browser_belongs_to_whoever_registered_it_last(factory: Factory) -> None:
    first, second = await factory.shopper(), await factory.shopper()
    browser = Browser()
    ids = {
        (await shopper.post(PATH, json=browser.subscription(ENDPOINT))).json()["id"]
        for shopper in (first, first, second)
    }
    assert len(ids) == 1
    assert await owners(factory) == [second.email]
    assert (await first.request("DELETE", PATH, json={"endpoint": ENDPOINT})).status_code == 404
    assert await owners(factory) == [second.email]


async def test_subscription_that_is_ended_is_gone(factory: Factory) -> None:
    shopper = await factory.shopper()
    await shopper.post(PATH, json=Browser().subscription(ENDPOINT))
    assert (await shopper.request("DELETE", PATH, json={"endpoint": ENDPOINT})).status_code == 204
    assert await owners(factory) is None
    assert (await shopper.request("DELETE", PATH, json={"endpoint": ENDPOINT})).status_code == 404


async def test_oldest_browsers_give_way_to_a_new_one(factory: Factory) -> None:
    shopper, other = await factory.shopper(), await factory.shopper()
    await other.post(PATH, json=Browser().subscription("https://push.example/other"))
    for n in range(MOST_PER_USER + 2):
        await shopper.post(PATH, json=Browser().subscription(f"https://push.example/{n}"))
    assert await factory.scalar("SELECT count(*) FROM push_subscription") == MOST_PER_USER + 1
    assert await owners(factory, "https://push.example/1") is None
    assert await owners(factory, "https://push.example/2") == [shopper.email]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"endpoint": "http://push.example/"}, "endpoint"),
        ({"endpoint": "https://127.0.0.1/"}, "endpoint"),
        ({"endpoint": "https://[::ffff:10.0.0.1]/"}, "endpoint"),
        ({"endpoint": "https://push.example/" + "x" * 2048}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"keys": {"p256dh": "A" * 87, "auth": "A" * 22}}, "keys"),
        ({"keys": {"p256dh": Browser().keys["p256dh"], "auth": "short"}}, "keys"),
        ({"keys": {}}, "keys"),
        ({"expirationTime": "soon"}, "expirationTime"),
        ({"user": 1}, "user"),
    ],
)
async def test_what_no_browser_writes_is_refused(factory: Factory, changed: dict[str, Any], field: str) -> None:
    shopper = await factory.shopper()
    response = await shopper.post(PATH, json=Browser().subscription(ENDPOINT) | changed)
    assert response.status_code == 400
    assert [fault["field"] for fault in response.json()["errors"]] == [field]
    assert await factory.scalar("SELECT count(*) FROM push_subscription") == 0


async def test_only_shoppers_may(client: httpx.AsyncClient, factory: Factory) -> None:
    operator = await factory.shopper("ops")
    for method in ("POST", "DELETE"):
        assert (await client.request(method, PATH, json={})).status_code == 401
        assert (await operator.request(method, PATH, json={})).status_code == 403
