"""Who is let in by token or cookie, in which words the others are turned away, and at what price."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar.testing import RequestFactory

from src.modules.identity import Identity, issue_token, start_session
from src.platform.database import Database
from src.platform.security import digest
from src.platform.settings import Settings
from tests.modules.identity.probes import PROBE


async def session_of(database: Database, email: str = "a@example.com") -> str:
    """The id of a fresh session."""
    await issue_token(database, email=email, scopes=["storefront"])
    async with database.transaction() as work:
        row = await (await work.connection.execute("SELECT id FROM users WHERE email = %s", (email,))).fetchone()
        assert row
        session_id, _ = await start_session(work.connection, user_id=row[0], scopes=["storefront"], ttl_s=60)
    return session_id


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
async def test_token_lets_in_by_either_scheme(shop: httpx.AsyncClient, database: Database, scheme: str) -> None:
    token = await issue_token(database, email="a@example.com", scopes=["storefront"])
    response = await shop.get(PROBE, headers={"Authorization": f"{scheme} {token}"})
    assert response.status_code == 200
    told = response.json()
    assert told["email"] == "a@example.com"
    assert told["via_cookie"] is False
    assert told["price_list_id"] is None


async def test_nobody_is_refused_in_the_words_of_the_documents(shop: httpx.AsyncClient) -> None:
    response = await shop.get(PROBE)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json() == {"success": False, "message": "Authentication required"}


async def test_missing_scope_is_forbidden(shop: httpx.AsyncClient, database: Database) -> None:
    token = await issue_token(database, email="a@example.com", scopes=["warehouse", "ops"])
    headers = {"Authorization": f"Token {token}"}
    assert (await shop.get(PROBE, headers=headers)).status_code == 403
    assert (await shop.get(PROBE, headers=headers, params={"scope": "ops"})).status_code == 200


async def test_lists_and_language_come_with_the_shopper(shop: httpx.AsyncClient, database: Database) -> None:
    token = await issue_token(database, email="a@example.com", scopes=["storefront"])
    async with database.read() as connection:
        cursor = await connection.execute(
            """
            WITH prices AS (INSERT INTO price_list (name) VALUES ('B2B') RETURNING id),
                 stocks AS (INSERT INTO stock_list (name) VALUES ('B2B') RETURNING id),
                 made AS (INSERT INTO segment (name, price_list_id, stock_list_id)
                          SELECT 'B2B', prices.id, stocks.id FROM prices, stocks
                          RETURNING id, price_list_id, stock_list_id),
                 moved AS (UPDATE users SET segment_id = made.id, language_code = 'tr-tr' FROM made)
            SELECT price_list_id, stock_list_id FROM made
            """
        )
        lists = await cursor.fetchone()
    told = (await shop.get(PROBE, headers={"Authorization": f"Token {token}"})).json()
    assert (told["price_list_id"], told["stock_list_id"]) == lists
    assert told["language"] == "tr-tr"


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM credential", "UPDATE credential SET expires_at = now()", "UPDATE users SET is_active = false"],
)
async def test_revocation_is_effective_at_once(shop: httpx.AsyncClient, database: Database, statement: str) -> None:
    token = await issue_token(database, email="a@example.com", scopes=["storefront"])
    headers = {"Authorization": f"Token {token}"}
    assert (await shop.get(PROBE, headers=headers)).status_code == 200
    async with database.read() as connection:
        await connection.execute(statement.encode())
    assert (await shop.get(PROBE, headers=headers)).status_code == 401


async def test_many_at_once_are_each_told_apart(shop: httpx.AsyncClient, database: Database) -> None:
    tokens = {
        f"s{number}@example.com": await issue_token(database, email=f"s{number}@example.com", scopes=["storefront"])
        for number in range(10)
    }

    async def ask(email: str, token: str) -> bool:
        response = await shop.get(PROBE, headers={"Authorization": f"Token {token}"})
        unknown = await shop.get(PROBE, headers={"Authorization": f"Token {token}x"})
        return response.json()["email"] == email and unknown.status_code == 401

    assert all(await asyncio.gather(*(ask(*pair) for pair in tokens.items() for _ in range(5))))


@pytest.mark.parametrize(
    ("method", "headers", "cookies", "status"),
    [
        ("GET", {}, {}, 200),
        ("POST", {}, {}, 403),
        ("POST", {"X-Requested-With": "XMLHttpRequest"}, {}, 200),
        ("POST", {"X-CSRFToken": "abc"}, {"csrftoken": "abc"}, 200),
        ("POST", {"X-CSRFToken": "abc"}, {"csrftoken": "xyz"}, 403),
        ("POST", {"X-CSRFToken": "abc"}, {}, 403),
        ("POST", {"Content-Type": "application/json"}, {"csrftoken": "abc"}, 403),
    ],
)
async def test_cookie_writes_only_from_own_pages(
    shop: httpx.AsyncClient,
    database: Database,
    method: str,
    headers: dict[str, str],
    cookies: dict[str, str],
    status: int,
) -> None:
    shop.cookies.update({"osessionid": await session_of(database), **cookies})
    response = await shop.request(method, PROBE, headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response.json()["via_cookie"] is True


async def test_token_beside_a_cookie_decides(shop: httpx.AsyncClient, database: Database) -> None:
    shop.cookies.set("osessionid", await session_of(database, "cookie@example.com"))
    token = await issue_token(database, email="token@example.com", scopes=["storefront"])
    response = await shop.post(PROBE, headers={"Authorization": f"Token {token}"})
    assert response.status_code == 200  # no proof is needed: no browser adds the header by itself
    assert response.json()["email"] == "token@example.com"
    for bad in ("Token unknown", "Basic YTpi", ""):
        assert (await shop.get(PROBE, headers={"Authorization": bad})).status_code == 401


async def test_token_is_no_session_and_session_no_token(shop: httpx.AsyncClient, database: Database) -> None:
    token = (await issue_token(database, email="a@example.com", scopes=["storefront"])).replace("-", "_")
    async with database.read() as connection:
        await connection.execute("UPDATE credential SET digest = %s", (digest(token),))
    session_id = await session_of(database)
    assert (await shop.get(PROBE, headers={"Authorization": f"Token {token}"})).status_code == 200
    assert (await shop.get(PROBE, headers={"Authorization": f"Token {session_id}"})).status_code == 401
    assert (await shop.get(PROBE, headers={"Cookie": f"osessionid={session_id}"})).status_code == 200
    assert (await shop.get(PROBE, headers={"Cookie": f"osessionid={token}"})).status_code == 401


async def test_opaque_credentials_are_presented_without_a_database(settings: Settings) -> None:
    closed = Database(settings)  # never opened: any statement would fail
    identity = Identity(closed, settings)
    request = RequestFactory().get("/", headers={"Authorization": "Token abc"})
    presented = await identity.present(request)
    assert presented.digest == digest("abc")
    assert presented.via_cookie is False
    request = RequestFactory().get("/", headers={"Cookie": "osessionid=abc"})
    assert (await identity.present(request)).via_cookie is True
    await closed.close()


WORDS = st.sampled_from(["Token ", "Bearer ", "token\t", "Basic ", "eyJhbGciOiJIUzI1NiJ9", ".", "e30", " ", ",", "="])


@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.lists(WORDS | st.text(max_size=5)).map(lambda parts: "".join(parts).encode()))
async def test_any_authorization_text_is_refused_with_401(shop: httpx.AsyncClient, value: bytes) -> None:
    headers: Any = [(b"authorization", value)]
    assert (await shop.get(PROBE, headers=headers)).status_code == 401


@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.binary().map(lambda value: b"osessionid=" + value))
async def test_any_cookie_text_is_refused_with_401(shop: httpx.AsyncClient, value: bytes) -> None:
    headers: Any = [(b"cookie", value)]
    assert (await shop.get(PROBE, headers=headers)).status_code == 401
