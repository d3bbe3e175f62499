"""Folders for sockets: their paths have room for about a hundred bytes, and not every file system has them."""

import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

from src.platform.embedded.accounts import Account, can_enter, give
from src.platform.embedded.errors import EmbeddedError

SOCKET_PATH_BYTES = 103  # The least of all systems: macOS has 104 with the final NUL, Linux 108.
LONGEST_NAME = ".s.PGSQL.5432"
# What needs no quoting in URLs, in PostgreSQL's settings and for the clients that take URLs apart naively.
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
PREFIX = "wishkeep-"


def socket_folder(data_dir: Path, account: Account | None) -> Path:
    """A private folder for the sockets of `data_dir`: inside it if they fit, else a new temporary one."""
    inside = data_dir / "run"
    inside.mkdir(mode=0o700, exist_ok=True)
    give(inside, account)
    if _holds_sockets(inside, account):
        return inside
    bases = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108
    if account is None and "XDG_RUNTIME_DIR" in os.environ:
        bases.insert(0, os.environ["XDG_RUNTIME_DIR"])
    for base in bases:
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        except OSError:
            continue
        give(folder, account)
        if _holds_sockets(folder, account):
            return folder
        folder.rmdir()
    raise EmbeddedError(f"No folder found for the servers' sockets; tried {inside} and new ones in {', '.join(bases)}.")


def discard_socket_folder(folder: Path, data_dir: Path) -> None:
    """Remove a temporary folder that `socket_folder` made, with the sockets in it."""
    if folder.name.startswith(PREFIX) and data_dir not in folder.parents:
        shutil.rmtree(folder, ignore_errors=True)


def _holds_sockets(folder: Path, account: Account | None) -> bool:
    if not PLAIN.fullmatch(str(folder)) or not can_enter(account, folder):
        return False
    path = folder / LONGEST_NAME
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
        return False
    # Left over from a killed server: nobody listens, or its lock would have been held.
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.bind(os.fspath(path))
        except OSError:
            return False
    path.unlink()
    return True
