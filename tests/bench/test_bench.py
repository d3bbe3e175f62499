"""The whole bench on a tiny shop: what it writes, never how fast it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import Result, Target, table

TINY = "--products 2000 --shoppers 100 --favourites 2500 --price-rows 300 --seconds 0.15 --rounds 1 --connections 4"
# One of each kind: a read, a write, a basket, a race, one with a server beside it, an import.
ROWS = [
    "favourites-count",
    "favourite-add-storefront",
    "basket-get-cold",
    "voucher-submit",
    "telemetry-cost",
    "price-upsert",
]


@pytest.mark.timeout(300)
def test_run_writes_every_row_with_its_ratio(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "bench", "--json", str(file), *TINY.split(), "--workers", "1", "--rows", *ROWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(file.read_text())
    assert [row["name"] for row in rows] == ROWS
    for row in rows:
        assert row["errors"] == {}
        assert row["throughput"] > 0
        assert row["ratio"] > 0
        assert row["floor"]
        assert row["name"] in done.stdout
    for row in rows[:-1]:
        assert 0 < row["p50_ms"] <= row["p99_ms"]


def test_unknown_row_is_refused() -> None:
    command = [sys.executable, "-m", "bench", "--rows", "no-such-row"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "no-such-row" in done.stderr


def test_row_with_errors_never_passes() -> None:
    result = Result(name="count", throughput=1, ratio=9, floor="read floor", errors={"500": 3})
    assert result.judged(Target(1)).passed is False
    assert "3 x 500" in table([result.judged(Target(1))])


def test_target_may_be_a_bound_from_either_side() -> None:
    result = Result(name="count", throughput=1, ratio=2, floor="read floor")
    assert result.judged(Target(1.5)).passed is True
    assert result.judged(Target(1.5, "most")).passed is False
    assert result.judged(None).passed is None
