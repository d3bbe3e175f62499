"""The HTTP application: settings, then the platform, then the features. Nothing happens at import."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from src.modules import (
    alerts,
    baskets,
    collections,
    favourites,
    identity,
    integration,
    notifications,
    operations,
    privacy,
    updates,
    warehouse,
)
from src.modules.catalogue import ProductViews
from src.modules.offers import Offers
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.history import recorded
from src.platform.jobs import Queue, close_client, queue_client
from src.platform.logs import configure_logging
from src.platform.openapi import openapi_config
from src.platform.protection import Protection
from src.platform.redis import create_cache_client
from src.platform.settings import Settings, load_settings
from src.platform.stopping import closing, on_announced_stop, on_stop_signal
from src.platform.traced_requests import TracedRequests
from src.platform.tracing import is_traced, start_tracing, stop_tracing
from src.platform.version import VERSION

MAX_BODY_BYTES = 10 * 1024 * 1024
ANALYSTS_AT_ONCE = 4
# Where a credential comes in a form.
SIGN_IN_PATHS = frozenset({"/ops/login"})
FIGURES_TIMEOUT_S = 1.0


def create_app(settings: Settings | None = None) -> Litestar:
    """The application, configured from the environment unless `settings` are given."""
    settings = settings or load_settings(os.environ)
    configure_logging(settings)
    start_tracing(settings, "api")
    database = Database(settings, application="wishkeep-api")
    # Apart from the shoppers' connections, also where there is no replica: a page may read a whole table.
    analytics = Database(
        settings,
        application="wishkeep-warehouse",
        url=settings.database_replica_url,
        connections=min(ANALYSTS_AT_ONCE, settings.database_pool_size),
    )
    shared = create_cache_client(settings)
    cache = VersionedCache(shared)
    protection = Protection(settings, database, shared, sign_in_paths=SIGN_IN_PATHS)
    queue = Queue(settings)
    # What the service counts is kept beside the queue; whoever looks at that does not hold up whoever enqueues.
    counts = queue_client(settings, timeout_s=FIGURES_TIMEOUT_S, connections=4, retries=0)
    overviews = operations.Overviews(database, counts)
    who = identity.Identity(database, settings)
    board = operations.Board(overviews, who)
    views = ProductViews(database, cache)
    offers = Offers()
    wanted = favourites.Favourites(database, who, views, offers)
    statuses = favourites.Statuses(database, who, cache, wanted.hot)
    changed = updates.Updates(database, who, cache)
    hub = updates.Hub(database, changed, most=settings.max_streams)
    bought = baskets.Baskets(database, who, views, offers, cache)
    showing = collections.Showing(views, offers)

    def leave() -> None:
        app.state["leaving"] = True
        app.asgi_handler = closing(app.asgi_handler)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await database.open()
        await analytics.open()
        await hub.open()
        await cache.open()
        try:
            # Streams never end by themselves, and the server waits for them before this is left.
            with on_stop_signal(hub.part), on_stop_signal(board.part), on_announced_stop(leave):
                async with protection.working(), recorded(counts, "api", overviews.measure):
                    yield
        finally:
            await hub.close()
            await board.close()
            await close_client(counts)
            await queue.close()
            await cache.close()
            await analytics.close()
            await database.close()
            await stop_tracing()

    app = Litestar(
        route_handlers=[
            *identity.CONTROLLERS,
            *favourites.CONTROLLERS,
            *updates.CONTROLLERS,
            *notifications.CONTROLLERS,
            *alerts.CONTROLLERS,
            *baskets.CONTROLLERS,
            *collections.CONTROLLERS,
            *warehouse.CONTROLLERS,
            *integration.CONTROLLERS,
            *privacy.CONTROLLERS,
            *operations.CONTROLLERS,
        ],
        dependencies={
            name: _constant(value)
            for name, value in {
                "database": database,
                "queue": queue,
                "overviews": overviews,
                "board": board,
                "desk": operations.Desk(database, queue, overviews),
                "identity": who,
                "favourites": wanted,
                "statuses": statuses,
                "updates": changed,
                "updates_hub": hub,
                "alerts": alerts.Alerts(database, who, views, offers),
                "baskets": bought,
                "changes": baskets.Changes(database, bought),
                "orders": baskets.Orders(bought),
                "collections": collections.Collections(database, who, showing),
                "warehouse": warehouse.Warehouse(analytics, cache),
                "exports": warehouse.Exports(analytics),
                "linked_collections": collections.LinkedCollections(database, who, showing, cache),
            }.items()
        },
        state=State(
            {
                "settings": settings,
                "database": database,
                "cache": cache,
                "queue": queue,
                "identity": who,
                "overviews": overviews,
                "protection": protection,
                "telling": privacy.Telling(analytics),
                "scrapers": operations.Scrapers(who),
            }
        ),
        lifespan=[lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(VERSION),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    app.asgi_handler = protection.around(app.asgi_handler)
    if is_traced():
        app.asgi_handler = TracedRequests(app.asgi_handler)
    return app


def _constant(value: Any) -> Provide:
    """A dependency that is made once per process."""

    async def provide() -> Any:
        return value

    return Provide(provide, use_cache=True)
