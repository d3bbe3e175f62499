"""Tokens over HTTP."""

import re
from typing import Any

import httpx
import pytest

from src.modules.identity import issue_token
from src.platform.database import Database
from src.platform.security import digest
from tests.modules.identity.probes import PROBE, SESSIONS, TOKENS, bearing, cookie_of


async def test_issued_token_lets_in_and_is_kept_as_a_digest(
    shop: httpx.AsyncClient, operator: dict[str, str], database: Database
) -> None:
    response = await shop.post(
        TOKENS, headers=operator, json={"email": "new@example.com", "scopes": ["warehouse", "storefront", "warehouse"]}
    )
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told == {"token": told["token"], "scopes": ["warehouse", "storefront"], "expires_at": None}
    assert (await shop.get(PROBE, headers=bearing(told["token"]))).json()["email"] == "new@example.com"
    async with database.read() as connection:
        rows = await (await connection.execute("SELECT digest, kind FROM credential ORDER BY created_at")).fetchall()
    assert rows[1] == (digest(told["token"]), "token")


async def test_scopes_default_to_the_storefront(shop: httpx.AsyncClient, operator: dict[str, str]) -> None:
    response = await shop.post(TOKENS, headers=operator, json={"email": "new@example.com"})
    assert response.json()["scopes"] == ["storefront"]


async def test_token_expires(shop: httpx.AsyncClient, operator: dict[str, str], database: Database) -> None:
    response = await shop.post(
        TOKENS, headers=operator, json={"email": "new@example.com", "scopes": ["storefront"], "expires_in": "3600"}
    )
    told = response.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told["expires_at"])
    assert (await shop.get(PROBE, headers=bearing(told["token"]))).status_code == 200
    async with database.read() as connection:
        row = await (
            await connection.execute(
                "UPDATE credential SET expires_at = expires_at - interval '1h' WHERE digest = %s"
                " RETURNING expires_at BETWEEN now() - interval '1min' AND now()",
                (digest(told["token"]),),
            )
        ).fetchone()
    assert row == (True,)
    assert (await shop.get(PROBE, headers=bearing(told["token"]))).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["ops"]}, "email"),
        ({"email": "nobody", "scopes": ["ops"]}, "email"),
        ({"email": "a@b@c", "scopes": ["ops"]}, "email"),
        ({"email": "a b@example.com", "scopes": ["ops"]}, "email"),
        ({"email": "a@example.com\n", "scopes": ["ops"]}, "email"),
        ({"email": "a\0@example.com", "scopes": ["ops"]}, "email"),
        ({"email": f"{'a' * 250}@example.com", "scopes": ["ops"]}, "email"),
        ({"email": 7, "scopes": ["ops"]}, "email"),
        ({"email": "a@example.com", "scopes": ["root"]}, "scopes"),
        ({"email": "a@example.com", "scopes": []}, "scopes"),
        ({"email": "a@example.com", "scopes": "ops"}, "scopes"),
        ({"email": "a@example.com", "expires_in": 0}, "expires_in"),
        ({"email": "a@example.com", "expires_in": -5}, "expires_in"),
        ({"email": "a@example.com", "expires_in": 10**12}, "expires_in"),
        ({"email": "a@example.com", "expires_in": 1.5}, "expires_in"),
        ({"email": "a@example.com", "expires_in": True}, "expires_in"),
        ({"email": "a@example.com", "colour": "red"}, "colour"),
    ],
)
async def test_token_for_what_makes_no_sense_is_refused(
    shop: httpx.AsyncClient, operator: dict[str, str], body: dict[str, Any], field: str
) -> None:
    response = await shop.post(TOKENS, headers=operator, json=body)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/problem+json")
    assert [fault["field"] for fault in response.json()["errors"]] == [field]


async def test_inactive_user_gets_no_token(
    shop: httpx.AsyncClient, operator: dict[str, str], shopper: dict[str, str], database: Database
) -> None:
    async with database.read() as connection:
        await connection.execute("UPDATE users SET is_active = false WHERE email = 'shopper@example.com'")
    response = await shop.post(TOKENS, headers=operator, json={"email": "SHOPPER@example.com"})
    assert response.status_code == 409
    assert response.json()["error_code"] == "user_inactive"


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", ""), ("DELETE", "/" + "0" * 64)])
async def test_tokens_are_for_operators(
    shop: httpx.AsyncClient, shopper: dict[str, str], method: str, path: str
) -> None:
    assert (await shop.request(method, TOKENS + path, headers=shopper)).status_code == 403
    assert (await shop.request(method, TOKENS + path)).status_code == 401


