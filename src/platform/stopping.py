"""The wish to end a process, for what would never end by itself: a server waits for the answers under way."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_stop_signal(action: Callable[[], object]) -> Iterator[None]:
    """Within the block, run `action` in the running loop as soon as the process is asked to end.

    Whoever handles these signals already goes on to do so; where nobody does, they end the process as ever.
    """
    if threading.current_thread() is not threading.main_thread():  # Only there are signals handled.
        yield
        return
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(action)
        handlers[number](number, frame)

    for wanted in SIGNALS:
        if callable(signal.getsignal(wanted)):
            handlers[wanted] = signal.signal(wanted, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)
