"""Tombstones of what went without a DELETE, whose triggers leave them otherwise: an ended row, an id given up."""

from collections.abc import Sequence

from src.platform.database import Connection

INSERT = """
INSERT INTO deleted_item (object_id, content_type_id)
SELECT object_id, content_type.id
FROM unnest(%s::text[]) AS object_id, content_type
WHERE content_type.app_label = %s AND content_type.model = %s
"""


async def record_deleted(connection: Connection, content_type: str, object_ids: Sequence[int]) -> None:
    """Leave a tombstone for each object; `content_type` is `app_label.model`; raises LookupError when it is unknown."""
    app_label, _, model = content_type.partition(".")
    cursor = await connection.execute(INSERT, ([str(object_id) for object_id in object_ids], app_label, model))
    if cursor.rowcount != len(object_ids):
        raise LookupError(f"content type {content_type!r} is not in the table content_type")
