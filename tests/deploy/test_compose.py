"""compose.yaml through a real reader of the Compose format, and what it must say beyond being readable."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.commands.serve import DRAIN_S
from src.workers.runner import DRAIN_S as WORKER_DRAIN_S

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "0123456789abcdef"


def podman_compose(folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    # It reads the file by itself, but asks podman for its version first, which a test machine need not have.
    podman = folder / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "podman_compose", "--file", "compose.yaml", "config"],
        cwd=CHECKOUT,
        env={"PATH": f"{folder}:{os.defpath}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services as the reader understands them."""
    result = podman_compose(tmp_path_factory.mktemp("bin"), {"POSTGRES_PASSWORD": SECRET})
    assert result.returncode == 0, result.stderr
    understood: dict[str, Any] = yaml.safe_load(result.stdout)
    return understood["services"]  # type: ignore[no-any-return]


def test_all_services_are_there_with_pinned_major_versions(services: dict[str, Any]) -> None:
    assert {name: service["image"] for name, service in services.items()} == {
        "database": "postgres:18",
        "cache": "valkey/valkey:9",
        "queue": "valkey/valkey:9",
        "migrate": "wishkeep",
        "api": "wishkeep",
        "worker": "wishkeep",
    }


def test_api_and_worker_wait_for_the_migration_and_healthy_servers(services: dict[str, Any]) -> None:
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "cache": {"condition": "service_healthy"},
            "queue": {"condition": "service_healthy"},
        }
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("database", "cache", "queue"):
        assert services[name]["healthcheck"]["test"]


def test_a_stop_waits_longer_than_draining_takes(services: dict[str, Any]) -> None:
    assert int(services["api"]["stop_grace_period"].removesuffix("s")) > DRAIN_S
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > WORKER_DRAIN_S


def test_the_password_comes_from_the_environment_only(services: dict[str, Any], tmp_path: Path) -> None:
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == SECRET
    assert SECRET in services["api"]["environment"]["DATABASE_URL"]
    result = podman_compose(tmp_path, {})
    assert result.returncode != 0
    assert "POSTGRES_PASSWORD" in result.stderr
