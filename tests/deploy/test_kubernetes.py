"""The manifests against Kubernetes' own schemas, against each other, and against what the service reads and serves."""

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from src.cli import _parser
from src.commands.serve import DRAIN_S
from src.platform.jobs import QUEUES
from src.platform.settings import SECRETS, Settings, load_settings
from src.platform.version import VERSION
from src.workers.runner import DRAIN_S as WORKER_DRAIN_S

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
OPERATIONS = Path(__file__).resolve().parents[1] / "openapi_operations.txt"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
# Of other programs: their schemas are theirs.
FOREIGN = {"kustomization.yaml", "monitoring.yaml", "prometheus-adapter.yaml"}
OLDEST, NEWEST = "1.32", "1.37"
PLACEHOLDERS = {
    "DATABASE_URL": "postgresql://wishkeep@database/wishkeep",
    "REDIS_URL": "redis+cluster://cache:6379",
    "REDIS_QUEUE_URL": "redis+sentinel://queue:26379/wishkeep",
    "JWT_SECRET": "0123456789abcdef0123456789abcdef",
    "SMTP_URL": "smtp://mail:587",
    "VAPID_PRIVATE_KEY": "A" * 43,
}


@lru_cache
def read(name: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all((FOLDER / name).read_text()) if document]


def objects() -> list[dict[str, Any]]:
    return [each for name in FILES if name not in FOREIGN for each in read(name)]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in objects() if each["kind"] == kind}


