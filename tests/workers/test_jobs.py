"""The jobs themselves, run as a worker runs them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio import Redis

from src.modules import identity
from src.platform.jobs import QUEUES, JobContext, Queue, QueueName, close_client, queue_client, queue_key, queue_of
from src.platform.statistics import analyze_tables
from src.workers.jobs import CHUNK, JOBS
from src.workers.poller import Dropped, Poller
from src.workers.runner import _functions, run_worker
from tests.factories import Factory

OLD_ANSWERS = """
INSERT INTO idempotency_record (scope, request_digest, answer, created_at)
SELECT int8send(n), '', '', now() - %s * interval '1s' FROM generate_series(%s::bigint, %s) AS n
"""


async def run(context: JobContext, queue: Queue, name: str, **arguments: Any) -> None:
    await queue.enqueue(name, **arguments)
    await run_worker(context, JOBS, burst=True)


def schedule(context: JobContext, client: ArqRedis, queue: QueueName) -> Poller:
    """A poller that only does what the clock asks for."""

    async def never(dropped: Dropped) -> None:
        raise AssertionError(dropped)

    functions, crons = _functions(context, JOBS, queue)
    stop = asyncio.Event()
    return Poller(
        queue_key(queue), functions, crons, client, "health", stop=stop, may_pick=lambda: False, on_drop=never
    )


def test_jobs_have_distinct_names_and_short_leases() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    # The longest time limit delays the second run of every job whose worker was killed.
    assert max(job.timeout_s for job in JOBS) <= 60


async def test_schedule_is_in_utc_and_enqueues_once_for_all_workers(context: JobContext, redis: Redis) -> None:
    client = queue_client(context.settings, timeout_s=1, connections=2, retries=0)
    pollers = [schedule(context, client, queue) for queue in QUEUES for _ in range(2)]
    due = datetime.now(UTC).replace(minute=17, second=0, microsecond=0) + timedelta(hours=1)
    for poller in pollers:
        assert poller.timezone is UTC
        await poller.run_cron(due - timedelta(seconds=30), 0.5)
        await poller.run_cron(due, 0.5)
    await close_client(client)
    queued = {
        queue: [job_id.decode().partition(":") for job_id in await redis.zrange(queue_key(queue), 0, -1)]
        for queue in QUEUES
    }
    assert all(queue_of(name) == queue for queue, ids in queued.items() for name, _, _ in ids)
    ((_, _, moment),) = [each for each in queued["upkeep"] if each[0] == "identity.delete_expired_credentials"]
    assert datetime.fromtimestamp(int(moment) / 1000, UTC).replace(microsecond=0) == due


async def test_expired_credentials_are_deleted_and_valid_ones_kept(
    context: JobContext, queue: Queue, factory: Factory
) -> None:
    await identity.issue_token(context.database, email="a@example.com", scopes=["ops"], expires_in_s=3600)
    await identity.issue_token(context.database, email="a@example.com", scopes=["ops"])
    await identity.issue_token(context.database, email="b@example.com", scopes=["ops"], expires_in_s=3600)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await factory.execute(
        "UPDATE credential SET expires_at = %s FROM users WHERE users.id = user_id AND email = 'b@example.com'", past
    )
    await run(context, queue, "identity.delete_expired_credentials")
    assert await factory.scalar("SELECT count(*) FROM credential") == 2


async def test_old_idempotency_records_are_deleted_in_chunks_and_young_ones_kept(
    context: JobContext, queue: Queue, factory: Factory
) -> None:
    ttl_s = context.settings.idempotency_ttl_s
    await factory.execute(OLD_ANSWERS, ttl_s + 60, 1, 2 * CHUNK + 1)
    await factory.execute(OLD_ANSWERS, ttl_s - 60, 9001, 9003)
    await run(context, queue, "platform.delete_old_idempotency_records")
    assert await factory.scalar("SELECT count(*) FROM idempotency_record") == 3


async def test_analyze_renews_statistics_of_the_named_tables(
    context: JobContext, queue: Queue, factory: Factory
) -> None:
    await factory.execute("INSERT INTO setting (name, value) SELECT 'S' || n, '1' FROM generate_series(1, 500) AS n")
    await run(
        context, queue, "integration.analyze", tables=["setting", "no_such_table", "pg_class; DROP TABLE setting"]
    )
    assert await factory.scalar("SELECT reltuples FROM pg_class WHERE relname = 'setting'") == 500


async def test_analyze_names_only_tables_of_ours(context: JobContext) -> None:
    assert await analyze_tables(context.database, ["setting", "pg_class", "nothing"]) == ["setting"]
