"""PostgreSQL in a data directory: made once, reached through a socket in a private folder, never over TCP."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from src.platform.embedded.accounts import Account, can_enter, give
from src.platform.embedded.binaries import postgresql_programs
from src.platform.embedded.errors import EmbeddedError

USER = DATABASE = "wishkeep"
# Part of the socket's name, nothing else; said everywhere, or a PGPORT in somebody's environment would count.
PORT = 5432
SOCKET_FILES = (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock")
# A folder that the server's user cannot walk to is handed over as the working directory, which it can use.
HANDED_OVER = "/proc/self/cwd"
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}
# For data that nobody misses, as in tests.
WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(sockets: Path) -> str:
    """The address of the database behind the socket in `sockets`."""
    return f"postgresql://{USER}@/{DATABASE}?host={sockets}&port={PORT}"


def environment() -> dict[str, str]:
    """Our environment without what would change a server's mind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def command(data: Path, sockets: Path, account: Account | None, *, durable: bool) -> list[str]:
    """How to start the server over `data`; run it with `data` as the working directory."""
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    if not durable:
        settings |= WITHOUT_DURABILITY
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(postgresql_programs(account) / "postgres"), "-D", _as_seen_by(account, data), *options]


def create(data: Path, account: Account | None, *, durable: bool) -> None:
    """Make the database cluster `data` unless it is there; a making that was cut off begins anew."""
    if data.exists():
        return
    unfinished = data.with_name(data.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    give(unfinished, account)
    options = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}
    result = subprocess.run(
        [
            str(postgresql_programs(account) / "initdb"),
            *("-D", _as_seen_by(account, unfinished), "--username", USER, "--auth", "trust"),
            # The same order and case rules on every machine, whatever locales it has.
            *(
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
            ),
            *([] if durable else ["--no-sync"]),
        ],
        cwd=unfinished,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    if result.returncode != 0:
        raise EmbeddedError(f"PostgreSQL could not make its files in {data}:\n{result.stderr.strip()}")
    unfinished.rename(data)


def answers(sockets: Path) -> bool:
    """Whether the server takes connections."""
    try:
        _connect(sockets).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(sockets: Path) -> None:
    """Make our database on a server that has just been made."""
    with _connect(sockets) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if found is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _connect(sockets: Path) -> psycopg.Connection:
    return psycopg.connect(
        host=str(sockets), port=PORT, user=USER, dbname="postgres", autocommit=True, connect_timeout=2
    )


def _as_seen_by(account: Account | None, folder: Path) -> str:
    if can_enter(account, folder):
        return str(folder)
    if not Path(HANDED_OVER).exists():
        raise EmbeddedError(
            f"As root, PostgreSQL runs as a user that cannot enter {folder}: choose another --data-dir."
        )
    return HANDED_OVER
