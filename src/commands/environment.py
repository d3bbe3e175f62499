"""The settings of a command: servers named in the environment, or embedded ones found by the data directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src.commands.errors import CommandFailed
from src.platform.embedded import Addresses, embedded_servers
from src.platform.errors import SettingsError
from src.platform.settings import Settings, load_settings, secret_of

DEFAULT_DATA_DIR = Path(".wishkeep")
# They stand for addresses that are known only when the servers run, so that all else is judged before.
UNKNOWN_YET = {"DATABASE_URL": "postgresql:///", "REDIS_URL": "unix:///", "REDIS_QUEUE_URL": "unix:///"}


def names_servers() -> bool:
    """Whether the environment names the servers to use; raises SettingsError when it names only some of them."""
    named = {name for name in ("DATABASE_URL", "REDIS_URL") if secret_of(os.environ, name)}
    if len(named) == 1:
        raise SettingsError(["DATABASE_URL and REDIS_URL: set both, or neither to use embedded servers"])
    return bool(named)


def data_directory(given: Path | None) -> Path:
    """The folder of the embedded servers: `--data-dir`, else `WISHKEEP_DATA_DIR`, else `.wishkeep` here."""
    named = os.environ.get("WISHKEEP_DATA_DIR", "")
    return given or (Path(named) if named else DEFAULT_DATA_DIR)


def judge_all_but_addresses() -> None:
    """Raise SettingsError for whatever is wrong before any server is started."""
    load_settings({**os.environ, **UNKNOWN_YET})


def migrated(addresses: Addresses) -> Settings:
    """The settings with these servers, for this process and all that it starts; their schema is the newest."""
    os.environ.update(addresses)
    settings = load_settings(os.environ)
    migrate(settings)
    return settings


def migrate(settings: Settings, *, expand: bool = False) -> None:
    """Bring the database to the newest schema, or to what two releases share; raises CommandFailed when it is away."""
    if settings.database_pooler != "none":
        raise CommandFailed(
            "The database cannot be migrated through a pooler: set DATABASE_URL to PostgreSQL itself, and no"
            " DATABASE_POOLER."
        )
    # Only here: what does not migrate starts in half the time.
    from sqlalchemy.exc import OperationalError

    from src.platform.migrations import upgrade

    try:
        upgrade(settings, expand=expand)
    except OperationalError as error:
        raise CommandFailed(f"The database cannot be migrated: {' '.join(str(error.orig).split())}") from error


@contextmanager
def configured(data_dir: Path | None, command: str) -> Iterator[Settings]:
    """The settings for one command; embedded servers that do not run are started for its time, and migrated."""
    if names_servers():
        yield load_settings(os.environ)
        return
    judge_all_but_addresses()
    folder = data_directory(data_dir)
    if folder is DEFAULT_DATA_DIR and not folder.exists():
        # Run elsewhere than intended, as a rule: a token for new, empty servers would help nobody.
        raise CommandFailed("There is no .wishkeep here: `wishkeep up` makes it, or --data-dir says where the data is.")
    with embedded_servers(folder, command=f"wishkeep {command}", prepare=migrated) as addresses:
        os.environ.update(addresses)
        yield load_settings(os.environ)
