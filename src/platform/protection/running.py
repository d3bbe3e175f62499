"""Requests under way and their time limits: one look at all of them twice a second instead of a timer for each.

A limit ends with the first word of the answer, so what streams may last; and what says `takes_long` among its route's
options has as long as it needs, as long as its body keeps coming.
"""

import asyncio
from time import monotonic
from typing import Any, cast

from litestar.types import Receive, ReceiveMessage, Scope

from src.platform.errors import AppError, IncompleteBody, RequestTimeout, ServiceUnavailable

TAKES_LONG = "takes_long"
# A client whose line is this bad begins anew.
BODY_PAUSE_S = 20.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Running:
    """A request until its answer begins."""

    __slots__ = (
        "_awaits_body_since",
        "_cancelled_before",
        "_overdue",
        "_receive",
        "_scope",
        "began_at",
        "has_body",
        "task",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.began_at = monotonic()
        self.has_body = scope.get("method") in WITH_BODY
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self._scope = scope
        self._receive = receive
        self._overdue: type[AppError] | None = None
        self._awaits_body_since = 0.0
        self._cancelled_before = 0

    async def receive(self) -> ReceiveMessage:
        """The next part of the body, how long it lets us wait is watched; raises IncompleteBody when none comes."""
        if not self.has_body:
            return await self._receive()
        self._awaits_body_since = monotonic()
        message: Any = await self._receive()
        self._awaits_body_since = 0.0
        if message["type"] == "http.disconnect":
            # Nobody's failure but the client's; the framework would take it for ours.
            raise IncompleteBody
        self.has_body = message.get("more_body", False)
        return cast(ReceiveMessage, message)

    def judge(self, now: float, timeout_s: float) -> type[AppError] | None:
        """What it has failed by, if it has."""
        if self._awaits_body_since and now - self._awaits_body_since > BODY_PAUSE_S:
            return RequestTimeout
        if now - self.began_at <= timeout_s or self._takes_long():
            return None
        return RequestTimeout if self._awaits_body_since else ServiceUnavailable

    def _takes_long(self) -> bool:
        handler: Any = self._scope.get("route_handler")
        return handler is not None and bool(handler.opt.get(TAKES_LONG))

    def cancel(self, reason: type[AppError]) -> None:
        """Interrupt it."""
        if self.task is not None and self._overdue is None:
            self._overdue = reason
            self._cancelled_before = self.task.cancelling()
            self.task.cancel()

    def interrupted(self) -> AppError | None:
        """Why it ended, if that was our doing and nobody else's; to be asked once, by its own task, when it ended."""
        if self._overdue is None or self.task is None:
            return None
        others = self.task.uncancel() > self._cancelled_before
        return None if others else self._overdue()
