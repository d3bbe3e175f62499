"""`make install` where something is missing: it says what, instead of failing somewhere inside."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
TOOLS = ("sh", "cat", "cksum", "cut", "rm", "touch", "sed")
OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with what a bare machine has besides Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def add(tools: Path, name: str, script: str) -> None:
    (tools / name).write_text(script)
    (tools / name).chmod(0o755)


def make(tools: Path, *targets: str) -> "subprocess.CompletedProcess[str]":
    checkout = tools.parent / "a checkout"
    checkout.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(CHECKOUT / name, checkout)
    program = shutil.which("make")
    assert program is not None
    return subprocess.run(
        [program, *targets], cwd=checkout, env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )


def test_a_machine_without_python_is_told_what_is_needed(tools: Path) -> None:
    result = make(tools, "install")
    assert result.returncode != 0
    assert "Wishkeep needs Python 3.11 or newer" in result.stderr


def test_a_python_that_is_too_old_does_not_count(tools: Path) -> None:
    add(tools, "python3", OLD)
    assert "Wishkeep needs Python 3.11 or newer" in make(tools, "install").stderr


def test_a_python_without_venv_names_the_package_to_install(tools: Path) -> None:
    add(tools, "python3.11", WITHOUT_VENV)
    result = make(tools, "install")
    assert result.returncode != 0
    assert "python3.11 cannot make virtual environments: install its venv package" in result.stderr


def test_a_complete_python_is_preferred_to_one_without_venv(tools: Path) -> None:
    add(tools, "python3.11", WITHOUT_VENV)
    add(tools, "python3", '#!/bin/sh\ncase "$1" in -V) echo the complete one;; -m) exit 1;; esac\n')
    assert "Making .venv with the complete one" in make(tools, "install").stdout


def test_help_lists_every_target(tools: Path) -> None:
    shown = make(tools).stdout
    for target in ("install", "up", "test", "lint", "format", "bench", "lock"):
        assert f"make {target} " in shown
