"""How rows look to those who read the warehouse, as PostgreSQL writes them: nothing decodes them on the way out.

Times are in UTC with microseconds and `Z`, amounts are texts with two decimals, and JSON is as it is kept.
"""

from functools import cache

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from src.platform.resources import Resource
from src.platform.wire import sql_time

# What statements call the row that is shown; conditions of `Shown.where` do so too.
ROW = '"row"'

DAY = "to_char({}, 'YYYY-MM-DD')"
# PostgreSQL functions take up to a hundred arguments.
_MOST_ARGUMENTS = 100


@cache
def row_json(resource: Resource, alias: str = ROW) -> str:
    """The SQL expression, a text, of a row's JSON on one line; it holds no percent sign."""
    parts: list[str] = []
    text = "{"
    for known in resource.fields:
        value, quoted = _json(known.column, f'{alias}."{known.column.name}"')
        quote = '"' if quoted else ""
        if known.column.nullable:
            value = f"""coalesce('"' || {value} || '"', 'null')""" if quoted else f"coalesce(({value})::text, 'null')"
            quote = ""
        parts += [f"""'{text}"{known.name}":{quote}'""", value]
        text = f"{quote},"
    parts.append(f"'{text.removesuffix(',')}}}'")
    while len(parts) > _MOST_ARGUMENTS:
        parts = [_concat(parts[n : n + _MOST_ARGUMENTS]) for n in range(0, len(parts), _MOST_ARGUMENTS)]
    return _concat(parts)


def _json(column: Column[object], value: str) -> tuple[str, bool]:
    """The SQL expression whose text is the JSON of a value, and whether it lacks quotes around it."""
    match column.type:
        case Text():
            return f"to_json({value})", False
        case Numeric() | DateTime() | Date() | Uuid():
            return shown_text(column, value), True
    return shown_text(column, value), False


def shown_text(column: Column[object], value: str) -> str:
    """The SQL expression whose text is a value as pages show it, without the quotes around it."""
    match column.type:
        case Boolean():
            return f"{value}::text"
        case DateTime():
            return sql_time(value)
        case Date():
            return DAY.format(value)
    return raw_text(column, value)


def raw_text(column: Column[object], value: str) -> str:
    """The SQL expression whose text is a value as PostgreSQL writes it; raises TypeError for a type that has none."""
    match column.type:
        case Integer() | JSONB() | Text() | Uuid() | Boolean() | DateTime() | Date():
            return value
        case Numeric(scale=scale):
            return value if scale == 2 else f"round({value}, 2)"
        case ARRAY():
            return f"to_json({value})"
    raise TypeError(f"no form on the wire for {column.type!r} of {column}")


def _concat(parts: list[str]) -> str:
    return f"concat({', '.join(parts)})"
