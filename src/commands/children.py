"""`wishkeep api`, `wishkeep worker` and the mail catcher as child processes, kept running."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from src.platform.embedded.processes import kill_session, spawn, stop

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# A child that ran this long was well: when it ends, the pauses begin anew.
STEADY_S = 60.0


@dataclass
class Child:
    """One `wishkeep` command in a process of its own; when it ends it is started again, after growing pauses."""

    arguments: Sequence[str]
    first_pause_s: float = FIRST_PAUSE_S
    # What it has in its environment beyond ours.
    environment: Mapping[str, str] = field(default_factory=dict)
    ends: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _pause_s: float = field(init=False)
    _due_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._pause_s = self.first_pause_s

    @property
    def name(self) -> str:
        """The command's name."""
        return self.arguments[0]

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""
        return self._process.pid if self._process is not None else None

    def tend(self) -> str | None:
        """Start the process when it is due, or note its end; returns a line about it if it ended."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due_at:
                self._start(now)
            return None
        status = self._process.poll()
        if status is None:
            return None
        kill_session(self._process)  # Its own children may have outlived it, and would keep its port.
        self._process = None
        self.ends += 1
        if now - self._started_at > STEADY_S:
            self._pause_s = self.first_pause_s
        self._due_at = now + self._pause_s
        line = f"The {self.name} ended with status {status}; it is started again in {self._pause_s:g} s."
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return line

    def _start(self, now: float) -> None:
        # -P: the current folder may hold another package named `src`.
        command = [sys.executable, "-P", "-m", "src.cli", *self.arguments]
        self._process = spawn(command, stop_signal=signal.SIGTERM, env={**os.environ, **self.environment})
        self._started_at = now

    def ask_to_stop(self) -> None:
        """Let it finish what it is doing."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, patience_s: float) -> None:
        """Wait for its end, which is forced after `patience_s`."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM, patience_s=patience_s)
            self._process = None


def stop_all(children: Sequence[Child], patience_s: float) -> None:
    """Drain all children at the same time."""
    deadline = time.monotonic() + patience_s
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(max(0.0, deadline - time.monotonic()))
