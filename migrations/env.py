"""Runs the migrations on the engine that src.platform.migrations made."""

import time
from typing import Any

from advanced_alchemy.base import orm_registry
from alembic import context
from sqlalchemy import Connection, text

import src.modules.alerts.models
import src.modules.audit.models
import src.modules.baskets.models
import src.modules.catalogue.models
import src.modules.collections.models
import src.modules.favourites.models
import src.modules.identity.models
import src.modules.notifications.models
import src.modules.offers.models
import src.modules.operations.models
import src.modules.privacy.models
import src.modules.updates.models
import src.modules.warehouse.resources
import src.platform.models  # noqa: F401  (every feature's tables, for autogenerate and the drift check)

# The releases before and after a migration run side by side: it must not make the old one wait behind its locks.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"
# Two deployments that migrate at once take turns; the number is this project's, chosen once.
ADVISORY_LOCK = 7_204_431_905
TURN_S = 0.5
# They come and go with time, as their tables' own jobs see fit.
PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"


def run(connection: Connection, config: Any) -> None:
    """Apply the migrations, each in a transaction, while nobody else does."""
    # Who waits within a statement would be waited for by those that build indexes concurrently.
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK}):
        connection.rollback()
        time.sleep(TURN_S)
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    partitions = set(connection.scalars(text(PARTITIONS)))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=orm_registry.metadata,
        version_table=config.version_table_name,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        include_name=lambda name, kind, _: kind != "table" or name not in partitions,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


try:
    with context.config.engine.connect() as opened:  # type: ignore[attr-defined]
        run(opened, context.config)
finally:  # a connection that is kept would keep the turn
    context.config.engine.dispose()  # type: ignore[attr-defined]
