"""Which of the rows that would change something may not, judged all at once: statements over `changed_row`.

Every statement answers rows as `(row, fault)`; `fault` is the place of what is wrong in its list of faults.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from src.modules.integration.dtos import Fault
from src.modules.integration.kinds import kind_of
from src.modules.integration.rows import NAMED
from src.modules.integration.statements import Told, name, table
from src.platform.resources import ID, Field, Resource, Unique


class Judgement(NamedTuple):
    """A statement that finds rows which may not go in, and the faults that its numbers stand for."""

    statement: str
    faults: Sequence[Fault]


def own_faults(resource: Resource, told: Told) -> Judgement | None:
    """What a row is wrong in whatever the other rows are; None when nothing can be."""
    faults = [*_own_faults(resource, told)]
    if not faults:
        return None
    numbers = ", ".join(f"CASE WHEN {condition} THEN {n} END" for n, (condition, _) in enumerate(faults))
    any_fault = " OR ".join(f"({condition})" for condition, _ in faults)
    return Judgement(
        f"SELECT row, unnest(array_remove(ARRAY[{numbers}], NULL)) FROM changed_row WHERE {any_fault}",
        [fault for _, fault in faults],
    )


def inherit_ids(resource: Resource, told: Told) -> str | None:
    """Let new rows without an id have that of the first row with their key; None when no row could."""
    by_id = resource.by_column[ID]
    if not resource.key or told.all(by_id) or not told.any(by_id):
        return None
    key = ", ".join(map(name, resource.key))
    return f"""
        UPDATE changed_row SET id = first.id
        FROM (
            SELECT row, first_value(id) OVER (PARTITION BY {key} ORDER BY row) AS id
            FROM changed_row WHERE target IS NULL
        ) AS first
        WHERE first.row = changed_row.row AND changed_row.id IS NULL AND first.id IS NOT NULL"""


def clashes(resource: Resource, told: Told) -> Iterator[Judgement]:
    """Rows that would share with others what must be unique, or name others of their kind that are not there."""
    for rule in resource.together:
        yield Judgement(f"SELECT row, 0 FROM ({rule.rows}) AS unfit", [Fault(rule.field, rule.message)])
    for unique in resource.uniques:
        if _may_clash(resource, told, unique):
            yield _taken(resource, told, unique)
            yield _contested(resource, told, unique)
    for known in resource.fields:
        if known.reference and known.reference.table == resource.table.name and told.any(known):
            yield _orphaned(resource, known)


def _own_faults(resource: Resource, told: Told) -> Iterator[tuple[str, Fault]]:
    """Conditions that a row fulfils or not whatever the other rows are."""
    by_id = told.any(resource.by_column[ID])
    for known in resource.fields:
        column = name(known.column.name)
        if known.required and known.column.name not in resource.derived.made and not told.all(known):
            missing = "target IS NULL" + (f" AND NOT {told(known, 'changed_row')}" if told.any(known) else "")
            yield missing, Fault(known.name, "a new row must tell it")
        if not told.any(known):
            continue
        stored = kind_of(resource, known).stored
        if stored == "numeric":
            digits, scale = known.column.type.precision, known.column.type.scale  # type: ignore[attr-defined]
            yield (
                f"abs({column}) >= 1e{digits - scale} OR scale(trim_scale({column})) > {scale}",
                Fault(known.name, f"must be a number of up to {digits - scale} digits and {scale} decimals"),
            )
        if stored == "jsonb" and (known.default or "").startswith(("'{", "'[")):
            kind = "object" if (known.default or "").startswith("'{") else "array"
            yield f"jsonb_typeof({column}) <> '{kind}'", Fault(known.name, f"must be a JSON {kind}")
        if known.reference and known.reference.table != resource.table.name:
            yield _dangling(known, found_by_it=known.column.name in resource.key and not by_id)
    for rule in resource.rules:
        yield f"({rule.condition}) IS FALSE", Fault(rule.field, rule.message)


def _dangling(known: Field, *, found_by_it: bool) -> tuple[str, Fault]:
    """Whether the row that a field names is not there; where rows are found by it, what is found vouches for it."""
    assert known.reference is not None  # noqa: S101  (the caller has looked)
    column = name(known.column.name)
    gone = (
        f"{column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT FROM {name(known.reference.table)} AS named WHERE named.id = changed_row.{column})"
    )
    if known.reference.named_by:
        gone = f"({gone} OR {column} IS NULL AND {name(known.column.name + NAMED)} IS NOT NULL)"
    return f"{'target IS NULL AND ' if found_by_it else ''}{gone}", Fault(known.name, "does not exist")


def _may_clash(resource: Resource, told: Told, unique: Unique) -> bool:
    """Whether rows may come to share what must be unique: not where no row tells it, nor where rows are found by it."""
    if unique.columns == resource.key and not told.any(resource.by_column[ID]):
        return False
    return any(told.any(resource.by_column[column]) for column in unique.columns)


def _shared(resource: Resource, told: Told, unique: Unique) -> tuple[list[str], str]:
    """The columns of each changed row as they will be, and the join that this takes."""

    def will_be(column: str) -> str:
        known = resource.by_column[column]
        stays = f"stored.{name(column)}"
        told_value = f"changed.{name(column)}"
        if not told.all(known):
            told_value = f"CASE WHEN {told(known, 'changed')} THEN {told_value} ELSE {stays} END"
        if known.default is not None and (column in resource.key or not known.column.nullable):
            told_value = f"coalesce({told_value}, {known.default})"
        if column in resource.derived.made:
            told_value = f"coalesce({told_value}, {resource.derived.made[column]})"
        return told_value

    join = f"changed_row AS changed LEFT JOIN {table(resource)} AS stored ON stored.id = changed.target"
    return [will_be(column) for column in unique.columns], join


def _fault(resource: Resource, unique: Unique) -> list[Fault]:
    names = [resource.by_column[column].name for column in unique.columns]
    return [Fault(names[0], f"another row has the same {', '.join(names)}")]


def _taken(resource: Resource, told: Told, unique: Unique) -> Judgement:
    """Rows that would share it with a row of the table."""
    values, join = _shared(resource, told, unique)
    others = [f"other.{name(column)}" for column in unique.columns]
    same = " AND ".join(
        f"{one} = {another}" for one, another in zip(_compared(unique, others), _compared(unique, values), strict=True)
    )
    return Judgement(
        f"""
        SELECT changed.row, 0 FROM {join}
        WHERE {_counts(unique, values)} AND EXISTS (
            SELECT FROM {table(resource)} AS other
            WHERE {same} AND {_counts(unique, others)} AND other.id IS DISTINCT FROM changed.target)""",
        _fault(resource, unique),
    )


def _compared(unique: Unique, values: Sequence[str]) -> list[str]:
    pairs = zip(unique.columns, values, strict=True)
    return [unique.compared.get(column, "{}").format(value) for column, value in pairs]


def _counts(unique: Unique, values: Sequence[str]) -> str:
    """Whether a row with these values is one of those that may not share them."""
    return (
        "true"
        if unique.where is None
        else f"({unique.where})".format_map(dict(zip(unique.columns, values, strict=True)))
    )


def _contested(resource: Resource, told: Told, unique: Unique) -> Judgement:
    """Rows that would share it with an earlier row of the body which is about another row of the table."""
    values, join = _shared(resource, told, unique)
    places = [f"value_{place}" for place in range(len(values))]
    shown = ", ".join(f"{value} AS {place}" for value, place in zip(_compared(unique, values), places, strict=True))
    key = ", ".join(f"changed.{name(column)}" for column in resource.key) or "changed.row"
    return Judgement(
        f"""
        SELECT row, 0 FROM (
            SELECT row, about, first_value(about) OVER (PARTITION BY {", ".join(places)} ORDER BY row) AS first
            FROM (
                SELECT changed.row, {shown},
                       coalesce(changed.target::text, changed.id::text, ROW({key})::text) AS about
                FROM {join}
                WHERE {_counts(unique, values)}
            ) AS shared
            WHERE {" AND ".join(f"{place} IS NOT NULL" for place in places)}
        ) AS ordered
        WHERE about <> first""",
        _fault(resource, unique),
    )


def _orphaned(resource: Resource, known: Field) -> Judgement:
    """Rows that name a row of their own kind which is neither stored nor new, and rows that name those."""
    column = name(known.column.name)
    return Judgement(
        f"""
        WITH RECURSIVE orphan AS (
            SELECT row, id FROM changed_row
            WHERE {column} IS NOT NULL
              AND NOT EXISTS (SELECT FROM {table(resource)} AS named WHERE named.id = changed_row.{column})
              AND NOT EXISTS (
                  SELECT FROM changed_row AS new WHERE new.id = changed_row.{column} AND new.target IS NULL)
            UNION
            SELECT child.row, child.id FROM orphan
            JOIN changed_row AS child ON child.{column} = orphan.id
            WHERE NOT EXISTS (SELECT FROM {table(resource)} AS named WHERE named.id = child.{column})
        )
        SELECT row, 0 FROM orphan""",
        [Fault(known.name, "does not exist")],
    )
