"""What a query asks for: which rows, in which order. Everything that makes no sense is refused by its name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ARRAY, Column, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from src.modules.warehouse.wire import ROW
from src.platform.errors import InvalidFields
from src.platform.paging import whole_number
from src.platform.resources import ID, MODIFIED, Field, Resource

# An SQL text and the values of its places, for cursors that put them in themselves: plans depend on them.
Part: TypeAlias = tuple[str, list[Any]]

COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
IDS = {ID: "=", **{f"{ID}__{name}": operator for name, operator in (*COMPARED.items(), ("exact", "="))}}
DATES = {f"{MODIFIED}__{name}": operator for name, operator in COMPARED.items()}
SORT = "sort"
# Texts are put in order by so many characters: a cursor, which holds them, must fit into an address.
SORTED_CHARACTERS = 255
MOST_KEYS = 5
MOST = 2**63 - 1


@dataclass(frozen=True)
class Filters:
    """Bounds of columns that every row shown must keep; `told` says them the same way for the same rows."""

    bounds: tuple[tuple[str, str, int | datetime], ...]
    where: str | None

    @property
    def told(self) -> str:
        """A text that two queries share only if they ask for the same rows."""
        return ";".join(f"{column}{operator}{value}" for column, operator, value in sorted(self.bounds, key=str))

    def condition(self) -> Part:
        """The SQL condition on the row that wire.ROW names, and the values of its places."""
        parts = [f'{ROW}."{column}" {operator} %s' for column, operator, _ in self.bounds]
        return " AND ".join([*parts, f"({self.where or True})"]), [value for _, _, value in self.bounds]


class SortKey(NamedTuple):
    """A field to sort by; nulls are the greatest."""

    field: Field
    descending: bool
    # What is compared, in SQL.
    expression: str


def told_once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters of a query; raises InvalidFields for one that is there twice."""
    told: dict[str, str] = {}
    faults = {}
    for name, value in pairs:
        if name in told:
            faults[name] = "Given more than once"
        told[name] = value
    if faults:
        raise InvalidFields(faults)
    return told


def read_filters(query: Mapping[str, str], resource: Resource) -> Filters:
    """The filters that `query` consists of; raises InvalidFields for all that are unknown or make no sense."""
    bounds: list[tuple[str, str, int | datetime]] = []
    faults = {}
    for name, text in query.items():
        value: int | datetime | None
        if name in IDS:
            value = _whole(text)
            if value is None:
                faults[name] = "A valid whole number is required"
            else:
                bounds.append((ID, IDS[name], value))
        elif name in DATES and MODIFIED in resource.by_name:
            value = _moment(text, end=DATES[name] in (">", "<="))
            if value is None:
                faults[name] = "Must be a date or a time, like 2025-01-10 or 2025-01-10T14:00:00Z"
            else:
                bounds.append((MODIFIED, DATES[name], value))
        else:
            faults[name] = "Unknown parameter"
    if faults:
        raise InvalidFields(faults)
    return Filters(tuple(bounds), resource.shown.where if resource.shown else None)


def read_sort(text: str | None, resource: Resource) -> tuple[SortKey, ...]:
    """The fields to sort by, of which the last is always the id; raises InvalidFields."""
    keys: dict[str, SortKey] = {}
    fields = [] if text is None else text.split(",")
    if len(fields) > MOST_KEYS:
        raise InvalidFields({SORT: "Rows can't be sorted by more than %(most)s fields"}, {"most": MOST_KEYS})
    for told in fields:
        known = resource.by_name.get(told.removeprefix("-"))
        if known is None or isinstance(known.column.type, JSONB | ARRAY):
            raise InvalidFields({SORT: "Rows can't be sorted by %(field)s"}, {"field": told[:SORTED_CHARACTERS]})
        keys.setdefault(known.name, SortKey(known, told.startswith("-"), _compared(known.column)))
    keys.setdefault(ID, SortKey(resource.by_name[ID], False, f'{ROW}."{ID}"'))
    # No two rows have the same id, so nothing behind it counts.
    return tuple(keys.values())[: list(keys).index(ID) + 1]


def order_by(keys: Sequence[SortKey]) -> str:
    """What follows ORDER BY."""
    return ", ".join(f"{key.expression} {'DESC' if key.descending else 'ASC'}" for key in keys)


def _compared(column: Column[Any]) -> str:
    # What is indexed is no longer than that, see the integration API.
    if isinstance(column.type, Text) and not _is_indexed(column):
        return f'left({ROW}."{column.name}", {SORTED_CHARACTERS})'
    return f'{ROW}."{column.name}"'


def _is_indexed(column: Column[Any]) -> bool:
    unique = (c.columns for c in column.table.constraints if isinstance(c, UniqueConstraint))
    return any(column.name in columns for columns in (*(index.columns for index in column.table.indexes), *unique))


def _whole(text: str) -> int | None:
    # What no id can be is as far away as any.
    number = whole_number(text.removeprefix("-"), MOST)
    return -number if number is not None and text.startswith("-") else number


def _moment(text: str, *, end: bool) -> datetime | None:
    """The time that a text means; a date is its first moment, or its last (`end`), in UTC."""
    if not text.isascii():
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time.max if end else time.min, UTC)
    except ValueError:
        pass
    day, separator, hour = text.partition("T")
    try:
        # A plus sign that was not escaped arrives as a space.
        moment = datetime.fromisoformat(day + separator + hour.replace(" ", "+"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
