"""PostgreSQL: one pool of psycopg connections for the paths that count, one SQLAlchemy engine for the rest.

A request or a job has one transaction, opened and committed at its edge, before any answer leaves. `transaction()`
is the lean kind: a psycopg connection. `unit_of_work()` adds an SQLAlchemy session that runs in that same
transaction, at about two and a half times the price (docs/adr/0004).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as EngineTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from src.platform.errors import ServiceUnavailable
from src.platform.settings import Settings
from src.platform.wire import read_json

Connection: TypeAlias = AsyncConnection[TupleRow]
AfterCommit: TypeAlias = Callable[[], Awaitable[object]]
log = structlog.get_logger(__name__)

# The session engine serves administration, not shoppers: a few connections are enough.
SESSION_POOL_SIZE = 2
IDLE_IN_TRANSACTION_S = 60
LOCK_TIMEOUT_S = 10
CANCEL_TIMEOUT_S = 5
BEGIN_ALONE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"


def session_settings(settings: Settings) -> dict[str, str]:
    """What holds for every statement of ours, unless its transaction says otherwise."""
    return {
        "statement_timeout": f"{settings.statement_timeout_s:g}s",
        "lock_timeout": f"{LOCK_TIMEOUT_S}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
        "timezone": "UTC",
        # The planner thinks that a list of one is cheaper than a list of any length, and would plan statements
        # that requests share anew each time, which takes longer than to run them.
        "plan_cache_mode": "force_generic_plan",
    }


def containing(text: str) -> str:
    """The pattern with which LIKE finds what contains `text`, whose % and _ are plain characters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def _configure(connection: Connection) -> None:
    # Products are mostly JSON; the standard library takes ten times as long to read it.
    set_json_loads(read_json, connection)


async def _end(connection: Connection) -> None:
    """Close a connection; the server would notice that by itself only when it next sends something."""
    try:
        if connection.info.transaction_status == TransactionStatus.ACTIVE:
            with contextlib.suppress(psycopg.Error):
                await connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)
    finally:
        await connection.close()


class Transaction:
    """One database transaction, and what is to happen once it is committed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after_commit: list[AfterCommit] = []

    def after_commit(self, action: AfterCommit) -> None:
        """Run `action` after the commit; a failure of it is logged and changes nothing."""
        self._after_commit.append(action)

    async def committed(self) -> None:
        """Run what was asked for after the commit."""
        for action in self._after_commit:
            try:
                await action()
            except Exception:
                log.exception("after_commit.failed")


class UnitOfWork(Transaction):
    """A transaction that an SQLAlchemy session shares with plain statements on `connection`."""

    def __init__(self, connection: Connection, session: AsyncSession) -> None:
        super().__init__(connection)
        self.session = session


class Database:
    """The service's way to PostgreSQL; open it once per process and event loop.

    It leads to `url`, a replica say, where one is given, and to the settings' DATABASE_URL otherwise; over as many
    `connections`, or DATABASE_POOL_SIZE.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        application: str = "wishkeep",
        url: str | None = None,
        connections: int | None = None,
    ) -> None:
        self._url = url or settings.database_url
        connections = connections or settings.database_pool_size
        connect: dict[str, Any] = {
            "application_name": application,
            "connect_timeout": 5,
            # A machine that is gone says nothing: its silence is noticed after so long (milliseconds, then seconds).
            "tcp_user_timeout": 15_000,
            "keepalives_idle": 30,
            "keepalives_interval": 5,
        }
        if settings.database_pooler == "none":
            connect["options"] = " ".join(f"-c {name}={value}" for name, value in session_settings(settings).items())
        else:
            # What was prepared would be in another session the next time; the role brings the session's settings.
            connect["prepare_threshold"] = None
        self._connect = connect
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            kwargs={**connect, "autocommit": True},
            min_size=min(2, connections),
            max_size=connections,
            timeout=settings.pool_timeout_s,
            # A reconnection is given up after so long and begun anew by the next request, so recovery takes no restart.
            reconnect_timeout=30,
            configure=_configure,
            open=False,
            name=application,
        )
        self._check: asyncio.Task[None] | None = None
        self.engine: AsyncEngine = create_async_engine(
            make_url(self._url).set(drivername="postgresql+psycopg"),
            connect_args=connect,
            pool_size=SESSION_POOL_SIZE,
            max_overflow=SESSION_POOL_SIZE,
            pool_timeout=settings.pool_timeout_s,
            # Seldom used, so a connection may have been broken for long; on this path the round trip does not count.
            pool_pre_ping=True,
        )

    async def open(self) -> None:
        """Start the pool; connections are made in the background, so a server that is away does not stop the start."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give every connection back to the server."""
        await self._pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection where each statement is its own transaction."""
        async with self._available(), self._pool.connection() as connection:
            yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Connection]:
        """A connection of its own, for what takes longer than a request may: no statement of it times out.

        It is in a transaction that reads one state of everything, and closed when the block ends; what still runs on
        it is cancelled, also when the block is.
        """
        async with self._available():
            connection = await AsyncConnection.connect(self._url, autocommit=True, **self._connect)
            try:
                await connection.execute(BEGIN_ALONE)
                yield connection
            finally:
                await _end(connection)

    @asynccontextmanager
    async def transaction(self, *, pipelined: bool = False) -> AsyncIterator[Transaction]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        A `pipelined` one sends what has no answer to wait for, its begin and its commit too, along with what has.
        """
        async with self._available():
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self._pool.connection())
                if pipelined:
                    await stack.enter_async_context(connection.pipeline())
                await stack.enter_async_context(connection.transaction())
                work = Transaction(connection)
                yield work
            await work.committed()

    async def in_pieces(self, size: int, act: Callable[[Connection], Awaitable[int]]) -> int:
        """Let `act` see to at most `size` rows in a small transaction, until it finds fewer; how many in all."""
        total, found = 0, size
        while found == size:
            async with self.transaction() as work:
                found = await act(work.connection)
            total += found
        return total

    async def delete_in_pieces(self, size: int, statement: str) -> int:
        """`in_pieces` with a statement that has its limit, of `size` rows, in itself."""

        async def delete(connection: Connection) -> int:
            return (await connection.execute(statement.encode())).rowcount

        return await self.in_pieces(size, delete)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """A transaction with an SQLAlchemy session in it, for advanced-alchemy repositories."""
        async with self._available():
            async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
                raw: Any = await (await session.connection()).get_raw_connection()
                work = UnitOfWork(raw.driver_connection, session)
                yield work
            await work.committed()

    @asynccontextmanager
    async def _available(self) -> AsyncIterator[None]:
        """Turn the failures of a server that is away or overloaded into a 503 that says when to come back."""
        try:
            yield
        except (
            PoolTimeout,
            EngineTimeout,
            psycopg.errors.QueryCanceled,
            psycopg.errors.LockNotAvailable,
            psycopg.errors.TransactionRollback,  # a deadlock, say: the next try will do
        ) as error:
            raise ServiceUnavailable from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._drop_broken_connections()
            raise ServiceUnavailable from error
        except DBAPIError as error:
            if error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError):
                raise ServiceUnavailable from error
            raise

    def _drop_broken_connections(self) -> None:
        # A server that restarted has broken them all; without this each would fail one request before it goes.
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._check_pool())

    async def _check_pool(self) -> None:
        with contextlib.suppress(psycopg.Error, PoolTimeout):
            await self._pool.check()
