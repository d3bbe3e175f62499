"""The HTTP API as a production process: granian with one or more workers."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Timer
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer
from litestar import Litestar

from src.platform.embedded.processes import die_with_parent
from src.platform.garbage import keeping_all
from src.platform.metrics_folder import shared_metrics
from src.platform.settings import Settings
from src.platform.stopping import ANNOUNCEMENT

CHECKOUT = Path(__file__).resolve().parents[2]
DRAIN_S = 25
# Connections that are no streams, idle ones too. What protects the database is its pool, which answers 503 when the
# wait gets long.
CONNECTIONS_PER_WORKER = 1024
OPEN_FILES = 65_536
# What a request may hold before its body, and what each connection may take of memory; the answer to more is 431.
# Heads that take longer than 30 seconds to come, and connections that are idle for so long, are closed.
HEAD_BYTES = 64 * 1024


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM, and STOP_DELAY_S longer, or until SIGINT; then finish the requests under way."""
    # One process tells its own numbers; several must add them up.
    with shared_metrics() if workers > 1 else nullcontext():
        _serve(settings, host=host, port=port, workers=workers)


def _serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    _allow_many_connections()
    # Inherited by the processes that serve, which must not end by it before they listen to it.
    signal.signal(ANNOUNCEMENT, signal.SIG_IGN)
    _Server(
        "src.commands.serve:application",
        factory=True,
        interface=Interfaces.ASGI,
        # To be ready for HTTP/2 without TLS, which nobody speaks to us, costs each connection 11 KB.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=HEAD_BYTES),
        address=host,
        port=port,
        workers=workers,
        loop=Loops.uvloop,
        backpressure=CONNECTIONS_PER_WORKER + settings.max_streams,
        log_level=LogLevels(settings.log_level) if settings.log_level != "info" else LogLevels.warning,
        respawn_failed_workers=workers > 1,
        workers_kill_timeout=DRAIN_S,
        # Else the current folder would come first on the path, and with it any `src` that is there.
        working_dir=CHECKOUT,
        stop_delay_s=settings.stop_delay_s,
    ).serve()


class _Server(MPServer):
    """Announces its end to the processes that serve, some time before it asks them to end."""

    def __init__(self, *arguments: Any, stop_delay_s: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._stop_delay_s = stop_delay_s
        self._is_announced = False
        # A process that serves begins as a copy of this one, signal handlers included.
        self._own_pid = os.getpid()

    def signal_handler_interrupt(self, *arguments: Any) -> None:
        """Called with the signal that asks for the end; a second one does not wait."""
        interrupt: Callable[[], None] = super().signal_handler_interrupt
        is_hurried = signal.SIGTERM not in arguments or self._is_announced
        if is_hurried or not self._stop_delay_s or os.getpid() != self._own_pid:
            interrupt()
            return
        self._is_announced = True
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, ANNOUNCEMENT)
        waiting = Timer(self._stop_delay_s, interrupt)
        waiting.daemon = True
        waiting.start()


def _allow_many_connections() -> None:
    """Up to what the system lets us have: its usual limit, 1024 files, is for programs that look at each in turn."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def application() -> Litestar:
    """The application of one worker process, which ends with its parent even if that is killed."""
    if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
        die_with_parent(parent.pid, signal.SIGTERM)
    # Until the server inside listens for it, the end needs no order; it came with the parent's way of handling it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with keeping_all():
        from src.app import create_app  # Only here, so that the process which starts the workers stays small.

        return create_app()
