"""What the audit has kept, as tests look at it."""

from typing import Any

from psycopg.rows import dict_row

from src.platform.database import Database

EVENTS = """
SELECT audit_event.*, app_label || '.' || model AS kind
FROM audit_event LEFT JOIN content_type ON content_type.id = content_type_id ORDER BY audit_event.id
"""
VERSIONS = """
SELECT version.*, revision.comment, revision.user_id, app_label || '.' || model AS kind
FROM version JOIN revision ON revision.id = revision_id JOIN content_type ON content_type.id = content_type_id
ORDER BY revision_id, version.content_type_id, object_id
"""


class Records:
    """Reads the audit's tables."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def events(self) -> list[dict[str, Any]]:
        """All events, each with the `kind` of its object."""
        return await self.rows(EVENTS)

    async def event(self) -> dict[str, Any]:
        """The only event."""
        (event,) = await self.events()
        return event

    async def versions(self) -> list[dict[str, Any]]:
        """All versions, each with its revision's comment and user, and the `kind` of its object."""
        return await self.rows(VERSIONS)

    async def version(self) -> dict[str, Any]:
        """The only version."""
        (version,) = await self.versions()
        return version

    async def revisions(self) -> int:
        """How many revisions there are."""
        return len(await self.rows("SELECT FROM revision"))

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a statement."""
        async with self.database.read() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return await (await cursor.execute(statement.encode(), values)).fetchall()


def fields(version: dict[str, Any]) -> dict[str, Any]:
    """The fields of the one object in a version."""
    (kept,) = version["serialized_data"]
    assert kept["model"] == version["kind"]
    assert str(kept["pk"]) == version["object_id"]
    told: dict[str, Any] = kept["fields"]
    return told
