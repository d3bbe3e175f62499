"""What a table holds of people, and what an erasure does with it: declared by the feature that owns the table.

Every table is declared, either as `Personal` or, with the reason, among those that hold nothing of a shopper. Of a
row that stays, every column is blanked unless the declaration keeps it, so that a new column is blanked by itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Column, Table, Text, TextClause
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import DefaultClause

from src.platform.resources import CHANGED_XID, MODIFIED, Rule

# What conditions on rows may read: the user's id (null for a guest), their addresses in lower case, and the content
# types and ids of all rows of theirs that have some.
USER, TYPES, IDS = "%(user)s::bigint", "%(types)s::text[]", "%(ids)s::bigint[]"
# Many people have no address: an empty one is nobody's.
EMAILS = "array_remove(%(emails)s::text[], '')"
OBJECTS = f"""(
    SELECT content_type.id AS content_type_id, told.id AS object_id
    FROM unnest({TYPES}, {IDS}) AS told (type, id)
    JOIN content_type ON content_type.app_label || '.' || content_type.model = told.type)"""
# The ids of those of one type.
IDS_OF = f"ARRAY(SELECT told.id FROM unnest({TYPES}, {IDS}) AS told (type, id) WHERE told.type = '{{type}}')"


@dataclass(frozen=True, kw_only=True, eq=False)
class Personal:
    """Rows that are about a user, or about a guest's e-mail address; they go, or stay with only what is `kept`."""

    table: Table
    # A condition on columns of the table.
    whose: str
    # Why they go, or why what is kept may stay.
    why: str
    goes: bool = False
    kept: tuple[str, ...] = ()
    # What columns are set to where that is not their default.
    becomes: Mapping[str, str] = field(default_factory=dict)
    # Columns that get a new value whenever another one changes.
    renewed: Mapping[str, str] = field(default_factory=dict)
    # Columns that the person is not told: secrets, and what only the service's own bookkeeping reads.
    withheld: tuple[str, ...] = ()
    # `app_label.model`, where others name these rows by it and their number.
    content_type: str | None = None
    # Whose a row is, as SQL of a row called `{row}`, for rows that are fed: see `guard`.
    owner: str | None = None
    # The order in which these rows are locked before all else, where whoever writes locks them before others.
    locked_by: str | None = None
    # Instead of what follows from the rest.
    statements: tuple[str, ...] = ()

    @cached_property
    def blanked(self) -> Mapping[str, str]:
        """What each column that is not kept is set to, as SQL; of rows that stay."""
        return {
            str(column.name): self.becomes.get(column.name) or _default(column)
            for column in self.table.columns
            if column.name in self.becomes
            or not (column.primary_key or column.name in {CHANGED_XID, *self.kept, *self._renewed})
        }

    @cached_property
    def erasing(self) -> tuple[str, ...]:
        """The statements that end these rows, or what is personal of them; run again they change nothing."""
        if self.statements:
            return self.statements
        if self.goes:
            return (f'DELETE FROM "{self.table.name}" WHERE {self.whose}',)
        if not self.blanked:
            return ()
        sets = ", ".join(f'"{name}" = {value}' for name, value in {**self.blanked, **self._renewed}.items())
        differs = " OR ".join(f'"{name}" IS DISTINCT FROM ({value})' for name, value in self.blanked.items())
        return (f'UPDATE "{self.table.name}" SET {sets} WHERE ({self.whose}) AND ({differs})',)

    @property
    def locking(self) -> str | None:
        """The statement that locks the rows, where they are locked first."""
        if self.locked_by is None:
            return None
        return f'SELECT FROM "{self.table.name}" WHERE {self.whose} ORDER BY {self.locked_by} FOR UPDATE'

    @property
    def ids(self) -> str:
        """The statement that finds the numbers of the rows."""
        return f'SELECT id FROM "{self.table.name}" WHERE {self.whose}'

    @cached_property
    def _renewed(self) -> Mapping[str, str]:
        dated = {MODIFIED: "clock_timestamp()"} if MODIFIED in self.table.columns else {}
        return {**dated, **self.renewed}


def guard(declared: Personal, fed: Collection[str]) -> Rule | None:
    """What rows that tell columns of `fed` must fulfil, lest an erased user's data comes back with them.

    Of a row that stays, what was blanked must not be told; one that went must not be made again.
    """
    if declared.owner is None:
        return None
    table = declared.table.name
    # For a new row nothing is looked for: a table that was empty when it was last analysed would be read as a whole.
    owners = f"""{declared.owner.format(row="changed_row")}, CASE WHEN changed_row.target IS NOT NULL THEN (SELECT
        {declared.owner.format(row="stored")} FROM "{table}" AS stored WHERE stored.id = changed_row.target) END"""
    # Not by users.is_anonymized, which shops also set themselves and feed on.
    erased = f"EXISTS (SELECT FROM erasure WHERE erasure.user_id IN ({owners}))"
    if declared.goes:
        return Rule("id", f"NOT {erased}", "belongs to a user who was erased")
    told = " OR ".join(
        _told(declared.table.columns[name], value) for name, value in declared.blanked.items() if name in fed
    )
    return Rule("id", f"NOT {erased} OR ({told}) IS NOT TRUE", "tells of a user who was erased")


def _told(column: Column[object], blank: str) -> str:
    """Whether a row that is fed tells something where there is to be nothing."""
    name = f'changed_row."{column.name}"'
    if isinstance(column.type, Text):
        return f"coalesce({name}, '') NOT IN ('', coalesce({blank}, ''))"
    if isinstance(column.type, JSONB):
        return f"coalesce({name}, '{{}}') NOT IN ('{{}}', '[]', 'null')"
    return f"{name} <> {blank}" if blank != "NULL" else f"{name} IS NOT NULL"


def _default(column: Column[object]) -> str:
    clause = column.server_default
    if isinstance(clause, DefaultClause):
        return clause.arg.text if isinstance(clause.arg, TextClause) else str(clause.arg)
    if not column.nullable:
        raise ValueError(f"{column.table.name}.{column.name}: nothing says what an erasure sets it to")
    return "NULL"
