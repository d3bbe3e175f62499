"""Rules of the checkout that no linter knows."""

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_package_folder_is_not_on_the_path_where_it_would_shadow_the_standard_library() -> None:
    assert str(CHECKOUT / "src") not in sys.path
    code = f"import platform, sys; platform.system(); assert {str(CHECKOUT / 'src')!r} not in sys.path"
    result = run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stderr


def test_the_import_contracts_are_kept_and_see_dependencies() -> None:
    result = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert result.returncode == 0, result.stdout
    seen = re.search(r"(\d+) files, (\d+) dependencies", result.stdout)
    assert seen is not None
    assert int(seen[2]) > 0


def test_the_contracts_cover_every_feature() -> None:
    contracts = (CHECKOUT / "pyproject.toml").read_text()
    features = [path.name for path in (CHECKOUT / "src" / "modules").iterdir() if (path / "__init__.py").exists()]
    assert features
    for feature in features:
        assert f'protected_modules = ["src.modules.{feature}.*"]' in contracts


def test_requirements_are_pinned_with_hashes_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (CHECKOUT / name).read_text()
        assert not re.search(r"https?://|file:|--index-url|--find-links|/\w+/", text)
        pins = re.findall(r"^[A-Za-z][^\n]*", text, re.MULTILINE)
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins)
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pins)


def test_development_pins_hold_every_runtime_pin() -> None:
    runtime, development = (
        set(re.findall(r"^\S+==\S+", (CHECKOUT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime <= development
