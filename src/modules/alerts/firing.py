"""Telling those who wait for a product that it is back: oldest first, in bounded steps, each a transaction.

A pass over the log only lets waves begin and tells the first few; everything else is found again by a schedule.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import NamedTuple

import structlog

from src.modules.alerts import restocks, waves
from src.modules.alerts.restocks import Watched
from src.modules.alerts.rules import Shown, shown, wave_room
from src.modules.alerts.waves import Fired, Wave
from src.modules.notifications import NewDelivery, enqueue
from src.modules.updates import ProductFacts, read_histories
from src.platform.database import Connection, Database
from src.platform.dynamic_settings import ALERT_WAVE_MINUTES, ALERT_WAVE_SIZE, read_setting
from src.platform.i18n import negotiate
from src.platform.jobs import Queue
from src.platform.wire import time

log = structlog.get_logger(__name__)

FIRE_DUE = "alerts.fire_due"
# One transaction's worth: of alerts that fire, of those that fire with a pass, and of products that are looked at.
ALERTS_AT_ONCE = 5000
ALERTS_IN_PASS = 500
STEPS_IN_PASS = 20
PRODUCTS_AT_ONCE = 500


class Step(NamedTuple):
    """What one step did: how many alerts fired, and how many deliveries that made."""

    fired: int
    made: int


async def fire(connection: Connection, changed: Sequence[ProductFacts]) -> int:
    """Fire the alerts for products that changed in the pass under way; how many deliveries were made.

    The first few fire in the pass's own transaction; the others are left for `fire_due`.
    """
    begun = 0
    ids = [facts.product_id for facts in changed]
    for start in range(0, len(ids), PRODUCTS_AT_ONCE):
        begun += await _begin(connection, ids[start : start + PRODUCTS_AT_ONCE], only_fresh=True)
    return await fire_some(connection) if begun else 0


async def fire_some(connection: Connection) -> int:
    """Fire as many of the due alerts as may share a transaction with other work; how many deliveries were made."""
    fired = made = 0
    for _ in range(STEPS_IN_PASS):
        step = await _step(connection, ALERTS_IN_PASS - fired)
        if step is None:
            break
        fired, made = fired + step.fired, made + step.made
        if fired == ALERTS_IN_PASS:
            break
    return made


async def fire_due(
    database: Database,
    *,
    committed: Callable[[], Awaitable[object]] | None = None,
    at_once: int = ALERTS_AT_ONCE,
    budget_s: float = 40,
) -> bool:
    """Go on with all waves that are due; whether none is left when `budget_s` is over: call it again soon if not.

    Who was to be told and was not, because the product had sold out by then, waits again from now on.
    `committed` is called after each transaction that made deliveries.
    """
    until = monotonic() + budget_s
    await _wait_again(database)
    while monotonic() < until:
        async with database.transaction() as work:
            step = await _step(work.connection, at_once)
            if committed and step and step.made:
                work.after_commit(committed)
        if step is None:
            return True
    return False


async def _wait_again(database: Database) -> None:
    # Say somebody asks anew at this moment. It is tried again with the next call; those who wait now are told first.
    try:
        async with database.transaction() as work:
            await waves.wait_again(work.connection)
    except Exception:
        log.exception("alerts.wait_again_failed")


async def wake_firing(database: Database, queue: Queue) -> None:
    """Have `fire_due` run if there is anything for it to do."""
    async with database.read() as connection:
        is_due = await waves.is_any_due(connection)
    if is_due:
        await queue.wake(FIRE_DUE)


async def look_again(database: Database) -> int:
    """Let waves begin for whatever is there and waited for, whether the log says that it came back or not.

    An alert can be asked for while the product's return is being committed, and users and data sources can change
    their lists, of which the log knows nothing.
    """
    begun, after = 0, 0
    while True:
        async with database.transaction() as work:
            last, products = await restocks.waited_for(work.connection, after, PRODUCTS_AT_ONCE)
            for start in range(0, len(products), PRODUCTS_AT_ONCE):
                some = products[start : start + PRODUCTS_AT_ONCE]
                begun += await _begin(work.connection, some, only_fresh=False)
        if last is None:
            return begun
        after = last


async def fire_if_back(connection: Connection, products: Sequence[int]) -> int:
    """Fire what is due for these products as they are now; how many deliveries were made."""
    return await fire_some(connection) if await _begin(connection, products, only_fresh=False) else 0


async def _begin(connection: Connection, products: Iterable[int], *, only_fresh: bool) -> int:
    """Let waves begin for the products that are available to somebody who waits, and end those of what sold out.

    `only_fresh` leaves out what was available before the pass under way.
    """
    watched = await restocks.watched(connection, products)
    if not watched:
        return 0
    ids = [product.id for product in watched]
    lists = await restocks.segment_lists(connection)
    histories = await read_histories(connection, ids)
    seen = [
        (product, each)
        for product in watched
        if product.id in histories
        for each in (shown(histories[product.id], segment_list) for segment_list in lists)
        if each.available
    ]
    await restocks.end_sold_out(connection, ids, [(product.id, each.stock_list) for product, each in seen])
    if only_fresh and seen:
        fresh = await restocks.fresh_changes(connection, ids)
        seen = [(product, each) for product, each in seen if each.change_id in fresh]
    return await restocks.begin(connection, seen) if seen else 0


async def _step(connection: Connection, at_once: int) -> Step | None:
    """Go on with a wave; None when none is due."""
    wave = await waves.next_wave(connection)
    if wave is None:
        return None
    product, seen = await _look(connection, wave)
    if not seen:
        await waves.finish(connection, wave)
        return Step(0, 0)
    # Read again for each wave: what has been sold since is not promised to anybody.
    size = await read_setting(connection, ALERT_WAVE_SIZE)
    room = wave_room(size, await waves.stock_of(connection, wave), wave.told)
    limit = at_once if room is None else min(room, at_once)
    alerts = await waves.next_alerts(connection, wave, product.targets, limit)
    fired = await waves.fire(connection, alerts, seen) if alerts else []
    if len(alerts) < limit:
        await waves.finish(connection, wave)
    elif alerts:
        await waves.move(connection, wave, len(fired), alerts[-1])
    if len(fired) == room:
        await waves.finish_wave(connection, wave, await read_setting(connection, ALERT_WAVE_MINUTES))
    return Step(len(fired), await _tell(connection, wave, fired))


async def _look(connection: Connection, wave: Wave) -> tuple[Watched, list[Shown]]:
    """The product of a wave, and all who see that it is available on the list of the wave."""
    watched = await restocks.watched(connection, [wave.product_id])
    histories = await read_histories(connection, [wave.product_id])
    if not watched or wave.product_id not in histories:
        return Watched(wave.product_id, None), []
    every = [shown(histories[wave.product_id], each) for each in await restocks.segment_lists(connection)]
    return watched[0], [each for each in every if each.available and each.stock_list == wave.stock_list_id]


async def _tell(connection: Connection, wave: Wave, fired: Sequence[Fired]) -> int:
    if not fired:
        return 0
    changed_at = time(wave.changed_at)
    endpoints = await waves.endpoints(connection)
    rows = []
    for alert in fired:
        # An alert fires again when it could not be told the first time.
        named = f"alert:{alert.id}:{changed_at}"
        row = NewDelivery(
            channel="email",
            kind="back_in_stock",
            dedupe_key=f"email::{named}",
            occurred_at=wave.changed_at,
            user_id=alert.user_id,
            address=alert.email,
            product_id=wave.product_id,
            payload={"changed_at": changed_at, "alert": alert.id},
            language=negotiate(alert.language) if alert.language else None,
        )
        if alert.by_email:
            rows.append(row)
        if alert.by_push:
            rows.append(row._replace(channel="push", dedupe_key=f"push::{named}"))
        rows += [
            row._replace(channel="webhook", dedupe_key=f"webhook:{endpoint}:{named}", webhook_endpoint_id=endpoint)
            for endpoint in endpoints
        ]
    return await enqueue(connection, rows)
