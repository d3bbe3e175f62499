"""The worker process: `wishkeep worker`."""

import asyncio
import os
import signal

import uvloop

from src.platform.database import Database
from src.platform.jobs import JobContext, Queue
from src.platform.logs import configure_logging
from src.platform.metrics import forget_process
from src.platform.settings import Settings
from src.workers.jobs import JOBS
from src.workers.runner import run_worker


def run(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT, then let those under way finish."""
    configure_logging(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = Database(settings, application="wishkeep-worker")
    queue = Queue(settings)
    await database.open()
    try:
        await run_worker(JobContext(settings, database, queue, stopping=stop), JOBS, stop=stop)
    finally:
        await queue.close()
        await database.close()
        forget_process(os.getpid())
