"""What every request leaves behind: its id in the answer and in each log line, a count and a duration.

It wraps the whole application, so that paths nobody serves are seen as well, and costs a few microseconds.
"""

import itertools
import logging
import re
import secrets
from collections.abc import Awaitable
from time import perf_counter
from typing import Any

import structlog
from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from src.platform.logs import REQUEST_ID
from src.platform.request_times import keep

log = structlog.get_logger(__name__)
_gate = logging.getLogger(__name__)

SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
# All paths that no route serves share one label, or a scanner could make up as many as it likes.
UNMATCHED = "unmatched"
OTHER_METHOD = "OTHER"
SERVER_ERROR = 500


class RequestTelemetry:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # A random part per process and a number: as unique as random bits for each request, and much cheaper.
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request and account for it."""
        kind: str = scope["type"]
        if kind != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or f"{self._prefix}-{next(self._numbers):x}"
        status = SERVER_ERROR

        # It hands on what `send` returns to be awaited: a coroutine of its own would cost more than its work.
        def send_with_id(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            return send(message)

        token = REQUEST_ID.set(request_id)
        start = perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            end = perf_counter()
            # The router has noted the template by now, unless no route fits.
            method, route = bounded_method(str(scope.get("method"))), scope.get("path_template", UNMATCHED)
            keep(method, route, status, end - start, end)
            level = logging.WARNING if status >= SERVER_ERROR else logging.DEBUG
            if _gate.isEnabledFor(level):
                _say(level, method, route, status, end - start)
            REQUEST_ID.reset(token)


def bounded_method(method: str) -> str:
    """`method` if anybody serves it: clients may make up as many as they like."""
    return method if method in METHODS else OTHER_METHOD


def _say(level: int, method: str, route: str, status: int, duration_s: float) -> None:
    log.log(level, "request", method=method, route=route, status=status, duration_ms=round(duration_s * 1000, 2))


def _given_id(scope: Any) -> str | None:
    """The id that the client or a proxy gave, when it is fit for logs and headers."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return None


def observe(app: Litestar) -> None:
    """Put the telemetry around everything that `app` answers."""
    app.asgi_handler = RequestTelemetry(app.asgi_handler)
