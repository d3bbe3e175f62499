"""Child processes that are kept running."""

import psutil
import pytest

from src.commands.children import Child, stop_all
from src.platform.embedded.processes import wait_until


def ended(child: Child) -> str:
    """The line about the child's next end."""
    lines: list[str] = []

    def tend() -> bool:
        line = child.tend()
        lines.extend([line] if line else [])
        return bool(lines)

    assert wait_until(tend, timeout_s=60)
    return lines[0]


def test_a_child_that_ends_is_started_again_after_growing_pauses() -> None:
    child = Child(["no-such-command"], first_pause_s=0.01)
    assert ended(child) == "The no-such-command ended with status 2; it is started again in 0.01 s."
    assert ended(child) == "The no-such-command ended with status 2; it is started again in 0.02 s."
    assert child.ends == 2


def test_a_child_is_not_started_again_before_its_pause_is_over() -> None:
    child = Child(["no-such-command"], first_pause_s=600)
    ended(child)
    assert child.tend() is None
    assert child.pid is None


def test_a_stopped_child_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "unix:///nowhere")
    child = Child(["worker"])
    child.tend()
    pid = child.pid
    assert pid is not None
    stop_all([child], patience_s=60)
    assert not psutil.pid_exists(pid)
