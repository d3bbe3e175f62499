"""Sessions over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from src.modules.identity import issue_token
from src.platform.database import Database
from tests.modules.identity.probes import PROBE, SESSIONS, TOKENS, Serve, bearing, cookie_of


async def test_session_lives_from_post_to_delete(
    shop: httpx.AsyncClient, shopper: dict[str, str], database: Database
) -> None:
    started = await shop.post(SESSIONS, headers=shopper)
    assert started.status_code == 201
    assert started.headers["cache-control"] == "no-store"
    cookie = cookie_of(started)
    assert cookie[2] == str(30 * 24 * 3600)
    assert cookie[3] is None
    assert cookie[1] not in started.text
    assert set(started.json()) == {"user", "expires_at"}
    assert shop.cookies["osessionid"] == cookie[1]

    seen = (await shop.get(PROBE)).json()
    assert (seen["email"], seen["via_cookie"], seen["scopes"]) == ("shopper@example.com", True, ["storefront"])
    assert (await shop.delete(SESSIONS)).status_code == 403

    ended = await shop.request(
        "DELETE",
        SESSIONS,
        headers={"X-Requested-With": "XMLHttpRequest", "Content-Type": "text/plain"},
        content=b"{}",
    )
    assert (ended.status_code, ended.content) == (204, b"")
    assert cookie_of(ended).groups() == ("", "0", None)
    assert "osessionid" not in shop.cookies
    assert (await shop.get(PROBE, headers={"Cookie": f"osessionid={cookie[1]}"})).status_code == 401
    assert (await shop.get(PROBE, headers=shopper)).status_code == 200  # the token goes on
    async with database.read() as connection:
        row = await (
            await connection.execute("SELECT last_login IS NOT NULL FROM users WHERE email = 'shopper@example.com'")
        ).fetchone()
    assert row == (True,)


async def test_expired_session_is_refused(shop: httpx.AsyncClient, shopper: dict[str, str], database: Database) -> None:
    await shop.post(SESSIONS, headers=shopper)
    assert (await shop.get(PROBE)).status_code == 200
    async with database.read() as connection:
        await connection.execute("UPDATE credential SET expires_at = now() WHERE kind = 'session'")
    assert (await shop.get(PROBE)).status_code == 401


async def test_session_has_the_scopes_of_its_token(
    shop: httpx.AsyncClient, operator: dict[str, str], shopper: dict[str, str]
) -> None:
    await shop.post(SESSIONS, headers=operator)
    assert (await shop.get(TOKENS)).status_code == 200
    assert (await shop.get(PROBE)).status_code == 403
    await shop.post(SESSIONS, headers=shopper)
    assert (await shop.get(TOKENS)).status_code == 403


async def test_session_can_not_prolong_itself(shop: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    await shop.post(SESSIONS, headers=shopper)
    response = await shop.post(SESSIONS, headers={"X-Requested-With": "XMLHttpRequest"})
    assert response.status_code == 401
    assert response.json()["detail"] == "Authentication required"


async def test_nobody_starts_or_ends_a_session(shop: httpx.AsyncClient) -> None:
    assert (await shop.post(SESSIONS)).status_code == 401
    assert (await shop.delete(SESSIONS)).status_code == 401
    assert (await shop.post(SESSIONS, headers=bearing("unknown"))).status_code == 401


async def test_token_ends_only_sessions_of_its_user(
    shop: httpx.AsyncClient, shopper: dict[str, str], operator: dict[str, str]
) -> None:
    session_id = cookie_of(await shop.post(SESSIONS, headers=shopper))[1]
    by_cookie = {"Cookie": f"osessionid={session_id}"}
    shop.cookies.clear()
    assert (await shop.delete(SESSIONS, headers={**operator, **by_cookie})).status_code == 204
    assert (await shop.get(PROBE, headers=by_cookie)).status_code == 200
    assert (await shop.delete(SESSIONS, headers=shopper)).status_code == 204
    assert (await shop.get(PROBE, headers=by_cookie)).status_code == 200
    assert (await shop.delete(SESSIONS, headers={**shopper, **by_cookie})).status_code == 204
    assert (await shop.get(PROBE, headers=by_cookie)).status_code == 401


@pytest.mark.parametrize("bad", ["a-b", "a.b", "é", "a" * 129, '"x"'])
async def test_foreign_cookie_beside_a_token_ends_nothing(
    shop: httpx.AsyncClient, shopper: dict[str, str], bad: str
) -> None:
    headers: Any = {**shopper, "Cookie": f"osessionid={bad}".encode()}
    assert (await shop.delete(SESSIONS, headers=headers)).status_code == 204


async def test_replay_sets_the_same_cookie(
    shop: httpx.AsyncClient, shopper: dict[str, str], database: Database
) -> None:
    headers = {**shopper, "Idempotency-Key": "login-7"}
    first = await shop.post(SESSIONS, headers=headers)
    again = await shop.post(SESSIONS, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["set-cookie"] == again.headers["set-cookie"]
    assert first.json() == again.json()
    async with database.read() as connection:
        row = await (await connection.execute("SELECT count(*) FROM credential WHERE kind = 'session'")).fetchone()
    assert row == (1,)


@pytest.mark.parametrize(
    ("base_url", "changed"),
    [
        ("https://shop.test", {}),
        ("http://shop.test", {"cookie_secure": True}),
        ("http://shop.test", {"public_url": "https://shop.example"}),
    ],
)
async def test_cookie_is_secure_where_the_shop_is(
    serve: Serve, shopper: dict[str, str], base_url: str, changed: dict[str, Any]
) -> None:
    client = await serve(base_url=base_url, **changed)
    assert cookie_of(await client.post(SESSIONS, headers=shopper))[3] == "; Secure"


async def test_each_login_has_a_session_of_its_own(shop: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    started = await asyncio.gather(*(shop.post(SESSIONS, headers=shopper) for _ in range(5)))
    ids = {cookie_of(response)[1] for response in started}
    assert len(ids) == 5
    shop.cookies.clear()
    for session_id in ids:
        assert (await shop.get(PROBE, headers={"Cookie": f"osessionid={session_id}"})).status_code == 200


async def test_replay_by_a_token_of_other_scopes_is_no_replay(
    shop: httpx.AsyncClient, shopper: dict[str, str], database: Database
) -> None:
    wider = bearing(await issue_token(database, email="shopper@example.com", scopes=["storefront", "ops"]))
    key = {"Idempotency-Key": "login-7"}
    first = await shop.post(SESSIONS, headers={**wider, **key})
    second = await shop.post(SESSIONS, headers={**shopper, **key})
    assert cookie_of(first)[1] != cookie_of(second)[1]
    shop.cookies.set("osessionid", cookie_of(second)[1])
    assert (await shop.get(TOKENS)).status_code == 403
