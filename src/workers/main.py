"""The worker process: `wishkeep worker`."""

import asyncio
import os
import signal
from collections.abc import Sequence

import uvloop

from src.modules import operations
from src.platform.database import Database
from src.platform.history import recorded
from src.platform.jobs import QUEUES, JobContext, Queue, QueueName, close_client, queue_client
from src.platform.logs import configure_logging
from src.platform.metrics import forget_process
from src.platform.settings import Settings
from src.platform.tracing import start_tracing, stop_tracing
from src.workers.jobs import JOBS
from src.workers.runner import run_worker
from src.workers.watching import watched

COUNTS_TIMEOUT_S = 1.0


def run(settings: Settings, queues: Sequence[QueueName] = QUEUES) -> None:
    """Run jobs of these queues until SIGTERM or SIGINT, then let those under way finish."""
    configure_logging(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, queues))


async def _serve(settings: Settings, queues: Sequence[QueueName]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = Database(settings, application="wishkeep-worker")
    queue = Queue(settings)
    counts = queue_client(settings, timeout_s=COUNTS_TIMEOUT_S, connections=2, retries=0)
    overviews = operations.Overviews(database, counts)
    start_tracing(settings, "worker")
    await database.open()
    try:
        async with watched(settings.metrics_port), recorded(counts, "worker", overviews.measure, queues=queues):
            await run_worker(JobContext(settings, database, queue, stopping=stop), JOBS, queues=queues, stop=stop)
    finally:
        await close_client(counts)
        await queue.close()
        await database.close()
        await stop_tracing()
        forget_process(os.getpid())
