"""Preferences and alerts over HTTP: what is chosen is kept, what makes no sense is refused, others' are not there."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.factories import Client
from tests.modules.notifications.telling import PREFERENCES, Telling
from tests.modules.updates.shop import want

DEFAULTS = {
    "email": True,
    "push": True,
    "frequency": "instant",
    "digest_hour": 9,
    "digest_weekday": 0,
    "quiet_from": None,
    "quiet_until": None,
    "time_zone": "UTC",
    "least_drop": "0.00",
    "most_per_day": None,
}
NO_WISH = {"target_price": None, "kinds": None, "mute": False}


def faults(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {fault["field"] for fault in answer.json()["errors"]}


async def test_preferences_are_the_defaults_until_chosen_and_then_what_was_chosen(telling: Telling) -> None:
    shopper, other = await telling.shopper(), await telling.shopper()
    assert (await shopper.get(PREFERENCES)).json() == DEFAULTS
    chosen = {
        "email": False,
        "push": True,
        "frequency": "weekly",
        "digest_hour": 18,
        "digest_weekday": 4,
        "quiet_from": "22:30",
        "quiet_until": "07:00",
        "time_zone": "Asia/Baghdad",
        "least_drop": "12.50",
        "most_per_day": 3,
    }
    answer = await shopper.put(f"{PREFERENCES}/", json=chosen)
    assert (answer.status_code, answer.json()) == (200, chosen)
    shown = await shopper.get(PREFERENCES)
    assert shown.json() == chosen
    assert shown.headers["cache-control"] == "private, no-cache"
    assert (await shopper.get(PREFERENCES, headers={"If-None-Match": shown.headers["etag"]})).status_code == 304
    assert (await other.get(PREFERENCES)).json() == DEFAULTS
    # What is left out has its default again.
    assert (await shopper.put(PREFERENCES, json={"least_drop": 7.255})).json() == {**DEFAULTS, "least_drop": "7.26"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"frequency": "hourly"}, "frequency"),
        ({"digest_hour": 24}, "digest_hour"),
        ({"digest_weekday": -1}, "digest_weekday"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"time_zone": "Europe"}, "time_zone"),
        ({"time_zone": "a\0b"}, "time_zone"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_until": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "quiet_from"),
        ({"quiet_from": "22:00\n", "quiet_until": "07:00"}, "quiet_from"),
        ({"least_drop": 101}, "least_drop"),
        ({"least_drop": -1}, "least_drop"),
        ({"least_drop": "NaN"}, "least_drop"),
        ({"least_drop": "1e999999"}, "least_drop"),
        ({"most_per_day": 0}, "most_per_day"),
        ({"email": "perhaps"}, "email"),
        ({"email": None}, "email"),
        ({"sms": True}, "sms"),
    ],
)
async def test_preferences_that_make_no_sense_are_refused(telling: Telling, asked: dict[str, Any], field: str) -> None:
    shopper = await telling.shopper()
    assert faults(await shopper.put(PREFERENCES, json=asked)) == {field}
    assert (await shopper.get(PREFERENCES)).json() == DEFAULTS


@pytest.mark.parametrize("path", [PREFERENCES, "/api/v1/favourites/1/alert"])
async def test_nobody_and_wrong_scopes_choose_nothing(telling: Telling, client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.put(path, json={})).status_code == 401
    ops = await telling.ops()
    assert (await ops.get(path)).status_code == 403
    assert (await ops.put(path, json={})).status_code == 403


async def test_alert_of_a_favourite_is_kept_and_found_by_pk_and_uuid(telling: Telling) -> None:
    shopper = await telling.shopper()
    uuid = await want(shopper, await telling.shop.product())
    pk = await telling.factory.scalar("SELECT id FROM favourite")
    for name in (pk, uuid):
        assert (await shopper.get(f"/api/v1/favourites/{name}/alert")).json() == NO_WISH
    asked = {"target_price": 49.9, "kinds": ["price_drop", "out_of_stock", "price_drop"], "mute": False}
    chosen = {"target_price": "49.90", "kinds": ["out_of_stock", "price_drop"], "mute": False}
    answer = await shopper.put(f"/api/v1/favourites/{pk}/alert/", json=asked)
    assert (answer.status_code, answer.json()) == (200, chosen)
    shown = await shopper.get(f"/api/v1/favourites/{uuid}/alert")
    assert shown.json() == chosen
    headers = {"If-None-Match": shown.headers["etag"]}
    assert (await shopper.get(f"/api/v1/favourites/{pk}/alert", headers=headers)).status_code == 304
    assert (await shopper.put(f"/api/v1/favourites/{uuid}/alert", json={})).json() == NO_WISH
    # More digits than a float has.
    exact = b'{"target_price": 1234567890123456.78}'
    answer = await shopper.put(f"/api/v1/favourites/{pk}/alert", content=exact)
    assert answer.json()["target_price"] == "1234567890123456.78"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"target_price": -1}, "target_price"),
        ({"target_price": "Infinity"}, "target_price"),
        ({"target_price": "10000000000000000"}, "target_price"),
        ({"target_price": True}, "target_price"),
        ({"kinds": ["back_in_stock"]}, "kinds"),
        ({"kinds": "price_drop"}, "kinds"),
        ({"mute": 2}, "mute"),
        ({"muted": True}, "muted"),
    ],
)
async def test_alert_that_makes_no_sense_is_refused(telling: Telling, asked: dict[str, Any], field: str) -> None:
    shopper = await telling.shopper()
    favourite = await want(shopper, await telling.shop.product())
    assert faults(await shopper.put(f"/api/v1/favourites/{favourite}/alert", json=asked)) == {field}


async def test_alert_of_anybody_elses_favourite_or_of_none_is_not_there(telling: Telling) -> None:
    owner, other = await telling.shopper(), await telling.shopper()
    uuid = await want(owner, await telling.shop.product())
    pk = await telling.factory.scalar("SELECT id FROM favourite")
    for client, name in ((other, uuid), (other, pk), (owner, uuid4()), (owner, pk + 1), (owner, "x"), (owner, 2**64)):
        assert await statuses(client, f"/api/v1/favourites/{name}/alert") == (404, 404)
    assert await telling.factory.scalar("SELECT count(*) FROM favourite_alert") == 0


async def statuses(client: Client, path: str) -> tuple[int, int]:
    return (await client.get(path)).status_code, (await client.put(path, json={})).status_code
