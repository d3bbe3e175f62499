"""Who may see the metrics, and what is in them."""

import asyncio
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec

from src.app import create_app
from src.platform.metrics_folder import VARIABLE
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


async def test_any_worker_process_tells_the_numbers_of_all(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name.upper(): getattr(settings, name) for name in ("database_url", "redis_url", "redis_queue_url")},
        VARIABLE: str(tmp_path),
        "METRICS_PUBLIC": "true",
    }
    command = [sys.executable, "-m", "src.cli", "api", "--workers", "2", "--port", str(port)]
    server = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment})
    try:
        # Each request on a connection of its own, so that both workers get some.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as client:
            async with asyncio.timeout(60):
                sent = await _ask_both(client, tmp_path)
            for _ in range(4):
                await _told(client, sent)
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), 60)


async def _ask_both(client: httpx.AsyncClient, directory: Path) -> int:
    """Ask until two processes have counted answers; how many answers there were."""
    answers = 0
    while len(await asyncio.to_thread(lambda: list(directory.glob("histogram_*.db")))) < 2:
        try:
            await client.get("/health/live")
            answers += 1
        except httpx.TransportError:
            await asyncio.sleep(0.1)  # not there yet
    return answers


async def _told(client: httpx.AsyncClient, answers: int) -> None:
    """Wait for the last answer to be counted, which happens just after it is sent."""
    name = re.escape('wishkeep_http_request_duration_seconds_count{method="GET",route="/health/live",status="200"}')
    async with asyncio.timeout(10):
        while True:
            found = re.search(f"{name} (\\S+)", (await client.get("/metrics")).text)
            if found and float(found[1]) == answers:
                return
            await asyncio.sleep(0.05)
