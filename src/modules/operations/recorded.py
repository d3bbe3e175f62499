"""What all processes recorded, read back: the sums of some steps of time, by name."""

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from src.platform.history import MEASURED, STEPS, Step

# A process may be so late with what it counted, which it then adds to a later step.
SETTLED_AFTER_S = 30
MOST_KEPT = sum(step.kept_s // step.length_s for step in STEPS)


class Sums:
    """What was counted in some time, and the largest of what was measured."""

    def __init__(self, fields: Mapping[bytes, bytes] | None = None) -> None:
        self._counted: Counter[str] = Counter()
        self._measured: dict[str, float] = {}
        for raw, value in (fields or {}).items():
            name = raw.decode()
            if name.startswith(MEASURED):
                self._measured[name.removeprefix(MEASURED)] = float(value)
            else:
                self._counted[name] = int(value)

    @classmethod
    def of(cls, several: Iterable["Sums | None"]) -> "Sums":
        """Those of several times together."""
        sums = cls()
        for each in several:
            if each is not None:
                sums._counted.update(each._counted)
                for name, value in each._measured.items():
                    sums._measured[name] = max(value, sums._measured.get(name, value))
        return sums

    def count(self, name: str) -> int:
        """How many were counted under the name."""
        return self._counted[name]

    def measured(self, name: str) -> float | None:
        """The largest that was measured; None when nobody did."""
        return self._measured.get(name)

    def jobs(self) -> dict[str, "JobSums"]:
        """What was counted of each job, by its name."""
        found: defaultdict[str, JobSums] = defaultdict(lambda: JobSums(Counter(), {}, {}))
        for name, number in self._counted.items():
            kind, _, rest = name.partition(":")
            if kind == "jobs":
                outcome, _, job = rest.partition(":")
                found[job].outcomes[outcome] += number
            elif kind in ("run", "wait"):
                job, _, bound = rest.rpartition(":")
                buckets = found[job].run if kind == "run" else found[job].wait
                buckets[float(bound)] = number
        return dict(found)

    def durations(self) -> dict[float, int]:
        """How many requests took how long, in buckets."""
        return {
            float(name.partition(":")[2]): number
            for name, number in self._counted.items()
            if name.startswith("duration:")
        }


class JobSums(NamedTuple):
    """Runs of a job, or of several: how many ended how, how long they took, and how long they had waited."""

    outcomes: Counter[str]
    run: dict[float, int]
    wait: dict[float, int]

    @classmethod
    def of(cls, several: Iterable["JobSums"]) -> "JobSums":
        """Those of several jobs together."""
        outcomes: Counter[str] = Counter()
        run: Counter[float] = Counter()
        wait: Counter[float] = Counter()
        for each in several:
            outcomes.update(each.outcomes)
            run.update(each.run)
            wait.update(each.wait)
        return cls(outcomes, run, wait)


class Window(NamedTuple):
    """Steps one after another, the last of which is under way; None is a step of which nothing was recorded."""

    step: Step
    starts: Sequence[int]
    sums: Sequence[Sums | None]
    now: float

    def last(self, number: int) -> tuple[Sums, float]:
        """The sums of so many whole steps and the one under way, and the seconds that these are."""
        return Sums.of(self.sums[-number - 1 :]), number * self.step.length_s + self.now - self.starts[-1]


class Recorded:
    """Reads what was recorded; steps that are over are read once."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._settled: OrderedDict[str, Sums | None] = OrderedDict()

    async def window(self, step: Step, number: int, now: float | None = None) -> Window:
        """So many whole steps before this one, and this one; raises one of QUEUE_AWAY."""
        now = time.time() if now is None else now
        current = step.start(now)
        starts = range(current - number * step.length_s, current + 1, step.length_s)
        keys = [step.key(start) for start in starts]
        # Whoever else asks meanwhile may drop some.
        sums = {key: self._settled[key] for key in keys if key in self._settled}
        unknown = [key for key in keys if key not in sums]
        async with self._client.pipeline(transaction=False) as pipe:
            for key in unknown:
                pipe.hgetall(key)
            found = dict(zip(unknown, await pipe.execute(), strict=True))
        sums |= {key: Sums(fields) if fields else None for key, fields in found.items()}
        for start, key in zip(starts, keys, strict=True):
            if key in found and start + step.length_s + SETTLED_AFTER_S <= now:
                self._settled[key] = sums[key]
        while len(self._settled) > MOST_KEPT:
            self._settled.popitem(last=False)
        return Window(step, list(starts), [sums[key] for key in keys], now)
