"""What was changed so long ago that nobody asks any more: events, versions, and the revisions that they belong to.

What a shop that migrates has brought along stays: it came with its own ids and dates, and would go the next night.
"""

from src.platform.database import Database
from src.platform.dynamic_settings import AUDIT_DAYS, sql_value

AT_ONCE = 1000
# The ids of our own rows begin here (migration 0004); those of other systems are less.
OWN_ROWS_FROM = 1_000_000_000

_TOO_OLD = f"now() - make_interval(days => ({sql_value(AUDIT_DAYS)})::int)"
FORGET_EVENTS = f"""
DELETE FROM audit_event WHERE id = ANY(ARRAY(
    SELECT id FROM audit_event WHERE "timestamp" < {_TOO_OLD} AND id >= {OWN_ROWS_FROM} LIMIT {AT_ONCE}))
"""
# One revision may have hundreds of thousands of versions: they must not go with it in one transaction.
FORGET_VERSIONS = f"""
DELETE FROM version WHERE id = ANY(ARRAY(
    SELECT version.id FROM revision JOIN version ON version.revision_id = revision.id
    WHERE revision.date_created < {_TOO_OLD} AND revision.id >= {OWN_ROWS_FROM} AND version.id >= {OWN_ROWS_FROM}
    LIMIT {AT_ONCE}))
"""
FORGET_REVISIONS = f"""
DELETE FROM revision WHERE id = ANY(ARRAY(
    SELECT id FROM revision WHERE date_created < {_TOO_OLD} AND id >= {OWN_ROWS_FROM}
      AND NOT EXISTS (SELECT FROM version WHERE version.revision_id = revision.id) LIMIT {AT_ONCE}))
"""


async def forget_old(database: Database) -> None:
    """Delete what was recorded here and is older than AUDIT_DAYS, in small transactions."""
    for statement in (FORGET_EVENTS, FORGET_VERSIONS, FORGET_REVISIONS):
        await database.delete_in_pieces(AT_ONCE, statement)
