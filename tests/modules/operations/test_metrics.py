"""Who may see the metrics, and what is in them."""

from typing import Any

import httpx
import msgspec

from src.app import create_app
from src.platform.settings import Settings
from tests.factories import Factory


async def test_metrics_are_for_operators(client: httpx.AsyncClient, factory: Factory) -> None:
    anonymous = await client.get("/metrics")
    assert anonymous.status_code == 401
    assert anonymous.headers["WWW-Authenticate"]
    shopper = await factory.shopper()
    assert (await shopper.get("/metrics")).status_code == 403


async def test_operator_reads_metrics_of_served_routes(client: httpx.AsyncClient, factory: Factory) -> None:
    await client.get("/health/live")
    operator = await factory.shopper("ops")
    answer = await operator.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'route="/health/live",status="200"' in answer.text
    assert "wishkeep_cache_requests_total" in answer.text


async def test_metrics_can_be_public(settings: Settings) -> None:
    app: Any = create_app(msgspec.structs.replace(settings, metrics_public=True))
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        assert (await client.get("/metrics")).status_code == 200


async def test_whoever_was_let_in_lately_reads_them_while_postgresql_is_away(
    settings: Settings, factory: Factory
) -> None:
    operator = await factory.shopper("ops")
    stranger = await factory.shopper("ops")
    app: Any = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        seen, unseen = ({"Authorization": f"Token {each.token}"} for each in (operator, stranger))
        assert (await client.get("/metrics", headers=seen)).status_code == 200
        await app.state.database.close()
        told = await client.get("/metrics", headers=seen)
        assert (told.status_code, "wishkeep_cache_requests_total" in told.text) == (200, True)
        assert (await client.get("/metrics", headers=unseen)).status_code == 503
