"""The worker's loop: arq over our jobs, with the retries, time limits, counts and log lines that arq leaves to us."""

import asyncio
import os
import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from time import perf_counter, time
from typing import Any, cast

import msgspec
import psycopg
import structlog
from arq import Retry, Worker, func
from arq import cron as arq_cron
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine

from src.platform.errors import ServiceUnavailable
from src.platform.jobs import (
    KEPT_FOR_MS,
    QUEUE_AWAY,
    QUEUE_NAME,
    Cron,
    Job,
    JobContext,
    Moments,
    close_client,
    queue_client,
)
from src.platform.metrics import JOB_DURATION, JOB_WAIT, JOBS, JOBS_RUNNING

log = structlog.get_logger(__name__)

JOBS_AT_ONCE = 10
# Running jobs stay at the queue's head: each poll must read beyond the slots of all workers together.
READ_AHEAD = 1000
POLL_EVERY_S = 0.1
QUEUE_TIMEOUT_S = 2.0
RECONNECT_EVERY_S = 1.0
# One key for each worker, or the first that stops would declare all others dead.
HEALTH_KEYS = "wishkeep:worker:"
HEALTH_EVERY_S = 15
# What a stop gives jobs to finish; whoever stops us grants a little more before it kills.
DRAIN_S = 25
LONGEST_RETRY_S = 300
# arq counts runs that a stop or a kill cut short as tries, so many deploys are forgiven.
CUT_SHORT_FORGIVEN = 5
# OSError holds TimeoutError and ConnectionError.
MAY_PASS = (ServiceUnavailable, psycopg.OperationalError, psycopg.InterfaceError, *QUEUE_AWAY)


async def run_worker(
    context: JobContext, jobs: Sequence[Job], *, stop: asyncio.Event | None = None, burst: bool = False
) -> None:
    """Run jobs until `stop` is set, then let those under way finish; with `burst`, only until none waits.

    When the queue's server goes away, jobs under way go on, and the worker is back as soon as the server is.
    """
    stop = stop or asyncio.Event()
    client = queue_client(context.settings, timeout_s=QUEUE_TIMEOUT_S, connections=2 * JOBS_AT_ONCE, retries=2)
    health_key = f"{HEALTH_KEYS}{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
    under_way: set[asyncio.Task[Any]] = set()
    told = False
    try:
        while not stop.is_set():
            worker = _Poller(context, jobs, client, health_key, stop, burst)
            try:
                await worker.poll_until_stopped()
                break
            except QUEUE_AWAY as error:
                if worker.answered or not told:
                    log.warning("worker.queue_away", error=repr(error))
                told = True
            finally:
                under_way = {task for task in (*under_way, *worker.tasks.values()) if not _over(task)}
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_EVERY_S)
        await _drain(under_way)
    finally:
        with suppress(*QUEUE_AWAY):
            await client.delete(health_key)
        await close_client(client)
        log.info("worker.stopped")


def _over(task: asyncio.Task[Any]) -> bool:
    if task.done() and not task.cancelled():
        task.exception()  # Seen. Its job is run again when its lease ends.
    return task.done()


async def _drain(under_way: set[asyncio.Task[Any]]) -> None:
    if not under_way:
        return
    log.info("worker.draining", jobs=len(under_way))
    _, late = await asyncio.wait(under_way, timeout=DRAIN_S)
    for task in late:
        task.cancel()  # It goes back to the queue at once.
    await asyncio.gather(*under_way, return_exceptions=True)


class _Stopped(Exception):
    """Leaves arq's loop between two polls, where nothing is half done."""


