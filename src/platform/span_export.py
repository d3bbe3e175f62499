"""The spans of `tracing` by OpenTelemetry, sent as OTLP over HTTP. Only `tracing` imports this, when it is wanted."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from src.platform.version import VERSION

KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "consumer": SpanKind.CONSUMER}
HEADER = "traceparent"


class Span:
    """A span that is being told."""

    def __init__(self, told: trace.Span) -> None:
        self._told = told

    def rename(self, name: str) -> None:
        """Give it the name that it deserves, now that it is known."""
        self._told.update_name(name)

    def note(self, name: str, value: str | float) -> None:
        """Add an attribute."""
        self._told.set_attribute(name, value)

    def fail(self, what: str) -> None:
        """Mark it as failed, for a reason that names no person."""
        self._told.set_attribute("error.type", what)
        self._told.set_status(StatusCode.ERROR)


class Tracer:
    """What makes the spans of this process and sends them in batches, from a thread of its own.

    Which traces are kept, and all else that is not asked for here, say OpenTelemetry's own variables (OTEL_…).
    """

    def __init__(self, url: str, headers: str | None, service: str) -> None:
        known = {"service.version": VERSION, "service.instance.id": str(uuid4())}
        if "OTEL_SERVICE_NAME" not in os.environ:
            known["service.name"] = service
        told = None if headers is None else parse_env_headers(headers, liberal=True)
        self._provider = TracerProvider(resource=Resource.create(known), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, headers=told)))
        self._tracer = self._provider.get_tracer("wishkeep", VERSION)
        self._context = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: str, attributes: Mapping[str, str | float] | None, parent: str | None
    ) -> Iterator[Span]:
        """A span for as long as the block runs."""
        context = None if parent is None else self._context.extract({HEADER: parent})
        # The text of an exception may hold anything, so that only its type is told.
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as told:
            made = Span(told)
            try:
                yield made
            except BaseException as error:
                made.fail(type(error).__name__)
                raise

    def carried(self) -> str | None:
        """The `traceparent` of the span that runs; what others keep in `tracestate` is not passed on."""
        carrier: dict[str, str] = {}
        self._context.inject(carrier)
        return carrier.get(HEADER)

    def ids(self) -> tuple[str, str] | None:
        """The ids of the trace and of the span that run."""
        running = trace.get_current_span().get_span_context()
        if not running.is_valid:
            return None
        return trace.format_trace_id(running.trace_id), trace.format_span_id(running.span_id)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
