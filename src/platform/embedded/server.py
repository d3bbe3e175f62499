"""One server process: started when nothing of an earlier one is left, asked whether it answers, stopped."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from src.platform.embedded import processes
from src.platform.embedded.accounts import Account
from src.platform.embedded.errors import EmbeddedError
from src.platform.embedded.locks import FileLock, is_free

STOP_PATIENCE_S = 20
LOG_LINES_SHOWN = 12


@dataclass
class Server:
    """How to run one server, and the process once it runs."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path  # the working directory
    log: Path
    lock: Path
    leftovers: tuple[Path, ...]
    account: Account | None
    stop_signal: int
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process; raises EmbeddedError while processes of an earlier one still end."""
        # Every process of the server inherits the lock, so it is free when the last of them is gone. A PID file
        # cannot tell, as numbers are used anew; with the lock in hand the server's own PID files may go.
        with FileLock(self.lock) as lock:
            if not lock.acquire():
                raise EmbeddedError(f"{self.name} of an earlier run has not ended yet.")
            for path in self.leftovers:
                path.unlink(missing_ok=True)
            self.process = processes.spawn(
                self.command,
                stop_signal=self.stop_signal,
                account=self.account,
                log=self.log,
                cwd=self.folder,
                env=self.environment,
                pass_fds=(lock.number,),
            )

    def has_ended(self) -> bool:
        """Whether no process of this server is left."""
        return not self.is_running() and is_free(self.lock)

    def is_running(self) -> bool:
        """Whether the process that `start` made still runs."""
        return self.process is not None and self.process.poll() is None

    def wait_until_it_answers(self, timeout_s: float) -> None:
        """Return when the server takes requests; raises EmbeddedError with the end of its log otherwise."""
        processes.wait_until(lambda: self.answers() or not self.is_running(), timeout_s=timeout_s)
        if not self.is_running() or not self.answers():
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
            raise EmbeddedError(f"{self.name} does not start. The end of {self.log}:\n" + "\n".join(lines))

    def stop(self) -> None:
        """End the server in order, or by force when that takes too long."""
        if self.process is not None:
            processes.stop(self.process, self.stop_signal, patience_s=STOP_PATIENCE_S)
            processes.wait_until(self.has_ended, timeout_s=STOP_PATIENCE_S)
