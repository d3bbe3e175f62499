"""PostgreSQL and Valkey over one data directory: started, found, kept running and stopped."""

import logging
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import msgspec

from src.platform.embedded import postgresql, valkey
from src.platform.embedded.accounts import Account, server_account
from src.platform.embedded.errors import AlreadyRunning, EmbeddedError
from src.platform.embedded.locks import is_free
from src.platform.embedded.ownership import DataDirectory, Running
from src.platform.embedded.places import discard_socket_folder, socket_folder
from src.platform.embedded.processes import ours, wait_until
from src.platform.embedded.server import Server

# Long, because after a crash PostgreSQL replays its log first.
START_TIMEOUT_S = 120
ORPHAN_PATIENCE_S = 10
LOCKS = {"PostgreSQL": "postgresql.lock", "Valkey": "valkey.lock"}
Addresses = Mapping[str, str]
log = logging.getLogger(__name__)


def addresses(sockets: Path) -> Addresses:
    """The settings that lead to servers whose sockets are in `sockets`, by their environment names."""
    return {
        "DATABASE_URL": postgresql.url(sockets),
        "REDIS_URL": valkey.url(sockets, valkey.CACHE),
        "REDIS_QUEUE_URL": valkey.url(sockets, valkey.QUEUE),
    }


class EmbeddedServers:
    """The servers of one data directory, owned by this process while they run; start them from its main thread.

    `command` is what others are told about the owner. `durable=False` trades the data's safety for speed, for
    tests.
    """

    def __init__(self, data_dir: Path, *, command: str = "wishkeep", durable: bool = True) -> None:
        self.directory = DataDirectory(data_dir)
        self._cluster = self.directory.path / "postgresql"
        self._command = command
        self._durable = durable
        self._sockets: Path | None = None
        self._servers: list[Server] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def addresses(self) -> Addresses:
        """`DATABASE_URL`, `REDIS_URL` and `REDIS_QUEUE_URL` of the running servers."""
        if self._sockets is None:
            raise EmbeddedError("The embedded servers are not running.")
        return addresses(self._sockets)

    @property
    def pids(self) -> dict[str, int]:
        """The process number of each server by its name, `PostgreSQL` and `Valkey`."""
        return {server.name: server.process.pid for server in self._servers if server.process is not None}

    def start(self, prepare: Callable[[Addresses], object] = lambda _: None) -> None:
        """Start, `prepare`, then let others use the servers; raises AlreadyRunning when they have an owner."""
        self.directory.create()
        if not self.directory.acquire():
            raise AlreadyRunning(self._owner())
        try:
            self._end_orphans()
            account = server_account(self._cluster)
            sockets = self._sockets = socket_folder(self.directory.path, account)
            postgresql.create(self._cluster, account, durable=self._durable)
            self._servers = self._described(sockets, account)
            self._note(ready=False)
            for server in self._servers:
                server.start()
            self._note(ready=False)
            for server in self._servers:
                server.wait_until_it_answers(START_TIMEOUT_S)
            postgresql.create_database(sockets)
            prepare(self.addresses)
            self._note(ready=True)
        except BaseException:
            self.stop()
            raise

    def restart_ended(self) -> list[str]:
        """Start again what ended by itself; returns the names. What is still ending is left for the next call."""
        ended = [server for server in self._servers if server.has_ended()]
        for server in ended:
            server.start()
        if ended:
            self._note(ready=True)
        return [server.name for server in ended]

    def stop(self) -> None:
        """Stop both servers and give the directory back; does nothing when they do not run."""
        for server in reversed(self._servers):
            server.stop()
        self._servers = []
        if self._sockets is not None:
            discard_socket_folder(self._sockets, self.directory.path)
            self._sockets = None
        self.directory.release()

    def stop_when_unused(self) -> None:
        """Stop both servers as soon as no other command uses them."""
        with self.directory.users() as users:
            if not users.acquire():
                log.warning("Waiting for other commands that use the servers of %s.", self.directory.path)
                users.acquire(wait=True)
            self.stop()

    def _described(self, sockets: Path, account: Account | None) -> list[Server]:
        directory, cluster = self.directory.path, self._cluster
        environment = postgresql.environment()
        return [
            Server(
                name="PostgreSQL",
                command=postgresql.command(cluster, sockets, account, durable=self._durable),
                environment=environment,
                folder=cluster,
                log=directory / "logs" / "postgresql.log",
                lock=directory / LOCKS["PostgreSQL"],
                leftovers=(cluster / "postmaster.pid", *(sockets / name for name in postgresql.SOCKET_FILES)),
                account=account,
                stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps every commit
                answers=lambda: postgresql.answers(sockets),
            ),
            Server(
                name="Valkey",
                command=valkey.command(sockets, account),
                environment=environment,
                folder=sockets,
                log=directory / "logs" / "valkey.log",
                lock=directory / LOCKS["Valkey"],
                leftovers=(sockets / valkey.SOCKET,),
                account=account,
                stop_signal=signal.SIGTERM,
                answers=lambda: valkey.answers(sockets),
            ),
        ]

    def _note(self, *, ready: bool) -> None:
        self.directory.write(
            Running(
                owner=os.getpid(),
                command=self._command,
                sockets=str(self._sockets),
                servers=self.pids,
                ready=ready,
            )
        )

    def _owner(self) -> str:
        running = self.directory.read()
        who = f"`{running.command}` (process {running.owner})" if running else "another process"
        path = self.directory.path
        return f"The data directory {path} is in use by {who}: stop that, or choose another --data-dir."

    def _end_orphans(self) -> None:
        """Stop what a killed owner left behind; on Linux the kernel has asked it to end already."""
        left = self.directory.read()
        if left:
            # From here on nobody takes the dead owner's servers for usable.
            self.directory.write(msgspec.structs.replace(left, owner=os.getpid(), command=self._command, ready=False))
        locks = [self.directory.path / name for name in LOCKS.values()]
        for request in (None, signal.SIGINT, signal.SIGKILL):
            if left and request:
                for process in ours(left.servers.values(), mark=left.sockets):
                    process.send_signal(request)
            if wait_until(lambda: all(map(is_free, locks)), timeout_s=ORPHAN_PATIENCE_S):
                break
        else:
            raise EmbeddedError(f"Servers of an earlier run still work on {self.directory.path} and cannot be stopped.")
        if left:
            discard_socket_folder(Path(left.sockets), self.directory.path)
