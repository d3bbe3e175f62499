"""Calls of the shop's own HTTP API from within this process, so that what the demo does is what any shop can do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from src.app import create_app
from src.platform.settings import Settings

# Tokens of our own; the ones for the newcomer are made by `wishkeep up`.
TOKEN_LIFE_S = 300


@asynccontextmanager
async def opened_shop(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application of our own on the servers of `settings`."""
    app = create_app(settings)
    application: Any = app  # httpx types ASGI more loosely than Litestar
    transport = httpx.ASGITransport(app=application)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        yield client


async def post(client: httpx.AsyncClient, token: str, path: str, **request: Any) -> None:
    """POST what may be there already; raises RuntimeError when it is refused."""
    await _call(client, "POST", token, path, **request)


async def put(client: httpx.AsyncClient, token: str, path: str, **request: Any) -> None:
    """PUT; raises RuntimeError when it is refused."""
    await _call(client, "PUT", token, path, **request)


async def _call(client: httpx.AsyncClient, method: str, token: str, path: str, **request: Any) -> None:
    headers = {"Authorization": f"Token {token}", **request.pop("headers", {})}
    answer = await client.request(method, path, headers=headers, **request)
    already_there = answer.status_code == httpx.codes.NOT_ACCEPTABLE
    if already_there:
        return
    if answer.is_error or answer.json().get("rejected"):
        raise RuntimeError(f"The demo shop was refused: {method} {path} answered {answer.status_code}: {answer.text}")