def pods() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, specification and container of everything that runs."""
    for name, each in {**of_kind("Deployment"), **of_kind("Job")}.items():
        template = each["spec"]["template"]
        (container,) = template["spec"]["containers"]
        yield name, template["spec"], container


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_objects_are_valid(version: str) -> None:
    for each in objects():
        kubernetes_validate.validate(each, version, strict=True)


def test_kustomization_takes_all_that_is_ours_but_secrets_and_the_migration() -> None:
    (kustomization,) = read("kustomization.yaml")
    left_out = {"secret.example.yaml", "migrate.yaml"}
    assert sorted(kustomization["resources"]) == sorted(set(FILES) - FOREIGN - left_out)
    assert kustomization["images"] == [
        {"name": "wishkeep", "newName": "registry.example.com/wishkeep", "newTag": VERSION}
    ]


def test_every_image_and_every_command_is_ours() -> None:
    assert {container["image"] for _, _, container in pods()} == {"wishkeep"}
    for _, _, container in pods():
        program, *arguments = container["command"]
        assert program == "wishkeep"
        _parser().parse_args(arguments)  # ends the process when it does not understand


def test_each_queue_has_its_worker() -> None:
    worked_off = [shlex.join(container["command"]).partition("--queue ")[2] for _, _, container in pods()]
    assert sorted(filter(None, worked_off)) == sorted(QUEUES)


def test_settings_and_secrets_make_a_sound_configuration(tmp_path: Path) -> None:
    (config,) = of_kind("ConfigMap").values()
    (secret,) = of_kind("Secret").values()
    assert not any(secret["stringData"].values())
    environment = dict(config["data"])
    files = {name: text for name, text in environment.items() if name.endswith("_FILE")}
    assert {Path(text).name for text in files.values()} == set(secret["stringData"])
    for name, text in files.items():
        wanted = name.removesuffix("_FILE")
        assert wanted.lower() in SECRETS
        assert Path(text) == Path("/run/secrets/wishkeep") / wanted
        (tmp_path / wanted).write_text(PLACEHOLDERS[wanted] + "\n")
        environment[name] = str(tmp_path / wanted)
    known = {field.upper() for field in Settings.__struct_fields__}
    assert {name.removesuffix("_FILE") for name in environment} <= known
    assert load_settings(environment).cookie_secure


def test_pods_get_settings_and_secrets_and_may_do_little() -> None:
    for name, pod, container in pods():
        assert container["envFrom"] == [{"configMapRef": {"name": "wishkeep"}}], name
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts == {"secrets": "/run/secrets/wishkeep", "tmp": "/tmp"}  # noqa: S108  (a mount, not a file)
        assert {volume["name"] for volume in pod["volumes"]} == set(mounts), name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert {"requests", "limits"} <= set(container["resources"]), name
        assert re.search(
            rf"--uid {pod['securityContext']['runAsUser']} ", (FOLDER.parents[1] / "Dockerfile").read_text()
        )


def test_probes_ask_paths_that_are_served_at_ports_that_are_open() -> None:
    (config,) = of_kind("ConfigMap").values()
    served = {line.split()[2] for line in OPERATIONS.read_text().splitlines() if " GET " in line}
    for name, _, container in pods():
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                asked = container[probe]["httpGet"]
                assert asked["port"] in ports, (name, probe)
                assert asked["path"] in served, (name, probe)
        if name.startswith("wishkeep-worker"):
            assert ports == {"metrics": int(config["data"]["METRICS_PORT"])}
        if name == "wishkeep-api":
            assert f"--port {ports['http']} " in shlex.join(container["command"])
            assert container["livenessProbe"]["httpGet"]["path"] != container["readinessProbe"]["httpGet"]["path"]


def test_a_stop_is_given_more_time_than_it_takes() -> None:
    (config,) = of_kind("ConfigMap").values()
    deployments = of_kind("Deployment")
    for name, each in deployments.items():
        granted = each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        needed = WORKER_DRAIN_S if "worker" in name else int(config["data"]["STOP_DELAY_S"]) + DRAIN_S
        assert granted > needed, name
    # Long enough for a probe to fail as often as it has to.
    probe = deployments["wishkeep-api"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    assert int(config["data"]["STOP_DELAY_S"]) > probe["periodSeconds"] * probe["failureThreshold"]


def test_selectors_and_references_lead_somewhere() -> None:
    deployments = of_kind("Deployment")
    labels = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in deployments.items()}
    labels |= {name: each["spec"]["template"]["metadata"]["labels"] for name, each in of_kind("Job").items()}

    def chosen(wanted: dict[str, str]) -> set[str]:
        return {name for name, has in labels.items() if wanted.items() <= has.items()}

    for name, each in deployments.items():
        assert chosen(each["spec"]["selector"]["matchLabels"]) == {name}
        for spread in each["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert chosen(spread["labelSelector"]["matchLabels"]) == {name}
    for name, each in of_kind("PodDisruptionBudget").items():
        assert chosen(each["spec"]["selector"]["matchLabels"]) == {name}
    assert set(of_kind("PodDisruptionBudget")) == set(deployments)
    (service,) = of_kind("Service").values()
    assert chosen(service["spec"]["selector"]) == {"wishkeep-api"}
    for name, each in of_kind("HorizontalPodAutoscaler").items():
        assert each["spec"]["scaleTargetRef"]["name"] == name
        assert name in deployments
        assert "replicas" not in deployments[name]["spec"]  # Applying it again would undo the scaling.
    guarded = {
        component
        for each in [*of_kind("NetworkPolicy").values(), *read("monitoring.yaml")]
        for expression in each["spec"].get("podSelector", each["spec"].get("selector", {})).get("matchExpressions", ())
        for component in expression["values"]
    }
    assert guarded == {has["app.kubernetes.io/component"] for name, has in labels.items() if "-worker-" in name}


def test_workers_are_scaled_by_a_metric_that_the_adapter_has_for_queues_that_are() -> None:
    (adapter,) = read("prometheus-adapter.yaml")
    offered = {rule["name"]["as"] for rule in adapter["rules"]["external"]}
    scaled = set()
    for each in of_kind("HorizontalPodAutoscaler").values():
        for metric in each["spec"]["metrics"]:
            if metric["type"] == "External":
                assert metric["external"]["metric"]["name"] in offered
                scaled.add(metric["external"]["metric"]["selector"]["matchLabels"]["queue"])
    assert scaled <= set(QUEUES)
    assert scaled
