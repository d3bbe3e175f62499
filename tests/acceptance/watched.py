"""A deployment on the tests' stores with all of its telemetry on, and everybody who listens to it."""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from src.platform.settings import Settings
from tests.acceptance.processes import HOST, unused_port
from tests.modules.notifications.mail.servers import MailServer, serving
from tests.modules.notifications.receivers import Receiver, receiving
from tests.running import COMMAND, PATIENCE_S, environment

TRACES = "/v1/traces"


class ToldSpan(NamedTuple):
    """A span as a collector gets it."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]


class Watched:
    """Two API processes at one address, a worker of its own, a collector, a mail server and a receiver of webhooks."""

    def __init__(self, folder: Path, collector: Receiver, mail: MailServer, hooks: Receiver) -> None:
        self.folder = folder
        self.collector = collector
        self.mail = mail
        self.hooks = hooks
        self.address = f"http://{HOST}:{unused_port()}"
        self.worker = f"http://{HOST}:{unused_port()}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, settings: Settings, name: str, *command: str, **variables: str) -> None:
        """A process that writes its log into a file of this name."""
        stores = {name.upper(): getattr(settings, name) for name in ("database_url", "redis_url", "redis_queue_url")}
        told = {
            "DATABASE_POOL_SIZE": "3",
            "LOG_LEVEL": "debug",
            "METRICS_PUBLIC": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url(""),
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20collectors-secret",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*COMMAND, *command], env={**environment(), **stores, **told, **variables}, stdout=log, stderr=log
            )
        self.processes.append(process)

    async def wait_until_ready(self) -> None:
        """Return when API and worker answer."""
        async with httpx.AsyncClient(trust_env=False) as client:

            async def well() -> bool:
                assert all(process.poll() is None for process in self.processes), self.log()
                urls = (f"{self.address}/health/ready", f"{self.worker}/health/live")
                return all([await answers(client, url) for url in urls])

            await eventually(well)

    async def stop(self) -> None:
        """Ask all to stop, and see that they do."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0, self.log()

    def log(self) -> str:
        """What all of them have written."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def events(self) -> list[dict[str, Any]]:
        """The same, line by line; what granian's own process says about its workers is for people."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def spans(self) -> list[ToldSpan]:
        """Every span that the collector was sent."""
        return [
            ToldSpan(
                service=attributes(resource.resource.attributes)["service.name"],
                name=span.name,
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                attributes=attributes(span.attributes),
            )
            for got in self.collector.received
            for resource in ExportTraceServiceRequest.FromString(got.body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def attributes(pairs: Any) -> dict[str, Any]:
    """The attributes of a span or of a process."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether it answers 200 there."""
    try:
        return (await client.get(url, timeout=2)).status_code == 200
    except httpx.TransportError:
        return False


async def eventually(happened: Callable[[], Any]) -> Any:
    """What `happened` returns as soon as that is true; fails when it takes too long."""
    until = time.monotonic() + PATIENCE_S
    while True:
        found = happened()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


@asynccontextmanager
async def watched(settings: Settings, folder: Path) -> AsyncIterator[Watched]:
    """The deployment, while the block runs."""
    async with AsyncExitStack() as held:
        collector = await held.enter_async_context(receiving())
        hooks = await held.enter_async_context(receiving())
        mail = await held.enter_async_context(serving(MailServer()))
        made = Watched(folder, collector, mail, hooks)
        port = made.address.rpartition(":")[2]
        try:
            made.start(settings, "api", "api", "--host", HOST, "--port", port, "--workers", "2")
            made.start(
                settings,
                "worker",
                "worker",
                METRICS_PORT=made.worker.rpartition(":")[2],
                SMTP_URL=mail.url,
                PUBLIC_URL="https://shop.example",
                WEBHOOK_ALLOW_PRIVATE="true",
            )
            await made.wait_until_ready()
            yield made
        finally:
            await made.stop()
