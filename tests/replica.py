"""A streaming replica of the test server, made from the same programs as production's embedded one."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from src.platform.embedded import postgresql
from src.platform.embedded.accounts import give, server_account
from src.platform.embedded.binaries import postgresql_programs
from src.platform.embedded.places import discard_socket_folder, socket_folder
from src.platform.embedded.processes import wait_until
from src.platform.embedded.server import Server

PATIENCE_S = 30


class Replica:
    """A running replica; `url` leads to it."""

    def __init__(self, server: Server, primary: str, url: str) -> None:
        self.server = server
        self.url = url
        self._primary = primary

    def catch_up(self) -> None:
        """Return when the replica shows everything that was committed before the call."""
        with psycopg.connect(self._primary, autocommit=True) as primary, psycopg.connect(self.url) as replica:
            # A record of its own, which is sent on soon and with it everything before, as commits without durability
            # are not; and whose end is a place that the replica comes to.
            (position,) = primary.execute("SELECT pg_log_standby_snapshot()").fetchone() or (None,)
            replica.autocommit = True
            statement = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            caught_up = wait_until(
                lambda: replica.execute(statement, [position]).fetchone() == (True,), timeout_s=PATIENCE_S
            )
            assert caught_up, f"not at {position} after {PATIENCE_S} s"


@contextmanager
def streaming_replica(primary_url: str) -> Iterator[Replica]:
    """A replica of a server behind a socket, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="wkr") as name:
        folder = Path(name)
        folder.chmod(0o755)
        account = server_account(folder / "data")
        sockets = socket_folder(folder, account)
        data = folder / "data"
        data.mkdir(mode=0o700)
        give(data, account)
        options = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
        programs = postgresql_programs(account)
        # It makes the replica's settings as well (-R), which say from whom to stream.
        backup = [str(programs / "pg_basebackup"), "-D", str(data), "-d", primary_url, "-R", "-c", "fast", "--no-sync"]
        subprocess.run(backup, cwd=folder, env=postgresql.environment(), check=True, **options)  # type: ignore[call-overload]
        server = Server(
            name="replica",
            command=postgresql.command(data, sockets, account, durable=False),
            environment=postgresql.environment(),
            folder=data,
            log=folder / "postgresql.log",
            lock=folder / "postgresql.lock",
            leftovers=(data / "postmaster.pid",),
            account=account,
            stop_signal=signal.SIGINT,
            answers=lambda: postgresql.answers(sockets),
        )
        server.start()
        try:
            server.wait_until_it_answers(PATIENCE_S)
            yield Replica(server, primary_url, postgresql.url(sockets))
        finally:
            server.stop()
            discard_socket_folder(sockets, folder)
