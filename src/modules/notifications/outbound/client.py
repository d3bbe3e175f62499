"""One POST at a time to an address that somebody gave us, and as much of the answer as we believe."""

import asyncio
import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore
import httpx

from src.modules.notifications.outbound.connecting import GuardedBackend
from src.platform.tracing import carried, span
from src.platform.version import VERSION

# From the look-up of the name to the end of the answer; a trickle does not prolong it.
TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
CONNECTIONS = 64
KEPT_CONNECTIONS = 64
KEPT_FOR_S = 30.0
# What an answer says beyond its status interests nobody; so much is read that its connection can be used again.
MAX_ANSWER_BYTES = 64 * 1024
LONGEST_RETRY_AFTER_S = 24 * 3600.0
REFUSED = 400


class Unreachable(Exception):
    """There was no answer, or none that could be understood."""


class Answer(NamedTuple):
    """What the other side said."""

    status: int
    retry_after_s: float | None = None


class OutboundClient:
    """Posts without following redirects, without proxies, cookies or credentials of the environment."""

    def __init__(self, *, allow_private: bool, timeout_s: float = TIMEOUT_S, tells_trace: bool = False) -> None:
        """With `tells_trace` the other side is told the trace that a post belongs to, where there is one."""
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._tells_trace = tells_trace
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to `body`; raises Unreachable, or AddressRefused before anything was sent."""
        # The address may be a secret, as those of push services are; its host is not.
        host = urlsplit(url).hostname or ""
        with span("POST", "client", {"http.request.method": "POST", "server.address": host}) as doing:
            answer = await self._post(url, headers, body)
            doing.note("http.response.status_code", answer.status)
            if answer.status >= REFUSED:
                doing.fail(str(answer.status))
            return answer

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        told = {"Host": urlsplit(url).netloc, "User-Agent": f"Wishkeep/{VERSION}", "Accept": "*/*", **headers}
        if self._tells_trace and (trace := carried()) is not None:
            told["traceparent"] = trace
        limits = {"connect": min(CONNECT_TIMEOUT_S, self._timeout_s)}
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._connections().stream(
                    "POST", url, headers=list(told.items()), content=body, extensions={"timeout": limits}
                ) as response,
            ):
                answer = Answer(response.status, retry_after_s(_header(response, b"retry-after"), datetime.now(UTC)))
                await _read_little(response)
                return answer
        except TimeoutError as error:
            raise Unreachable(f"no answer within {self._timeout_s:g} seconds") from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from error

    async def close(self) -> None:
        """Close the connections that are kept."""
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None

    def _connections(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:  # Not before it is needed: the certificates take a while and some memory.
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=_ssl_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
                max_connections=CONNECTIONS,
                max_keepalive_connections=KEPT_CONNECTIONS,
                keepalive_expiry=KEPT_FOR_S,
                network_backend=GuardedBackend(allow_private=self._allow_private),
            )
        return self._pool


@lru_cache(maxsize=1)
def _ssl_context(_: str | None, __: str | None) -> ssl.SSLContext:
    """Made once per process, of the certificates that these variables name or else of those that we come with."""
    return httpx.create_ssl_context()


async def _read_little(response: httpcore.Response) -> None:
    read = 0
    async for part in response.aiter_stream():
        read += len(part)
        if read > MAX_ANSWER_BYTES:
            return  # The rest goes with its connection.


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110, 10.2.3), at most a day; None when it makes no sense."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST_RETRY_AFTER_S)
    try:
        asked = (parsedate_to_datetime(text).replace(tzinfo=UTC) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(asked, 0.0), LONGEST_RETRY_AFTER_S)
