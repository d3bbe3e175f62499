"""Who may operate, and from which pages."""

import httpx
import pytest

from src.modules.operations.operators import sent_by_own_page
from tests.factories import Factory

HOST = {"host": "shop.test"}
PUBLIC = "https://ops.shop.test/x"


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site", "origin": "http://shop.test"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://shop.test"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://shop.test"}, True),
        ({"origin": "https://ops.shop.test"}, True),
        ({"origin": "https://shop.test:8443"}, False),
        ({"origin": "http://shop.test.evil.test"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://[shop.test"}, False),
        ({}, False),
    ],
)
def test_a_write_is_taken_from_pages_of_the_service_only(headers: dict[str, str], is_own: bool) -> None:
    assert sent_by_own_page("POST", {**HOST, **headers}, PUBLIC) is is_own
    assert sent_by_own_page("GET", {**HOST, **headers}, PUBLIC)
    assert not sent_by_own_page("POST", {"host": "", "origin": "null"}, None)


async def sign_in(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/ops/login", data={"token": token}, headers={"Origin": "http://shop.test"})


async def test_the_cookie_opens_the_operations_and_nothing_else(client: httpx.AsyncClient, factory: Factory) -> None:
    operator = await factory.shopper("ops", "storefront")
    answer = await sign_in(client, operator.token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/")
    cookie = answer.headers["set-cookie"]
    assert {"Path=/ops", "HttpOnly", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    value = cookie.partition("=")[2].partition(";")[0]
    client.cookies.clear()
    named = {"Cookie": f"wishkeep_ops={value}"}
    assert (await client.get("/ops/queues", headers=named)).status_code == 200
    assert (await client.get("/ops/", headers=named)).status_code == 200
    for elsewhere in ({"Cookie": f"osessionid={value}"}, {"Authorization": f"Token {value}"}):
        for path in ("/ops/queues", "/api/v1/settings"):
            assert (await client.get(path, headers=elsewhere)).status_code == 401
    assert (await client.get("/api/v1/settings", headers=named)).status_code == 401


async def test_a_write_by_cookie_from_another_site_is_refused(client: httpx.AsyncClient, factory: Factory) -> None:
    await sign_in(client, (await factory.shopper("ops")).token)
    forged = await client.post("/ops/queues/feed/pause", headers={"Origin": "https://evil.test"})
    assert (forged.status_code, forged.json()["error_code"]) == (403, "csrf_failed")
    page = await client.post("/ops/actions/pause", data={"queue": "feed"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403
    assert await factory.scalar("SELECT count(*) FROM setting") == 0
    assert (await client.post("/ops/queues/feed/pause", headers={"Origin": "http://shop.test"})).status_code == 200


async def test_a_session_ends_with_its_token_and_on_leaving(client: httpx.AsyncClient, factory: Factory) -> None:
    operator = await factory.shopper("ops")
    await factory.execute("UPDATE credential SET expires_at = now() + interval '90s'")
    await sign_in(client, operator.token)
    lasts = await factory.scalar("SELECT max(expires_at) <= now() + interval '91s' FROM credential")
    assert lasts
    answer = await client.post("/ops/logout", headers={"Origin": "http://shop.test"})
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await factory.scalar("SELECT count(*) FROM credential WHERE kind = 'session'") == 0
    assert await factory.scalar("SELECT count(*) FROM audit_event WHERE position('/ops/log' IN url) > 0") == 2
    assert operator.token not in str(await factory.scalar("SELECT jsonb_agg(audit_event) FROM audit_event"))


async def test_who_is_nobody_or_may_not_is_sent_away(client: httpx.AsyncClient, factory: Factory) -> None:
    for path in ("/ops/", "/ops/charts", "/ops/actions/pause?queue=feed"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/ops/login")
    assert (await client.get("/ops/stream")).status_code == 401
    shopper = await factory.shopper()
    assert (await shopper.get("/ops/")).status_code == 403
    assert (await shopper.get("/ops/stream")).status_code == 403
    for token in ("", "wrong", shopper.token, "Bearer Bearer", "x" * 9000):
        assert (await sign_in(client, token)).status_code == 403
