"""High-water marks: exactly which transactions an answer has seen (docs/adr/0013).

A mark travels as an opaque text. Whatever comes back as one is checked: numbers alone get into statements.
"""

import base64
from typing import Annotated, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from src.modules.warehouse.wire import ROW
from src.platform.database import Connection
from src.platform.errors import InvalidFields, ServiceUnavailable
from src.platform.resources import CHANGED_XID

CHANGED_AFTER = "changed_after"
HIGH_WATER_MARK = "X-High-Water-Mark"
# Of more transactions than that it is not told which run: a mark must fit into an address, beside a cursor's values.
MOST_RUNNING = 250
MOST_CHARACTERS = 10_000

# The columns of a statement from which `Now.read` learns what it sees.
# The timeline counts how often a replica took over or a backup was put back: the numbers of transactions go on from an
# earlier one then. (A replica learns of a new timeline a little later, and refuses the marks of it until then.)
SEEN_NOW = """pg_current_snapshot()::text, pg_is_in_recovery(), CASE WHEN pg_is_in_recovery()
    THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END"""
# A replica does not know which transactions run: what is newer than the oldest of them has to wait.
SETTLED = (
    f"{ROW}.{CHANGED_XID} < (SELECT CASE WHEN pg_is_in_recovery()"
    f" THEN pg_snapshot_xmin(pg_current_snapshot())::text ELSE '{2**63 - 1}' END::bigint)"
)

_Distance: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class Snapshot(msgspec.Struct, frozen=True):
    """Which transactions had ended: all before `xmin`, none from `xmax` on, and those between that did not run."""

    xmin: int
    xmax: int
    running: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Snapshot":
        """What PostgreSQL writes for a pg_snapshot."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), tuple(map(int, running.split(","))) if running else ())

    def settled(self) -> "Snapshot":
        """The snapshot that has seen only what is older than all that ran."""
        return Snapshot(self.xmin, self.xmin)

    def seen(self, alias: str = ROW) -> str:
        """The SQL condition on rows whose last change is in the snapshot."""
        changed = f"{alias}.{CHANGED_XID}"
        if self.xmin == self.xmax:
            return f"{changed} < {self.xmin}"
        return f"({changed} < {self.xmin} OR ({changed} < {self.xmax} AND {changed} <> ALL ({self._running})))"

    def unseen(self, alias: str = ROW) -> str:
        """The SQL condition on rows that changed after the snapshot; its first part is for an index."""
        changed = f"{alias}.{CHANGED_XID}"
        if self.xmin == self.xmax:
            return f"{changed} >= {self.xmin}"
        return f"({changed} >= {self.xmin} AND ({changed} >= {self.xmax} OR {changed} = ANY ({self._running})))"

    @property
    def _running(self) -> str:
        return f"'{{{','.join(map(str, self.running))}}}'::bigint[]"


class Mark(NamedTuple):
    """A snapshot, and the history of the database cluster whose transactions it counts."""

    system: int
    snapshot: Snapshot

    def written(self) -> "WrittenMark":
        """What is written of it."""
        xmin, xmax, running = self.snapshot.xmin, self.snapshot.xmax, self.snapshot.running
        return WrittenMark(self.system, xmin, xmax - xmin, [xid - xmin for xid in running])

    def __str__(self) -> str:
        return to_text(self.written())


class Now(NamedTuple):
    """What a statement saw, `newest` being the first transaction that had not begun."""

    mark: Mark
    newest: int
    on_replica: bool

    @classmethod
    def read(cls, system: int, snapshot: str, on_replica: bool, timeline: int) -> "Now":
        """From the columns SEEN_NOW of a statement on the cluster `system`."""
        seen = Snapshot.read(snapshot)
        system ^= timeline << 32
        told = seen.settled() if on_replica or len(seen.running) > MOST_RUNNING else seen
        return cls(Mark(system, told), seen.xmax, on_replica)

    def check(self, mark: Mark, parameter: str) -> None:
        """Raises InvalidFields for a mark that this database has not written or has forgotten.

        On a replica that is behind the mark it raises ServiceUnavailable: it will catch up.
        """
        # A replica that has seen a newer transaction may not have seen those that are still to end on the primary.
        newest = self.mark.snapshot.xmin if self.on_replica else self.newest
        if mark.system == self.mark.system and mark.snapshot.xmax <= newest:
            return
        if mark.system == self.mark.system and self.on_replica:
            raise ServiceUnavailable
        raise _foreign(parameter)


class WrittenMark(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A mark as it is written: distances are shorter than numbers."""

    system: int
    xmin: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    span: _Distance
    running: Annotated[list[_Distance], msgspec.Meta(max_length=MOST_RUNNING)]

    def read(self) -> Mark:
        """The mark; raises ValueError when there can be no such one."""
        if any(distance >= self.span for distance in self.running) or self.xmin + self.span >= 2**63:
            raise ValueError
        running = tuple(self.xmin + distance for distance in self.running)
        return Mark(self.system, Snapshot(self.xmin, self.xmin + self.span, running))


_READER = msgspec.msgpack.Decoder(WrittenMark)
_systems: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()


def read_mark(text: str) -> Mark:
    """The mark that a text stands for; raises InvalidFields."""
    try:
        mark: Mark = from_text(text, _READER).read()
    except ValueError as error:
        raise _foreign(CHANGED_AFTER) from error
    return mark


def _foreign(parameter: str) -> InvalidFields:
    return InvalidFields({parameter: "Not a mark of this database"})


async def system_of(connection: Connection) -> int:
    """The number of the database cluster that a connection leads to."""
    system = _systems.get(connection)
    if system is None:
        cursor = await connection.execute("SELECT system_identifier FROM pg_control_system()")
        system = int((await cursor.fetchone() or (0,))[0])
        _systems[connection] = system
    return system


def to_text(written: msgspec.Struct) -> str:
    """Anything as a short text for addresses."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(written)).rstrip(b"=").decode()


def from_text(text: str, reader: "msgspec.msgpack.Decoder[Any]") -> Any:
    """What `to_text` made a text of; raises ValueError when it did not make this one."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    try:
        return reader.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except RecursionError as error:
        raise ValueError from error
