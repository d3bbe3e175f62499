"""The alert rules and the dashboard: that they load, and that the rules fire when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is not installed")


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def promtool(*arguments: str, folder: Path = RULES.parent) -> str:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_alert_says_how_bad_it_is_and_what_is_seen() -> None:
    for name, rule in alerts().items():
        assert name.startswith("Wishkeep")
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]


def test_panels_of_the_dashboard_ask_the_chosen_source_and_lie_beside_each_other() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "wishkeep.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert [variable["type"] for variable in dashboard["templating"]["list"]] == ["datasource"]


def test_labels_of_our_metrics_stay_as_they_are() -> None:
    # Else Prometheus would put its own `job` in the place of ours, and what asks for a job of the queue finds none.
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    monitors = yaml.safe_load_all((DEPLOY / "kubernetes" / "monitoring.yaml").read_text())
    endpoints = [each for monitor in monitors for each in monitor["spec"]["podMetricsEndpoints"]]
    assert [each.get("honor_labels") for each in scraped] == [True, True]
    assert [each.get("honorLabels") for each in endpoints] == [True, True]


@needs_promtool
def test_prometheus_takes_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", "--lint-fatal", RULES.name)
    promtool("check", "config", "--syntax-only", "prometheus.yml")


@needs_promtool
def test_prometheus_takes_every_question_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads((DEPLOY / "grafana" / "wishkeep.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    rules = [
        {"record": f"asked:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, expr in enumerate(asked)
    ]
    (tmp_path / "asked.yml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", "asked.yml", folder=tmp_path)


@needs_promtool
def test_alerts_fire_when_they_should_and_not_before() -> None:
    tests = Path(__file__).with_name("alerts.test.yml")
    promtool("test", "rules", str(tests))
    tried = set(re.findall(r"alertname: (\w+)", tests.read_text()))
    assert tried == set(alerts())
