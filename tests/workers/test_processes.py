"""Worker processes that are killed, stopped, or lose the server of the queue."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from src.platform.embedded.binaries import valkey_program
from src.platform.jobs import JobContext, Queue, job
from src.platform.settings import Settings
from src.workers.runner import HEALTH_KEYS, run_worker
from tests.workers.endless import RUNS

PATIENCE_S = 30


async def eventually(happened: Callable[[], Awaitable[object]]) -> None:
    """Wait until `happened` is true; fail the test when that takes too long."""
    async with asyncio.timeout(PATIENCE_S):
        while not await happened():  # noqa: ASYNC110  (what happens, happens in another process)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def process(settings: Settings, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process with the environment that `settings` came from, killed at the end if it still runs."""
    addresses = {name.upper(): getattr(settings, name) for name in ("database_url", "redis_url", "redis_queue_url")}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env={**os.environ, **addresses}, stderr=subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def test_job_of_a_killed_worker_is_run_again(settings: Settings, queue: Queue, redis: Redis) -> None:
    async def runs() -> Any:
        reading: Any = redis.lrange(RUNS, 0, -1)
        return await reading

    async def second_run() -> bool:
        return len(await runs()) == 2

    await queue.enqueue("test.endless", key="only")
    async with process(settings, "tests.workers.endless") as first:
        await eventually(runs)
        first.kill()
    # The lease outlives its holder by design; here its time passes at once.
    assert await redis.ttl("arq:in-progress:test.endless:only") > 30
    await redis.delete("arq:in-progress:test.endless:only")
    async with process(settings, "tests.workers.endless"):
        await eventually(second_run)
    assert await runs() == [b"1", b"2"]


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
async def test_worker_command_stops_on_a_signal_with_status_0(
    settings: Settings, redis: Redis, stop_signal: signal.Signals
) -> None:
    async def healthy() -> bool:
        return bool(await redis.keys(f"{HEALTH_KEYS}*"))

    async with process(settings, "src.cli", "worker") as worker:
        await eventually(healthy)
        worker.send_signal(stop_signal)
        _, errors = await asyncio.wait_for(worker.communicate(), PATIENCE_S)
    assert worker.returncode == 0, errors.decode()
    assert not await healthy()
    events = [msgspec.json.decode(line)["event"] for line in errors.splitlines()]
    assert events[0] == "worker.polling"
    assert events[-1] == "worker.stopped"


class Valkey:
    """A server that a test may kill and start again, empty."""

    def __init__(self, socket: Path) -> None:
        self.url = f"unix://{socket}"
        self._command = [str(valkey_program(None)), "--port", "0", "--save", "", "--unixsocket", str(socket)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "v.sock")
    server.start()
    yield server
    server.kill()


async def test_worker_and_queue_survive_a_restart_of_the_queues_server(context: JobContext, valkey: Valkey) -> None:
    settings = msgspec.structs.replace(context.settings, redis_queue_url=valkey.url)
    finished: list[int] = []
    started, release, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @job("test.note")
    async def note(context: JobContext, n: int) -> None:
        started.set()
        if n == 1:
            await release.wait()
        finished.append(n)

    queue = Queue(settings)

    async def taken(n: int) -> bool:
        return await queue.enqueue("test.note", key=str(n), n=n)

    async def done(n: int) -> bool:
        return n in finished

    working = asyncio.create_task(run_worker(JobContext(settings, context.database, queue), [note], stop=stop))
    try:
        await taken(1)
        await started.wait()
        valkey.kill()
        assert not await taken(2)
        release.set()
        await eventually(lambda: done(1))
        valkey.start()
        # It was kept meanwhile. The server knows nothing of the first, which may be run again.
        await eventually(lambda: done(2))
        await taken(3)
        await eventually(lambda: done(3))
        assert not working.done()
    finally:
        stop.set()
        await working
        await queue.close()
    assert set(finished) == {1, 2, 3}


async def test_worker_waits_for_a_queue_that_is_not_there_yet(context: JobContext, valkey: Valkey) -> None:
    valkey.kill()
    settings = msgspec.structs.replace(context.settings, redis_queue_url=valkey.url)
    stop, ran = asyncio.Event(), asyncio.Event()

    @job("test.note")
    async def note(context: JobContext) -> None:
        ran.set()

    queue = Queue(settings)
    working = asyncio.create_task(run_worker(JobContext(settings, context.database, queue), [note], stop=stop))
    await asyncio.sleep(0.2)
    valkey.start()
    await queue.enqueue("test.note", key="1")
    await asyncio.wait_for(ran.wait(), PATIENCE_S)
    stop.set()
    await working
    await queue.close()
