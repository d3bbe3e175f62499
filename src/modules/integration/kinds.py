"""The kinds of values that rows are made of: what each is on the wire, and the type it is staged as."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from src.modules.integration.copy_text import TEXTS, Texts, documents
from src.platform.resources import ID, Field, Resource

# PostgreSQL's index entries hold a third of a page; and nobody's code or address is longer.
MAX_KEY_LENGTH = 255
# Ids are JSON numbers for others, which are exact up to here; and sequences that move past them keep room.
MAX_ID = 2**53 - 1


class Kind(NamedTuple):
    """A kind of value: its type on the wire, and that of its staging column."""

    wire: Any
    stored: str

    @property
    def texts(self) -> Texts:
        """The texts of such values for COPY."""
        return documents if self.wire is msgspec.Raw else TEXTS[self.stored]


def _whole(bits: int) -> Any:
    return Annotated[int, msgspec.Meta(ge=-(2 ** (bits - 1)), le=2 ** (bits - 1) - 1)]


# The first type that the column's is an instance of; narrower types stand before those they derive from.
KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (BigInteger, Kind(_whole(64), "bigint")),
    (SmallInteger, Kind(_whole(16), "smallint")),
    (Integer, Kind(_whole(32), "integer")),
    # Without its scale, so that nothing is rounded before it is judged.
    (Numeric, Kind(Decimal, "numeric")),
    (Boolean, Kind(bool, "boolean")),
    (Text, Kind(str, "text")),
    (DateTime, Kind(Annotated[datetime, msgspec.Meta(tz=True)], "timestamptz")),
    (Date, Kind(date, "date")),
    (Uuid, Kind(UUID, "uuid")),
    (ARRAY, Kind(list[_whole(64)], "bigint[]")),  # type: ignore[misc]
    (JSONB, Kind(msgspec.Raw, "jsonb")),
)


def kind_of(resource: Resource, known: Field) -> Kind:
    """The kind of a field of `resource`; raises TypeError for a column that none of KINDS fits."""
    kind = _kind_of_column(known.column)
    if known.name in resource.types:
        return kind._replace(wire=resource.types[known.name])
    if known.name == ID:
        return kind._replace(wire=Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)])
    if kind.wire is str and known.column.name in _indexed(resource):
        return kind._replace(wire=Annotated[str, msgspec.Meta(max_length=MAX_KEY_LENGTH)])
    return kind


def _kind_of_column(column: Column[Any]) -> Kind:
    for kind_of_type, kind in KINDS:
        if isinstance(column.type, kind_of_type):
            return kind
    raise TypeError(f"no kind for {column.type!r} of {column}")


def _indexed(resource: Resource) -> set[str]:
    unique = (c.columns for c in resource.table.constraints if isinstance(c, UniqueConstraint))
    return {
        column.name for columns in (*(index.columns for index in resource.table.indexes), *unique) for column in columns
    }


def may_be_null(resource: Resource, known: Field) -> bool:
    """Whether a row may tell null: where the column can hold it, and where it means that nothing is told."""
    told_nothing = known.name == ID or (known.column.name in resource.key and known.default is not None)
    return bool(known.column.nullable) or told_nothing