async def test_replay_gives_the_same_token(
    shop: httpx.AsyncClient, operator: dict[str, str], database: Database
) -> None:
    headers = {**operator, "Idempotency-Key": "once"}
    body = {"email": "new@example.com", "scopes": ["storefront"]}
    first = await shop.post(TOKENS, headers=headers, json=body)
    again = await shop.post(TOKENS, headers=headers, json=body)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = await shop.post(TOKENS, headers=headers, json={**body, "email": "other@example.com"})
    assert other.status_code == 422
    async with database.read() as connection:
        row = await (await connection.execute("SELECT count(*) FROM credential")).fetchone()
    assert row == (2,)  # the operator's and the new one


async def test_list_shows_tokens_without_their_secrets(
    shop: httpx.AsyncClient, operator: dict[str, str], shopper: dict[str, str]
) -> None:
    await shop.post(SESSIONS, headers=shopper)
    response = await shop.get(TOKENS, headers=operator)
    told = response.json()
    assert told["count"] == 2
    assert [token["email"] for token in told["results"]] == ["shopper@example.com", "ops@example.com"]
    assert set(told["results"][0]) == {"id", "email", "user", "scopes", "created_at", "expires_at"}
    for headers in (operator, shopper):
        assert headers["Authorization"].removeprefix("Token ") not in response.text
    again = await shop.get(TOKENS, headers={**operator, "If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


async def test_list_is_paged_and_filtered(
    shop: httpx.AsyncClient, operator: dict[str, str], database: Database
) -> None:
    for number in range(4):
        await issue_token(database, email=f"s{number % 2}@example.com", scopes=["storefront"])
    first = (await shop.get(TOKENS, headers=operator, params={"limit": 2})).json()
    assert first["count"] == 5
    assert first["previous"] is None
    second = (await shop.get(first["next"], headers=operator)).json()
    third = (await shop.get(second["next"], headers=operator)).json()
    assert third["next"] is None
    assert len({token["id"] for page in (first, second, third) for token in page["results"]}) == 5
    of_one = (await shop.get(TOKENS, headers=operator, params={"email": "S1@example.com"})).json()
    assert [token["email"] for token in of_one["results"]] == ["s1@example.com"] * 2
    for query, status in (
        ({"page": 4, "limit": 2}, 404),
        ({"page": "9" * 30, "limit": "9" * 30}, 404),
        ({"page": 0}, 400),
        ({"limit": "x"}, 400),
        ({"email": "\0"}, 400),
        ({"email": "unknown@example.com"}, 200),
    ):
        assert (await shop.get(TOKENS, headers=operator, params=query)).status_code == status, query


async def test_revoked_token_and_its_users_sessions_are_worthless_at_once(
    shop: httpx.AsyncClient, operator: dict[str, str], shopper: dict[str, str], database: Database
) -> None:
    session_id = cookie_of(await shop.post(SESSIONS, headers=shopper))[1]
    shop.cookies.clear()
    by_cookie = {"Cookie": f"osessionid={session_id}"}
    other = bearing(await issue_token(database, email="other@example.com", scopes=["storefront"]))
    assert (await shop.get(PROBE, headers=by_cookie)).status_code == 200
    listed = (await shop.get(TOKENS, headers=operator, params={"email": "shopper@example.com"})).json()
    path = f"{TOKENS}/{listed['results'][0]['id']}"
    assert (await shop.delete(path, headers=operator)).status_code == 204
    assert (await shop.get(PROBE, headers=shopper)).status_code == 401
    assert (await shop.get(PROBE, headers=by_cookie)).status_code == 401
    assert (await shop.get(PROBE, headers=other)).status_code == 200
    assert (await shop.delete(path, headers=operator)).status_code == 404


@pytest.mark.parametrize("token_id", ["0" * 64, "abc", "zz", "%00", "é", "0" * 5000])
async def test_unknown_token_can_not_be_revoked(
    shop: httpx.AsyncClient, operator: dict[str, str], token_id: str
) -> None:
    assert (await shop.delete(f"{TOKENS}/{token_id}", headers=operator)).status_code == 404


async def test_session_is_no_token_to_revoke(
    shop: httpx.AsyncClient, operator: dict[str, str], shopper: dict[str, str], database: Database
) -> None:
    await shop.post(SESSIONS, headers=shopper)
    async with database.read() as connection:
        row = await (await connection.execute("SELECT digest FROM credential WHERE kind = 'session'")).fetchone()
    assert row
    assert (await shop.delete(f"{TOKENS}/{row[0].hex()}", headers=operator)).status_code == 404
