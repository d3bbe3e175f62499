"""What the queue's server knows: jobs that wait and run, and the processes that are there."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis

from src.modules.operations.figures import ProcessFigures
from src.platform.history import PROCESS, PROCESSES, Presence
from src.platform.jobs import QUEUES, queue_key

# In one go, because a job that ends in between would be counted as one that waits. Jobs that run stay at the queue's
# head, among as many as a worker reads ahead.
STANDING = """
local now, ahead = ARGV[1], ARGV[2]
local standing = {}
for _, key in ipairs(KEYS) do
    local due = redis.call('ZRANGE', key, '-inf', now, 'BYSCORE', 'LIMIT', 0, ahead)
    local in_flight, first = 0, nil
    for from = 1, #due, 100 do
        local leases = {}
        for i = from, math.min(from + 99, #due) do leases[#leases + 1] = 'arq:in-progress:' .. due[i] end
        local leased = redis.call('EXISTS', unpack(leases))
        in_flight = in_flight + leased
        if not first and leased < #leases then
            for i, lease in ipairs(leases) do
                if leased == 0 or redis.call('EXISTS', lease) == 0 then
                    first = due[from + i - 1]
                    break
                end
            end
        end
    end
    local oldest = first and redis.call('ZSCORE', key, first) or ''
    standing[#standing + 1] = {redis.call('ZCOUNT', key, '-inf', now), redis.call('ZCARD', key), in_flight, oldest}
end
return standing
"""
READ_AHEAD = 1000


class QueueStanding(NamedTuple):
    """Jobs of a queue: due and not begun, due later, under way, and how long the first that is due has been."""

    depth: int
    scheduled: int
    in_flight: int
    oldest_age_s: float | None


async def read_standing(client: Redis) -> dict[str, QueueStanding]:
    """How each queue stands; raises one of QUEUE_AWAY."""
    now_ms = int(time.time() * 1000)
    keys = [queue_key(queue) for queue in QUEUES]
    # redis-py types what it awaits as it does what it returns.
    asked: Any = client.eval(STANDING, len(keys), *keys, str(now_ms), str(READ_AHEAD))
    found = await asked
    standing: dict[str, QueueStanding] = {}
    for queue, (due, everything, in_flight, oldest) in zip(QUEUES, found, strict=True):
        age_s = max(0.0, (now_ms - float(oldest)) / 1000) if oldest else None
        standing[queue] = QueueStanding(due - in_flight, everything - due, in_flight, age_s)
    return standing


async def read_processes(client: Redis) -> list[Presence]:
    """The processes that said lately that they are there; raises one of QUEUE_AWAY."""
    names = await client.zrange(PROCESSES, 0, -1)
    said = await client.mget([PROCESS + name.decode() for name in names]) if names else []
    found = [msgspec.json.decode(each, type=Presence) for each in said if each is not None]
    return sorted(found, key=lambda each: (each.kind, each.host, each.started_at, each.id))


def shown(processes: Sequence[Presence]) -> list[ProcessFigures]:
    """The processes as the figures have them."""
    now = datetime.now(UTC)
    return [
        ProcessFigures(
            id=each.id,
            kind=each.kind,
            version=each.version,
            host=each.host,
            pid=each.pid,
            started_at=each.started_at,
            uptime_s=round(max(0.0, (now - datetime.fromisoformat(each.started_at)).total_seconds()), 1),
            memory_bytes=each.memory_bytes,
        )
        for each in processes
    ]
