"""Which addresses we connect to on somebody else's word (server-side request forgery)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from src.platform.errors import Invalid

MAX_URL_LENGTH = 2048

# IANA's registry of special purpose addresses, multicast, and what is reserved. Written out, because what Python's
# `is_global` says has changed with its patch releases.
NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        # A public address that answers machines in Azure about themselves.
        "168.63.129.16/32",
    )
)
# All that is in use of IPv6, and what of it is no host's: Teredo and other protocols, documentation, 6to4.
PUBLIC_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
# In networks without IPv4 the names of hosts that have nothing else lead here (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")


class UnfitAddress(Invalid):
    message = "Not a valid address"


def is_public(address: str) -> bool:
    """Whether this IP address is one that anybody on the internet could connect to."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = IPv4Address(int(found) & 0xFFFF_FFFF) if found in NAT64 else found.ipv4_mapped
        if inner is None:
            return found in PUBLIC_6 and not any(found in network for network in NOT_PUBLIC_6)
        found = inner
    return not any(found in network for network in NOT_PUBLIC_4)


def check_url(url: str, *, allow_private: bool, field: str = "url") -> None:
    """Raises UnfitAddress when nothing may be sent to `url`, whatever its host's name stands for.

    Plain http only where private addresses are allowed.
    """
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise UnfitAddress(field=field)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnfitAddress(field=field) from None
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise UnfitAddress("Must be an address that begins with https://", field=field)
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise UnfitAddress(field=field)
    if not allow_private and not _may_be_public(host):
        raise UnfitAddress("Private addresses are not allowed", field=field)


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return True  # A name; where it leads is seen when we connect.
