"""What the integration API has to know of a table to fill it: one `Resource`, declared by the feature that owns it.

Most of it is read from the table itself: the fields of a row, their types, which may be null, what is the default,
which row of another table they name. A declaration adds only what a table can't say.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Table, TextClause, UniqueConstraint
from sqlalchemy.schema import DefaultClause

from src.platform.orm import Base

# A batch of rows by column: the values of each field, UNSET where a row does not tell it.
Columns: TypeAlias = dict[str, Sequence[Any]]

ID = "id"
MODIFIED = "modified_date"
CHANGED_XID = "changed_xid"  # kept by a trigger of the table

# What the fields mean that most resources have.
DATED_DOCS = {
    ID: "The number of the row.",
    "created_date": "When the row was made.",
    MODIFIED: "When the row changed last.",
}
ATTRIBUTE_DOCS = {
    "attributes": "What the shop has added, by key.",
    "attributes_kwargs": "How each of them is shown: value, label, type of data.",
    "localized_attributes": "What the shop has added in a language, by language and key.",
    "localized_attributes_kwargs": "How each of those is shown, by language and key.",
}


def table_of(model: type[Base]) -> Table:
    """The table of a model."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  (what SQLAlchemy can't say in a type)
    return table


class UnfitRow(ValueError):
    """A row tells something that no row may tell; `field` is None when it is about the row as a whole."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field


class Rule(NamedTuple):
    """What every row must fulfil: an SQL condition, and what is wrong when it is false.

    It reads the columns that the row tells (the others are null) and `target`, the id of the row that it changes.
    """

    field: str
    condition: str
    message: str


class SetRule(NamedTuple):
    """What rows must fulfil together: a statement that finds the `row` of those in `changed_row` which do not."""

    field: str
    rows: str
    message: str


class Unique(NamedTuple):
    """Columns that no two rows may share.

    In `compared` stands `{}` for a column that is not compared as it is, in `where`, the rows that count, its name.
    """

    columns: tuple[str, ...]
    compared: Mapping[str, str] = MappingProxyType({})
    where: str | None = None


class Adoption(NamedTuple):
    """Rows that were made here for want of their owner's: they take the ids of his as soon as he tells them.

    A condition on `ours`, a row of the table, and `fed`, a new one with an id; where several fit, the `first`.
    """

    condition: str
    first: str = "true"


@dataclass(frozen=True)
class Derived:
    """Columns that follow from the rows that go in, `changed`, and of an existing one also from `target`, as it was."""

    made: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    # `changed_row`, perhaps with more columns beside those that it has.
    source: str = "changed_row"


@dataclass(frozen=True)
class Effects:
    """What follows from a change, in the same statement: common table expressions that read `merged`.

    `merged` has a row for each row that was really made, changed or deleted, with `old_<column>` and `new_<column>`
    for each of `columns`; the old ones are null for a new row, the new ones for a deleted one.
    """

    columns: tuple[str, ...]
    steps: Mapping[str, str]


class Filling(NamedTuple):
    """Rows that a statement puts into `incoming_row`: bits of what each and what any of them tells, and its columns."""

    statement: str
    always: int
    ever: int
    columns: frozenset[str]


class Reference(NamedTuple):
    """The table whose row a column names, and the column by whose text that row may be named instead of by its id."""

    table: str
    named_by: str | None


class Field(NamedTuple):
    """A field of a row as it comes in, and the column that keeps it."""

    name: str
    column: Column[Any]
    bit: int
    reference: Reference | None

    @property
    def default(self) -> str | None:
        """The SQL expression that a new row gets where it does not tell this field; None is null."""
        clause = self.column.server_default
        if not isinstance(clause, DefaultClause):
            return None
        return clause.arg.text if isinstance(clause.arg, TextClause) else str(clause.arg)

    @property
    def required(self) -> bool:
        """Whether a new row must tell it."""
        return not self.column.nullable and self.column.server_default is None and self.column.name != ID


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How the warehouse tells of a resource: every field that comes in also goes out, in the same shape."""

    # A heading, and one or two sentences on what a row is.
    title: str
    about: str
    # What fields mean, by their names; a column's own `doc` says it too.
    docs: Mapping[str, str] = field(default_factory=dict)
    # The rows that are shown: a condition on columns of `"row"`.
    where: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """A table that rows may be fed into, and the rules they come in by."""

    path: str
    table: Table
    # `app_label.model`, under which a deleted row leaves its tombstone.
    content_type: str
    # Writers of resources with the same lock take turns, so that they never wait for each other's rows in a circle.
    lock: int
    # None where the warehouse shows none of it.
    shown: Shown | None = None
    # The columns by which a row that does not tell its id is found.
    key: tuple[str, ...] = ()
    # Columns that are not for others to fill.
    hidden: frozenset[str] = frozenset()
    # Columns of references whose row may also be named by the text of another of its columns.
    named_by: Mapping[str, str] = field(default_factory=dict)
    # The types of fields where the column's own is too wide, and of fields that only `complete` reads.
    types: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    together: tuple[SetRule, ...] = ()
    unique: tuple[Unique, ...] = ()
    adopts: Adoption | None = None
    # A statement that locks what must not change while the rows of `changed_row` are judged and go in.
    locked: str | None = None
    # Statements that make room for the rows of `changed_row`, which have been judged.
    before: tuple[str, ...] = ()
    derived: Derived = field(default_factory=Derived)
    # Fills in what follows from other fields of the same row, takes away those of `types` that have no column, and
    # raises UnfitRow when fields contradict each other.
    complete: Callable[[Columns], None] | None = None
    effects: Effects | None = None
    # Instead of a DELETE: the assignments that end a row, and the condition on rows that have not ended yet.
    ending: tuple[str, str] | None = None
    # What a row is called in a few words, as SQL of its columns, where its changes are kept as versions.
    versioned: str | None = None
    # Conditions on `{id}` under which a row can't be deleted, beyond foreign keys.
    in_use: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as one word, for the names of types and operations."""
        return "".join(word.capitalize() for word in re.split(r"\W", self.path))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields of a row that have a column, in the table's order."""
        shown = [c for c in self.table.columns if c.name not in self.hidden and c.name != CHANGED_XID]
        return tuple(self._field(column, place) for place, column in enumerate(shown))

    @cached_property
    def by_column(self) -> Mapping[str, Field]:
        """The fields by the name of their column."""
        return {known.column.name: known for known in self.fields}

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by the name they come in with."""
        return {known.name: known for known in self.fields}

    def meaning(self, known: Field) -> str:
        """What a field of a row means, in a few words; empty where nobody has said it."""
        return (self.shown.docs.get(known.name) if self.shown else None) or known.column.doc or ""

    @cached_property
    def uniques(self) -> tuple[Unique, ...]:
        """Everything that no two rows may share, apart from the id."""
        constraints = (
            Unique(tuple(column.name for column in constraint.columns))
            for constraint in sorted(
                (c for c in self.table.constraints if isinstance(c, UniqueConstraint)),
                key=lambda c: [column.name for column in c.columns],
            )
        )
        known = self.by_column.keys()
        return (*self.unique, *(unique for unique in constraints if known >= set(unique.columns)))

    def _field(self, column: Column[Any], place: int) -> Field:
        target = next(iter(column.foreign_keys), None)
        if target is None:
            return Field(str(column.name), column, 1 << place, None)
        reference = Reference(target.target_fullname.partition(".")[0], self.named_by.get(column.name))
        return Field(str(column.name).removesuffix("_id"), column, 1 << place, reference)


def one_per_path(resources: Iterable[Resource]) -> dict[str, Resource]:
    """The resources by their path; raises ValueError when two have the same."""
    found: dict[str, Resource] = {}
    for resource in resources:
        if found.setdefault(resource.path, resource) is not resource:
            raise ValueError(f"two resources at {resource.path}")
    return found
