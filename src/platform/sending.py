"""Sends jobs to the queue's server, and again what it could not take or may have lost by handing over to another.

A server that takes over may lack what the one before was told last. So calls stay here for a while after they were
taken, and are sent again as soon as another server answers. All under ids of theirs: nothing is queued twice.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, TypeAlias
from uuid import uuid4

import structlog
from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import SerializationError, serialize_job
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import DataError, RedisError, ResponseError

from src.platform.metrics import JOBS_ENQUEUED

log = structlog.get_logger(__name__)

Met: TypeAlias = Callable[[AbstractConnection], Awaitable[None]]

AWAY = (RedisError, OSError)
# A call that no queue would ever take: it can't be put into words, or into those of the server's protocol.
UNSPEAKABLE = (SerializationError, DataError, TypeError, ValueError, OverflowError)
# How a server tells of its states, which pass; older ones do so within what they say of the script. All else is about
# the call.
STATE = re.compile(r"(?:^|-)(?!ERR |WRONGTYPE )[A-Z]{3,} ")
# Of each kind, the calls that wait for a server and those that it may not have passed on to others yet.
KEPT_AT_MOST = 10_000
# How long a server that is cut off from its replicas may go on to take calls which nobody else will know of.
UNSURE_S = 15.0
AGAIN_EVERY_S = 0.25
LOOK_EVERY_S = 1.0
LAST_TRY_S = 2.0
# What arq does in three steps, and without taking a connection that breaks between them for a job that waits already.
ENQUEUE = """
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
    return 0
