"""Small applications for tests of the platform: handlers of our own under the real edge and failure handlers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar
from litestar.datastructures import State

from src.platform.database import Database
from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.settings import Settings

BODY_LIMIT = 64 * 1024


@asynccontextmanager
async def serving(
    handlers: Sequence[Any], *, database: Database | None = None, settings: Settings | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of an application with these handlers."""
    app: Any = Litestar(
        handlers,
        state=State({"database": database, "settings": settings}),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=BODY_LIMIT,
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


@asynccontextmanager
async def scratch_table(database: Database) -> AsyncIterator[Database]:
    """The database with a table `probe`, whose references are checked at the commit and not before."""
    async with database.read() as connection:
        await connection.execute(
            "CREATE TABLE probe (id bigint PRIMARY KEY, parent bigint REFERENCES probe DEFERRABLE INITIALLY DEFERRED)"
        )
    try:
        yield database
    finally:
        async with database.read() as connection:
            await connection.execute("DROP TABLE probe")


async def ids_in(database: Database) -> list[int]:
    """What is committed in the scratch table."""
    async with database.read() as connection:
        return [row[0] for row in await (await connection.execute("SELECT id FROM probe ORDER BY id")).fetchall()]


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `condition` holds, which something else brings about."""
    async with asyncio.timeout(30):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.01)
