"""Every job and the schedule. Each is thin: ids in, one call of the feature that owns the work."""

from src.modules import baskets, identity
from src.platform.idempotency import forget_old_answers
from src.platform.jobs import Job, JobContext, cron, job
from src.platform.statistics import analyze_tables

CHUNK = 1000


@cron("identity.delete_expired_credentials", minute=17, timeout_s=60)
async def delete_expired_credentials(context: JobContext) -> None:
    """Hourly: tokens and sessions whose time has passed."""
    await identity.delete_expired_credentials(context.database)


@cron("platform.delete_old_idempotency_records", minute=47, timeout_s=60)
async def delete_old_idempotency_records(context: JobContext) -> None:
    """Hourly: kept answers that are no longer given again, in small transactions."""
    gone = CHUNK
    while gone == CHUNK:
        async with context.database.transaction() as work:
            gone = await forget_old_answers(work.connection, context.settings.idempotency_ttl_s, CHUNK)


@cron("baskets.release_overdue", minute=frozenset(range(60)), timeout_s=50)
async def release_overdue_baskets(context: JobContext) -> None:
    """Every minute: baskets that are frozen for longer than BASKET_FREEZE_MINUTES; the uses they held go back."""
    await baskets.release_overdue(context.database)


@cron("baskets.expire_forgotten", minute=7, timeout_s=60)
async def expire_forgotten_baskets(context: JobContext) -> None:
    """Hourly: baskets that nobody has changed for so many days, in small transactions."""
    await baskets.expire_forgotten(context.database)


@job("integration.analyze", timeout_s=60)
async def analyze(context: JobContext, tables: list[str]) -> None:
    """After a large import: the planner's statistics of the tables that it changed."""
    await analyze_tables(context.database, tables)


JOBS: tuple[Job, ...] = (
    delete_expired_credentials,
    delete_old_idempotency_records,
    release_overdue_baskets,
    expire_forgotten_baskets,
    analyze,
)
