"""What can be done through the integration API: feed rows into a table, and delete one."""

from collections.abc import Callable, Iterator

import psycopg.errors

from src.modules.audit import Revision
from src.modules.integration import statements
from src.modules.integration.csv_rows import csv_lines
from src.modules.integration.dtos import Report
from src.modules.integration.errors import RowsRejected, StillInUse
from src.modules.integration.formats import json_array, ndjson
from src.modules.integration.imports import Import, take_turn
from src.modules.integration.rows import RowReader
from src.modules.integration.spool import Spool
from src.platform.database import Connection
from src.platform.deleted_items import record_deleted
from src.platform.errors import NotFound, ServiceUnavailable
from src.platform.openapi import CSV, NDJSON
from src.platform.resources import Resource

JSON = "application/json"
MAX_JSON_BYTES = 10 * 1024 * 1024
Format = Callable[[Spool, Resource], Iterator[bytes]]
FORMATS: dict[str, Format] = {
    JSON: lambda body, _: json_array(body),
    NDJSON: lambda body, _: ndjson(body),
    CSV: csv_lines,
}


async def import_rows(
    connection: Connection,
    resource: Resource,
    body: Spool,
    content_type: str,
    *,
    atomic: bool = False,
    revision: Revision | None = None,
) -> Report:
    """Feed the rows of `body` into the table of `resource`; what they replace goes into `revision`.

    Raises NoJsonArray or NoCsv for what is no such document, RowsRejected when some rows can't go in and `atomic`.
    """
    reader = RowReader(resource)
    rows = Import(connection, resource, revision or Revision(connection))
    await take_turn(connection, resource)
    await rows.stage(reader, FORMATS[content_type](body, resource))
    try:
        outcome = await rows.finish()
    except psycopg.errors.IntegrityError as error:
        # Rows have been judged, so somebody else has changed what they were judged by: they are worth another try.
        raise ServiceUnavailable from error
    rejected = sorted(rows.rejected, key=lambda rejection: rejection.row)
    if rejected and atomic:
        raise RowsRejected(rejected)
    unchanged = reader.received - outcome.created - outcome.updated - len(rejected)
    return Report(reader.received, outcome.created, outcome.updated, unchanged, rejected)


async def delete_row(
    connection: Connection, resource: Resource, row_id: int, *, revision: Revision | None = None
) -> None:
    """Delete a row and leave its tombstone; raises NotFound, and StillInUse when other rows name it.

    What it was goes into `revision`.
    """
    await take_turn(connection, resource)
    for condition in resource.in_use:
        used = await connection.execute(f"SELECT {condition.format(id='%(id)s')}", {"id": row_id})
        if (await used.fetchone() or (False,))[0]:
            raise StillInUse
    steps, values = await (revision or Revision(connection)).steps(resource)
    try:
        cursor = await connection.execute(statements.delete(resource, steps), {"id": row_id, **(values or {})})
    except psycopg.errors.ForeignKeyViolation as error:
        raise StillInUse from error
    if (await cursor.fetchone() or (0,))[0] == 0:
        raise NotFound
    if resource.ending:
        # What is deleted leaves its tombstone by itself.
        await record_deleted(connection, resource.content_type, [row_id])
