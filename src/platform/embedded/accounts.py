"""The operating-system user that the servers run as.

Everybody runs them as themselves, except root: PostgreSQL refuses to run as root, so a user of its own is made,
which may not be able to enter the folders that root can.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "wishkeep"
READ, ENTER = 0o4, 0o1


@dataclass(frozen=True)
class Account:
    """A user and its group, by number."""

    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """Whom servers over `data` run as, None for the current user; as root this makes the user if need be."""
    if os.geteuid() != 0:
        return None
    # Data that a plain user made stays that user's, also when root starts it once.
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    entry = _entry(NAME) or _created() or pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _created() -> pwd.struct_passwd | None:
    if (useradd := shutil.which("useradd")) is not None:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME]
    elif (adduser := shutil.which("adduser")) is not None:  # BusyBox
        command = [adduser, "-S", "-D", "-H", "-s", "/bin/false", NAME]
    else:
        return None
    # Two starts at once may both try; whoever comes second finds the user there.
    subprocess.run(command, check=False, capture_output=True)
    return _entry(NAME)


def can_enter(account: Account | None, path: Path) -> bool:
    """Whether `account` may enter the folder `path` and all folders above it, judged by their modes."""
    return account is None or all(_allows(account, folder, ENTER) for folder in (path, *path.parents))


def can_read(account: Account | None, path: Path) -> bool:
    """Whether `account` may reach and read the file `path`, judged by the modes."""
    return account is None or (_allows(account, path, READ) and can_enter(account, path.parent))


def _allows(account: Account, path: Path, right: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        right <<= 6
    elif status.st_gid == account.gid:
        right <<= 3
    return status.st_mode & right == right


def give(path: Path, account: Account | None) -> None:
    """Make `path` belong to `account`, where that is another user."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
