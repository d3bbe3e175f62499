"""What a real server does with clients that send too much or too slowly, and two servers with one limit."""

import asyncio
import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from litestar import Litestar

from src.platform.embedded.processes import wait_until
from src.platform.settings import Settings
from tests.acceptance.processes import HOST, unused_port
from tests.factories import Client, Factory
from tests.platform.protection.test_middleware import FAVOURITES, limit
from tests.running import COMMAND, PATIENCE_S, environment, is_ready

HEAD = f"POST {FAVOURITES} HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
LIMIT = 40  # requests in a minute


@pytest.fixture(scope="module")
def port(settings: Settings) -> Iterator[int]:
    """Where a server with a short time limit serves, on the stores of the tests."""
    port = unused_port()
    stores = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    command = [*COMMAND, "api", "--host", HOST, "--port", str(port)]
    env = {**environment(), **stores, "LOG_LEVEL": "error", "REQUEST_TIMEOUT_S": "0.5"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: is_ready(f"http://{HOST}:{port}") or process.poll() is not None, timeout_s=PATIENCE_S)
        assert process.poll() is None
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


async def told(port: int, *parts: bytes) -> bytes:
    """What the server says to these parts until it ends the connection; the client does not."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def counted(port: int, operator: Client) -> dict[str, float]:
    """How many adds of favourites were answered, by status."""
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as other:
        answer = await other.get("/metrics", headers={"Authorization": f"Token {operator.token}"})
    assert answer.status_code == 200
    found = re.findall(rf'_count{{method="POST",route="{FAVOURITES[:-1]}",status="(\d+)"}} (\S+)', answer.text)
    return {status: float(count) for status, count in found}


async def is_serving(port: int) -> bool:
    return b" 200 " in await told(port, b"GET /health/live HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n"], ids=["length", "chunks"]
)
async def test_body_that_does_not_come_is_given_up_and_so_is_its_connection(
    port: int, factory: Factory, framing: bytes
) -> None:
    shopper = await factory.shopper()
    answer = await told(port, f"{HEAD}Authorization: Token {shopper.token}\r\n".encode(), framing, b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert await is_serving(port)


async def test_client_that_hangs_up_in_its_body_is_no_failure_of_ours(port: int, factory: Factory) -> None:
    shopper, operator = await factory.shopper(), await factory.shopper("ops")
    before = await counted(port, operator)
    _, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"{HEAD}Authorization: Token {shopper.token}\r\nContent-Length: 500\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    async with asyncio.timeout(PATIENCE_S):
        while (after := await counted(port, operator)) == before:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.05)
    assert after == {**before, "400": before.get("400", 0.0) + 1}


@pytest.mark.parametrize(
    "parts",
    [[b"X-Padding: %s\r\n" % (b"x" * 200_000)], [b"X-Header-%d: x\r\n" % number for number in range(200)]],
    ids=["bytes", "headers"],
)
async def test_head_that_is_too_large_is_refused(port: int, parts: list[bytes]) -> None:
    answer = await told(port, HEAD.encode(), *parts, b"Connection: close\r\n\r\n")
    # The server may end the connection before all is sent, and then nothing can be read.
    assert answer == b"" or b" 431 " in answer.split(b"\r\n")[0]
    assert await is_serving(port)


async def test_two_servers_are_one_limit(app: Litestar, port: int, factory: Factory) -> None:
    shopper = await factory.shopper()
    await limit(app, factory, "REQUESTS_PER_MINUTE_PER_TOKEN", LIMIT)
    headers = {"Authorization": f"Token {shopper.token}"}
    refused_there = refused_here = False
    async with asyncio.timeout(PATIENCE_S):
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers=headers, trust_env=False) as other:
            while not refused_there:  # Until it knows the limit, and has counted enough.
                refused_there = (await other.get(FAVOURITES)).status_code == 429
    for _ in range(LIMIT // 2):  # Too few to be refused for.
        refused_here = (await shopper.get(FAVOURITES)).status_code == 429
        if refused_here:
            break
        await asyncio.sleep(0.5)
    assert refused_here
