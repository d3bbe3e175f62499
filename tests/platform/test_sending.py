"""Calls for jobs get to the queue in the end, whatever becomes of its server, and none is queued twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from src.platform import sending
from src.platform.jobs import Queue, queue_key
from src.platform.metrics import JOBS_ENQUEUED
from src.platform.settings import Settings
from tests.topologies import HOST, Node, eventually, until

JOB = "test.note"
UPKEEP = queue_key("upkeep")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Node]:
    """A server of its own for the queue, which forgets everything when it ends."""
    node = Node(tmp_path / "queue", {}).start()
    eventually(lambda: node.ask("PING"))
    yield node
    node.kill()


@pytest.fixture
async def hasty(settings: Settings, server: Node, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Queue]:
    """A queue that looks after its calls all the time, and waits for an answer as long as in production."""
    monkeypatch.setattr(sending, "AGAIN_EVERY_S", 0.05)
    monkeypatch.setattr(sending, "LOOK_EVERY_S", 0.05)
    opened = Queue(msgspec.structs.replace(settings, redis_queue_url=f"redis://{HOST}:{server.port}"))
    yield opened
    await opened.close()


@pytest.fixture
def queue(patience: None, hasty: Queue) -> Queue:
    """The same, but it waits for an answer until there is one."""
    return hasty


def counted(outcome: str) -> float:
    return float(JOBS_ENQUEUED.labels(JOB, outcome)._value.get())


def queued(server: Node) -> set[str]:
    with server.client() as client:
        return {job_id.decode() for job_id in client.zrange(UPKEEP, 0, -1)}


async def test_calls_that_a_server_took_and_then_lost_are_sent_to_the_next(queue: Queue, server: Node) -> None:
    expected = {f"{JOB}:{n}" for n in range(20)}
    assert all([await queue.enqueue(JOB, key=str(n), n=n) for n in range(20)])
    before = counted("queued"), counted("duplicate")
    server.kill()
    server.start()
    await until(lambda: _answers(server) and queued(server) == expected)
    # They are counted once.
    assert (counted("queued"), counted("duplicate")) == before


async def test_calls_wait_here_while_the_server_is_away_each_key_once(queue: Queue, server: Node) -> None:
    server.kill()
    for key in ("a", "b", "a"):
        assert not await queue.enqueue(JOB, key=key)
    for _ in range(3):
        await queue.wake(JOB, key="x")
        await asyncio.sleep(0.21)
    server.start()
    await until(lambda: _answers(server) and len(queued(server)) == 3)
    await asyncio.sleep(0.2)
    # Three wakes in as many stretches of time need one run.
    assert {job_id.rpartition(":")[0] for job_id in queued(server)} == {JOB, f"{JOB}:x"}
    await until(lambda: not queue._sender._kept)
    assert await queue.enqueue(JOB, key="c")


async def test_call_whose_answer_was_lost_is_not_queued_twice(hasty: Queue, server: Node) -> None:
    await hasty.enqueue(JOB, key="warm")
    await until(lambda: len(queued(server)) == 1)
    server.freeze()
    assert not await hasty.enqueue(JOB, n=1)
    assert not await hasty.enqueue(JOB, n=2)
    server.thaw()
    await until(lambda: len(queued(server)) == 3 and not hasty._sender._kept)
    await hasty.enqueue(JOB, key="next")
    await until(lambda: len(queued(server)) == 4)
    await asyncio.sleep(0.2)
    assert len(queued(server)) == 4


async def test_what_is_kept_is_bounded_and_what_is_lost_is_counted(
    queue: Queue, server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "KEPT_AT_MOST", 3)
    server.kill()
    lost = counted("lost")
    for n in range(5):
        await queue.enqueue(JOB, key=str(n))
    assert counted("lost") == lost + 2
    server.start()
    await until(lambda: _answers(server) and queued(server) == {f"{JOB}:{n}" for n in range(3)})


async def test_losses_are_told_before_there_are_any(queue: Queue) -> None:
    labels = {"job": JOB, "outcome": "lost"}
    JOBS_ENQUEUED.remove(*labels.values())
    assert await queue.enqueue(JOB)
    assert REGISTRY.get_sample_value("wishkeep_jobs_enqueued_total", labels) == 0.0


async def test_call_that_can_not_be_sent_holds_up_no_other(queue: Queue, server: Node) -> None:
    server.kill()
    lost = counted("lost")
    await queue.enqueue(JOB, key="a")
    await queue.enqueue(JOB, key="b", n=object())
    await queue.enqueue(JOB, key="c")
    server.start()
    await until(lambda: _answers(server) and queued(server) == {f"{JOB}:a", f"{JOB}:c"})
    await until(lambda: counted("lost") == lost + 1)


async def test_end_of_the_process_tries_once_more(queue: Queue, server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AGAIN_EVERY_S", 60.0)
    server.kill()
    await queue.enqueue(JOB, key="a")
    server.start()
    eventually(lambda: server.ask("PING"))
    lost = counted("lost")
    await queue.close()
    assert queued(server) == {f"{JOB}:a"}
    assert counted("lost") == lost


async def test_end_of_the_process_does_not_wait_for_a_server_that_is_gone(queue: Queue, server: Node) -> None:
    server.kill()
    lost = counted("lost")
    await queue.enqueue(JOB, key="a")
    await queue.close()
    assert counted("lost") == lost + 1


def _answers(server: Node) -> bool:
    with contextlib.suppress(*sending.AWAY):
        return bool(server.ask("PING"))
    return False


async def test_call_that_the_server_refuses_is_lost_and_the_next_one_taken(queue: Queue, server: Node) -> None:
    lost = counted("lost")
    assert not await queue.enqueue(JOB, key="a", defer_s=1e300)
    assert counted("lost") == lost + 1
    assert await queue.enqueue(JOB, key="b")
    assert queued(server) == {f"{JOB}:b"}


async def test_call_that_is_refused_only_once_the_server_is_back_holds_up_no_other(queue: Queue, server: Node) -> None:
    server.kill()
    await queue.enqueue(JOB, key="a", defer_s=1e300)
    await queue.enqueue(JOB, key="b")
    server.start()
    await until(lambda: _answers(server) and queued(server) == {f"{JOB}:b"})
    await until(lambda: not queue._sender._kept)
    assert await queue.enqueue(JOB, key="c")


async def test_call_that_can_not_be_put_into_words_is_lost_at_once(queue: Queue) -> None:
    lost = counted("lost")
    assert not await queue.enqueue(JOB, n=2**80)
    assert counted("lost") == lost + 1
    assert await queue.enqueue(JOB)


async def test_call_waits_for_a_server_that_may_not_write_at_the_moment(queue: Queue, server: Node) -> None:
    server.ask("CONFIG", "SET", "min-replicas-to-write", "1")
    assert not await queue.enqueue(JOB, key="a")
    server.ask("CONFIG", "SET", "min-replicas-to-write", "0")
    await until(lambda: queued(server) == {f"{JOB}:a"})


async def test_names_of_strangers_are_no_labels(queue: Queue) -> None:
    assert await queue.enqueue(JOB)
    before = counted("queued")
    assert await queue.enqueue_again("of a stranger", {"key": 1})
    assert await queue.enqueue_again(JOB, {})
    assert counted("queued") == before + 1
    assert not any("of a stranger" in labels for labels in JOBS_ENQUEUED._metrics)
