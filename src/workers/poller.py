"""One queue's loop: arq's worker, which starts jobs, keeps their leases and enqueues what the schedule asks for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any, TypeAlias

import msgspec
import structlog
from arq import Worker
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.worker import Function

from src.platform.jobs import KEPT_FOR_MS

log = structlog.get_logger(__name__)

JOBS_AT_ONCE = 10
# Running jobs stay at the queue's head: each poll must read beyond the slots of all workers together.
READ_AHEAD = 1000
POLL_EVERY_S = 0.1
HEALTH_EVERY_S = 15


class Dropped(msgspec.Struct, frozen=True):
    """A job that arq will not run (again): expired, of a name that it does not know, or cut short too often."""

    job_id: str
    # None where its content was lost.
    name: str | None
    arguments: dict[str, Any] | None
    attempts: int
    reason: str
    # Whether one of our jobs is called so.
    is_known: bool


class _Result(msgspec.Struct, rename={"name": "f", "arguments": "k", "attempts": "t", "reason": "r"}):
    """What arq says of a job that it drops."""

    name: str
    arguments: dict[str, Any]
    attempts: int
    reason: Any


DropHandler: TypeAlias = Callable[[Dropped], Awaitable[None]]


# How arq calls a job that it could not read.
UNREAD = "<unknown>"


class Stopped(Exception):
    """Leaves arq's loop between two polls, where nothing is half done."""


class Poller(Worker):
    """arq's worker over one stretch of a queue's server being there."""

    def __init__(
        self,
        key: str,
        functions: Sequence[Function],
        crons: Sequence[CronJob],
        client: ArqRedis,
        health_key: str,
        *,
        stop: asyncio.Event,
        may_pick: Callable[[], bool],
        on_drop: DropHandler,
        burst: bool = False,
    ) -> None:
        """Work off the jobs under `key`, starting any only while `may_pick`; what is given up goes to `on_drop`."""
        super().__init__(
            functions,
            cron_jobs=crons,
            redis_pool=client,
            queue_name=key,
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
        self._may_pick = may_pick
        self._on_drop = on_drop
        self.allow_pick_jobs = may_pick()
        self.answered = False

    async def poll_until_stopped(self) -> None:
        """Start jobs until told to stop; raises one of QUEUE_AWAY."""
        stopping = asyncio.create_task(self._stop_picking())
        try:
            with suppress(Stopped):
                await self.async_run()
        finally:
            stopping.cancel()

    async def _stop_picking(self) -> None:
        await self._stop.wait()
        self.allow_pick_jobs = False

    async def heart_beat(self) -> None:
        """Called by arq once in every poll, after it started jobs."""
        if self._stop.is_set():
            raise Stopped
        # The schedule goes on meanwhile: what it enqueues waits with the rest.
        self.allow_pick_jobs = self._may_pick()
        await super().heart_beat()
        if not self.answered:
            self.answered = True
            log.info("worker.polling", queue=self.queue_name, jobs=len(self.functions))

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """Called by arq for what it drops."""
        await self._on_drop(self._dropped(job_id, result_data))
        await super().finish_failed_job(job_id, result_data)

    def _dropped(self, job_id: str, result_data: bytes | None) -> Dropped:
        # A job with a key has its name in its id.
        name: str | None = job_id.partition(":")[0]
        arguments, attempts, reason = None, 0, "its content can't be read"
        with suppress(msgspec.MsgspecError):
            result = msgspec.msgpack.decode(result_data or b"", type=_Result)
            attempts, reason = result.attempts, str(result.reason)
            if result.name != UNREAD:
                name, arguments = result.name, result.arguments
        is_known = name in self.functions
        told_name = name if is_known or arguments is not None else None
        return Dropped(job_id, told_name, arguments, attempts, reason, is_known)
