"""The SQL of an import, made from a resource's declaration.

Rows go through temporary tables: `incoming_row` holds the body as it came, `changed_row` those of its rows that would
make or change a row of the table; `target` is the id of that row, null for a new one.

`given` tells by one bit each which fields a row of the body has; statements ask for it only where a body mixes rows.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from src.modules.integration.kinds import kind_of
from src.modules.integration.rows import NAMED, Shape
from src.platform.resources import CHANGED_XID, ID, MODIFIED, Field, Resource

# An import may take as long as it needs, but waits for others only so long. Its joins are worth some memory, nothing
# that they read is sorted, and each of its statements is new: compiling it costs more than it saves. The room for
# temporary tables stays with a session once it has used it, so it is asked for here and not for every connection.
TAKE_TURN = """
SET LOCAL statement_timeout = '30min'; SET LOCAL lock_timeout = '60s'; SET LOCAL work_mem = '32MB';
SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; SET LOCAL temp_buffers = '32MB';
SELECT pg_advisory_xact_lock({}, {})"""
# Temporary tables have no statistics: without a hint, a few changes are worth reading the whole table to the planner.
BY_PLAN = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = on"
BY_HASH = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = on"
# A table that is known to be empty would be read as a whole for each row, and grows with every one that goes in.
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = off"
ROWS_TELL = "ALTER TABLE incoming_row ALTER COLUMN given SET DEFAULT {}"
LOST = "SELECT generate_series(0, %s - 1) EXCEPT SELECT row FROM incoming_row"
FORGET = (
    "DELETE FROM changed_row WHERE row = ANY(%(rows)s)",
    "DELETE FROM incoming_row WHERE row = ANY(%(rows)s)",
)
DROP = "DROP TABLE incoming_row, changed_row"


class Told(NamedTuple):
    """What rows tell: bits of the fields that each and that any has, and the staging columns that they fill."""

    always: int = -1
    ever: int = 0
    columns: frozenset[str] = frozenset()

    def __call__(self, known: Field, row: str) -> str:
        """The condition under which `row` tells the field."""
        if self.always & known.bit:
            return "true"
        return f"({row}.given & {known.bit} <> 0)" if self.ever & known.bit else "false"

    def any(self, known: Field) -> bool:
        """Whether a row tells the field."""
        return bool(self.ever & known.bit)

    def all(self, known: Field) -> bool:
        """Whether every row tells the field."""
        return bool(self.always & known.bit)

    def named(self, known: Field) -> bool:
        """Whether a row tells the field by a text of the row that it names."""
        return known.column.name + NAMED in self.columns

    def also(self, shape: Shape) -> "Told":
        """What is told when rows of this shape are added."""
        return Told(self.always & shape.always, self.ever | shape.ever, self.columns.union(shape.columns))


def name(column: str) -> str:
    """A column's name where it might be a word of SQL."""
    return f'"{column}"'


def table(resource: Resource) -> str:
    """The name of the table that the resource keeps its rows in."""
    return name(resource.table.name)


def create(resource: Resource, given: int = 0) -> str:
    """The temporary tables of an import, gone with its transaction; rows that don't say so tell what `given` says."""
    columns = ", ".join(f"{name(column)} {kind}" for column, kind in _staged(resource))
    return f"""
        {BY_PLAN};
        CREATE TEMPORARY TABLE incoming_row (row bigint, given bigint DEFAULT {given}, {columns}) ON COMMIT DROP;
        CREATE TEMPORARY TABLE changed_row (row bigint, given bigint, target bigint, {columns}) ON COMMIT DROP"""


def _staged(resource: Resource) -> Iterable[tuple[str, str]]:
    for known in resource.fields:
        yield known.column.name, kind_of(resource, known).stored
        if known.reference and known.reference.named_by:
            yield known.column.name + NAMED, "text"


def copy(shape: Shape) -> str:
    """COPY of rows of one shape; values that their type can't hold lose their row, which the count tells."""
    columns = ", ".join(map(name, shape.columns))
    return f"COPY incoming_row ({columns}) FROM STDIN WITH (ON_ERROR ignore, LOG_VERBOSITY silent)"


def compare(resource: Resource, told: Told) -> str:
    """Find the rows that would change something."""
    filled = [known for known in resource.fields if told.any(known) or known.column.name in resource.key]
    columns = [name(known.column.name) for known in filled]
    values = [_value(resource, told, known) for known in filled]
    texts = [name(known.column.name + NAMED) for known in resource.fields if told.named(known)]
    return f"""
        INSERT INTO changed_row ({", ".join(["row", "given", "target", *columns, *texts])})
        SELECT {", ".join(["incoming.row", "incoming.given", "target.id", *values, *(f"incoming.{t}" for t in texts)])}
        FROM {_compared(resource, told)}
        WHERE target.id IS NULL OR NOT ({_same(resource, told)})"""


