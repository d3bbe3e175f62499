"""The HTTP API as a production process: granian with one or more workers."""

import multiprocessing
import resource
import signal
from contextlib import nullcontext
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from litestar import Litestar

from src.platform.embedded.processes import die_with_parent
from src.platform.metrics_folder import shared_metrics
from src.platform.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
DRAIN_S = 25
# Connections that are no streams, idle ones too. What protects the database is its pool, which answers 503 when the
# wait gets long.
CONNECTIONS_PER_WORKER = 1024
OPEN_FILES = 65_536


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way."""
    # One process tells its own numbers; several must add them up.
    with shared_metrics() if workers > 1 else nullcontext():
        _serve(settings, host=host, port=port, workers=workers)


def _serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    _allow_many_connections()
    Granian(
        "src.commands.serve:application",
        factory=True,
        interface=Interfaces.ASGI,
        # To be ready for HTTP/2 without TLS, which nobody speaks to us, costs each connection 11 KB.
        http=HTTPModes.http1,
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
    ).serve()


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
    from src.app import create_app  # Only here, so that the process which starts the workers stays small.

    return create_app()
