"""Identity behind a probe: an application with its controllers and one handler that says who is asking."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from src.modules.identity import CONTROLLERS, Identity, issue_token
from src.platform.database import Database
from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.settings import Settings
from tests.modules.identity.issuers import ALGORITHMS, JwksServer, signer
from tests.modules.identity.probes import Probe, Serve, bearing


@pytest.fixture
async def serve(database: Database, settings: Settings) -> AsyncIterator[Serve]:
    """Starts an application with other settings and gives an HTTP client of it; Identity remembers nothing yet."""
    async with AsyncExitStack() as stack:

        async def start(*, base_url: str = "http://shop.test", **changed: Any) -> httpx.AsyncClient:
            chosen = msgspec.structs.replace(settings, **changed)
            parts = {"identity": Identity(database, chosen), "database": database}
            app = Litestar(
                route_handlers=[*CONTROLLERS, Probe],
                dependencies={name: _constant(part) for name, part in parts.items()},
                state=State({"settings": chosen, **parts}),
                exception_handlers=EXCEPTION_HANDLERS,
                openapi_config=None,
            )
            transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)
            return await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=base_url))

        yield start


def _constant(value: Any) -> Provide:
    async def provide() -> Any:
        return value

    return Provide(provide)


@pytest.fixture
async def shop(serve: Serve) -> httpx.AsyncClient:
    """A client of the application with the settings of all tests."""
    return await serve()


@pytest.fixture
def jwks() -> Iterator[JwksServer]:
    """An issuer's key server, without keys."""
    with JwksServer() as running:
        yield running


@pytest.fixture
async def published(serve: Serve, jwks: JwksServer) -> httpx.AsyncClient:
    """A client of an application that takes the keys of `jwks`, where each algorithm has one."""
    jwks.keys = [signer(algorithm).published() for algorithm in ALGORITHMS]
    return await serve(jwt_secret=None, jwt_jwks_url=jwks.url)


@pytest.fixture
async def operator(database: Database) -> dict[str, str]:
    """The headers of an operator."""
    return bearing(await issue_token(database, email="ops@example.com", scopes=["ops"]))


@pytest.fixture
async def shopper(database: Database) -> dict[str, str]:
    """The headers of a shopper."""
    return bearing(await issue_token(database, email="shopper@example.com", scopes=["storefront"]))
