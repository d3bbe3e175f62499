"""Migrations: advanced-alchemy's Alembic commands over the tables of every feature."""

from pathlib import Path

from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.base import orm_registry
from advanced_alchemy.config import AlembicSyncConfig, SQLAlchemySyncConfig
from sqlalchemy.engine import make_url

from src.platform.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def commands(database_url: str) -> AlembicCommands:
    """The Alembic commands for the database at `database_url`."""
    location = str(MIGRATIONS).replace("%", "%%")  # Alembic keeps it in a ConfigParser.
    return AlembicCommands(
        SQLAlchemySyncConfig(
            connection_string=make_url(database_url)
            .set(drivername="postgresql+psycopg")
            .render_as_string(hide_password=False),
            alembic_config=AlembicSyncConfig(
                script_location=location,
                script_config=str(MIGRATIONS / "alembic.ini"),
                version_table_name="schema_version",
            ),
            metadata=orm_registry.metadata,
        )
    )


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest schema; safe while the previous release serves, and when two do it at once."""
    commands(settings.database_url).upgrade("head")
