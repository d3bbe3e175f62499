"""Where a request comes from, as far as it can be known behind proxies."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from litestar import Request

# Whoever has one IPv6 address has all of its /64.
IPV6_PREFIX = 64


def network_address(request: Request[Any, Any, Any]) -> str:
    """The network address of whoever sent the request, IPv6 ones as their network; empty when there is none.

    Of `X-Forwarded-For` only what our own proxies have added counts (TRUSTED_PROXIES): the rest may be made up.
    """
    address = _address(request)
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address or "")


def client_address(request: Request[Any, Any, Any]) -> str:
    """Like `network_address`, but the whole address whatever its kind."""
    return str(_address(request) or "")


def _address(request: Request[Any, Any, Any]) -> IPv4Address | IPv6Address | None:
    proxies = request.app.state.settings.trusted_proxies
    told = [part.strip() for part in ",".join(request.headers.getall("x-forwarded-for", [])).split(",") if part.strip()]
    if proxies and told:
        text = told[-min(proxies, len(told))]
    elif request.client:
        text = request.client.host
    else:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