def _compared(resource: Resource, told: Told) -> str:
    """Rows of the body, each beside the row of the table that it is about."""
    joins = [_join_named(known) for known in resource.fields if told.named(known)]
    return " ".join(
        [
            "incoming_row AS incoming",
            *joins,
            f"LEFT JOIN {table(resource)} AS target ON {_match(resource, told)}",
        ]
    )


def _join_named(known: Field) -> str:
    assert known.reference is not None  # noqa: S101  (only references are named)
    reference, named = known.reference, name(known.column.name + NAMED)
    return (
        f"LEFT JOIN {name(reference.table)} AS {named}"
        f" ON {named}.{name(reference.named_by or ID)}::text = incoming.{named}"
    )


def _match(resource: Resource, told: Told) -> str:
    """Which row of the table one of the body is about: that of its id; without one, that of its key."""
    by_id = resource.by_column[ID]

    def keyed(row: str) -> str:
        return " AND ".join(
            f"{row}.{name(column)} = {_value(resource, told, resource.by_column[column])}" for column in resource.key
        )

    if told.all(by_id) or (told.any(by_id) and not resource.key):
        return "target.id = incoming.id"
    if not told.any(by_id):
        return keyed("target") or "false"
    found = f"SELECT keyed.id FROM {table(resource)} AS keyed WHERE {keyed('keyed')}"
    return f"target.id = coalesce(incoming.id, ({found}))"


def _same(resource: Resource, told: Told) -> str:
    """Whether the row of the table is already what the row of the body tells."""
    found_by = {ID} if told.any(resource.by_column[ID]) else set(resource.key)
    same = []
    for known in resource.fields:
        value = _value(resource, told, known)
        if told.any(known) and known.column.name not in found_by:
            as_it_is = f"target.{name(known.column.name)} IS NOT DISTINCT FROM {value}"
            same.append(as_it_is if told.all(known) else f"(NOT {told(known, 'incoming')} OR {as_it_is})")
        if told.named(known):
            # A name that names nothing is not null: it is wrong.
            same.append(f"(incoming.{name(known.column.name + NAMED)} IS NULL OR {value} IS NOT NULL)")
    return " AND ".join(same) or "true"


def _value(resource: Resource, told: Told, known: Field) -> str:
    """The value of a column that a row of the body tells."""
    column = known.column.name
    value = f"incoming.{name(column)}"
    if told.named(known):
        value = f"coalesce({value}, {name(column + NAMED)}.id)"
    default = known.default if column in resource.key else None
    return f"coalesce({value}, {default})" if default is not None else value


def last_ones_count(resource: Resource, told: Told) -> str:
    """Of several rows that are about the same row of the table, forget all but the last; `merge` comes next.

    Looking for a first repeated key, the planner would hope to find one soon in a nested loop: there is seldom any.
    """
    return f"{BY_HASH}; {_forget_earlier(resource, told)}; {BY_INDEX}"


def _forget_earlier(resource: Resource, told: Told) -> str:
    by_id = resource.by_column[ID]
    if told.all(by_id) or (told.any(by_id) and not resource.key):
        columns: Sequence[str] = [ID]
    elif not told.any(by_id) and all(_named_one_way(told, resource.by_column[c]) for c in resource.key):
        columns = resource.key
    else:
        return _forget_earlier_by_any_name(resource, told)
    if not columns:  # Without an id and without a key each row is one of its own.
        return "SELECT"

    def keyed(row: str) -> str:
        return ", ".join(_keyed(resource, told, column, row) for column in columns)

    # The last row of each key once, because each row beside every other of its key would be too many; and only when
    # some key is there twice, which is seldom and seen at the first one.
    return f"""
        DELETE FROM changed_row USING (
            SELECT ROW ({keyed("told")}) AS key, max(told.row) AS row FROM incoming_row AS told
            WHERE (SELECT EXISTS (
                SELECT FROM changed_row, incoming_row AS later
                WHERE ROW ({keyed("later")}) = ROW ({keyed("changed_row")}) AND later.row > changed_row.row))
              AND ROW ({keyed("told")}) IS NOT NULL
            GROUP BY {keyed("told")} HAVING count(*) > 1
        ) AS last
        WHERE last.key = ROW ({keyed("changed_row")}) AND last.row > changed_row.row"""


def _named_one_way(told: Told, known: Field) -> bool:
    """Whether all rows name what a field names in the same way."""
    return not told.named(known) or known.column.name not in told.columns


def _keyed(resource: Resource, told: Told, column: str, row: str) -> str:
    known = resource.by_column[column]
    value = f"{row}.{name(column + NAMED if told.named(known) else column)}"
    return f"coalesce({value}, {known.default})" if known.default is not None else value


