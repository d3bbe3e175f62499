"""From a declaration to a table of rows that another system owns: nothing here acts on them, so they are kept as told.

References point anywhere, because the rows that they name need not be here, or not yet.
"""

from typing import Any
from zlib import crc32

from advanced_alchemy.base import orm_registry
from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Numeric, Table, Text, and_, func, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from src.platform.orm import CURRENT_XID, EMPTY_LIST, EMPTY_OBJECT, NOW
from src.platform.resources import ATTRIBUTE_DOCS, CHANGED_XID, DATED_DOCS, ID, MODIFIED, Resource, Shown

CREATED = "created_date"
USER = "user"


def mirrored(
    path: str, title: str, about: str, *columns: Column[Any], content_type: str, dated: bool = True
) -> Resource:
    """A resource with a table of its own, named after its content type; `dated` rows have the two dates as well."""
    name = content_type.replace(".", "_")
    table = Table(
        name,
        orm_registry.metadata,
        Column(ID, BigInteger, Identity(always=False), primary_key=True, doc=DATED_DOCS[ID]),
        *(_dates() if dated else ()),
        *columns,
        Column(CHANGED_XID, BigInteger, server_default=CURRENT_XID, nullable=False, index=True),
        *([Index(f"ix_{name}_{MODIFIED}", MODIFIED, ID)] if dated else []),
    )
    _index_people(table)
    # Only writers of the same table take turns.
    lock = crc32(path.encode()) >> 1
    return Resource(path=path, table=table, content_type=content_type, lock=lock, shown=Shown(title=title, about=about))


def _index_people(table: Table) -> None:
    """What an erasure finds rows by: whose they are, and which order or account of somebody they belong to."""
    for column in (table.columns.get(each) for each in (USER, "order", "account")):
        if column is not None:
            Index(f"ix_{table.name}_{column.name}", column)
    address = next((column for column in table.columns if column.name in {"email", "user_email"}), None)
    if address is not None:
        guest = and_(table.columns[USER].is_(None), address.is_not(None))
        Index(f"ix_{table.name}_guest", func.lower(address), postgresql_where=guest)


def _dates() -> list[Column[Any]]:
    return [
        Column(name, TIMESTAMP(timezone=True), server_default=NOW, nullable=False, doc=DATED_DOCS[name])
        for name in (CREATED, MODIFIED)
    ]


def words(name: str, doc: str) -> Column[Any]:
    """A text."""
    return Column(name, Text, doc=doc)


def number(name: str, doc: str) -> Column[Any]:
    """A whole number, or the id of another row."""
    return Column(name, BigInteger, doc=doc)


def amount(name: str, doc: str) -> Column[Any]:
    """An amount of money or a rate, with two decimals."""
    return Column(name, Numeric(18, 2), doc=doc)


def flag(name: str, doc: str, *, default: bool | None = None) -> Column[Any]:
    """True or false; null where it is not known and there is no default."""
    return Column(name, Boolean, server_default=None if default is None else text(str(default).lower()), doc=doc)


def moment(name: str, doc: str) -> Column[Any]:
    """A time."""
    return Column(name, TIMESTAMP(timezone=True), doc=doc)


def document(name: str, doc: str) -> Column[Any]:
    """Any JSON; an empty object unless it is told, and null when that is told."""
    return Column(name, JSONB(none_as_null=True), server_default=EMPTY_OBJECT, doc=doc)


def documents(name: str, doc: str) -> Column[Any]:
    """Any JSON, or null."""
    return Column(name, JSONB(none_as_null=True), doc=doc)


def listed(name: str, doc: str) -> Column[Any]:
    """A list of any JSON; an empty one unless it is told, and null when that is told."""
    return Column(name, JSONB(none_as_null=True), server_default=EMPTY_LIST, doc=doc)


def attributes() -> tuple[Column[Any], ...]:
    """The four fields in which rows carry what a shop has added to them."""
    return tuple(document(name, doc) for name, doc in ATTRIBUTE_DOCS.items())
