"""Bytes under versioned keys: a key says everything that decides its value, so an entry is never wrong, only unused.

Readers learn the version from the database and ask for that key; whatever Redis does (lose, keep, refuse), it can
only cost time. Entries are kept in the process first, then in Redis for all processes.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from src.platform import forgetting
from src.platform.coalescing import Coalescer
from src.platform.forgetting import TAG, Told, tag_of
from src.platform.metrics import CACHE_REQUESTS, KeptCounter
from src.platform.redis import CACHE_AWAY, AnyRedis, reach, read_each
from src.platform.version import VERSION

log = structlog.get_logger(__name__)

# Bytes also depend on the code that makes them, and two releases may share a Redis for a while.
SHARED = f"wishkeep:{VERSION}:"
LOCAL_BYTES = 32 * 1024 * 1024
# What is bigger stays in this process: a few such values would push out everything else that the server holds.
SHARED_VALUE_BYTES = 256 * 1024
TTL_S = 24 * 3600
# After a failure Redis is left alone for a moment, so that an outage costs one time-out and not one per request.
PAUSE_S = 1.0
# A client of a cluster does not wait for a free connection.
WRITES_AT_ONCE = 8
# Finding out who serves a key may take several steps, each of which may hang.
READ_TIMEOUT_S = 0.5
# How soon a process knows what others have been asked to forget.
LISTEN_EVERY_S = 1.0
# Who read something before it was erased may still want to keep it; requests are over by then.
REFUSED_S = 60.0


# Looking them up by their label would cost more than counting.
_HITS = KeptCounter(CACHE_REQUESTS.labels("hit"))
_SHARED_HITS, _MISSES, _ERRORS = (CACHE_REQUESTS.labels(outcome) for outcome in ("shared_hit", "miss", "error"))


def shared_name(key: str) -> str:
    """What an entry is called in the server that all processes share."""
    tag = tag_of(key)
    return f"wishkeep:{tag}:{VERSION}{key[len(tag) :]}" if tag else SHARED + key


class VersionedCache:
    """A cache that fails open: a miss is the worst that it answers."""

    def __init__(self, client: AnyRedis, *, local_bytes: int = LOCAL_BYTES) -> None:
        self._client = client
        self._local: OrderedDict[str, bytes] = OrderedDict()
        self._local_room = local_bytes
        self._paused_until = 0.0
        self._writing = asyncio.Semaphore(WRITES_AT_ONCE)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._remote: Coalescer[Sequence[str], Sequence[bytes | None]] = Coalescer(self._fetch, max_batch=32)
        self._told = Told()
        self._listening: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        # Tags that were forgotten, and until when nothing is kept under them.
        self._refused: dict[str, float] = {}
        # What this process had put into Redis under a tag before it heard that it should forget it.
        self._leftover: set[str] = set()

    async def open(self) -> None:
        """Begin to listen for what other processes were asked to forget."""
        with suppress(*CACHE_AWAY):
            await self._told.begin(self._client)
        self._listening = asyncio.create_task(self._listen())

    async def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The values that are there, by key."""
        found: dict[str, bytes] = {}
        missing: list[str] = []
        for key in keys:
            value = self._local.get(key)
            if value is None:
                missing.append(key)
            else:
                self._local.move_to_end(key)
                found[key] = value
        _HITS.inc(len(found))
        if missing and not self._paused():
            for key, value in zip(missing, await self._remote.get(missing), strict=True):
                if value is not None:
                    self._keep(key, value)
                    found[key] = value
        return found

    def set_many(self, entries: Mapping[str, bytes], *, shared: bool = True) -> None:
        """Keep `entries`, here at once and, if `shared`, in Redis soon; nothing waits for it."""
        if self._refused:
            entries = {key: value for key, value in entries.items() if tag_of(key) not in self._refused}
        for key, value in entries.items():
            self._keep(key, value)
        told = {key: value for key, value in entries.items() if len(value) <= SHARED_VALUE_BYTES} if shared else {}
        if told and not self._paused():
            task = asyncio.create_task(self._store(told))
            self._under_way.add(task)
            task.add_done_callback(self._over)

    async def forget(self, tag: str) -> None:
        """Remove everything whose key begins with `tag`, as in `{u7}`, from Redis and from this process.

        Other processes do so within two seconds, and nothing that was read before comes back. Raises one of CACHE_AWAY
        when not everything was removed.
        """
        if TAG.fullmatch(tag) is None:
            raise ValueError(f"{tag!r} is no hash tag of ours")
        await forgetting.tell(self._client, tag)
        self._drop({tag})
        await self._written()
        await forgetting.sweep(self._client, tag)

    async def _listen(self) -> None:
        hears = True
        while not self._closing.is_set():
            try:
                await self._hear()
                hears = True
            except Exception as error:  # Whatever it is, what others are told to forget must be heard in the end.
                if hears:
                    log.warning("cache.unheard", error=repr(error))
                hears = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LISTEN_EVERY_S)

    async def _hear(self) -> None:
        tags = await self._told.read(self._client)
        now = time.monotonic()
        self._refused = {tag: until for tag, until in self._refused.items() if until > now}
        self._leftover.update(map(shared_name, self._drop(tags)))
        if self._leftover:
            await self._written()
            await forgetting.unlink(self._client, self._leftover)
            self._leftover.clear()

    def _drop(self, tags: Collection[str]) -> list[str]:
        """Drop what this process keeps under `tags`; the keys."""
        if not tags:
            return []
        self._refused |= dict.fromkeys(tags, time.monotonic() + REFUSED_S)
        keys = [key for key in self._local if tag_of(key) in tags]
        for key in keys:
            self._local_room += len(self._local.pop(key))
        return keys

    async def _written(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _keep(self, key: str, value: bytes) -> None:
        if self._refused and tag_of(key) in self._refused:
            return
        previous = self._local.pop(key, None)
        self._local_room += len(previous) if previous is not None else 0
        self._local[key] = value
        self._local_room -= len(value)
        while self._local_room < 0 and self._local:
            _, dropped = self._local.popitem(last=False)
            self._local_room += len(dropped)

    async def _fetch(self, batches: Sequence[Sequence[str]]) -> Sequence[Sequence[bytes | None]]:
        keys = [key for batch in batches for key in batch]
        try:
            values = await self._read([shared_name(key) for key in keys])
        except CACHE_AWAY:
            self._pause()
            values = [None] * len(keys)
        hits = sum(value is not None for value in values)
        _SHARED_HITS.inc(hits)
        _MISSES.inc(len(keys) - hits)
        answers, start = [], 0
        for batch in batches:
            answers.append(values[start : start + len(batch)])
            start += len(batch)
        return answers

    async def _read(self, names: Sequence[str]) -> Sequence[bytes | None]:
        reading = asyncio.create_task(read_each(self._client, names))
        done, _ = await asyncio.wait({reading}, timeout=READ_TIMEOUT_S)
        if done:
            return reading.result()
        # It goes on, since a pipeline that is cancelled leaks its connection (redis-py 5.3).
        self._under_way.add(reading)
        reading.add_done_callback(self._over)
        raise TimeoutError

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # Seen.

    async def _store(self, entries: Mapping[str, bytes]) -> None:
        try:
            async with self._writing, self._client.pipeline(transaction=False) as pipeline:
                for key, value in entries.items():
                    pipeline.set(shared_name(key), value, ex=TTL_S)
                await pipeline.execute()
        except CACHE_AWAY:
            self._pause()

    def _paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self) -> None:
        _ERRORS.inc()
        self._paused_until = time.monotonic() + PAUSE_S

    async def ping(self) -> None:
        """Raises one of CACHE_AWAY when the cache that all processes share does not answer."""
        await reach(self._client)

    async def close(self) -> None:
        """Finish what is under way and close the client."""
        self._closing.set()
        if self._listening is not None:
            await self._listening
        await self._written()
        await self._client.aclose()
