"""Addresses of Valkey and Redis: one server, a cluster, or servers of which Sentinel says who is in charge."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

Kind: TypeAlias = Literal["single", "cluster", "sentinel"]
DEFAULT_PORTS = {"cluster": 6379, "sentinel": 26379}
SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
)


@dataclass(frozen=True)
class Address:
    """Where servers are; one server is described by its URL alone."""

    kind: Kind
    url: str = field(repr=False)
    # Of some nodes of the cluster, or of the Sentinels.
    hosts: tuple[tuple[str, int], ...] = ()
    # What the Sentinels call the servers.
    service: str = ""
    is_encrypted: bool = False
    # What connections are made with, as redis-py names it, passwords included.
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    # The same for connections to the Sentinels, which have passwords of their own or none.
    sentinel_options: dict[str, Any] = field(default_factory=dict, repr=False)


def read_address(url: str) -> Address:
    """The servers that `url` names; raises ValueError, which does not tell the URL."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"must be an address that begins with {' or '.join(f'{each}://' for each in SCHEMES)}")
    scheme, _, kind = parts.scheme.partition("+")
    if not kind:
        return Address("single", url)
    user, at, places = parts.netloc.rpartition("@")
    service, database = _path(parts, kind)
    # What redis-py makes of everything else, were it the address of one server.
    options: dict[str, Any] = {**parse_url(f"{scheme}://{user}{at}host/{database}?{parts.query}")}
    sentinel_options = {
        name.removeprefix("sentinel_"): options.pop(name)
        for name in ("sentinel_username", "sentinel_password")
        if name in options
    }
    is_encrypted = options.pop("connection_class", None) is SSLConnection
    del options["host"]
    return Address(
        "cluster" if kind == "cluster" else "sentinel",
        url,
        tuple(_place(place, DEFAULT_PORTS[kind]) for place in places.split(",")),
        service,
        is_encrypted,
        options,
        sentinel_options,
    )


def _path(parts: SplitResult, kind: str) -> tuple[str, str]:
    """The service, and the number of its database."""
    steps = [unquote(step) for step in parts.path.strip("/").split("/")]
    if kind == "cluster":
        if steps not in ([""], ["0"]):
            raise ValueError("names a database of a cluster, which has only one")
        return "", "0"
    service, database = [*steps, "0"][:2]
    if not service or len(steps) > 2 or not database.isascii() or not database.isdigit():
        raise ValueError("must end with the service that its Sentinels watch: redis+sentinel://host:26379/service")
    return service, database


def _place(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0:
        raise ValueError("names a host or a port that cannot be one")
    return host, port or default_port
