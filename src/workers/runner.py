"""The worker's loop: arq over our jobs, with the retries, time limits, counts and log lines that arq leaves to us."""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter, time
from typing import Any, cast

import psycopg
import structlog
from arq import Retry, func
from arq import cron as arq_cron
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.worker import Function

from src.modules import operations
from src.platform.errors import ServiceUnavailable
from src.platform.jobs import (
    FORMER_KEY,
    QUEUE_AWAY,
    QUEUES,
    Cron,
    Job,
    JobContext,
    Moments,
    QueueName,
    close_client,
    queue_client,
    queue_key,
    queue_of,
)
from src.platform.metrics import JOB_DURATION, JOB_WAIT, JOBS, JOBS_RUNNING
from src.platform.tracing import CARRIED, span
from src.workers.pausing import Paused
from src.workers.poller import JOBS_AT_ONCE, Dropped, Poller

log = structlog.get_logger(__name__)

QUEUE_TIMEOUT_S = 2.0
RECONNECT_EVERY_S = 1.0
# One key for each worker, or the first that stops would declare all others dead.
HEALTH_KEYS = "wishkeep:worker:"
# What a stop gives jobs to finish; whoever stops us grants a little more before it kills.
DRAIN_S = 25
# A dead letter is worth so long a wait for PostgreSQL.
BURY_S = 5.0
LONGEST_RETRY_S = 300
# arq counts runs that a stop or a kill cut short as tries, so many deploys are forgiven.
CUT_SHORT_FORGIVEN = 5
# OSError holds TimeoutError and ConnectionError.
MAY_PASS = (ServiceUnavailable, psycopg.OperationalError, psycopg.InterfaceError, *QUEUE_AWAY)


async def run_worker(
    context: JobContext,
    jobs: Sequence[Job],
    *,
    queues: Sequence[QueueName] = QUEUES,
    stop: asyncio.Event | None = None,
    burst: bool = False,
) -> None:
    """Run jobs of these queues until `stop` is set, then let those under way finish; with `burst`, until none waits.

    When the queue's server goes away, jobs under way go on, and the worker is back as soon as the server is.
    """
    stop = stop or asyncio.Event()
    paused = Paused(context.database)
    await paused.look()
    following = asyncio.create_task(paused.follow(stop), name="pauses")
    keys = [(queue_key(queue), queue) for queue in queues]
    sources: list[tuple[str, QueueName | None]] = [*keys, (FORMER_KEY, None)]
    connections = 2 * JOBS_AT_ONCE * len(sources)
    client = queue_client(context.settings, timeout_s=QUEUE_TIMEOUT_S, connections=connections, retries=2)
    health_key = f"{HEALTH_KEYS}{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
    under_way: set[asyncio.Task[Any]] = set()

    async def work_off(key: str, queue: QueueName | None) -> None:
        def make() -> Poller:
            # A new schedule each time: the last one would make up for every minute that the server was away.
            functions, crons = _functions(context, jobs, queue)
            return Poller(
                key,
                functions,
                crons,
                client,
                health_key,
                stop=stop,
                may_pick=lambda: not stop.is_set() and queue not in paused.queues,
                on_drop=lambda dropped: _drop(context, dropped),
                burst=burst,
            )

        await _work_off(make, stop, under_way)

    try:
        again = True
        while again:
            open_sources = [(key, queue) for key, queue in sources if not burst or queue not in paused.queues]
            async with asyncio.TaskGroup() as group:
                for key, queue in open_sources:
                    group.create_task(work_off(key, queue))
            # What ran in one queue may have asked for more in another.
            again = burst and not stop.is_set() and any([await client.zcard(key) for key, _ in open_sources])
        await _drain(under_way)
    finally:
        following.cancel()
        with suppress(*QUEUE_AWAY):
            await client.delete(health_key)
        await close_client(client)
        log.info("worker.stopped")


