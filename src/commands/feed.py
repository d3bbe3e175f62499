"""`wishkeep import-feed`: a merchant feed from a file or an address, with a progress bar on standard error."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Never

import httpx
from tqdm import tqdm

from src.commands.errors import CommandFailed
from src.modules.integration import FeedReport, import_feed
from src.modules.updates import wake
from src.platform.database import Database
from src.platform.jobs import Queue
from src.platform.settings import Settings

CHUNK_BYTES = 256 * 1024
TIMEOUT_S = 30


async def import_from(settings: Settings, source: str) -> FeedReport:
    """Import the feed at `source`, a path or an http(s) URL; raises CommandFailed when it cannot be read."""
    database, queue = Database(settings, application="wishkeep-import"), Queue(settings)
    await database.open()
    try:
        with tqdm(total=0, unit="B", unit_scale=True, unit_divisor=1024, desc=_name(source)) as bar:
            report = await import_feed(database, _opened(source, bar), progress=lambda read: bar.update(read - bar.n))
        await wake(queue)
    finally:
        await queue.close()
        await database.close()
    return report


def told(report: FeedReport) -> Iterator[str]:
    """What became of the feed: a line for each item that was left out, with the reasons, and a last one for all."""
    for rejection in report.rejected:
        reasons = "; ".join(
            f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in rejection.errors
        )
        where = f"line {rejection.line}" if rejection.line is not None else f"item {rejection.row}"
        yield f"{where}: {reasons}"
    yield (
        f"{report.received} items: {report.created} rows created, {report.updated} updated, "
        f"{report.unchanged} unchanged, {len(report.rejected)} items left out"
    )


def _name(source: str) -> str:
    return source.rstrip("/").rsplit("/", 1)[-1]


async def _opened(source: str, bar: "tqdm[Never]") -> AsyncIterator[bytes]:
    """The chunks of `source`; what has arrived is what the bar has to go."""
    chunks = _fetched(source) if source.startswith(("http://", "https://")) else _read(source)
    async with chunks as arriving:
        async for chunk in arriving:
            bar.total = (bar.total or 0) + len(chunk)
            bar.refresh()
            yield chunk


@asynccontextmanager
async def _read(path: str) -> AsyncIterator[AsyncIterator[bytes]]:
    try:
        file = await asyncio.to_thread(open, path, "rb")
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from error
    with file:
        yield _chunks(file)


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk


@asynccontextmanager
async def _fetched(url: str) -> AsyncIterator[AsyncIterator[bytes]]:
    try:
        async with (
            httpx.AsyncClient(follow_redirects=True, timeout=TIMEOUT_S) as client,
            client.stream("GET", url) as got,
        ):
            got.raise_for_status()
            yield got.aiter_bytes(CHUNK_BYTES)
    except httpx.HTTPStatusError as error:
        raise CommandFailed(f"{url}: the server answers {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandFailed(f"{url}: {error or type(error).__name__}") from error
