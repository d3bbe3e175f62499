"""What waits for a reader is bounded, and whoever does not read is parted from."""

import asyncio

import pytest
from litestar.testing import RequestFactory

from src.modules.updates import subscribers
from src.modules.updates.subscribers import MAX_QUEUED_BYTES, Subscriber


@pytest.fixture
async def subscriber() -> Subscriber:
    return Subscriber(RequestFactory().get("/"), 1, None)


async def test_what_was_queued_is_taken_at_once_and_in_order(subscriber: Subscriber) -> None:
    subscriber.push([b"a", b"b"])
    subscriber.push([b"c"])
    assert not subscriber.is_waiting
    assert await subscriber.take() == b"abc"
    assert subscriber.is_waiting


async def test_taking_waits_for_what_comes(subscriber: Subscriber) -> None:
    taking = asyncio.create_task(subscriber.take())
    await asyncio.sleep(0)
    subscriber.push([b"a"])
    assert await taking == b"a"


async def test_much_at_once_is_given_to_whoever_keeps_up(subscriber: Subscriber) -> None:
    much = b"x" * (2 * MAX_QUEUED_BYTES)
    for _ in range(2):
        subscriber.push([much])
        assert await subscriber.take() == much
    assert not subscriber.is_closed


async def test_reader_who_falls_too_far_behind_is_parted_from(subscriber: Subscriber) -> None:
    subscriber.push([b"x" * MAX_QUEUED_BYTES])
    subscriber.push([b"y"])
    assert subscriber.is_closed
    assert await subscriber.take() == b""
    subscriber.push([b"z"])
    assert await subscriber.take() == b""


async def test_closing_ends_a_sending_that_hangs(subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "PARTING_S", 0.01)

    async def send() -> None:
        await subscriber.take()
        await asyncio.Event().wait()

    sending = asyncio.create_task(send())
    subscriber.push([b"a"])
    await asyncio.sleep(0)
    subscriber.close()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_closing_leaves_alone_what_ends_by_itself(
    subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribers, "PARTING_S", 0.01)
    assert not subscriber.is_closed

    async def send() -> str:
        while await subscriber.take():
            pass
        subscriber.left()
        await asyncio.sleep(0.05)
        return "done"

    sending = asyncio.create_task(send())
    await asyncio.sleep(0)
    subscriber.close()
    assert await sending == "done"