end
redis.call('PSETEX', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
return 1
"""


@dataclass(slots=True)
class Call:
    """A run of a job that somebody asked for."""

    name: str
    queue_key: str
    arguments: dict[str, Any]
    key: str | None
    defer_s: float
    # Calls that need only one run between them, the last one's, if none could be sent yet.
    group: str | None = None
    job_id: str = ""
    due: float | None = None
    taken_at: float = 0.0
    # What it is counted as: names of strangers must not become labels.
    label: str = ""
    # Why it can't be sent, ever.
    refused: Exception | None = None

    def __post_init__(self) -> None:
        self.job_id = uuid4().hex if self.key is None else f"{self.name}:{self.key}"
        self.due = time() + self.defer_s if self.defer_s else None
        self.label = self.label or self.name


class Sender:
    """Gets calls to the queue in the end; one per process and event loop."""

    def __init__(self, connect: Callable[[Met], ArqRedis], timeout_s: float) -> None:
        """`connect` makes a client, given what is to be done with each new connection."""
        self.client = connect(self._met)
        self._timeout_s = timeout_s
        self._server: bytes | None = None
        self._sending: set[asyncio.Task[bool]] = set()
        self._kept: dict[str, Call] = {}
        self._recent: deque[Call] = deque(maxlen=KEPT_AT_MOST)
        self._tending: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._closed = False

    async def send(self, call: Call) -> bool:
        """Whether the queue took `call` at once; if it is away, `call` is kept and sent as soon as it is back.

        One that can't be sent at all is lost, and `refused` says why.
        """
        # It is 0 from the first call on: what begins with the first loss has not increased, for whoever watches.
        JOBS_ENQUEUED.labels(call.label, "lost")
        if self._kept:
            # Nobody needs to wait for what has just failed.
            self._keep(call)
            return False
        # Not cancelled with a request: it goes on to be kept if it fails.
        sending = asyncio.create_task(self._try(call))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        done, _ = await asyncio.wait({sending}, timeout=self._timeout_s)
        return sending.result() if done else False

    async def close(self) -> None:
        """Try once more to send what is kept; the client stays open."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=LAST_TRY_S)
        self._closing.set()
        if self._tending is not None:
            await asyncio.wait({self._tending}, timeout=LAST_TRY_S)
        with suppress(TimeoutError, *AWAY):
            async with asyncio.timeout(LAST_TRY_S):
                await self._send_kept()
        self._closed = True
        for call in self._kept.values():
            self._lose(call)
        self._kept.clear()

    async def _try(self, call: Call) -> bool:
        try:
            return await self._send(call)
        except Exception as error:
            if not _is_away(error):
                self._refuse(call, error)
                return False
            if not self._kept:
                log.warning("queue.away", job=call.name, error=repr(error))
            self._keep(call)
            return False

    async def _send(self, call: Call) -> bool:
        now_ms = int(time() * 1000)
        due_ms = max(now_ms, int((call.due or 0) * 1000))
        client = self.client
        serialized = serialize_job(call.name, (), call.arguments, None, now_ms, serializer=client.job_serializer)
        keys = (job_key_prefix + call.job_id, result_key_prefix + call.job_id, call.queue_key)
        kept_for_ms = due_ms - now_ms + client.expires_extra_ms
        values: tuple[Any, ...] = (kept_for_ms, serialized, due_ms, call.job_id)
        answer: Any = client.eval(ENQUEUE, len(keys), *keys, *values)
        taken = bool(await answer)
        if not call.taken_at:
            JOBS_ENQUEUED.labels(call.label, "queued" if taken else "duplicate").inc()
        call.taken_at = monotonic()
        self._recent.append(call)
        self._tend()
        return taken

    def _keep(self, call: Call) -> None:
        known = self._kept.get(call.group or call.job_id)
        if known is not None:
            if call.group and (call.due or 0) > (known.due or 0):
                self._kept[call.group] = call
        elif len(self._kept) < KEPT_AT_MOST and not self._closed:
            self._kept[call.group or call.job_id] = call
            JOBS_ENQUEUED.labels(call.label, "kept").inc()
            self._tend()
        else:
            self._lose(call)

    def _refuse(self, call: Call, error: Exception) -> None:
        call.refused = error
        log.error("job.unsendable", job=call.name, error=repr(error))
        self._lose(call)

    @staticmethod
    def _lose(call: Call) -> None:
        JOBS_ENQUEUED.labels(call.label, "lost").inc()
        log.warning("job.lost", job=call.name, job_id=call.job_id)

    def _tend(self) -> None:
        if self._tending is None and not self._closing.is_set():
            self._tending = asyncio.create_task(self._tend_all())

    async def _tend_all(self) -> None:
        """Send what is kept, and look whether another server is there, until neither can matter any more."""
        try:
            while (self._kept or self._recent) and not self._closing.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), AGAIN_EVERY_S if self._kept else LOOK_EVERY_S)
                    return
                with suppress(*AWAY):
                    await self._send_kept()
                    asked_at = monotonic()
                    await self.client.ping()
                    self._forget_before(asked_at - UNSURE_S)
        finally:
            self._tending = None

    async def _send_kept(self) -> None:
        sent = 0
        while self._kept:
            key, call = next(iter(self._kept.items()))
            try:
                await self._send(call)
            except Exception as error:
                if _is_away(error):
                    # Should it be this one after all that the server refuses, the others have their turn first.
                    if self._kept.get(key) is call:
                        self._kept[key] = self._kept.pop(key)
                    raise
                self._refuse(call, error)  # It must not hold up the others for ever.
            else:
                sent += 1
            if self._kept.get(key) is call:
                del self._kept[key]
        if sent:
            log.info("queue.back", sent=sent)

    def _forget_before(self, moment: float) -> None:
        while self._recent and self._recent[0].taken_at < moment:
            self._recent.popleft()

    async def _met(self, connection: AbstractConnection) -> None:
        """On each new connection: is this still the server that took the calls before?"""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        try:
            server = _run_id(await connection.read_response(disable_decoding=True))
        except ResponseError:  # An account that may not ask. Such calls are found again by their schedules.
            return
        if self._server not in (None, server):
            unsure, self._recent = self._recent, deque(maxlen=KEPT_AT_MOST)
            log.warning("queue.other_server", sent_again=len(unsure))
            self._send_again(unsure)
        self._server = server

    def _send_again(self, calls: Iterable[Call]) -> None:
        for call in calls:
            if len(self._kept) < KEPT_AT_MOST:
                self._kept.setdefault(call.job_id, call)
        self._tend()


def _is_away(error: Exception) -> bool:
    """Whether the same call may be taken later."""
    if isinstance(error, UNSPEAKABLE):
        return False
    if type(error) is not ResponseError:
        return isinstance(error, AWAY)
    return STATE.search(str(error)) is not None


def _run_id(info: Any) -> bytes | None:
    """What tells a server from others and from itself before a restart."""
    text = info if isinstance(info, bytes) else str(info).encode()
    found = (line.removeprefix(b"run_id:") for line in text.splitlines() if line.startswith(b"run_id:"))
    return next(found, None)
