"""docs/operations.md names every setting and every alert, and none that are not."""

import re
from pathlib import Path

import yaml

from src.platform.dynamic_settings import DECLARED
from src.platform.settings import SECRETS, Settings

CHECKOUT = Path(__file__).resolve().parents[2]
RUNBOOK = (CHECKOUT / "docs" / "operations.md").read_text()
# Read by others than Settings: the command line and the metrics.
BESIDES = {"WEB_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR"}
STEPS = 3


def section(title: str) -> str:
    """The text below a heading, up to the next of its kind."""
    return RUNBOOK.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_setting_is_there_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)`( \*)? \| ([^|]*) \| ([^|]+) \|$", section("Settings"), re.MULTILINE)
    told = {name: (star, default) for name, star, default, _ in rows}
    assert len(told) == len(rows)
    fixed = {field.upper() for field in Settings.__struct_fields__}
    assert set(told) == fixed | BESIDES | set(DECLARED)
    assert {name for name, (star, _) in told.items() if star} == {name.upper() for name in SECRETS}
    for name, setting in DECLARED.items():
        shown = {True: "true", False: "false"}.get(setting.default) if isinstance(setting.default, bool) else None
        assert told[name][1] == (shown or str(setting.default)), name


def test_every_alert_has_three_steps_and_there_is_no_other() -> None:
    rules = yaml.safe_load((CHECKOUT / "deploy" / "prometheus" / "alerts.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    told = dict(re.findall(r"^### (\w+)\n((?:.+\n?)+)", section("Alerts"), re.MULTILINE))
    assert set(told) == alerts
    for name, text in told.items():
        assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == [str(n) for n in range(1, STEPS + 1)], name
