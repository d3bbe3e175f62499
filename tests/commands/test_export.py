"""`wishkeep export`: rows straight from the database, into a file that is there as a whole or not at all."""

import json
from pathlib import Path

import pytest

from src import cli
from src.commands.errors import CommandFailed
from src.commands.export import export
from src.platform.errors import InvalidFields
from src.platform.settings import Settings
from tests.factories import Factory

CITIES = "cities"


@pytest.fixture
async def nine(factory: Factory) -> None:
    """Nine cities."""
    await factory.execute("INSERT INTO address_city (id, name) SELECT n, 'City ' || n FROM generate_series(1, 9) n")


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def ids(content: str) -> list[int]:
    return [json.loads(line)["id"] for line in content.splitlines()]


@pytest.mark.usefixtures("nine")
async def test_rows_go_to_a_file_and_progress_to_the_terminal(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "cities.ndjson"
    target.write_text("older")
    await export(settings, CITIES, [("id__gt", "2"), ("sort", "-id")], str(target))
    assert ids(target.read_text()) == [9, 8, 7, 6, 5, 4, 3]
    assert names(tmp_path) == [target.name]
    told = capsys.readouterr()
    assert told.out == ""
    assert "7.00/7.00" in told.err


@pytest.mark.usefixtures("nine")
async def test_mark_leads_to_what_changed_since(
    settings: Settings, factory: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mark = await export(settings, CITIES, [], None)
    await factory.execute("UPDATE address_city SET name = 'New' WHERE id = 4")
    await export(settings, CITIES, [("format", "csv"), ("changed_after", mark)], None)
    assert ids((tmp_path / "cities.ndjson").read_text()) == [*range(1, 10)]
    header, row = (tmp_path / "cities.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["name"] == "New"


@pytest.mark.usefixtures("nine")
async def test_failure_leaves_what_was_there(settings: Settings, factory: Factory, tmp_path: Path) -> None:
    target = tmp_path / "cities.parquet"
    target.write_text("older")
    # Something that Arrow refuses to take for what it is declared to be.
    await factory.execute("UPDATE address_city SET modified_date = 'infinity' WHERE id = 5")
    with pytest.raises(Exception, match="infinity"):
        await export(settings, CITIES, [("format", "parquet")], str(target))
    assert target.read_text() == "older"
    assert names(tmp_path) == [target.name]


async def test_nonsense_is_refused_before_anything_is_written(settings: Settings, tmp_path: Path) -> None:
    target = str(tmp_path / "rows")
    with pytest.raises(CommandFailed, match="nothing"):
        await export(settings, "nothing", [], target)
    with pytest.raises(InvalidFields):
        await export(settings, CITIES, [("colour", "red")], target)
    with pytest.raises(CommandFailed, match="No such file"):
        await export(settings, CITIES, [], str(tmp_path / "absent" / "rows"))
    assert not names(tmp_path)


@pytest.mark.usefixtures("database")
def test_command_line_says_which_rows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    assert cli.main(["export", "content-types", "--output", "-", "--where", "id__gte=10000", "--sort=-id"]) == 0
    out, err = capfd.readouterr()
    assert ids(out) == sorted(ids(out), reverse=True)
    assert err.splitlines()[-1].startswith("For what changes from now on: --changed-after ")
    for wrong, named in (
        (["--where", "id"], "--where id"),
        (["--where", "color=red"], "color: Unknown"),
        (["--format", "xml"], "format: "),
        (["--changed-after", "x"], "changed_after: "),
    ):
        assert cli.main(["export", "content-types", "--output", "-", *wrong]) == 1
        assert named in capfd.readouterr().err
