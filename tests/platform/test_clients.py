"""Where requests come from: what a client says of itself counts for nothing, what our own proxies say does."""

from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, get
from litestar.datastructures import State

from src.platform.clients import client_address, network_address
from src.platform.errors import SettingsError
from src.platform.settings import Settings, load_settings


@get("/", sync_to_thread=False)
def tell(request: Request[Any, Any, Any]) -> str:
    return f"{network_address(request)} {client_address(request)}"


async def told(settings: Settings, client: str, proxies: int, *headers: str) -> str:
    state = State({"settings": msgspec.structs.replace(settings, trusted_proxies=proxies)})
    app: Any = Litestar([tell], state=state, openapi_config=None)
    transport = httpx.ASGITransport(app=app, client=(client, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened:
        return (await opened.get("/", headers=[("X-Forwarded-For", header) for header in headers])).text


@pytest.mark.parametrize(
    ("client", "proxies", "headers", "address"),
    [
        ("192.0.2.1", 0, [], "192.0.2.1"),
        ("192.0.2.1", 0, ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", 1, ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", 1, ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", 2, ["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", 2, ["203.0.113.9, 198.51.100.7", "10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", 2, ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", 1, [], "10.0.0.1"),
        ("10.0.0.1", 1, ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", 1, ["[2001:db8:1:2:3:4:5:6]:4711"], "2001:db8:1:2::/64"),
        ("10.0.0.1", 1, ["[2001:db8:1:2:3:4:5:6]"], "2001:db8:1:2::/64"),
        ("10.0.0.1", 1, ["2001:db8::1:2:3:4711"], "2001:db8::/64"),
        ("10.0.0.1", 1, ["nonsense"], ""),
        ("10.0.0.1", 1, ["nonsense:4711"], ""),
        ("10.0.0.1", 1, ["[]:4711"], ""),
        ("10.0.0.1", 1, ["198.51.100.7:"], ""),
        ("2001:db8:1:2:3:4:5:6", 0, [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", 0, [], "192.0.2.1"),
    ],
)
async def test_address_is_what_the_outermost_of_our_proxies_saw(
    settings: Settings, client: str, proxies: int, headers: list[str], address: str
) -> None:
    assert (await told(settings, client, proxies, *headers)).split(" ")[0] == address


async def test_whole_address_is_known_too(settings: Settings) -> None:
    assert await told(settings, "10.0.0.1", 1, "2001:db8::5") == "2001:db8::/64 2001:db8::5"
    assert await told(settings, "10.0.0.1", 1, "nonsense") == " "


def test_number_of_proxies_is_checked() -> None:
    environ = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x"}
    assert load_settings({**environ, "TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    for value in ("-1", "x", "101"):
        with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
            load_settings({**environ, "TRUSTED_PROXIES": value})
