"""Everything that is kept of a user, as one JSON document that flows from one snapshot of the database."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby

from src.modules.privacy import repositories
from src.modules.privacy.registry import ALL_PERSONAL
from src.modules.privacy.repositories import Person
from src.platform.database import Connection, Database
from src.platform.errors import NotFound, ServiceUnavailable
from src.platform.personal import Personal
from src.platform.resources import CHANGED_XID
from src.platform.wire import JSON_ENCODER

# Each holds a connection and a snapshot, for as long as its reader takes.
AT_ONCE = 2
COME_BACK_AFTER_S = 5
ROWS_AT_ONCE = 200
NOW = "SELECT to_jsonb(now())::text"


class Telling:
    """Tells what is kept of people; one per process and event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free = AT_ONCE

    @asynccontextmanager
    async def begun(self, user_id: int) -> AsyncIterator["Told"]:
        """What is kept of a user, for the time of the block; raises NotFound, and ServiceUnavailable when busy."""
        if not self._free:
            raise ServiceUnavailable(retry_after_s=COME_BACK_AFTER_S)
        self._free -= 1
        try:
            async with self._database.alone() as connection:
                if not await repositories.is_known(connection, user_id):
                    raise NotFound
                yield Told(connection, await repositories.person(connection, user_id))
        finally:
            self._free += 1


class Told:
    """What was kept of a person when it was asked."""

    def __init__(self, connection: Connection, whose: Person) -> None:
        self._connection = connection
        self._whose = whose

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The document, piece by piece."""
        row = await (await self._connection.execute(NOW)).fetchone()
        assert row is not None  # noqa: S101  (a statement without FROM has one row)
        yield f'{{"user_id":{self._whose.user},"generated_at":{row[0]},"tables":{{'.encode()
        separator = b""
        for name, declared in groupby(sorted(ALL_PERSONAL, key=_table), key=_table):
            yield separator + JSON_ENCODER.encode(name) + b":["
            async for rows in self._rows(list(declared)):
                yield rows
            yield b"]"
            separator = b","
        yield b"}}"

    async def _rows(self, declared: Sequence[Personal]) -> AsyncGenerator[bytes]:
        separator = ""
        for place, each in enumerate(declared):
            async with self._connection.cursor("told") as cursor:
                await cursor.execute(_statement(each, declared[:place]).encode(), self._whose.values)
                while rows := await cursor.fetchmany(ROWS_AT_ONCE):
                    yield (separator + ",".join(row[0] for row in rows)).encode()
                    separator = ","


def _table(declared: Personal) -> str:
    return str(declared.table.name)


def _statement(declared: Personal, before: Sequence[Personal]) -> str:
    names = ", ".join(f"'{name}'" for name in (CHANGED_XID, *declared.withheld))
    # A row that two declarations speak of is told once.
    whose = "".join(f"({each.whose}) IS NOT TRUE AND " for each in before) + f"({declared.whose})"
    return f'SELECT (to_jsonb(told) - ARRAY[{names}])::text FROM "{_table(declared)}" AS told WHERE {whose}'
