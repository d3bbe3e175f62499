"""Processes tell each other what they counted, through the cache's server: in few calls, off the requests' path.

A minute's counts are in a few hashes (`wishkeep:rate:{shard}:window`), which end by themselves. Between two rounds each
process may admit what it does not know of the others; while the server is away each counts alone.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from time import time
from typing import Any

import structlog

from src.platform.metrics import RATE_LIMIT_ERRORS
from src.platform.protection.limits import Actor, Limiter
from src.platform.protection.windows import WINDOW_S
from src.platform.redis import CACHE_AWAY, AnyRedis

log = structlog.get_logger(__name__)

SHARDS = 8
# This window and the next one, in which it still counts, and some time for clocks that go wrong.
KEPT_S = 3 * WINDOW_S
# What one call counts at most: the server does nothing else meanwhile.
BATCH = 500
ADD = """
local told = {}
for i = 1, #ARGV - 1, 3 do
  local total = redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
  local before
  if ARGV[i + 2] ~= '0' then
    before = redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 2])
  else
    before = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
  end
  told[#told + 1] = total
  told[#told + 1] = before
end
redis.call('EXPIRE', KEYS[1], ARGV[#ARGV])
redis.call('EXPIRE', KEYS[2], ARGV[#ARGV])
return told
"""

News = tuple[Actor, int, int, int]


async def share(limiter: Limiter, client: AnyRedis) -> bool:
    """Tell what is new and learn what the others counted; whether that worked. What was told is not told again."""
    batches: defaultdict[tuple[int, int], list[News]] = defaultdict(list)
    for news in limiter.news(time()):
        batches[news[1], news[0].digest[0] % SHARDS].append(news)
    calls = [
        _add(limiter, client, shard, window, batch[start : start + BATCH])
        for (window, shard), batch in batches.items()
        for start in range(0, len(batch), BATCH)
    ]
    return all(await asyncio.gather(*calls))


async def _add(limiter: Limiter, client: AnyRedis, shard: int, window: int, batch: Sequence[News]) -> bool:
    words: list[bytes | int] = []
    for actor, _, here, late in batch:
        words += (actor.kind + actor.digest, here, late)
    try:
        told = await _run(client, shard, window, words)
    except CACHE_AWAY as error:
        RATE_LIMIT_ERRORS.inc()
        log.debug("rate_limits.not_shared", error=str(error))
        return False
    now = time()
    for (actor, _, _, _), total, before in zip(batch, told[::2], told[1::2], strict=True):
        limiter.learn(actor, window, total, before, now)
    return True


def _run(client: AnyRedis, shard: int, window: int, words: Sequence[bytes | int]) -> Awaitable[list[int]]:
    # The braces keep both hashes of a shard on one server of a cluster.
    keys = [f"wishkeep:rate:{{{shard}}}:{number}" for number in (window, window - 1)]
    untyped: Any = client
    called: Awaitable[list[int]] = untyped.eval(ADD, len(keys), *keys, *words, KEPT_S)
    return called
