"""The protection of the real application: limits that change while it runs, and headers on every answer."""

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar
from prometheus_client import REGISTRY

from src.platform.errors import ServiceUnavailable
from src.platform.protection import middleware
from src.platform.protection.limits import Limits
from tests.factories import Factory

FAVOURITES = "/wishlists/favourite-products/"
SETTING = "/api/v1/settings/{}"
NO_SNIFFING = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
WRONG = {"Authorization": "Token a-token-that-nobody-has"}


async def limit(app: Litestar, factory: Factory, name: str, value: int) -> None:
    """Set a limit as operators do, and wait until this process knows it."""
    operator = await factory.shopper("ops")
    assert (await operator.put(SETTING.format(name), json={"value": value})).status_code == 200
    app.state.protection.limiter.forget()
    await app.state.protection._read_limits()


def refused(kind: str) -> float:
    return REGISTRY.get_sample_value("wishkeep_rate_limited_total", {"limit": kind}) or 0.0


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/baskets/", {"detail"}),
        ("/storefront/favorites", {"success", "message"}),
        ("/api/v1/data-warehouse/users/", {"detail"}),
        ("/api/v1/settings", {"type", "title", "status", "detail", "error_code"}),
        ("/nowhere", {"type", "title", "status", "detail", "error_code"}),
    ],
)
async def test_too_many_of_an_address_are_refused_in_the_dialect_of_the_path(
    app: Litestar, client: httpx.AsyncClient, factory: Factory, path: str, shape: set[str]
) -> None:
    await limit(app, factory, "REQUESTS_PER_MINUTE_PER_ADDRESS", 2)
    before = refused("address")
    for _ in range(2):
        assert (await client.get(path)).status_code != 429
    answer = await client.get(path, headers={"Accept-Language": "tr"})
    assert answer.status_code == 429
    assert set(answer.json()) == shape
    assert "istek" in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 120
    assert answer.headers["X-Request-ID"]
    assert refused("address") == before + 1
    assert (await client.get("/health/live")).status_code == 200


async def test_too_many_of_a_token_are_refused_and_other_tokens_are_not(
    app: Litestar, client: httpx.AsyncClient, factory: Factory
) -> None:
    await limit(app, factory, "REQUESTS_PER_MINUTE_PER_TOKEN", 3)
    one, other = await factory.shopper(), await factory.shopper()
    statuses = [(await one.get(FAVOURITES)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert (await other.get(FAVOURITES)).status_code == 200


async def test_limit_that_is_lifted_is_lifted_without_a_restart(
    app: Litestar, client: httpx.AsyncClient, factory: Factory
) -> None:
    await limit(app, factory, "REQUESTS_PER_MINUTE_PER_ADDRESS", 1)
    assert [(await client.get("/nowhere")).status_code for _ in range(2)] == [404, 429]
    async with app.state.database.transaction() as work:
        await work.connection.execute("UPDATE setting SET value = '0'")
    async with asyncio.timeout(10):
        while (await client.get("/nowhere")).status_code == 429:  # noqa: ASYNC110  (it is the loop that is tested)
            await asyncio.sleep(0.05)


async def test_new_credentials_wait_where_many_were_wrong(
    app: Litestar, client: httpx.AsyncClient, factory: Factory
) -> None:
    known = await factory.shopper()
    await limit(app, factory, "FAILED_SIGN_INS_PER_MINUTE", 4)
    for _ in range(2):
        assert (await client.get(FAVOURITES, headers=WRONG)).status_code == 401
    assert (await known.get(FAVOURITES)).status_code == 200
    for _ in range(2):
        assert (await client.get(FAVOURITES, headers=WRONG)).status_code == 401
    assert (await client.get(FAVOURITES, headers=WRONG)).status_code == 429
    assert (await known.get(FAVOURITES)).status_code == 200
    assert (await client.get(FAVOURITES)).status_code == 401


async def test_operators_form_is_limited_like_any_sign_in(
    app: Litestar, client: httpx.AsyncClient, factory: Factory
) -> None:
    await limit(app, factory, "FAILED_SIGN_INS_PER_MINUTE", 3)
    statuses = [
        (await client.post(path, data={"token": "a-guess"}, headers={"Origin": "http://shop.test"})).status_code
        for path in ("/ops/login", "/ops/login/", "/ops/login", "/ops/login", "/ops/login/")
    ]
    assert statuses == [403, 403, 403, 429, 429]
    assert (await client.get("/ops/login")).status_code == 200


async def test_limits_that_are_not_known_are_those_that_were(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise ServiceUnavailable

    protection = app.state.protection
    known = protection.limiter.limits
    monkeypatch.setattr(protection._database, "read", away)
    await protection._read_limits()
    assert protection.limiter.limits is known


async def test_every_answer_tells_browsers_to_trust_it_with_less(client: httpx.AsyncClient, factory: Factory) -> None:
    shopper = await factory.shopper()
    listed = await shopper.get(FAVOURITES)
    answers = [
        listed,
        await client.get(FAVOURITES),
        await client.get("/nowhere"),
        await client.get("/health/live"),
        await client.post("/baskets/", content=b"{", headers={"Content-Type": "application/json"}),
    ]
    assert listed.status_code == 200
    for answer in answers:
        assert NO_SNIFFING.items() <= dict(answer.headers).items()
        assert answer.headers.get_list("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", ["/schema", "/unsubscribe/none"])
async def test_pages_keep_their_own_policy_and_get_the_rest(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "text/html" in answer.headers["Content-Type"]
    (policy,) = answer.headers.get_list("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policy
    assert len(answer.headers.get_list("Referrer-Policy")) == 1
    assert NO_SNIFFING.keys() <= dict(answer.headers).keys()


async def test_confirmed_answer_keeps_the_headers_that_it_has(client: httpx.AsyncClient, factory: Factory) -> None:
    shopper = await factory.shopper()
    first = await shopper.get(FAVOURITES)
    again = await shopper.get(FAVOURITES, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "Content-Security-Policy" not in again.headers


async def test_address_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    room = middleware.MOST_QUERY_BYTES
    assert (await client.get(f"/nowhere?{'q' * room}")).status_code == 404
    answer = await client.get(f"/baskets/?{'q' * (room + 1)}")
    assert answer.status_code == 414
    assert set(answer.json()) == {"detail"}


async def test_limits_of_a_wrong_type_are_none(app: Litestar, client: httpx.AsyncClient, factory: Factory) -> None:
    for name in ("REQUESTS_PER_MINUTE_PER_TOKEN", "REQUESTS_PER_MINUTE_PER_ADDRESS", "FAILED_SIGN_INS_PER_MINUTE"):
        await factory.execute("INSERT INTO setting (name, value) VALUES (%s, %s)", name, '"5"')
    app.state.protection.limiter.forget()
    await app.state.protection._read_limits()
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.get(FAVOURITES, headers={"Authorization": "Token wrong"})).status_code == 401


async def test_limits_that_can_not_be_decided_refuse_nobody(app: Litestar, client: httpx.AsyncClient) -> None:
    wrong: Any = "5"
    app.state.protection.limiter.limits = Limits(per_address=wrong, failed_sign_ins=wrong)
    before = REGISTRY.get_sample_value("wishkeep_rate_limit_errors_total") or 0.0
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.get(FAVOURITES, headers={"Authorization": "Token wrong"})).status_code == 401
    app.state.protection.limiter.forget()
    assert (REGISTRY.get_sample_value("wishkeep_rate_limit_errors_total") or 0.0) >= before + 3
