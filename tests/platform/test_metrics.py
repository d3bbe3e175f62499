"""Counting in one process and in several."""

import os
import subprocess
import sys
from pathlib import Path

from src.platform.metrics import exposition
from src.platform.metrics_folder import VARIABLE

COUNT = """
from src.platform.metrics import CACHE_REQUESTS, JOB_DURATION, JOBS_RUNNING
CACHE_REQUESTS.labels(outcome="hit").inc(3)
JOB_DURATION.labels("a.b").observe(0.2)
JOBS_RUNNING.labels("a.b").inc()
"""
FORGET = """
import os
from src.platform.metrics import forget_process
forget_process(os.getpid())
"""
SHOW = "from src.platform.metrics import exposition; print(exposition().decode())"


def python(program: str, directory: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **directory}, check=True, capture_output=True, text=True
    ).stdout


def test_processes_are_added_up(tmp_path: Path) -> None:
    directory = {VARIABLE: str(tmp_path)}
    python(COUNT, directory)
    python(COUNT + FORGET, directory)
    told = python(SHOW, directory)
    assert 'wishkeep_cache_requests_total{outcome="hit"} 6.0' in told
    assert 'wishkeep_job_duration_seconds_count{job="a.b"} 2.0' in told
    assert 'wishkeep_jobs_running{job="a.b"} 1.0' in python(COUNT + SHOW, directory)  # while it lives


def test_what_a_killed_process_was_doing_is_not_counted(tmp_path: Path) -> None:
    directory = {VARIABLE: str(tmp_path)}
    python(COUNT, directory)  # It ends without a goodbye.
    told = python(SHOW, directory)
    assert 'wishkeep_jobs_running{job="a.b"}' not in told
    assert 'wishkeep_cache_requests_total{outcome="hit"} 3.0' in told


def test_one_process_also_tells_of_itself() -> None:
    told = exposition().decode()
    assert "# TYPE wishkeep_http_request_duration_seconds histogram" in told
    assert "process_resident_memory_bytes" in told
