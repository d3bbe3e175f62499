"""Where a request comes from, as far as it can be known behind proxies."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from litestar import Request
from litestar.types import Scope

# Whoever has one IPv6 address has all of its /64.
IPV6_PREFIX = 64
# Some proxies tell the port too: 192.0.2.1:4711, [2001:db8::1]:4711.
WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([^:]*):[0-9]+")


def network_address(request: Request[Any, Any, Any]) -> str:
    """The network address of whoever sent the request, IPv6 ones as their network; empty when there is none.

    Of `X-Forwarded-For` only what our own proxies have added counts (TRUSTED_PROXIES): the rest may be made up.
    """
    return network_of(request.scope, request.app.state.settings.trusted_proxies)


def network_of(scope: Scope, proxies: int) -> str:
    """Like `network_address`, behind so many trusted proxies, where there is no request yet."""
    return _network(_told(scope, proxies))


def client_address(request: Request[Any, Any, Any]) -> str:
    """Like `network_address`, but the whole address whatever its kind."""
    return str(_address(_told(request.scope, request.app.state.settings.trusted_proxies)) or "")


def _told(scope: Scope, proxies: int) -> str:
    if proxies:
        headers: Any = scope["headers"]
        told = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        parts = [part.strip() for part in told.split(",") if part.strip()]
        if parts:
            return parts[-min(proxies, len(parts))]
    client = scope.get("client")
    return str(client[0]) if client else ""


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    address = _address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    told = WITH_PORT.fullmatch(text)
    try:
        address = ip_address(told[1] or told[2] if told else text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
