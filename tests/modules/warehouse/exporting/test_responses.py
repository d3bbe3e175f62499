"""Exports by a real server: as little memory as ever, and no end that looks like one when something broke."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator

import httpx
import psutil
import pytest

from bench.memory import peak_bytes, reset_peak, resident_bytes
from src.platform.embedded.processes import wait_until
from src.platform.settings import Settings
from tests.acceptance.processes import HOST, unused_port
from tests.factories import Factory
from tests.modules.warehouse.analyst import BASE, Analyst
from tests.running import COMMAND, PATIENCE_S, environment, is_ready

EXPORT = f"{BASE}cms/seo/export"
ROW_BYTES = 100_000
# More than an export may take of memory, and more than fits into all buffers on the way.
BEYOND_MEMORY, BEYOND_BUFFERS = 600, 300
MOST_GROWTH_BYTES = 50_000_000


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A server on the stores of the tests; `args` end with its port."""
    port = str(unused_port())
    stores = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "LOG_LEVEL": "error"}
    command = [*COMMAND, "api", "--host", HOST, "--port", port]
    process = subprocess.Popen(command, env={**environment(), **stores}, stderr=subprocess.DEVNULL)
    try:
        address = f"http://{HOST}:{port}"
        assert wait_until(lambda: is_ready(address) or process.poll() is not None, timeout_s=PATIENCE_S)
        assert process.poll() is None
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


async def large_rows(factory: Factory, number: int) -> None:
    """So many of them, which on disk are small."""
    await factory.execute(
        "INSERT INTO cms_seo (id, title) SELECT n, repeat('x', %s) FROM generate_series(1, %s) n", ROW_BYTES, number
    )


@pytest.fixture
async def remote(api: subprocess.Popen[bytes], reader: Analyst) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server."""
    assert isinstance(api.args, list)
    headers = {"Authorization": f"Token {reader.client.token}"}
    address = f"http://{HOST}:{api.args[-1]}"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30, trust_env=False) as client:
        yield client


async def copying(factory: Factory) -> int:
    """How many exports the database is writing."""
    return int(
        await factory.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )
    )


async def until_copying(factory: Factory, number: int) -> None:
    """Return when so many exports are being written."""
    async with asyncio.timeout(PATIENCE_S):
        while await copying(factory) != number:  # noqa: ASYNC110  (only the database can tell)
            await asyncio.sleep(0.01)


async def test_memory_does_not_grow_with_what_is_exported(
    api: subprocess.Popen[bytes], remote: httpx.AsyncClient, factory: Factory
) -> None:
    await large_rows(factory, BEYOND_MEMORY)
    await remote.get(f"{EXPORT}?id=1")
    workers = psutil.Process(api.pid).children()
    idle = {worker.pid: resident_bytes(worker.pid) for worker in workers}
    for pid in idle:
        reset_peak(pid)
    size = 0
    async with remote.stream("GET", EXPORT) as answer:
        async for chunk in answer.aiter_raw():
            size += len(chunk)
    assert size > BEYOND_MEMORY * ROW_BYTES > MOST_GROWTH_BYTES
    assert all(peak_bytes(pid) - before < MOST_GROWTH_BYTES for pid, before in idle.items())


async def test_client_who_does_not_read_or_goes_away_costs_nothing_more(
    remote: httpx.AsyncClient, factory: Factory
) -> None:
    await large_rows(factory, BEYOND_BUFFERS)
    async with remote.stream("GET", EXPORT) as answer, remote.stream("GET", EXPORT):
        chunks = answer.aiter_raw()
        await anext(chunks)
        await until_copying(factory, 2)
        third = await remote.get(EXPORT)
        assert third.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert int(third.headers["Retry-After"]) > 0
        assert "detail" in third.json()
    # Both left in the middle; what they held is there for others.
    await until_copying(factory, 0)
    assert (await remote.get(f"{EXPORT}?id=1")).status_code == httpx.codes.OK


async def test_export_that_breaks_has_no_end(remote: httpx.AsyncClient, factory: Factory) -> None:
    await large_rows(factory, BEYOND_BUFFERS)
    async with remote.stream("GET", EXPORT) as answer:
        assert answer.status_code == httpx.codes.OK
        await until_copying(factory, 1)
        await factory.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (%%'")
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
    assert (await remote.get(f"{EXPORT}?id=1")).status_code == httpx.codes.OK
