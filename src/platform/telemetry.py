"""What every request leaves behind: its id in the answer and in each log line, a count and a duration.

`Protection` tells of each request, for it is around the application already: a second layer around that costs more
than all that is told.
"""

import itertools
import logging
import re
import secrets
from collections.abc import Iterator
from time import perf_counter

import structlog
from litestar.types import Scope

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


class Told:
    """A request that is told of, from its head to its answer's end; both in one task."""

    __slots__ = ("_began_at", "_id", "_scope", "_status", "_token")

    def __init__(self, scope: Scope, ids: Iterator[str]) -> None:
        self._scope = scope
        self._id = _given_id(scope) or next(ids)
        self._status = SERVER_ERROR
        self._token = REQUEST_ID.set(self._id)
        self._began_at = perf_counter()

    def answered(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """The answer begins: it takes the id along."""
        self._status = status
        headers.append((b"x-request-id", self._id.encode()))

    def over(self) -> None:
        """Account for the request."""
        now, scope, status = perf_counter(), self._scope, self._status
        duration_s = now - self._began_at
        # The router has noted the template by now, unless no route fits.
        method, route = bounded_method(str(scope.get("method"))), scope.get("path_template", UNMATCHED)
        keep(method, route, status, duration_s, now)
        level = logging.WARNING if status >= SERVER_ERROR else logging.DEBUG
        if _gate.isEnabledFor(level):
            _say(level, method, route, status, duration_s)
        REQUEST_ID.reset(self._token)


def request_ids() -> Iterator[str]:
    """Ids for requests that come without one: as unique as random bits for each, and much cheaper."""
    prefix = secrets.token_hex(8)
    return (f"{prefix}-{number:x}" for number in itertools.count(1))


def bounded_method(method: str) -> str:
    """`method` if anybody serves it: clients may make up as many as they like."""
    return method if method in METHODS else OTHER_METHOD


def _say(level: int, method: str, route: str, status: int, duration_s: float) -> None:
    log.log(level, "request", method=method, route=route, status=status, duration_ms=round(duration_s * 1000, 2))


def _given_id(scope: Scope) -> str | None:
    """The id that the client or a proxy gave, when it is fit for logs and headers."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return None
