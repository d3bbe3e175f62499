"""The servers of a data directory for one command, whether they run or not."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from src.platform.embedded.errors import AlreadyRunning
from src.platform.embedded.servers import START_TIMEOUT_S, Addresses, EmbeddedServers, addresses

RETRY_S = 0.1


@contextmanager
def embedded_servers(data_dir: Path, *, command: str, prepare: Callable[[Addresses], object]) -> Iterator[Addresses]:
    """The addresses of running servers, or of servers that run, prepared, for the time of the block."""
    with ExitStack() as held:
        yield _joined_or_started(EmbeddedServers(data_dir, command=command), prepare, held)


def _joined_or_started(servers: EmbeddedServers, prepare: Callable[[Addresses], object], held: ExitStack) -> Addresses:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            servers.start(prepare)
        except AlreadyRunning:
            if time.monotonic() > deadline:
                raise
        else:
            held.callback(servers.stop_when_unused)
            return servers.addresses
        with ExitStack() as attempt:
            attempt.enter_context(servers.directory.in_use())
            # Looked up under the lock: from here on the owner cannot stop them unnoticed.
            if running := servers.directory.usable():
                held.push(attempt.pop_all())
                return addresses(Path(running.sockets))
        time.sleep(RETRY_S)
