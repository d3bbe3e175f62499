"""The one layer around the application: tells of each request, refuses what is too much, ends what takes too long.

Several layers would be easier to read, but each costs a quick request about as much as all that is done here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic, time

import msgspec
import structlog
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from src.platform.database import Database
from src.platform.dialects import render
from src.platform.dynamic_settings import (
    FAILED_SIGN_INS_PER_MINUTE,
    REQUESTS_PER_MINUTE_PER_ADDRESS,
    REQUESTS_PER_MINUTE_PER_TOKEN,
    read_settings,
)
from src.platform.errors import AddressTooLong, AppError, ServiceUnavailable
from src.platform.i18n import negotiate
from src.platform.metrics import RATE_LIMIT_ERRORS, REQUESTS_TIMED_OUT
from src.platform.protection.headers import secured, security_headers
from src.platform.protection.limits import REFUSALS, Limiter, Limits
from src.platform.protection.running import Running
from src.platform.protection.sharing import share
from src.platform.redis import AnyRedis
from src.platform.settings import Settings
from src.platform.telemetry import Told, request_ids

log = structlog.get_logger(__name__)

# Servers and proxies allow as much at least; what asks for more has lost its way.
MOST_QUERY_BYTES = 16 * 1024
SHARE_EVERY_S = 0.15
PAUSE_S = 1.0
TIDY_EVERY_S = 10.0
READ_EVERY_S = 1.0
LOOK_EVERY_S = 0.5


class Protection:
    """ASGI middleware; within `working` it reads its limits and shares its counts."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        client: AnyRedis,
        *,
        sign_in_paths: frozenset[str] = frozenset(),
    ) -> None:
        self.limiter = Limiter(settings.trusted_proxies, sign_in_paths)
        self._database = database
        self._client = client
        self._timeout_s = settings.request_timeout_s
        self._added = security_headers(tls=settings.cookie_secure)
        self._running: set[Running] = set()
        self._tidied_at = 0.0
        self._told = False

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app` behind this protection."""
        limiter, under_way, added, ids = self.limiter, self._running, self._added, request_ids()

        async def protected(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":  # type: ignore[comparison-overlap]
                await app(scope, receive, send)
                return
            told = Told(scope, ids)
            running = Running(scope, receive)

            def guarded(message: Message) -> Awaitable[None]:
                if message["type"] == "http.response.start":
                    # What follows is the reader's affair: an answer may stream for as long as it likes.
                    under_way.discard(running)
                    status = message["status"]
                    if status in REFUSALS or limiter.suspects:
                        self._learn(scope, status)
                    headers = secured(status, message.get("headers", ()), added)
                    told.answered(status, headers)
                    message["headers"] = headers
                return send(message)

            try:
                if len(scope["query_string"]) > MOST_QUERY_BYTES:
                    await _refuse(scope, AddressTooLong(), guarded)
                elif limiter.is_watching and (refusal := self._judge(scope)) is not None:
                    await _refuse(scope, refusal, guarded)
                else:
                    under_way.add(running)
                    await app(scope, running.receive if running.has_body else receive, guarded)
            except asyncio.CancelledError:
                failure = running.interrupted()
                if failure is None or running not in under_way:  # by others, or when the answer had just begun
                    raise
                REQUESTS_TIMED_OUT.labels(failure.status).inc()
                await _refuse(scope, failure, guarded)
            finally:
                under_way.discard(running)
                told.over()

        return protected

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Within the block limits are read, counts shared and time limits kept."""
        loops = [
            asyncio.create_task(_forever(self._read_limits, READ_EVERY_S)),
            asyncio.create_task(_forever(self._share, SHARE_EVERY_S)),
            asyncio.create_task(_forever(self._look, LOOK_EVERY_S)),
        ]
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    def _judge(self, scope: Scope) -> AppError | None:
        """Why the request is refused; nobody is when that can't be told."""
        try:
            return self.limiter.admit(scope)
        except Exception as error:
            self._fail_open(error)
            return None

    def _learn(self, scope: Scope, status: int) -> None:
        try:
            self.limiter.answered(scope, status)
        except Exception as error:
            self._fail_open(error)

    def _fail_open(self, error: Exception) -> None:
        RATE_LIMIT_ERRORS.inc()
        if not self._told:  # It may be each request.
            log.error("protection.failed", exc_info=error)
        self._told = True

    async def _read_limits(self) -> None:
        with contextlib.suppress(ServiceUnavailable):  # What was known last goes on.
            async with self._database.read() as connection:
                read = await read_settings(
                    connection,
                    [REQUESTS_PER_MINUTE_PER_TOKEN, REQUESTS_PER_MINUTE_PER_ADDRESS, FAILED_SIGN_INS_PER_MINUTE],
                )
            self.limiter.limits = Limits(*read)

    async def _share(self) -> None:
        if not await share(self.limiter, self._client):
            await asyncio.sleep(PAUSE_S)
        if monotonic() - self._tidied_at > TIDY_EVERY_S:
            self._tidied_at = monotonic()
            self.limiter.tidy(time())

    async def _look(self) -> None:
        now = monotonic()
        for running in [*self._running]:
            if reason := running.judge(now, self._timeout_s):
                running.cancel(reason)


async def _forever(action: Callable[[], Awaitable[None]], every_s: float) -> None:
    told = False
    while True:
        try:
            await action()
            told = False
        except Exception:
            if not told:  # It may fail each time for a while, before the first migration say.
                log.exception("protection.failed")
            told = True
        await asyncio.sleep(every_s)


async def _refuse(scope: Scope, error: AppError, send: Send) -> None:
    """Answer with `error` as the application would, without asking it."""
    languages = [value for name, value in scope["headers"] if name == b"accept-language"]
    content, media_type = render(error, scope["path"], negotiate(languages[0].decode("latin-1") if languages else None))
    body = msgspec.json.encode(content)
    headers = {"content-type": media_type, "content-length": str(len(body)), **error.headers}
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": error.status,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
