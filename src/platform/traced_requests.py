"""A span for every request, put around the whole application where traces are sent."""

from collections.abc import Awaitable

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from src.platform.telemetry import SERVER_ERROR, UNMATCHED, bounded_method
from src.platform.tracing import span

# What probes and collectors ask for all the time tells nothing.
UNTOLD = ("/health/", "/metrics")


class TracedRequests:
    """ASGI middleware around what tells of requests, so that its log lines have the ids of the trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request in a span, below the caller's if it told of one."""
        kind: str = scope["type"]
        if kind != "http" or scope["path"].startswith(UNTOLD):
            await self._app(scope, receive, send)
            return
        method = bounded_method(str(scope.get("method")))
        status = SERVER_ERROR

        def watched(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        with span(method, "server", {"http.request.method": method}, parent=_traceparent(scope)) as told:
            try:
                await self._app(scope, receive, watched)
            finally:
                # A template or nothing: paths hold ids of people.
                route = scope.get("path_template", UNMATCHED)
                told.rename(f"{method} {route}")
                told.note("http.route", route)
                told.note("http.response.status_code", status)
                if status >= SERVER_ERROR:
                    told.fail(str(status))


def _traceparent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value, "latin-1")
    return None
