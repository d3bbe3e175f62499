"""The page of the demo that asks for web push."""

import re
from typing import Any, cast

import httpx
import msgspec
import pytest

from src.app import create_app
from src.platform.settings import Settings


@pytest.fixture
def demo(settings: Settings) -> httpx.AsyncClient:
    app = cast("Any", create_app(msgspec.structs.replace(settings, demo_mail_dir="/nowhere")))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.test")


async def test_page_and_all_that_it_needs_are_served_from_here(demo: httpx.AsyncClient) -> None:
    page = await demo.get("/demo/push")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    needed = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert needed
    for path in needed:
        assert (await demo.get(path)).status_code == 200
    assert "<script>" not in page.text
    assert "style=" not in page.text


async def test_service_worker_may_serve_the_page(demo: httpx.AsyncClient) -> None:
    worker = await demo.get("/demo/push/worker.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert worker.headers["Service-Worker-Allowed"] == "/demo/push"
    # Notifications show pictures of products, wherever the shop keeps them.
    assert "img-src data: https:" in worker.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["other.js", "..%2Fsender.py", "%2Fetc%2Fpasswd"])
async def test_nothing_else_is_served(demo: httpx.AsyncClient, name: str) -> None:
    assert (await demo.get(f"/demo/push/{name}")).status_code == 404


@pytest.mark.parametrize("path", ["/demo/push", "/demo/push/worker.js"])
async def test_there_is_no_page_where_no_demo_runs(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
