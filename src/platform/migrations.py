"""Migrations: advanced-alchemy's Alembic commands over the tables of every feature.

A migration that the release before can't live with says `contract = True`. Those of a release are its last ones: up to
them the schema serves both releases, and so this release serves with or without them.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.base import orm_registry
from advanced_alchemy.config import AlembicSyncConfig, SQLAlchemySyncConfig
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from src.platform.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


class Revisions(NamedTuple):
    """The migrations of this release: all of them, up to where they expand the schema, and where it serves us."""

    known: frozenset[str]
    expanded: str
    enough: frozenset[str]


@lru_cache(maxsize=8)
def revisions(folder: Path = MIGRATIONS) -> Revisions:
    """What this release knows of its migrations."""
    scripts = [*ScriptDirectory(str(folder)).walk_revisions()]  # the newest first
    last = next(place for place, script in enumerate(scripts) if not getattr(script.module, "contract", False))
    names = [script.revision for script in scripts]
    return Revisions(frozenset(names), names[last], frozenset(names[: last + 1]))


def commands(database_url: str, folder: Path = MIGRATIONS) -> AlembicCommands:
    """The Alembic commands for the database at `database_url`."""
    location = str(folder).replace("%", "%%")  # Alembic keeps it in a ConfigParser.
    return AlembicCommands(
        SQLAlchemySyncConfig(
            connection_string=make_url(database_url)
            .set(drivername="postgresql+psycopg")
            .render_as_string(hide_password=False),
            alembic_config=AlembicSyncConfig(
                script_location=location,
                script_config=str(folder / "alembic.ini"),
                version_table_name="schema_version",
            ),
            metadata=orm_registry.metadata,
        )
    )


def upgrade(settings: Settings, *, expand: bool = False, folder: Path = MIGRATIONS) -> None:
    """Bring the database to the newest schema; safe when two do it at once.

    With `expand`, to the newest that the release before can live with: that is safe while it still serves.
    """
    commands(settings.database_url, folder).upgrade(revisions(folder).expanded if expand else "head")
