"""A whole resource, or the rows of it that are asked for, as they are in one snapshot."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncClientCursor

from src.modules.warehouse.exporting.copying import Chunk, copied
from src.modules.warehouse.exporting.formats import DEFAULT, FORMATS, Format
from src.modules.warehouse.marks import CHANGED_AFTER, SEEN_NOW, Now, system_of
from src.modules.warehouse.parameters import SortKey, order_by, told_once
from src.modules.warehouse.questions import Rows, read_rows
from src.modules.warehouse.wire import ROW
from src.platform.database import Connection, Database
from src.platform.errors import InvalidFields
from src.platform.resources import Resource

FORMAT = "format"
# What takes long is to write rows as texts, which the planner thinks is for nothing; it takes only the handing over of
# them between processes into account, and would leave everything to a single one.
SET_UP = "SET LOCAL parallel_tuple_cost = 0"


@dataclass(frozen=True)
class Wanted:
    """Which rows of a resource are wanted, in which order and format."""

    rows: Rows
    keys: tuple[SortKey, ...]
    format: Format

    @property
    def file_name(self) -> str:
        """What a file of it is called."""
        return f"{self.rows.resource.path.replace('/', '-')}.{self.format.suffix}"


def read_wanted(parameters: Iterable[tuple[str, str]], resource: Resource) -> Wanted:
    """What the parameters of an export ask for; raises InvalidFields for all that make no sense."""
    query = told_once(parameters)
    name = query.pop(FORMAT, DEFAULT)
    if name not in FORMATS:
        raise InvalidFields({FORMAT: "Not a valid value"})
    return Wanted(*read_rows(query, resource), FORMATS[name])


class Export:
    """An export that has begun; nothing that is committed from now on is in it."""

    def __init__(self, connection: Connection, wanted: Wanted, mark: str) -> None:
        self.mark = mark
        self._connection = connection
        self._wanted = wanted

    async def count(self) -> int:
        """How many rows there are."""
        cursor = await self._connection.execute(self._statement("SELECT count(*)").encode())
        (count,) = await cursor.fetchone() or (0,)
        return int(count)

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """The rows in the wanted format, a piece at a time; each piece is fetched when it is asked for."""
        how = self._wanted.format
        resource = self._wanted.rows.resource
        rows = self._statement(f"SELECT {how.selected(resource)}", f" ORDER BY {order_by(self._wanted.keys)}")
        written = copied(self._connection, f"COPY ({rows}) TO STDOUT (FORMAT csv, {how.options})")
        async with aclosing(written), aclosing(how.encoded(resource, self.mark, written)) as chunks:
            async for chunk in chunks:
                yield chunk

    def _statement(self, begin: str, end: str = "") -> str:
        condition, values = self._wanted.rows.condition()
        table = self._wanted.rows.resource.table.name
        # COPY takes no parameters, so the values become part of its text.
        where = AsyncClientCursor(self._connection).mogrify(f' FROM "{table}" AS {ROW} WHERE {condition}', values)
        return begin + where + end


@asynccontextmanager
async def begun(database: Database, wanted: Wanted) -> AsyncIterator[Export]:
    """An export on a connection of its own, which is gone when the block ends."""
    async with database.alone() as connection:
        await connection.execute(SET_UP)
        cursor = await connection.execute(f"SELECT {SEEN_NOW}".encode())
        seen = await cursor.fetchone() or ()
        now = Now.read(await system_of(connection), *seen)
        if wanted.rows.changed_after:
            now.check(wanted.rows.changed_after, CHANGED_AFTER)
        yield Export(connection, wanted, str(now.mark))
