"""Bytes under versioned keys: a key says everything that decides its value, so an entry is never wrong, only unused.

Readers learn the version from the database and ask for that key; whatever Redis does (lose, keep, refuse), it can
only cost time. Entries are kept in the process first, then in Redis for all processes.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from src.platform.coalescing import Coalescer
from src.platform.metrics import CACHE_REQUESTS
from src.platform.version import VERSION

# Bytes also depend on the code that makes them, and two releases may share a Redis for a while.
SHARED = f"wishkeep:{VERSION}:"
LOCAL_BYTES = 32 * 1024 * 1024
# What is bigger stays in this process: a few such values would push out everything else that the server holds.
SHARED_VALUE_BYTES = 256 * 1024
TTL_S = 24 * 3600
# After a failure Redis is left alone for a moment, so that an outage costs one time-out and not one per request.
PAUSE_S = 1.0


class VersionedCache:
    """A cache that fails open: a miss is the worst that it answers."""

    def __init__(self, client: Redis, *, local_bytes: int = LOCAL_BYTES) -> None:
        self._client = client
        self._local: OrderedDict[str, bytes] = OrderedDict()
        self._local_room = local_bytes
        self._paused_until = 0.0
        self._writes: set[asyncio.Task[None]] = set()
        self._remote: Coalescer[Sequence[str], Sequence[bytes | None]] = Coalescer(self._fetch, max_batch=32)

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
        CACHE_REQUESTS.labels(outcome="hit").inc(len(found))
        if missing and not self._paused():
            for key, value in zip(missing, await self._remote.get(missing), strict=True):
                if value is not None:
                    self._keep(key, value)
                    found[key] = value
        return found

    def set_many(self, entries: Mapping[str, bytes], *, shared: bool = True) -> None:
        """Keep `entries`, here at once and, if `shared`, in Redis soon; nothing waits for it."""
        for key, value in entries.items():
            self._keep(key, value)
        told = {key: value for key, value in entries.items() if len(value) <= SHARED_VALUE_BYTES} if shared else {}
        if told and not self._paused():
            task = asyncio.create_task(self._store(told))
            self._writes.add(task)
            task.add_done_callback(self._writes.discard)

    def _keep(self, key: str, value: bytes) -> None:
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
            values: Sequence[bytes | None] = await self._client.mget([SHARED + key for key in keys])
        except (RedisError, OSError, TimeoutError):
            self._pause()
            values = [None] * len(keys)
        hits = sum(value is not None for value in values)
        CACHE_REQUESTS.labels(outcome="shared_hit").inc(hits)
        CACHE_REQUESTS.labels(outcome="miss").inc(len(keys) - hits)
        answers, start = [], 0
        for batch in batches:
            answers.append(values[start : start + len(batch)])
            start += len(batch)
        return answers

    async def _store(self, entries: Mapping[str, bytes]) -> None:
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for key, value in entries.items():
                    pipeline.set(SHARED + key, value, ex=TTL_S)
                await pipeline.execute()
        except (RedisError, OSError, TimeoutError):
            self._pause()

    def _paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self) -> None:
        CACHE_REQUESTS.labels(outcome="error").inc()
        self._paused_until = time.monotonic() + PAUSE_S

    async def ping(self) -> None:
        """Raises RedisError or OSError when the cache that all processes share does not answer."""
        await self._client.ping()

    async def close(self) -> None:
        """Finish what is being written and close the client."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self._client.aclose()
