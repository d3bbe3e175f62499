"""Valkey as cache and queue: on a socket, without persistence; all that it holds can be made anew."""

from pathlib import Path

from redis import Redis, RedisError

from src.platform.embedded.accounts import Account
from src.platform.embedded.binaries import valkey_program

CACHE, QUEUE = 0, 1
SOCKET = "valkey.sock"
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "512mb",
    # Only entries that expire anyway, the cache's, make room; what the queue holds for good stays.
    "maxmemory-policy": "volatile-lru",
}


def url(sockets: Path, database: int) -> str:
    """The address of one of the server's databases, `CACHE` or `QUEUE`."""
    return f"unix://{sockets / SOCKET}?db={database}"


def command(sockets: Path, account: Account | None) -> list[str]:
    """How to start the server."""
    settings = SETTINGS | {"unixsocket": str(sockets / SOCKET)}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return [str(valkey_program(account)), *options]


def answers(sockets: Path) -> bool:
    """Whether the server answers."""
    with Redis.from_url(url(sockets, CACHE), socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False
