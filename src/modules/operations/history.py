"""Figures over time, as the charts show them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from src.modules.operations.figures import History
from src.modules.operations.overview import CHANNELS, hit_rate, hits_and_misses
from src.modules.operations.percentiles import p95_ms
from src.modules.operations.recorded import MOST_KEPT, JobSums, Recorded, Sums
from src.platform import wire
from src.platform.history import MINUTE, QUARTER
from src.platform.jobs import QUEUES, queue_of
from src.platform.metrics import HTTP_BUCKETS_S, JOB_BUCKETS_S

Span: TypeAlias = Literal["hour", "day"]
# The step that is under way is not a whole one, and would look like a fall.
STEPS_OF = {"hour": (MINUTE, 60), "day": (QUARTER, 96)}


async def read_history(recorded: Recorded, span: Span, now: float | None = None) -> History:
    """An hour by minutes or a day by quarters of an hour, up to the last one that is over; raises one of QUEUE_AWAY."""
    step, number = STEPS_OF[span]
    window = await recorded.window(step, number, now)
    rows = [None if sums is None else _row(sums, step.length_s) for sums in window.sums[:-1]]
    return History(
        span=span,
        step_s=step.length_s,
        from_=wire.time(datetime.fromtimestamp(window.starts[0], UTC)),
        series={name: [None if row is None else row[name] for row in rows] for name in NAMES},
    )


# The sums of what is over are the same objects each time, and to work out a whole day anew holds up the requests.
@lru_cache(maxsize=MOST_KEPT)
def _row(sums: Sums, seconds: int) -> dict[str, float | None]:
    jobs = sums.jobs()
    row: dict[str, float | None] = {
        "requests_per_second": round(sums.count("requests") / seconds, 3),
        "requests_failed": sums.count("requests:failed"),
        "requests_p95_ms": p95_ms(sums.durations(), HTTP_BUCKETS_S),
        "cache_hit_rate": hit_rate(*hits_and_misses(sums)),
        "feed_lag_s": sums.measured("feed_lag_s"),
    }
    for queue in QUEUES:
        total = JobSums.of(each for job, each in jobs.items() if queue_of(job) == queue)
        row |= {
            f"{queue}.depth": sums.measured(f"{queue}.depth"),
            f"{queue}.done": total.outcomes["done"],
            f"{queue}.failed": total.outcomes["failed"],
            f"{queue}.wait_p95_ms": p95_ms(total.wait, JOB_BUCKETS_S),
            f"{queue}.run_p95_ms": p95_ms(total.run, JOB_BUCKETS_S),
        }
    return row | {f"{channel}.sent": sums.count(f"deliveries:sent:{channel}") for channel in CHANNELS}


NAMES = tuple(_row(Sums(), 1))
