"""Every job and the schedule. Each is thin: ids in, one call of the feature that owns the work."""

from src.modules import alerts, audit, baskets, catalogue, identity, notifications, operations, privacy, updates
from src.platform.cache import VersionedCache
from src.platform.database import Connection
from src.platform.idempotency import forget_old_answers
from src.platform.jobs import Job, JobContext, cron, job
from src.platform.redis import create_cache_client
from src.platform.statistics import analyze_tables

CHUNK = 1000


@cron("identity.delete_expired_credentials", minute=17, timeout_s=60)
async def delete_expired_credentials(context: JobContext) -> None:
    """Hourly: tokens and sessions whose time has passed."""
    await identity.delete_expired_credentials(context.database)


@cron("platform.delete_old_idempotency_records", minute=47, timeout_s=60)
async def delete_old_idempotency_records(context: JobContext) -> None:
    """Hourly: kept answers that are no longer given again, in small transactions."""
    ttl_s = context.settings.idempotency_ttl_s
    await context.database.in_pieces(CHUNK, lambda connection: forget_old_answers(connection, ttl_s, CHUNK))


@cron("baskets.release_overdue", minute=frozenset(range(60)), timeout_s=50)
async def release_overdue_baskets(context: JobContext) -> None:
    """Every minute: baskets that are frozen for longer than BASKET_FREEZE_MINUTES; the uses they held go back."""
    await baskets.release_overdue(context.database)


@cron("baskets.expire_forgotten", minute=7, timeout_s=60)
async def expire_forgotten_baskets(context: JobContext) -> None:
    """Hourly: baskets that nobody has changed for so many days, in small transactions."""
    await baskets.expire_forgotten(context.database)


@cron("baskets.forget_guests", hour=3, minute=7, timeout_s=60)
async def forget_guests_baskets(context: JobContext) -> None:
    """Daily: baskets of anonymous shoppers that ended so many days ago, in small transactions."""
    await baskets.forget_guests(context.database)


@cron(updates.ADVANCE, minute=frozenset(range(60)), timeout_s=60)
async def advance_updates(context: JobContext) -> None:
    """After changes of the catalogue, and every minute should a call have been lost: pass them on to favourites."""
    database, queue = context.database, context.queue
    made = 0

    async def also(connection: Connection, chunk: updates.Chunk) -> None:
        nonlocal made
        made = await notifications.make_deliveries(connection, chunk)
        made += await alerts.fire(connection, chunk.changed)

    async def committed() -> None:
        if made:
            await notifications.wake_deliverers(database, queue)

    if not await updates.advance(database, also, committed=committed):
        await updates.wake(queue, after_s=0.5)
    await alerts.wake_firing(database, queue)


@cron("updates.forget", minute=27, timeout_s=60)
async def forget_updates(context: JobContext) -> None:
    """Hourly: rows of the feed and of the log that are too old for anybody, in small transactions."""
    await updates.forget_old(context.database)


@cron("catalogue.make_log_weeks", minute=12, timeout_s=60)
async def make_log_weeks(context: JobContext) -> None:
    """Hourly: the partitions of the log of changes for the next weeks."""
    await catalogue.make_log_weeks(context.database)


@job("notifications.deliver", timeout_s=60)
async def deliver_notifications(context: JobContext, channel: notifications.Channel) -> None:
    """What is due over a channel; what does not fit into one run is left to the next, which is asked for."""
    async with notifications.Channels(context.settings, context.database) as channels:
        send = channels.send(channel)
        more = send is not None and await notifications.deliver_alone(context.database, channel, send, context.stopping)
    if more:
        await notifications.wake_channel(context.queue, channel)


@cron("notifications.sweep", minute=frozenset(range(60)), timeout_s=50)
async def sweep_notifications(context: JobContext) -> None:
    """Every minute: deliveries whose time has come, whose worker died, or whose wake-up call was lost."""
    await notifications.wake_deliverers(context.database, context.queue)


@cron("notifications.forget", hour=3, minute=37, timeout_s=60)
async def forget_deliveries(context: JobContext) -> None:
    """Daily: deliveries that were finished so many days ago, in small transactions."""
    await notifications.forget_deliveries(context.database)


@cron("notifications.make_partitions", minute=13, timeout_s=60)
async def make_delivery_partitions(context: JobContext) -> None:
    """Hourly: the partitions of deliveries for the next months."""
    await notifications.make_delivery_partitions(context.database)


@cron(alerts.FIRE_DUE, minute=frozenset(range(60)), timeout_s=50)
async def fire_due_alerts(context: JobContext) -> None:
    """Every minute and after passes: alerts for what came back, wave by wave; the rest is for the next run."""
    database, queue = context.database, context.queue
    if not await alerts.fire_due(database, committed=lambda: notifications.wake_deliverers(database, queue)):
        await queue.wake(alerts.FIRE_DUE)


@cron("alerts.look_again", minute=frozenset({4, 19, 34, 49}), timeout_s=50)
async def look_again_for_alerts(context: JobContext) -> None:
    """Four times an hour: alerts for what is there although no pass has seen it come back."""
    await alerts.look_again(context.database)
    await alerts.wake_firing(context.database, context.queue)


@cron("alerts.forget_guests", hour=3, minute=57, timeout_s=60)
async def forget_guests(context: JobContext) -> None:
    """Daily: guests who never confirmed, and those who were told long ago."""
    await alerts.forget_guests(context.database)


@cron("audit.forget", hour=4, minute=17, timeout_s=60)
async def forget_audit(context: JobContext) -> None:
    """Daily: events, revisions and versions that are so many days old, in small transactions."""
    await audit.forget_old(context.database)


@cron("privacy.finish_erasures", minute=frozenset(range(60)), timeout_s=60)
async def finish_erasures(context: JobContext) -> None:
    """Every minute: erasures whose last requests and messages are over, or that something cut short."""
    cache = VersionedCache(create_cache_client(context.settings))
    try:
        await privacy.finish_erasures(context.database, cache)
    finally:
        await cache.close()


@job("integration.analyze", timeout_s=60)
async def analyze(context: JobContext, tables: list[str]) -> None:
    """After a large import: the planner's statistics of the tables that it changed."""
    await analyze_tables(context.database, tables)


@cron("operations.forget_dead_letters", hour=4, minute=37, timeout_s=60)
async def forget_dead_letters(context: JobContext) -> None:
    """Daily: jobs that were given up so many days ago, in small transactions."""
    await operations.forget_letters(context.database)


JOBS: tuple[Job, ...] = (
    delete_expired_credentials,
    delete_old_idempotency_records,
    release_overdue_baskets,
    expire_forgotten_baskets,
    forget_guests_baskets,
    advance_updates,
    forget_updates,
    make_log_weeks,
    deliver_notifications,
    sweep_notifications,
    forget_deliveries,
    make_delivery_partitions,
    fire_due_alerts,
    look_again_for_alerts,
    forget_guests,
    forget_audit,
    finish_erasures,
    forget_dead_letters,
    analyze,
)
