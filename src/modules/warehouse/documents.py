"""What the OpenAPI document says of rows and queries, from the declarations of the resources."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from src.modules.warehouse.questions import DEFAULT_LIMIT, MAX_LIMIT
from src.platform.resources import MODIFIED, Field, Resource

Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+\.[0-9]{2}$")]
OF_TYPE: tuple[tuple[type[Any], Any], ...] = (
    (Integer, Whole),
    (JSONB, Any),
    (Boolean, bool),
    (Numeric, Amount),
    (DateTime, datetime),
    (Date, date),
    (Uuid, UUID),
    (ARRAY, list[Whole]),
    (Text, str),
)


class RowsQuery(msgspec.Struct):
    """Which rows, in which order; everything may be left out, nothing may be said twice."""

    id: Annotated[int | None, msgspec.Meta(description="The row of this id.")] = None
    id__exact: Annotated[int | None, msgspec.Meta(description="The row of this id.")] = None
    id__gt: Annotated[int | None, msgspec.Meta(description="Ids greater than this one.")] = None
    id__gte: Annotated[int | None, msgspec.Meta(description="This id and greater ones.")] = None
    id__lt: Annotated[int | None, msgspec.Meta(description="Ids less than this one.")] = None
    id__lte: Annotated[int | None, msgspec.Meta(description="This id and lesser ones.")] = None
    sort: Annotated[
        str | None,
        msgspec.Meta(
            description="Fields with commas between, each with a hyphen before it for the descending order; the id"
            " breaks ties, nulls count as the greatest, and of long texts the first 255 characters count."
        ),
    ] = None
    changed_after: Annotated[
        str | None,
        msgspec.Meta(
            description="The X-High-Water-Mark of the first page of an earlier pull: shows the rows that were written"
            " since, each once, also those whose transaction was still open then."
        ),
    ] = None


class DatedRowsQuery(RowsQuery):
    """Filters of rows that tell when they changed, by days in UTC or times in ISO 8601."""

    modified_date__gt: Annotated[str | None, msgspec.Meta(description="Changed after this day or time.")] = None
    modified_date__gte: Annotated[str | None, msgspec.Meta(description="Changed on this day or later.")] = None
    modified_date__lt: Annotated[str | None, msgspec.Meta(description="Changed before this day or time.")] = None
    modified_date__lte: Annotated[str | None, msgspec.Meta(description="Changed on this day or earlier.")] = None


class PageQuery(msgspec.Struct):
    """Which page of the rows; with a cursor, the number of the page is a label."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None, msgspec.Meta(description="As `next` has it: the place from which the next page goes on.")
    ] = None


def rows_query(resource: Resource) -> type[msgspec.Struct]:
    """The parameters that say which rows of a resource are meant."""
    return DatedRowsQuery if MODIFIED in resource.by_name else RowsQuery


def page_query(resource: Resource) -> type[msgspec.Struct]:
    """The parameters of a page."""
    base = rows_query(resource)
    paging = [(known.name, known.type, known.default) for known in msgspec.structs.fields(PageQuery)]
    return msgspec.defstruct(f"{base.__name__}OfPages", paging, bases=(base,))


def row_type(resource: Resource) -> type[msgspec.Struct]:
    """The type of a row as it is shown."""
    fields = [(known.name, _type(known, resource)) for known in resource.fields]
    about = resource.shown.about if resource.shown else None
    return msgspec.defstruct(f"{resource.name}Row", fields, namespace={"__doc__": about})


def page_type(resource: Resource) -> type[msgspec.Struct]:
    """The type of an answer with rows."""
    link = Annotated[str | None, msgspec.Meta(description="An absolute URL.")]
    return msgspec.defstruct(
        f"{resource.name}Page",
        [
            ("count", Annotated[int, msgspec.Meta(description="How many rows there are on all pages.")]),
            ("next", link),
            ("previous", link),
            ("results", list[row_type(resource)]),  # type: ignore[misc]
        ],
        namespace={"__doc__": "Some of the rows."},
    )


def _type(known: Field, resource: Resource) -> Any:
    kind = of_column(known.column)
    kind = kind | None if known.column.nullable and kind is not Any else kind
    return Annotated[kind, msgspec.Meta(description=resource.meaning(known))]


def of_column(column: Column[Any]) -> Any:
    """The type on the wire of a column that holds something."""
    for kind, wire in OF_TYPE:
        if isinstance(column.type, kind):
            return wire
    raise TypeError(f"no form on the wire for {column.type!r} of {column}")
