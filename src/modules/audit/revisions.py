"""Revisions: what an operator's change replaced, as versions, written by the statement that makes the change."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import DateTime, Numeric

from src.platform.database import Connection
from src.platform.resources import ID, Field, Resource
from src.platform.wire import sql_time

NEXT_ID = "SELECT nextval(pg_get_serial_sequence('revision', 'id'))"
# Several statements of a call may have something to add to its revision; the first one makes it.
MAKE = """
INSERT INTO revision (id, comment, user_id) SELECT %(revision)s::bigint, %(comment)s::text, %(author)s::bigint
WHERE EXISTS (SELECT FROM merged WHERE action <> 'INSERT') ON CONFLICT (id) DO NOTHING"""
# Whole rows become JSON in half the time that it takes to put an object together field by field.
KEEP = """
INSERT INTO version (object_id, serialized_data, object_repr, revision_id, content_type_id)
SELECT id::text,
       to_jsonb(ARRAY[(SELECT _object FROM (
           SELECT id AS pk, '{content_type}' AS model, (SELECT _fields FROM (SELECT {fields}) AS _fields) AS fields
       ) AS _object)]),
       {called}, %(revision)s::bigint,
       (SELECT id FROM content_type WHERE (app_label, model) = ('{app_label}', '{model}'))
FROM (SELECT (merged.replaced).* FROM merged WHERE action <> 'INSERT') AS was"""
KEEP_ONE = """
WITH made AS (
    INSERT INTO revision (id, comment, user_id) VALUES (%(revision)s, %(comment)s, %(author)s)
    ON CONFLICT (id) DO NOTHING
)
INSERT INTO version (object_id, serialized_data, object_repr, revision_id, content_type_id)
VALUES (%(object)s, %(data)s, %(object)s, %(revision)s,
        (SELECT id FROM content_type WHERE (app_label, model) = (%(app_label)s, %(model)s)))
"""


class Revision:
    """One change of a caller's transaction; it is only made when something was there before."""

    def __init__(self, connection: Connection, *, comment: str = "", author: int | None = None) -> None:
        self._connection = connection
        self._values: dict[str, object] = {"comment": comment, "author": author}

    async def steps(self, resource: Resource) -> tuple[tuple[str, ...], Mapping[str, object] | None]:
        """What a statement that changes rows of `resource` has to do besides, and the values that this takes.

        The steps read `merged`, whose `replaced` is the whole row as it was.
        """
        if resource.versioned is None:
            return (), None
        return (MAKE, _keep(resource, resource.versioned)), await self._numbered()

    async def keep(self, content_type: str, name: str, fields: Mapping[str, Any]) -> None:
        """Keep an object that is no row of a resource, and is known by its name, as it was."""
        app_label, _, model = content_type.partition(".")
        data = msgspec.json.encode([{"pk": name, "model": content_type, "fields": fields}]).decode()
        told = {"object": name, "data": data, "app_label": app_label, "model": model}
        await self._connection.execute(KEEP_ONE, {**await self._numbered(), **told})

    async def _numbered(self) -> Mapping[str, object]:
        if "revision" not in self._values:
            row = await (await self._connection.execute(NEXT_ID)).fetchone()
            assert row is not None  # noqa: S101  (a function gives a row)
            self._values["revision"] = row[0]
        return self._values


def _keep(resource: Resource, called: str) -> str:
    app_label, _, model = resource.content_type.partition(".")
    fields = (f'{_shown(known)} AS "{known.name}"' for known in resource.fields if known.column.name != ID)
    return KEEP.format(
        content_type=resource.content_type,
        app_label=app_label,
        model=model,
        fields=", ".join(fields),
        called=called,
    )


def _shown(known: Field) -> str:
    """The value of a field as the warehouse shows it."""
    column = f'was."{known.column.name}"'
    if isinstance(known.column.type, DateTime):
        return sql_time(column)
    return f"{column}::text" if isinstance(known.column.type, Numeric) else column
