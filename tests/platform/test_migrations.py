"""How far the schema may go while the release before serves, and from where on this one does."""

import shutil
from pathlib import Path

import psycopg
import pytest

from src.modules.operations import health
from src.platform.embedded import EmbeddedServers
from src.platform.migrations import MIGRATIONS, revisions, upgrade
from src.platform.settings import load_settings

NEXT = '''"""{revision}"""

from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None
{marks}

def upgrade() -> None:
    op.execute("CREATE TABLE made_by_{revision} ()")


def downgrade() -> None:
    op.execute("DROP TABLE made_by_{revision}")
'''
DATABASE = "expanding"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Migrations of some release: a contract of the one before it, two that expand, two that contract."""
    made = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, made, ignore=lambda folder, names: names if folder.endswith("versions") else [])
    before = None
    for revision in ("r1", "r2", "r3", "r4", "r5", "r6"):
        marks = "contract = True\n" if revision in ("r2", "r5", "r6") else ""
        text = NEXT.format(revision=revision, before=before, marks=marks)
        (made / "versions" / f"{revision}_next.py").write_text(text)
        before = revision
    return made


def test_contracts_at_the_end_are_not_needed_and_those_before_them_are(folder: Path) -> None:
    found = revisions(folder)
    assert found.expanded == "r4"
    assert found.enough == {"r4", "r5", "r6"}
    assert found.known == {"r1", "r2", "r3", "r4", "r5", "r6"}


def test_every_contract_comes_after_what_expands() -> None:
    assert max(revisions().known) in revisions().enough


def test_expanding_stops_before_the_contracts_and_migrating_goes_to_the_end(
    servers: EmbeddedServers, folder: Path
) -> None:
    address = servers.addresses["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    settings = load_settings({**servers.addresses, "DATABASE_URL": address.replace("/wishkeep?", f"/{DATABASE}?")})

    def made() -> list[str]:
        with psycopg.connect(settings.database_url) as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'made%' ORDER BY 1")
            return [name.removeprefix("made_by_") for (name,) in rows]

    upgrade(settings, expand=True, folder=folder)
    assert made() == ["r1", "r2", "r3", "r4"]
    upgrade(settings, expand=True, folder=folder)
    upgrade(settings, folder=folder)
    assert made() == ["r1", "r2", "r3", "r4", "r5", "r6"]


def test_this_release_is_ready_with_and_without_contracts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "revisions", lambda: revisions(folder))
    told = {revision: health._compare(revision) for revision in ("r3", "r4", "r5", "r6", "r7", None)}
    assert told == {"r3": "behind", "r4": "ok", "r5": "ok", "r6": "ok", "r7": "ahead", None: "behind"}
