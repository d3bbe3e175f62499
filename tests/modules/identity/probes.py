"""A handler that says who is asking, and what tests say to it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency

from src.modules.identity import Identity
from src.platform.database import Database
from src.platform.settings import Settings

Serve = Callable[..., Awaitable[httpx.AsyncClient]]
PROBE = "/storefront/probe"
TOKENS = "/api/v1/tokens"
SESSIONS = "/api/v1/sessions"
COOKIE = re.compile(r"osessionid=(\w*); Path=/; Max-Age=(\d+); HttpOnly; SameSite=Lax(; Secure)?", re.ASCII)


class Probe(Controller):
    path = PROBE

    @get()
    async def read(self, request: Request[Any, Any, Any], identity: NamedDependency[Identity]) -> dict[str, Any]:
        return await _told(request, identity)

    @post(status_code=200)
    async def write(self, request: Request[Any, Any, Any], identity: NamedDependency[Identity]) -> dict[str, Any]:
        return await _told(request, identity)


async def _told(request: Request[Any, Any, Any], identity: Identity) -> dict[str, Any]:
    shopper = await identity.shopper(request, request.query_params.get("scope", "storefront"))
    return {**msgspec.structs.asdict(shopper), "scopes": sorted(shopper.scopes)}


def bearing(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}", **headers}


def cookie_of(response: httpx.Response) -> re.Match[str]:
    found = COOKIE.fullmatch(response.headers["set-cookie"])
    assert found, response.headers["set-cookie"]
    return found


async def probe(client: httpx.AsyncClient, token: str, **query: str) -> httpx.Response:
    return await client.get(PROBE, params=query, headers={"Authorization": f"Bearer {token}"})


def secret_of(settings: Settings) -> str:
    assert settings.jwt_secret
    return settings.jwt_secret


async def count_users(database: Database) -> int:
    async with database.read() as connection:
        row = await (await connection.execute("SELECT count(*) FROM users")).fetchone()
    assert row
    return int(row[0])


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `condition` holds, which something else brings about."""
    async with asyncio.timeout(30):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)
