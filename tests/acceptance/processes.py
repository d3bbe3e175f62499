"""A second API process on the stores of a running service: it answers like the first, and may be killed."""

import socket
import subprocess
from contextlib import ExitStack, suppress
from types import TracebackType

import psutil

from src.platform.embedded import embedded_servers
from src.platform.embedded.processes import wait_until
from tests.running import COMMAND, PATIENCE_S, Service, environment, is_ready

HOST = "127.0.0.1"


def unused_port() -> int:
    """A port that no other service, starting at the same moment, will come upon."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Api:
    """An API process of our own for the time of the block."""

    def __init__(self, service: Service) -> None:
        self._held = ExitStack()
        stores = self._held.enter_context(
            embedded_servers(service.data_dir, command="tests", prepare=lambda _: None),
        )
        self.cache_url = stores["REDIS_URL"]
        port = unused_port()
        self.address = f"http://{HOST}:{port}"
        command = [*COMMAND, "api", "--host", HOST, "--port", str(port)]
        self.process = subprocess.Popen(command, env={**environment(), **stores, "LOG_LEVEL": "error"})

    def __enter__(self) -> "Api":
        wait_until(lambda: is_ready(self.address) or self.process.poll() is not None, timeout_s=PATIENCE_S)
        assert is_ready(self.address)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self._held.close()

    def kill(self) -> None:
        """End it and its workers at once, in the middle of whatever they do; several threads may wish for it."""
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait(PATIENCE_S)
