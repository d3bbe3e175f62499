"""The fields of a resource for formats that keep each in a column of its own."""

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from src.modules.warehouse.wire import DAY, ROW
from src.platform.resources import Resource
from src.platform.wire import sql_time


def shown_fields(resource: Resource) -> str:
    """The SQL select list whose texts are the values as pages show them; JSON stays JSON."""
    return _listed(resource, shown=True)


def raw_fields(resource: Resource) -> str:
    """The SQL select list whose texts are the values as PostgreSQL writes them, which is quicker."""
    return _listed(resource, shown=False)


def _listed(resource: Resource, *, shown: bool) -> str:
    parts = []
    for known in resource.fields:
        value = f'{ROW}."{known.column.name}"'
        parts.append(f'{_shown(known.column, value) if shown else _raw(known.column, value)} AS "{known.name}"')
    return ", ".join(parts)


def _shown(column: Column[object], value: str) -> str:
    match column.type:
        case Boolean():
            return f"{value}::text"
        case DateTime():
            return sql_time(value)
        case Date():
            return DAY.format(value)
    return _raw(column, value)


def _raw(column: Column[object], value: str) -> str:
    match column.type:
        case Integer() | JSONB() | Text() | Uuid() | Boolean() | DateTime() | Date():
            return value
        case Numeric(scale=scale):
            return value if scale == 2 else f"round({value}, 2)"
        case ARRAY():
            return f"to_json({value})"
    raise TypeError(f"no form in a column for {column.type!r} of {column}")
