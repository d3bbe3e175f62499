"""Child processes that never outlive their parent unnoticed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from src.platform.embedded.accounts import Account

PR_SET_PDEATHSIG = 1  # prctl(2)
LOG_BYTES_MAX = 10_000_000
# Loaded here because nothing may be loaded between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel (Linux only) to signal this process when process `parent` ends, however it ends."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # It ended before we could ask.
        os._exit(1)


def spawn(
    command: Sequence[str],
    *,
    stop_signal: int,
    account: Account | None = None,
    log: Path | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a Ctrl-C in the terminal leaves its end to us.

    `stop_signal` is what it gets when this process dies. Its output goes to the file `log`, or where ours
    goes. Call it from the main thread: the kernel takes the end of the calling thread for our death.
    """
    if account is not None:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    parent = os.getpid()
    output = None if log is None else _opened(log)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
            # After the change of user, which would take the request back.
            preexec_fn=lambda: die_with_parent(parent, stop_signal),
            **options,
        )
    finally:
        if output is not None:
            os.close(output)


def _opened(log: Path) -> int:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def stop(process: subprocess.Popen[bytes], signal_number: int, *, patience_s: float) -> None:
    """End `process` with `signal_number`; after `patience_s` seconds kill what is left of its session."""
    if process.poll() is None:
        process.send_signal(signal_number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the session that `spawn` made for `process`."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ours(pids: Iterable[int], mark: str) -> list[psutil.Process]:
    """Those of `pids` that run with `mark` on their command line: a number used anew is not ours."""
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            if mark in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition: Callable[[], bool], *, timeout_s: float, every_s: float = 0.02) -> bool:
    """Whether `condition` came true within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
