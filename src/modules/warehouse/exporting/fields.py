"""The fields of a resource for formats that keep each in a column of its own."""

from collections.abc import Callable

from sqlalchemy import Column

from src.modules.warehouse.wire import ROW, raw_text, shown_text
from src.platform.resources import Resource


def shown_fields(resource: Resource) -> str:
    """The SQL select list whose texts are the values as pages show them; JSON stays JSON."""
    return _listed(resource, shown_text)


def raw_fields(resource: Resource) -> str:
    """The SQL select list whose texts are the values as PostgreSQL writes them, which is quicker."""
    return _listed(resource, raw_text)


def _listed(resource: Resource, text: Callable[[Column[object], str], str]) -> str:
    return ", ".join(
        f"""{text(known.column, f'{ROW}."{known.column.name}"')} AS "{known.name}\"""" for known in resource.fields
    )
