"""Settings that change at run time."""

from typing import Any

import httpx
import pytest

from src.app import create_app
from src.platform.settings import Settings
from tests.factories import Client, Factory

SETTING = "/api/v1/settings/FAVOURITE_SKU_IS_ACTIVE"


@pytest.fixture
async def operator(factory: Factory) -> Client:
    return await factory.shopper("ops")


@pytest.mark.parametrize("path", ["/api/v1/settings", SETTING])
async def test_settings_are_for_operators(client: httpx.AsyncClient, factory: Factory, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    shopper = await factory.shopper()
    assert (await shopper.get(path)).status_code == 403
    assert (await shopper.put(SETTING, json={"value": False})).status_code == 403
    assert await factory.scalar("SELECT count(*) FROM setting") == 0


async def test_settings_are_listed_with_defaults(operator: Client) -> None:
    told = (await operator.get("/api/v1/settings/")).json()
    assert told["count"] == len(told["results"])
    by_name = {setting["name"]: setting for setting in told["results"]}
    assert by_name["DEFAULT_CURRENCY"] == {
        "name": "DEFAULT_CURRENCY",
        "value": "try",
        "default": "try",
        "modified_date": None,
        "description": by_name["DEFAULT_CURRENCY"]["description"],
    }
    assert by_name["FAVOURITE_SKU_IS_ACTIVE"]["value"] is True


async def test_changed_setting_counts_at_once_in_every_process(settings: Settings, operator: Client) -> None:
    answer = await operator.put(SETTING, json={"value": False})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["value"], told["default"]) == ("FAVOURITE_SKU_IS_ACTIVE", False, True)
    assert told["modified_date"].endswith("Z")
    assert (await operator.get(SETTING)).json() == told

    other: Any = create_app(settings)
    transport = httpx.ASGITransport(app=other)
    async with other.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        seen = await client.get(SETTING, headers={"Authorization": f"Token {operator.token}"})
    assert seen.json() == told


async def test_change_to_the_same_value_moves_only_the_date(operator: Client) -> None:
    first = (await operator.put(SETTING, json={"value": True})).json()
    second = (await operator.put(SETTING, json={"value": True})).json()
    assert first["value"] is second["value"] is True
    assert second["modified_date"] > first["modified_date"]


@pytest.mark.parametrize(
    "body",
    [
        {"value": "false"},
        {"value": 1},
        {"value": None},
        {"value": [True]},
        {"value": {}},
        {},
    ],
)
async def test_value_of_another_type_is_refused_on_its_field(operator: Client, factory: Factory, body: Any) -> None:
    answer = await operator.put(SETTING, json=body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [fault["field"] for fault in answer.json()["errors"]] == ["value"]
    assert await factory.scalar("SELECT count(*) FROM setting") == 0


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"value": true, "more": 1}', "application/json", 400),
        (b'{"value": "\\u0000"}', "application/json", 400),
        (b'{"value": "\xff"}', "application/json", 400),
        (b'{"value": ' + b"[" * 100_000, "application/json", 400),
        (b"value=true", "application/x-www-form-urlencoded", 415),
        (b'{"value": "' + b"x" * 11_000_000 + b'"}', "application/json", 413),
    ],
)
async def test_body_that_makes_no_sense_is_refused(
    operator: Client, content: bytes, content_type: str, status: int
) -> None:
    answer = await operator.put(SETTING, content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("name", ["NO_SUCH_SETTING", "favourite_sku_is_active", "%00", "%ff"])
async def test_unknown_setting_is_404(operator: Client, name: str) -> None:
    assert (await operator.get(f"/api/v1/settings/{name}")).status_code == 404
    answer = await operator.put(f"/api/v1/settings/{name}", json={"value": True})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_value_of_a_wrong_type_that_was_stored_is_shown_and_mended(operator: Client, factory: Factory) -> None:
    await factory.execute("INSERT INTO setting (name, value) VALUES ('FAVOURITE_SKU_IS_ACTIVE', '[5]')")
    assert (await operator.get(SETTING)).json()["value"] == [5]
    assert (await operator.get("/api/v1/settings")).status_code == 200
    assert (await operator.put(SETTING, json={"value": False})).json()["value"] is False
    assert (await operator.get(SETTING)).json()["value"] is False
