"""File locks that the kernel frees when the last process with the open file ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self


class FileLock:
    """A lock on the file `path`, which is made if need be; shared or exclusive, waited for or only tried."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock; False when others hold it and `wait` is not asked for."""
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self.number, how if wait else how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock back, unless a child process has inherited it."""
        os.close(self.number)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock on `path`."""
    with FileLock(path) as lock:
        return lock.acquire()
