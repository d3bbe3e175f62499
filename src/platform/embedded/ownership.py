"""Who owns a data directory: one process at a time starts servers over it, any number may use them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from src.platform.embedded.errors import EmbeddedError
from src.platform.embedded.locks import FileLock


class Running(msgspec.Struct, frozen=True):
    """What the owner tells others about its servers."""

    owner: int
    command: str
    sockets: str
    servers: dict[str, int]
    ready: bool


class DataDirectory:
    """A directory with its locks and the owner's note."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._note = self.path / "servers.json"
        self._ownership: FileLock | None = None

    def create(self) -> None:
        """Make the directory if need be; raises EmbeddedError when that is impossible."""
        is_root = os.geteuid() == 0
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                # Root's servers run as another user, which has to pass through.
                self.path.chmod(0o711 if is_root else 0o700)
            (self.path / "logs").mkdir(exist_ok=True)
            if not os.access(self.path, os.W_OK):
                raise PermissionError("it is not writable")
        except OSError as error:
            reason = error.strerror or error
            raise EmbeddedError(f"The data directory {self.path} cannot be used: {reason}.") from error

    def acquire(self) -> bool:
        """Become the owner, unless somebody else is."""
        lock = FileLock(self.path / "owner.lock")
        if not lock.acquire():
            lock.close()
            return False
        self._ownership = lock
        return True

    def release(self) -> None:
        """Cease to be the owner."""
        if self._ownership is not None:
            self._note.unlink(missing_ok=True)
            self._ownership.close()
            self._ownership = None

    def read(self) -> Running | None:
        """The note of the owner, or of one that died without removing it."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, running: Running) -> None:
        """Leave a note for others, whole or not at all."""
        unfinished = self._note.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(running))
        unfinished.replace(self._note)

    def usable(self) -> Running | None:
        """The note of an owner that lives and has its servers ready."""
        running = self.read()
        return running if running and running.ready and psutil.pid_exists(running.owner) else None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While this is held, a command that owns the servers leaves them running."""
        with self.users() as users:
            users.acquire(shared=True, wait=True)
            yield

    def users(self) -> FileLock:
        """The lock that every user shares: whoever has it alone knows that nobody uses the servers."""
        return FileLock(self.path / "users.lock")
