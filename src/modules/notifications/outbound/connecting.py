"""Connections to the very addresses that were checked, so that a name can't stand for another one a moment later."""

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpcore

from src.modules.notifications.outbound.addresses import is_public

ADDRESSES_TRIED = 3
# Strangers choose these names, and a name server of theirs that never answers holds a thread for long. In threads of
# their own such look-ups delay one another, and not those of our servers, which share the event loop's few.
LOOKUPS = ThreadPoolExecutor(16, thread_name_prefix="outbound-lookup")


class AddressRefused(Exception):
    """A name stands for an address that we don't connect to."""


async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The IP addresses of a host; raises AddressRefused when any one is private, OSError when there are none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(LOOKUPS, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM))
    except UnicodeError as error:  # no name: a label too long, say
        raise OSError(f"no host of that name: {error}") from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise AddressRefused(f"{host} leads to {address}, which is not a public address")
    return addresses


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """What httpcore connects with; TLS and the Host header still go by the name."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of `host` that takes it; raises AddressRefused."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await resolve(host, port, allow_private=self._allow_private)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"looking up {host} took too long") from error
        except OSError as error:
            raise httpcore.ConnectError(f"no address of {host} was found") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses[:ADDRESSES_TRIED]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)
