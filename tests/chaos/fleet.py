"""A whole deployment on one machine, whose every part can be killed: stores, two APIs, two workers."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

import psutil
from redis import Redis

from src.platform.embedded import EmbeddedError, EmbeddedServers
from src.platform.embedded.processes import wait_until
from src.platform.migrations import upgrade
from src.platform.settings import load_settings
from tests.acceptance.processes import HOST, unused_port
from tests.running import COMMAND, PATIENCE_S, environment, is_ready


class Part:
    """One process of ours, started again whenever it is not there."""

    def __init__(self, name: str, arguments: list[str], variables: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = [*COMMAND, *arguments]
        self._variables = variables
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start it when it does not run."""
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, env={**environment(), **self._variables}, stdout=log, stderr=log
                )

    def kill(self) -> None:
        """End it and its own children at once, in the middle of whatever they do."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """Ask it to end in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()


class Fleet:
    """The deployment; use it as a context manager from the main thread.

    Given the addresses of stores it uses these, which are migrated and cannot be harmed, and has none of its own.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], stores: Mapping[str, str] | None = None) -> None:
        self._stores = stores
        self._servers = EmbeddedServers(folder / "data", command="tests")
        self._folder = folder
        self.variables = dict(variables)
        self._held = ExitStack()
        self.addresses: list[str] = []
        self.database_url = ""
        self.parts: list[Part] = []

    def __enter__(self) -> "Fleet":
        stores = self._stores or self._held.enter_context(self._servers).addresses
        variables = self.variables = {**stores, **self.variables, "LOG_LEVEL": "warning"}
        if self._stores is None:
            upgrade(load_settings({**os.environ, **variables}))
        self.database_url = stores["DATABASE_URL"]
        self._redis = [Redis.from_url(stores[name]) for name in ("REDIS_URL", "REDIS_QUEUE_URL")]
        for number in range(2):
            port = unused_port()
            self.addresses.append(f"http://{HOST}:{port}")
            log = self._folder / f"api-{number}.log"
            self.parts.append(Part(f"API {number}", ["api", "--host", HOST, "--port", str(port)], variables, log))
            log = self._folder / f"worker-{number}.log"
            self.parts.append(Part(f"worker {number}", ["worker"], variables, log))
        self.wait_until_well()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for part in self.parts:
            part.stop()
        for client in self._redis:
            client.close()
        self._held.close()

    def tend(self) -> None:
        """Start again whatever has ended."""
        if self._stores is None:
            with suppress(EmbeddedError):  # what is still ending is left for the next call
                self._servers.restart_ended()
        for part in self.parts:
            part.tend()

    def wait_until_well(self) -> None:
        """Return when every part is there and answers."""

        def well() -> bool:
            self.tend()
            return all(is_ready(address) for address in self.addresses)

        assert wait_until(well, timeout_s=PATIENCE_S, every_s=0.2), "the deployment does not recover"

    def harm(self, chance: random.Random) -> str:
        """Do one terrible thing; returns which."""
        harms: list[tuple[str, int, Callable[[], None]]] = [
            *((part.name, 3, part.kill) for part in self.parts),
            ("Valkey", 2, lambda: self._kill_store("Valkey")),
            ("Valkey's memory", 2, self._flush),
            ("PostgreSQL", 1, lambda: self._kill_store("PostgreSQL")),
        ]
        name, _, harm = chance.choices(harms, [weight for _, weight, _ in harms])[0]
        harm()
        return name

    def _kill_store(self, name: str) -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self._servers.pids[name]).kill()
        time.sleep(0.05)

    def _flush(self) -> None:
        for client in self._redis:
            with suppress(Exception):  # it may be away already
                client.flushall()
