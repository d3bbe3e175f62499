"""GET /storefront/favorites/updates/stream: server-sent events."""

import asyncio
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from src.modules.updates.hub import Hub
from src.modules.updates.positions import HEADER
from src.modules.updates.subscribers import Subscriber
from src.platform.openapi import answers, documented, header, storefront_errors
from src.platform.streaming import gone

EVENT_STREAM = "text/event-stream"
# No proxy may keep it back, to compress it or for anything else.
HEADERS = {"Cache-Control": "private, no-cache, no-transform", "X-Accel-Buffering": "no"}
AnyRequest = Request[Any, Any, Any]
LAST_EVENT_ID = header(HEADER, "The last id that the client got: it is told what came since. Without it, from now on.")


class UpdatesStreamController(Controller):
    """What changes about favorites, as it happens."""

    path = "/storefront/favorites/updates/stream"
    tags = ("Updates (storefront)",)

    @get(
        operation_id="followFavoriteUpdates",
        summary="Follow updates of favorites",
        responses={
            **answers(
                str,
                media_type=EVENT_STREAM,
                description="Server-sent events: `event` is the kind, `data` the element as the list of updates has "
                "it, `id` where the client is. A block without data only moves the id; comments keep the stream alive.",
            ),
            **storefront_errors(),
        },
        operation_class=documented(headers=[LAST_EVENT_ID]),
    )
    async def follow(self, request: AnyRequest, updates_hub: NamedDependency[Hub]) -> Response[bytes]:
        """Follow what becomes available, changes its price or runs out, at most a second after it was committed.

        A change is told once, also across interruptions when the client comes back with the last id it got. What
        changes several times in between is told as it is in the end, and not at all when it is as it was.
        """
        return EventStream(updates_hub, await updates_hub.subscribe(request))


class EventStream(Response[bytes]):
    """An answer that lasts as long as the subscriber stays."""

    def __init__(self, hub: Hub, subscriber: Subscriber) -> None:
        super().__init__(b"", media_type=EVENT_STREAM, headers=HEADERS)
        self._hub = hub
        self._subscriber = subscriber

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server wants it."""
        return _Events(self._hub, self._subscriber, media_type=EVENT_STREAM, headers=HEADERS)


class _Events(ASGIResponse):
    __slots__ = ("_hub", "_subscriber")
    _should_set_content_length = False

    def __init__(self, hub: Hub, subscriber: Subscriber, **options: Any) -> None:
        super().__init__(**options)
        self._hub = hub
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell the hub when that is over, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._subscriber)

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send whatever the hub has for the subscriber, until either side ends it."""
        subscriber = self._subscriber
        watching = asyncio.create_task(_wait_until_gone(receive, subscriber))
        try:
            while events := await subscriber.take():
                await send({"type": "http.response.body", "body": events, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            # A reader who does not read was parted from in the middle; whoever else cancels means it.
            if not subscriber.is_closed:
                raise
        finally:
            watching.cancel()


async def _wait_until_gone(receive: Receive, subscriber: Subscriber) -> None:
    await gone(receive)
    subscriber.close()
