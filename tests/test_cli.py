"""The `wishkeep` command against servers that are configured: what it prints, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from src.cli import main
from src.platform.security import digest
from src.platform.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture
def configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The test servers, named as a deployment names them."""
    for name in ("database_url", "redis_url", "redis_queue_url"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))
    return settings


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No servers are named, and the current folder is empty."""
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_QUEUE_URL", "WISHKEEP_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wishkeep(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, as its event loop is not ours."""
    return subprocess.run(
        [sys.executable, "-m", "src.cli", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_an_issued_token_is_all_that_is_printed_and_is_stored_as_a_digest(configured: Settings) -> None:
    result = wishkeep("token", "issue", "--email", "cli@example.com", "--scope", "ops", "--scope", "warehouse")
    assert result.returncode == 0, result.stderr
    (token,) = result.stdout.splitlines()
    with psycopg.connect(configured.database_url) as connection:
        row = connection.execute(
            "SELECT scopes, expires_at FROM credential WHERE digest = %s", [digest(token)]
        ).fetchone()
    assert row == (["ops", "warehouse"], None)


def test_a_token_with_a_lifetime_expires(configured: Settings) -> None:
    token = wishkeep("token", "issue", "--email", "cli@example.com", "--expires-in", "3600").stdout.strip()
    with psycopg.connect(configured.database_url) as connection:
        row = connection.execute(
            "SELECT scopes, expires_at - created_at <= interval '1 hour 1 minute' FROM credential WHERE digest = %s",
            [digest(token)],
        ).fetchone()
    assert row == (["storefront"], True)


def test_a_bad_address_is_refused_in_one_line(configured: Settings) -> None:
    result = wishkeep("token", "issue", "--email", "nonsense")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "email: Not a valid value\n"


@pytest.mark.usefixtures("configured")
def test_an_erasure_by_address_says_how_much_it_ended_or_that_it_is_no_address() -> None:
    ended, refused = wishkeep("erase", "--email", "guest@example.com"), wishkeep("erase", "--email", "")
    assert (ended.returncode, ended.stdout) == (0, "0 rows went, 0 were blanked.\n"), ended.stderr
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "--email: must be an e-mail address\n"


def test_an_unknown_scope_is_refused_by_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["token", "issue", "--email", "a@example.com", "--scope", "everything"])
    assert ended.value.code == 2
    assert "invalid choice: 'everything'" in capsys.readouterr().err


def test_check_is_content_with_servers_that_answer(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "The settings are sound, and all servers answer.\n"


@pytest.mark.usefixtures("configured")
def test_check_explains_every_fault_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("JWT_SECRET", "tiny")
    assert main(["check"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["LOG_LEVEL", "JWT_SECRET"]
    assert not any("tiny" in line for line in lines)


def test_naming_one_server_only_is_a_fault(
    unconfigured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///wishkeep")
    assert main(["check"]) == 1
    assert capsys.readouterr().err == ("DATABASE_URL and REDIS_URL: set both, or neither to use embedded servers\n")
    assert list(unconfigured.iterdir()) == []


def test_a_command_in_the_wrong_folder_starts_no_servers(
    unconfigured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 1
    assert capsys.readouterr().err.startswith("There is no .wishkeep here")
    assert list(unconfigured.iterdir()) == []


def test_faulty_settings_are_found_before_servers_are_started(
    unconfigured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    assert main(["migrate", "--data-dir", "data"]) == 1
    assert capsys.readouterr().err.startswith("LOG_LEVEL 'loud'")
    assert list(unconfigured.iterdir()) == []


def test_a_migration_without_a_database_fails_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@/nothing?host=/nowhere")
    monkeypatch.setenv("REDIS_URL", "unix:///nowhere")
    assert main(["migrate"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("The database cannot be migrated:")


@pytest.mark.usefixtures("unconfigured")
def test_a_command_by_itself_runs_embedded_servers_for_its_time() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    command = [sys.executable, "-P", "-m", "src.cli"]
    issued = subprocess.run(
        [*command, "token", "issue", "--email", "cli@example.com"],
        env={**environment, "WISHKEEP_DATA_DIR": "data"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert issued.returncode == 0, issued.stderr
    assert len(issued.stdout.split()) == 1
    assert not Path("data/servers.json").exists()


def test_a_worker_of_an_unknown_queue_is_refused(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "--queue", "feed", "--queue", "mails"]) == 1
    assert capsys.readouterr().err == "--queue mails: must be one of feed, deliveries, upkeep\n"
