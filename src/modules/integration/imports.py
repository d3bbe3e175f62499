"""One import: the rows of a body go in, are compared and judged together, and change the table in one statement.

The lock of the resource is taken first, so writers of related tables take turns. The body has arrived by then
(spool.py): whoever holds the lock never waits for a client.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from psycopg import AsyncCopy, AsyncCursor
from psycopg.rows import TupleRow

from src.modules.audit import Revision
from src.modules.integration import adopting, judging, statements
from src.modules.integration.dtos import Fault, Rejection
from src.modules.integration.errors import TooManyRejected
from src.modules.integration.judging import Judgement
from src.modules.integration.rows import Batch, RowReader, Shape
from src.modules.integration.statements import Told
from src.platform.database import Connection
from src.platform.deleted_items import record_deleted
from src.platform.resources import ID, Filling, Resource

# Of advisory locks with two numbers, this is the first: those of imports.
LOCK_CLASS = 7204
MAX_REJECTED = 50_000
UNSTORABLE = Fault(None, "a value is out of range or can't be stored")


class Outcome(NamedTuple):
    """How many rows of the table were made and changed."""

    created: int
    updated: int


async def take_turn(connection: Connection, resource: Resource) -> None:
    """Wait until nobody else feeds this resource or a related one; it is ours until the transaction ends."""
    await connection.execute(statements.TAKE_TURN.format(LOCK_CLASS, resource.lock), prepare=False)


class Import:
    """Rows on their way into the table of a resource, in the transaction of a caller whose turn it is."""

    def __init__(self, connection: Connection, resource: Resource, revision: Revision) -> None:
        self.rejected: list[Rejection] = []
        self._connection = connection
        self._revision = revision
        self._resource = resource
        self._told = Told()

    async def stage(self, reader: RowReader, blocks: Iterator[bytes]) -> None:
        """Read the rows of `blocks` of lines; the server takes them in while the next ones are read."""
        staging = _Staging(self._connection, self._resource)
        try:
            for block in blocks:
                for batch in reader.read(block):
                    await staging.add(batch)
                    self._told = self._told.also(batch.shape)
                check_rejected(reader.rejected)
                await asyncio.sleep(0)  # whoever else waits for this process
        finally:
            await staging.end()
        self._reject(reader.rejected)
        if staging.arrived < staging.sent:
            await self._reject_lost(reader.received)

    async def fill(self, filling: Filling, values: Mapping[str, object]) -> None:
        """Stage the rows that a statement with these values gives."""
        await self._run(statements.create(self._resource))
        await self._run(filling.statement, values)
        self._told = Told(filling.always, filling.ever, filling.columns)

    async def finish(self, more: Sequence[str] = ()) -> Outcome:
        """Compare and judge what has been staged, and change the table; `more` as in `statements.merge`."""
        if self._told.columns:
            cursor = await self._run(statements.compare(self._resource, self._told))
            if cursor.rowcount:
                return await self._change(more)
        return Outcome(0, 0)

    async def clear(self) -> None:
        """Make room for another import in the same transaction."""
        await self._run(statements.DROP)

    async def _change(self, more: Sequence[str]) -> Outcome:
        resource, told = self._resource, self._told
        adopts = adopting.adopt(resource) if told.any(resource.by_column[ID]) else None
        for statement in filter(None, [adopts, resource.locked]):
            await self._run(statement)
        await self._judge(filter(None, [judging.own_faults(resource, told)]))
        inherit_ids = judging.inherit_ids(resource, told)
        if inherit_ids:
            await self._run(inherit_ids)
        while await self._judge(judging.clashes(resource, told)) and resource.together:
            pass  # what fits together may no longer do so without those that were just forgotten
        await self._run(statements.last_ones_count(resource, told))
        if told.any(resource.by_column[ID]):
            await self._run(statements.move_sequence(resource))
        await self._make_room()
        steps, values = await self._revision.steps(resource)
        cursor = await self._run(statements.merge(resource, told, [*more, *steps]), values)
        outcome = Outcome(*(await cursor.fetchone() or (0, 0)))
        if adopts is None:
            return outcome
        gone = [row_id async for (row_id,) in await self._run(adopting.GIVEN_UP)]
        await record_deleted(self._connection, resource.content_type, gone)
        # To whoever tells their ids these rows are new.
        return Outcome(outcome.created + len(gone), outcome.updated - len(gone))

    async def _make_room(self) -> None:
        if self._resource.before:
            for statement in (statements.BY_PLAN, *self._resource.before, statements.BY_INDEX):
                await self._run(statement)

    async def _judge(self, judgements: Iterable[Judgement]) -> bool:
        """Set rows aside that may not go in; whether there were any."""
        before = len(self.rejected)
        for judgement in judgements:
            cursor = await self._run(judgement.statement)
            faults: dict[int, list[Fault]] = {}
            async for row, fault in cursor:
                faults.setdefault(row, []).append(judgement.faults[fault])
            if faults:
                self._reject(Rejection(row, found) for row, found in faults.items())
                for forget in statements.FORGET:
                    await self._run(forget, {"rows": list(faults)})
        return len(self.rejected) > before

    async def _reject_lost(self, received: int) -> None:
        """What was sent and did not arrive has a value that its type can't hold, like a huge number in JSON."""
        told = {rejection.row for rejection in self.rejected}
        cursor = await self._run(statements.LOST, (received,))
        lost = [row async for (row,) in cursor if row not in told]
        self._reject(Rejection(row, [UNSTORABLE]) for row in lost)

    async def _run(self, statement: str, values: Any = None) -> AsyncCursor[TupleRow]:
        # Never prepared: the tables that they read are others next time.
        return await self._connection.execute(statement, values, prepare=False)

    def _reject(self, rejected: Iterable[Rejection]) -> None:
        self.rejected.extend(rejected)
        check_rejected(self.rejected)


def check_rejected(rejected: Sized) -> None:
    """Raise TooManyRejected when a body has more bad rows than anybody would read about."""
    if len(rejected) > MAX_REJECTED:
        raise TooManyRejected


class _Staging:
    """COPY into `incoming_row`: one for all rows, or one after the other where their shapes differ."""

    def __init__(self, connection: Connection, resource: Resource) -> None:
        self.sent = 0
        self.arrived = 0
        self._connection = connection
        self._resource = resource
        self._shape: Shape | None = None
        self._copying: Any = None
        self._copy: AsyncCopy | None = None

    async def add(self, batch: Batch) -> None:
        """Send rows on their way."""
        if batch.shape != self._shape:
            await self.end()
            await self._begin(batch.shape)
        assert self._copy is not None  # noqa: S101  (begun just now or before)
        await self._copy.write(batch.text)
        self.sent += batch.rows

    async def end(self) -> None:
        """Wait until what was sent has arrived."""
        if self._copying is not None:
            copying, self._copying, self._shape = self._copying, None, None
            await copying.__aexit__(None, None, None)

    async def _begin(self, shape: Shape) -> None:
        given = statements.ROWS_TELL.format(shape.always)
        prepare = given if self.sent else statements.create(self._resource, shape.always)
        await self._connection.execute(prepare, prepare=False)
        self._copying = self._copied(shape)
        self._copy = await self._copying.__aenter__()
        self._shape = shape

    @asynccontextmanager
    async def _copied(self, shape: Shape) -> AsyncIterator[AsyncCopy]:
        async with self._connection.cursor() as cursor:
            async with cursor.copy(statements.copy(shape)) as copy:
                yield copy
            self.arrived += cursor.rowcount