async def _work_off(make: Callable[[], Poller], stop: asyncio.Event, under_way: set[asyncio.Task[Any]]) -> None:
    """Poll one queue until told to stop, over as many pollers as its server goes away; leaves jobs `under_way`."""
    told = False
    while not stop.is_set():
        poller = make()
        try:
            await poller.poll_until_stopped()
            break
        except QUEUE_AWAY as error:
            if poller.answered or not told:
                log.warning("worker.queue_away", queue=poller.queue_name, error=repr(error))
            told = True
        finally:
            under_way.difference_update([task for task in under_way if _over(task)])
            under_way.update(task for task in poller.tasks.values() if not _over(task))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RECONNECT_EVERY_S)


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


def _functions(
    context: JobContext, jobs: Sequence[Job], queue: QueueName | None
) -> tuple[list[Function], list[CronJob]]:
    """All jobs, because releases differ in what is whose; as part of the schedule those that belong to `queue`."""
    functions, crons = [], []
    for each in jobs:
        # Ours comes first, and a dead letter may follow it; arq's only makes sure.
        timeout_s, max_tries = each.timeout_s + BURY_S + 1, each.max_tries + CUT_SHORT_FORGIVEN
        run = _arq_function(context, each)
        if isinstance(each, Cron) and queue_of(each.name) == queue:
            hour, minute = _moments(each.hour), _moments(each.minute)
            crons.append(
                arq_cron(run, name=each.name, hour=hour, minute=minute, timeout=timeout_s, max_tries=max_tries)
            )
        else:
            functions.append(func(run, name=each.name, timeout=timeout_s, keep_result=0, max_tries=max_tries))
    return functions, crons


def _moments(given: Moments) -> int | set[int] | None:
    return set(given) if isinstance(given, frozenset) else given


def _arq_function(context: JobContext, job: Job) -> WorkerCoroutine:
    async def run(run_of: dict[str, Any], /, **arguments: Any) -> None:
        attempt = run_of["job_try"]
        trace = arguments.pop(CARRIED, None)
        if attempt == 1:
            JOB_WAIT.labels(job.name).observe(max(0.0, time() - run_of["score"] / 1000))
        with (
            structlog.contextvars.bound_contextvars(job=job.name, job_id=run_of["job_id"], attempt=attempt),
            span(job.name, "consumer", {"wishkeep.job.attempt": attempt}, parent=trace),
        ):
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
        await _give_up(job, context, arguments, error)
    except Exception as error:
        outcome = "failed"
        await _give_up(job, context, arguments, error)
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


async def _give_up(job: Job, context: JobContext, arguments: dict[str, Any], error: Exception) -> None:
    log.error("job.failed", exc_info=error)
    told = f"{type(error).__name__}: {error}"
    await _bury(context, operations.GivenUp(job.name, context.job_id, arguments, told, context.attempt))


async def _drop(context: JobContext, dropped: Dropped) -> None:
    """Count and keep what arq gives up; raises nothing, which would end the worker."""
    name = dropped.name or "unknown"
    # Anybody may enqueue anything: only names that are ours become labels.
    JOBS.labels(name if dropped.is_known else "unknown", "dropped").inc()
    log.error("job.dropped", job=name, job_id=dropped.job_id, reason=dropped.reason)
    if dropped.arguments is not None:
        # Each call has its own, which would make each a letter of its own.
        dropped.arguments.pop(CARRIED, None)
    await _bury(context, operations.GivenUp(name, dropped.job_id, dropped.arguments, dropped.reason, dropped.attempts))


async def _bury(context: JobContext, given_up: operations.GivenUp) -> None:
    """Keep it for operators; without PostgreSQL only the log has it."""
    try:
        async with asyncio.timeout(BURY_S):
            await operations.bury(context.database, given_up)
    except Exception as error:
        log.warning("dead_letter.lost", job=given_up.job, job_id=given_up.job_id, error=repr(error))
