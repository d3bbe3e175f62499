"""The threat model names tests, and they are there."""

import ast
import re
from pathlib import Path

from tests.test_layout import CHECKOUT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
MODEL = (CHECKOUT / "docs" / "security.md").read_text()


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text() if path.exists() else "")
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def threats() -> list[str]:
    table = MODEL.split("## Threats", 1)[1].split("\n## ", 1)[0]
    return [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| Threat ")]


def test_each_threat_names_a_test_that_stands_against_it() -> None:
    assert len(threats()) > 30
    for threat in threats():
        assert NAMED.search(threat.split(" | ")[-1]), threat


def test_each_test_that_is_named_is_there() -> None:
    named = set(NAMED.findall(MODEL))
    missing = {f"{file}::{name}" for file, name in named if name not in functions_of(CHECKOUT / file)}
    assert named
    assert missing == set()
