"""The processes of a run: PostgreSQL and Valkey, the service and the floors."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from bench.load import HOST, fetch, request
from src.platform.embedded import EmbeddedServers

SERVICE = "src.app:create_app"
SWITCHED = "bench.switched"
# What requests tell that one by: headers of the same length, so that they cost it the same.
TOLD, UNTOLD = b"X-Telling: 1", b"X-Telling: 0"
FLOORS = "bench.floors:create_app"
_DATABASE = "wishkeep_bench"
_START_S = 60.0
_STOP_S = 15.0


class BenchError(Exception):
    """The run can't be made; the message says why."""


@dataclass(frozen=True)
class Stores:
    """Where the data of this run lives."""

    addresses: Mapping[str, str]

    @property
    def database_url(self) -> str:
        """PostgreSQL."""
        return self.addresses["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """The cache."""
        return self.addresses["REDIS_URL"]

    def environment(self) -> Mapping[str, str]:
        """The environment of a process that works on these stores."""
        return {**os.environ, **self.addresses}


@asynccontextmanager
async def stores() -> AsyncIterator[Stores]:
    """Empty stores of our own: on the servers that DATABASE_URL and REDIS_URL name, else on embedded ones."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if bool(database_url) != bool(redis_url):
        raise BenchError("set both DATABASE_URL and REDIS_URL, or neither")
    if database_url and redis_url:
        async with _borrowed(database_url, redis_url) as borrowed:
            yield borrowed
        return
    with (
        tempfile.TemporaryDirectory(prefix="wk-bench-") as folder,
        EmbeddedServers(Path(folder) / "data", command="bench") as servers,
    ):
        yield Stores(servers.addresses)


@asynccontextmanager
async def _borrowed(database_url: str, redis_url: str) -> AsyncIterator[Stores]:
    # A database of our own on the server, dropped afterwards, so nothing that is there is touched.
    async with Redis.from_url(redis_url) as redis:
        if await redis.dbsize():
            raise BenchError("the Redis database of REDIS_URL is not empty; the bench needs one of its own")
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            await connection.execute(f"drop database if exists {_DATABASE} with (force)".encode())
            await connection.execute(f"create database {_DATABASE}".encode())
            try:
                own = make_url(database_url).set(database=_DATABASE).render_as_string(hide_password=False)
                yield Stores({"DATABASE_URL": own, "REDIS_URL": redis_url, "REDIS_QUEUE_URL": redis_url})
            finally:
                await connection.execute(f"drop database if exists {_DATABASE} with (force)".encode())
                await redis.flushdb()


def migrate(stores: Stores) -> None:
    """Brings the empty database to the newest schema, as a deployment does."""
    command = [sys.executable, "-m", "src.cli", "migrate"]
    done = subprocess.run(command, env=stores.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"migration failed:\n{done.stdout}{done.stderr}")


class Server:
    """A granian server of ours with its worker processes."""

    def __init__(self, target: str, stores: Stores, workers: int) -> None:
        self._target = target
        self._stores = stores
        self._workers = workers
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.port = 0

    async def start(self) -> None:
        """Starts the service as in production, or the floors under the same server, and waits until it is ready."""
        self.port = _free_port()
        where = ["--workers", str(self._workers), "--host", HOST, "--port", str(self.port)]
        if self._target == SERVICE:
            command = [sys.executable, "-m", "src.cli", "api", *where]
        elif self._target == SWITCHED:
            command = [sys.executable, "-m", SWITCHED, "api", *where]
        else:
            granian = ["--interface", "asgi", "--factory", "--loop", "uvloop"]
            command = [sys.executable, "-m", "granian", *granian, *where, self._target]
        self._process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
            command,
            env=self._stores.environment(),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        probe = request("GET", "/health/ready")
        deadline = asyncio.get_running_loop().time() + _START_S
        while asyncio.get_running_loop().time() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if (await fetch(self.port, probe)).status == 200 and len(self.worker_pids()) == self._workers:
                    return
            except (OSError, asyncio.IncompleteReadError):
                pass
            await asyncio.sleep(0.1)
        await self.stop()
        raise BenchError(f"{self._target} did not become ready:\n{self.log()}")

    def worker_pids(self) -> list[int]:
        """The processes that answer requests."""
        if self._process is None:
            return []
        children = psutil.Process(self._process.pid).children()
        return [child.pid for child in children if not any("resource_tracker" in word for word in child.cmdline())]

    def log(self) -> str:
        """The last lines that the server wrote."""
        self._log.seek(0)
        return b"\n".join(self._log.read().splitlines()[-40:]).decode(errors="replace")

    async def stop(self) -> None:
        """Ends the server, by force when it does not end by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
