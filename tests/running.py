"""A running `wishkeep up` for tests, and its commands, as a user has them."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psutil

from src.platform.embedded.processes import wait_until

COMMAND = [sys.executable, "-P", "-m", "src.cli"]
PATIENCE_S = 90


class Service:
    """A running `wishkeep up`, with what it has printed."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [*COMMAND, "up", "--data-dir", str(data_dir), *options],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
        self.process.stdout.close()

    def wait_until_ready(self) -> str:
        """The address at which it is ready."""
        wait_until(lambda: "Ctrl-C stops" in self.printed or self.process.poll() is not None, timeout_s=PATIENCE_S)
        found = re.search(r"Wishkeep is ready at (\S+)", self.printed)
        assert found is not None, self.printed
        return found[1]

    def children(self) -> dict[str, psutil.Process]:
        """Its child processes by name: api, worker, mail-catcher, postgres, valkey-server."""
        named = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = [word for word in child.cmdline() if word]
            except psutil.Error:
                continue
            if words[1:4] == COMMAND[1:]:
                named[words[4]] = child
            elif words:  # One that has ended has none; Valkey's is a title of its own, "/path/valkey-server …".
                named["valkey-server" if "valkey-server" in words[0] else Path(words[0]).name] = child
        return named

    def stop(self) -> int:
        """Ask it to stop; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.endswith("_URL")}


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], env=environment(), capture_output=True, text=True, check=False)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
