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
    updates,
    warehouse,
)
from src.modules.catalogue import ProductViews
from src.modules.offers import Offers
from src.platform.cache import VersionedCache
from src.platform.database import Database
from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.jobs import Queue
from src.platform.logs import configure_logging
from src.platform.openapi import openapi_config
from src.platform.redis import create_cache_client
from src.platform.settings import Settings, load_settings
from src.platform.stopping import on_stop_signal
from src.platform.telemetry import observe
from src.platform.version import VERSION

MAX_BODY_BYTES = 10 * 1024 * 1024
ANALYSTS_AT_ONCE = 4


def create_app(settings: Settings | None = None) -> Litestar:
    """The application, configured from the environment unless `settings` are given."""
    settings = settings or load_settings(os.environ)
    configure_logging(settings)
    database = Database(settings, application="wishkeep-api")
    # Apart from the shoppers' connections, also where there is no replica: a page may read a whole table.
    analytics = Database(
        settings,
        application="wishkeep-warehouse",
        url=settings.database_replica_url,
        connections=min(ANALYSTS_AT_ONCE, settings.database_pool_size),
    )
    cache = VersionedCache(create_cache_client(settings))
    queue = Queue(settings)
    who = identity.Identity(database, settings)
    views = ProductViews(database, cache)
    offers = Offers()
    wanted = favourites.Favourites(database, who, views, offers)
    statuses = favourites.Statuses(database, who, cache, wanted.hot)
    changed = updates.Updates(database, who, cache)
    hub = updates.Hub(database, changed, most=settings.max_streams)
    bought = baskets.Baskets(database, who, views, offers, cache)
    showing = collections.Showing(views, offers)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await database.open()
        await analytics.open()
        await hub.open()
        try:
            # Streams never end by themselves, and the server waits for them before this is left.
            with on_stop_signal(hub.part):
                yield
        finally:
            await hub.close()
            await queue.close()
            await cache.close()
            await analytics.close()
            await database.close()

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
            *operations.CONTROLLERS,
        ],
        dependencies={
            name: _constant(value)
            for name, value in {
                "database": database,
                "queue": queue,
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
        state=State({"settings": settings, "database": database, "cache": cache, "queue": queue, "identity": who}),
        lifespan=[lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(VERSION),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    observe(app)
    return app


def _constant(value: Any) -> Provide:
    """A dependency that is made once per process."""

    async def provide() -> Any:
        return value

    return Provide(provide, use_cache=True)
