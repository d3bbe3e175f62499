"""compose.yaml through a real reader of the Compose format, and what it must say beyond being readable."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.commands.serve import DRAIN_S
from src.platform.settings import SECRETS, Settings
from src.workers.runner import DRAIN_S as WORKER_DRAIN_S

CHECKOUT = Path(__file__).resolve().parents[2]


def podman_compose(folder: Path) -> "subprocess.CompletedProcess[str]":
    # It reads the file by itself, but asks podman for its version first, which a test machine need not have.
    podman = folder / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "podman_compose", "--file", "compose.yaml", "config"],
        cwd=CHECKOUT,
        env={"PATH": f"{folder}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services as the reader understands them."""
    result = podman_compose(tmp_path_factory.mktemp("bin"))
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


def test_secrets_are_files_that_are_mounted(services: dict[str, Any]) -> None:
    secrets = {name.upper() for name in SECRETS} - {"REDIS_URL", "REDIS_QUEUE_URL"}  # they have none in them here
    for name, service in services.items():
        environment = service.get("environment", {})
        assert not secrets & set(environment), name
        files = [path for variable, path in environment.items() if variable.endswith("_FILE") and path]
        if files:
            assert all(path.startswith("/run/secrets/wishkeep/") for path in files), name
            assert "./secrets:/run/secrets/wishkeep:ro" in service["volumes"], name


def test_what_the_service_is_told_is_among_its_settings(services: dict[str, Any]) -> None:
    known = {field.upper() for field in Settings.__struct_fields__}
    for name in ("migrate", "api", "worker"):
        assert {variable.removesuffix("_FILE") for variable in services[name]["environment"]} <= known


def test_every_service_has_a_limit_of_memory(services: dict[str, Any]) -> None:
    assert all("mem_limit" in service for service in services.values())


def test_worker_is_asked_where_it_answers(services: dict[str, Any]) -> None:
    port = services["worker"]["environment"]["METRICS_PORT"]
    assert f":{port}/health/live" in services["worker"]["healthcheck"]["test"][-1]
    scraped = yaml.safe_load((CHECKOUT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in scraped["scrape_configs"]}
    assert jobs["wishkeep-worker"]["port"] == int(port)
    assert {names for job in jobs.values() for names in job["names"]} <= set(services)
