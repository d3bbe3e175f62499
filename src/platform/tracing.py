"""Traces: what one request sets going, across API, queue, workers, mail servers and webhooks, under one id.

OpenTelemetry is imported when there is an address to send traces to, and only then; without one a span is a function
call that does nothing. No span holds what names a person: routes are templates, failures are told by their type.
"""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from src.platform.settings import Settings

if TYPE_CHECKING:
    from src.platform.span_export import Span, Tracer

Kind: TypeAlias = Literal["server", "client", "consumer"]
Value: TypeAlias = str | float

# The argument of a job that carries its trace. Workers of the release before this one fail at it: switch tracing on
# when all have been replaced.
CARRIED = "_trace"
# What a process that ends gives to the last traces; a collector that is away costs no more.
STOP_S = 3.0


class Untraced:
    """The span that is none."""

    def rename(self, name: str) -> None:
        """It has no name."""

    def note(self, name: str, value: Value) -> None:
        """Nothing is noted."""

    def fail(self, what: str) -> None:
        """Nothing is noted."""

    def __enter__(self) -> "Untraced":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


_UNTRACED = Untraced()
_tracer: "Tracer | None" = None


def start_tracing(settings: Settings, process: Literal["api", "worker"]) -> None:
    """From now on send the spans of this process to where the settings say, if they do."""
    global _tracer
    if _tracer is None and settings.traces_url is not None:
        from src.platform.span_export import Tracer

        _tracer = Tracer(settings.traces_url, settings.otel_exporter_otlp_headers, f"wishkeep-{process}")


async def stop_tracing() -> None:
    """Send what is left, for STOP_S at the most; what ends later is not told."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        # Not a thread of the loop's: the interpreter would wait for it however long it takes.
        last = threading.Thread(target=tracer.close, daemon=True)
        last.start()
        await asyncio.to_thread(last.join, STOP_S)


def is_traced() -> bool:
    """Whether this process sends traces."""
    return _tracer is not None


def span(
    name: str, kind: Kind, attributes: Mapping[str, Value] | None = None, *, parent: str | None = None
) -> "AbstractContextManager[Span | Untraced]":
    """A span for as long as the block runs, below the one that runs or the `parent` that came from elsewhere.

    An exception that leaves the block is noted by its type. A `parent` that is no `traceparent` begins a trace.
    """
    if _tracer is None:
        return _UNTRACED
    return _tracer.span(name, kind, attributes, parent)


def carried() -> str | None:
    """The `traceparent` (W3C Trace Context) of the span that runs; None when there is none."""
    return None if _tracer is None else _tracer.carried()


def with_trace(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a job, with the trace that asks for it."""
    trace = carried()
    return arguments if trace is None else {**arguments, CARRIED: trace}


def trace_ids() -> tuple[str, str] | None:
    """The ids of the trace and of the span that run, in hexadecimal; None when there are none."""
    return None if _tracer is None else _tracer.ids()