class _Poller(Worker):
    """arq's worker over one stretch of a queue's server being there."""

    def __init__(
        self,
        context: JobContext,
        jobs: Sequence[Job],
        client: ArqRedis,
        health_key: str,
        stop: asyncio.Event,
        burst: bool,
    ) -> None:
        crons = [
            arq_cron(
                _arq_function(context, each),
                name=each.name,
                hour=_moments(each.hour),
                minute=_moments(each.minute),
                timeout=each.timeout_s + 1,
                max_tries=each.max_tries + CUT_SHORT_FORGIVEN,
            )
            for each in jobs
            if isinstance(each, Cron)
        ]
        super().__init__(
            [
                func(
                    _arq_function(context, each),
                    name=each.name,
                    # Ours comes first; this one only makes sure.
                    timeout=each.timeout_s + 1,
                    keep_result=0,
                    max_tries=each.max_tries + CUT_SHORT_FORGIVEN,
                )
                for each in jobs
                if not isinstance(each, Cron)
            ],
            cron_jobs=crons,
            redis_pool=client,
            queue_name=QUEUE_NAME,
            burst=burst,
            handle_signals=False,
            max_jobs=JOBS_AT_ONCE,
            keep_result=0,
            poll_delay=POLL_EVERY_S,
            queue_read_limit=READ_AHEAD,
            health_check_interval=HEALTH_EVERY_S,
            health_check_key=health_key,
            job_serializer=msgspec.msgpack.Encoder(enc_hook=repr).encode,
            job_deserializer=msgspec.msgpack.decode,
            expires_extra_ms=KEPT_FOR_MS,
            timezone=UTC,
        )
        self._stop = stop
        self.answered = False

    async def poll_until_stopped(self) -> None:
        """Start jobs until told to stop; raises one of QUEUE_AWAY."""
        stopping = asyncio.create_task(self._stop_picking())
        try:
            with suppress(_Stopped):
                await self.async_run()
        finally:
            stopping.cancel()

    async def _stop_picking(self) -> None:
        await self._stop.wait()
        self.allow_pick_jobs = False

    async def heart_beat(self) -> None:
        """Called by arq once in every poll, after it started jobs."""
        if self._stop.is_set():
            raise _Stopped
        await super().heart_beat()
        if not self.answered:
            self.answered = True
            log.info("worker.polling", jobs=len(self.functions))

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """Called by arq for what it will not run (again): expired, of an unknown name, or cut short too often."""
        JOBS.labels("unknown", "dropped").inc()
        log.error("job.dropped", job_id=job_id)
        await super().finish_failed_job(job_id, result_data)


def _moments(given: Moments) -> int | set[int] | None:
    return set(given) if isinstance(given, frozenset) else given


def _arq_function(context: JobContext, job: Job) -> WorkerCoroutine:
    async def run(run_of: dict[str, Any], **arguments: Any) -> None:
        attempt = run_of["job_try"]
        if attempt == 1:
            JOB_WAIT.labels(job.name).observe(max(0.0, time() - run_of["score"] / 1000))
        with structlog.contextvars.bound_contextvars(job=job.name, job_id=run_of["job_id"], attempt=attempt):
            await _run(job, replace(context, job_id=run_of["job_id"], attempt=attempt), arguments)

    return cast("WorkerCoroutine", run)


async def _run(job: Job, context: JobContext, arguments: dict[str, Any]) -> None:
    """One run: its time limit, its count and log line; raises arq's Retry when another run may help."""
    outcome = "cancelled"  # by a stop; arq queues it again
    start = perf_counter()
    running = JOBS_RUNNING.labels(job.name)
    running.inc()
    try:
        async with asyncio.timeout(job.timeout_s):
            await job(context, **arguments)
        outcome = "done"
    except MAY_PASS as error:
        if context.attempt < job.max_tries:
            outcome = "retried"
            delay_s = _delay_s(job, context.attempt)
            log.warning("job.retried", error=repr(error), delay_s=round(delay_s, 1))
            raise Retry(defer=delay_s) from error
        outcome = "failed"
        _give_up(error)
    except Exception as error:
        outcome = "failed"
        _give_up(error)
    finally:
        running.dec()
        duration_s = perf_counter() - start
        JOB_DURATION.labels(job.name).observe(duration_s)
        JOBS.labels(job.name, outcome).inc()
        log.info("job", outcome=outcome, duration_ms=round(duration_s * 1000, 1))


def _delay_s(job: Job, attempt: int) -> float:
    # Spread, so that what failed together does not come back together.
    delay_s: float = min(LONGEST_RETRY_S, job.retry_s * 4 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
    return delay_s


def _give_up(error: Exception) -> None:
    # The row of a dead letter will be written here; until then the log has it.
    log.error("job.failed", exc_info=error)
