"""Tracing that is off, and what is let in from outside when it is on."""

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from src.platform import tracing
from src.platform.settings import load_settings
from src.platform.tracing import carried, is_traced, span, start_tracing, stop_tracing, trace_ids, with_trace

STORES = {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x"}
# Nobody listens there.
AWAY = {**STORES, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OFF = f"""
import sys
import src.workers.main
from src.app import create_app
from src.platform.settings import load_settings
from src.platform.tracing import start_tracing
settings = load_settings({STORES})
create_app(settings)
start_tracing(settings, "worker")
loaded = ("opentelemetry.sdk", "opentelemetry.trace", "opentelemetry.exporter", "src.platform.span_export")
print([name for name in sys.modules if name.startswith(loaded)])
"""


@pytest.fixture
async def traced(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    monkeypatch.setattr(tracing, "STOP_S", 0.05)
    start_tracing(load_settings(AWAY), "api")
    yield
    await stop_tracing()


def test_without_an_address_nothing_of_it_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_an_address_a_span_is_nothing() -> None:
    start_tracing(load_settings(STORES), "api")
    with span("a", "server", parent=PARENT) as told:
        told.rename("b")
        told.note("c", 1)
        told.fail("d")
        assert (carried(), trace_ids(), is_traced()) == (None, None, False)
        assert with_trace({"channel": "email"}) == {"channel": "email"}
    with pytest.raises(KeyError), span("a", "server"):
        raise KeyError


@pytest.mark.usefixtures("traced")
def test_trace_goes_on_from_a_parent_and_is_carried_by_jobs() -> None:
    with span("a", "server", parent=PARENT):
        ids = trace_ids()
        assert ids is not None
        assert ids[0] == PARENT.split("-")[1]
        assert ids[1] != PARENT.split("-")[2]
        assert with_trace({"channel": "email"}) == {"channel": "email", "_trace": f"00-{ids[0]}-{ids[1]}-01"}
    assert trace_ids() is None


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "parent",
    ["", "x", f"{PARENT}-more", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff" + PARENT[2:], "\xff\n" * 5000],
    ids=["empty", "short", "long", "zeros", "version", "noise"],
)
def test_what_is_no_parent_begins_a_trace_of_its_own(parent: str) -> None:
    with span("a", "server", parent=parent):
        ids = trace_ids()
        assert ids is not None
        assert ids[0] not in ("0" * 32, PARENT.split("-")[1])


@pytest.mark.usefixtures("traced")
def test_failure_leaves_its_span() -> None:
    with pytest.raises(ValueError, match="whole"), span("a", "client"):
        raise ValueError("the whole text")
    assert trace_ids() is None
