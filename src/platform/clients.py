"""Where a request comes from, as far as it can be known behind proxies."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from litestar import Request

# Whoever has one IPv6 address has all of its /64.
IPV6_PREFIX = 64


def network_address(request: Request[Any, Any, Any]) -> str:
    """The network address of whoever sent the request, IPv6 ones as their network; empty when there is none.

    Of `X-Forwarded-For` only what our own proxies have added counts (TRUSTED_PROXIES): the rest may be made up.
    """
    proxies = request.app.state.settings.trusted_proxies
    told = [part.strip() for part in ",".join(request.headers.getall("x-forwarded-for", [])).split(",") if part.strip()]
    if proxies and told:
        return _network(told[-min(proxies, len(told))])
    return _network(request.client.host) if request.client else ""


def _network(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address)
