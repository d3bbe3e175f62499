"""The wish to end a process, for what would never end by itself: a server waits for the answers under way.

An API is told twice. First comes the announcement: it serves as before, but says that it is not ready, and each answer
closes its connection, so that whoever shares out the requests goes elsewhere. The signal to end follows.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ANNOUNCEMENT = signal.SIGUSR1


@contextmanager
def on_stop_signal(action: Callable[[], object]) -> Iterator[None]:
    """Within the block, run `action` in the running loop as soon as the process is asked to end.

    Whoever handles these signals already goes on to do so; where nobody does, they end the process as ever.
    """
    handled = [number for number in SIGNALS if callable(signal.getsignal(number))]
    with _on_signals(handled, action):
        yield


@contextmanager
def on_announced_stop(action: Callable[[], object]) -> Iterator[None]:
    """Within the block, run `action` in the running loop when it is announced that the process will be asked to end."""
    with _on_signals([ANNOUNCEMENT], action):
        yield


def closing(app: ASGIApp) -> ASGIApp:
    """`app` with answers that close their connections."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        def send_and_close(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            return send(message)

        await app(scope, receive, send_and_close)

    return serve


@contextmanager
def _on_signals(numbers: Sequence[signal.Signals], action: Callable[[], object]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Only there are signals handled.
        yield
        return
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(action)
        if callable(handlers[number]):
            handlers[number](number, frame)

    for wanted in numbers:
        handlers[wanted] = signal.signal(wanted, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)