def _forget_earlier_by_any_name(resource: Resource, told: Told) -> str:
    """Where one row of the body tells an id and another a key, only the table knows that they mean the same."""
    about = "coalesce(target, id)"
    keys = [f"CASE WHEN {about} IS NULL THEN {name(column)} END" for column in resource.key]
    changed = ", ".join(["row", "target", "id", *map(name, resource.key)])
    unchanged = ", ".join(["incoming.row", "target.id", "NULL", *("NULL" for _ in resource.key)])
    return f"""
        DELETE FROM changed_row USING (
            SELECT row, row_number() OVER (PARTITION BY {", ".join([about, *keys])} ORDER BY row DESC) AS place
            FROM (
                SELECT {changed} FROM changed_row
                UNION ALL
                SELECT {unchanged} FROM {_compared(resource, told)}
                WHERE target.id IS NOT NULL AND {_same(resource, told)}
            ) AS told
        ) AS placed
        WHERE placed.row = changed_row.row AND placed.place > 1"""


def move_sequence(resource: Resource) -> str:
    """Let the ids that the table makes itself begin behind those that new rows bring."""
    return f"""
        SELECT setval(own.sequence, brought.id)
        FROM (SELECT max(id) AS id FROM changed_row WHERE id IS DISTINCT FROM target) AS brought,
             (SELECT pg_get_serial_sequence('{table(resource)}', '{ID}')::regclass AS sequence) AS own
        WHERE brought.id > coalesce(pg_sequence_last_value(own.sequence), 0)"""


def merge(resource: Resource, told: Told, more: Sequence[str] = ()) -> str:
    """Make and change the rows of the table, with what follows from that; answers how many were made and changed.

    `more` are further statements that read `merged`, see `resources.Effects`; of a resource with versions it also has
    `replaced`, the whole row as it was.
    """
    found_by = {ID} if told.any(resource.by_column[ID]) else {ID, *resource.key}
    derived = resource.derived
    changes = [
        f"{name(known.column.name)} = {_chosen(known, told, f'target.{name(known.column.name)}')}"
        for known in resource.fields
        if told.any(known) and known.column.name not in {MODIFIED, *found_by, *derived.changed}
    ]
    changes += [f"{name(column)} = {value}" for column, value in derived.changed.items()]
    if resource.adopts:
        changes.append(f"{ID} = coalesce(changed.id, target.id)")
    if CHANGED_XID in resource.table.columns:
        # Spares each row the trigger that would see to it.
        changes.append(f"{CHANGED_XID} = DEFAULT")
    if MODIFIED in resource.by_column:
        changes.append(f"{MODIFIED} = {_chosen(resource.by_column[MODIFIED], told, 'now()')}")
    made = {ID: "DEFAULT"}
    if told.any(resource.by_column[ID]):
        made[ID] = f"coalesce(changed.id, nextval(pg_get_serial_sequence('{table(resource)}', '{ID}')))"
    for known in resource.fields:
        if told.any(known) and known.column.name != ID:
            made[known.column.name] = _chosen(known, told, known.default or "NULL")
    made |= derived.made
    return f"""
        WITH merged AS (
            MERGE INTO {table(resource)} AS target USING {derived.source} AS changed ON target.id = changed.target
            WHEN MATCHED THEN {"UPDATE SET " + ", ".join(changes) if changes else "DO NOTHING"}
            WHEN NOT MATCHED THEN INSERT ({", ".join(map(name, made))}) VALUES ({", ".join(made.values())})
            RETURNING merge_action() AS action{_old_and_new(resource)}
        ){_effects(resource, more)}
        SELECT count(*) FILTER (WHERE action = 'INSERT'), count(*) FILTER (WHERE action = 'UPDATE') FROM merged"""


def _chosen(known: Field, told: Told, otherwise: str) -> str:
    """What a row tells of a field, or something else where it tells nothing."""
    value = f"changed.{name(known.column.name)}"
    if told.all(known):
        return value
    return f"CASE WHEN {told(known, 'changed')} THEN {value} ELSE {otherwise} END" if told.any(known) else otherwise


def delete(resource: Resource, more: Sequence[str] = ()) -> str:
    """Delete the row of an id, or end it as the resource says, with what follows; answers how many there were.

    `more` as in `merge`.
    """
    if resource.ending:
        changes, goes_on = resource.ending
        gone = f"UPDATE {table(resource)} SET {changes} WHERE id = %(id)s AND ({goes_on})"
    else:
        gone = f"DELETE FROM {table(resource)} WHERE id = %(id)s"
    return f"""
        WITH merged AS ({gone} RETURNING 'DELETE' AS action{_old_and_new(resource)}){_effects(resource, more)}
        SELECT count(*) FROM merged"""


def _old_and_new(resource: Resource) -> str:
    columns = resource.effects.columns if resource.effects else ()
    replaced = "" if resource.versioned is None else ", old AS replaced"
    return "".join(f", {age}.{name(c)} AS {age}_{c}" for age in ("old", "new") for c in columns) + replaced


def _effects(resource: Resource, more: Sequence[str]) -> str:
    steps = dict(resource.effects.steps) if resource.effects else {}
    steps |= {f"more_{place}": statement for place, statement in enumerate(more)}
    return "".join(f", {step} AS ({statement})" for step, statement in steps.items())
