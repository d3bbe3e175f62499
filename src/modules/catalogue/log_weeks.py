"""The partitions of the log of changes: one for each week."""

from datetime import datetime

from src.platform.database import Connection, Database
from src.platform.partitions import Partition, Partitioned, make_ahead, partitions_of

LOG = "catalogue_change"
WEEKS = Partitioned(LOG, "changed_at", weeks=1, ahead=3)


async def log_partitions(connection: Connection) -> list[Partition]:
    """The partitions of the log that there are, the oldest first."""
    return await partitions_of(connection, LOG)


async def make_log_weeks(database: Database, now: datetime | None = None) -> list[str]:
    """Make the weeks that are missing; the names of those made."""
    return await make_ahead(database, WEEKS, now)
