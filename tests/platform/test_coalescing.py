"""Shared round trips: whoever asks gets what was read after they asked, whatever happens to the others."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.platform.coalescing import Coalescer


class Server:
    """Answers round trips only when told to; each answer is (key, the state when the round trip began)."""

    def __init__(self) -> None:
        self.state = 0
        self.flights: list[tuple[list[Any], asyncio.Future[Sequence[Any] | None]]] = []
        self.sent: list[list[Any]] = []

    async def fetch(self, keys: Sequence[Any]) -> Sequence[Any]:
        """A round trip that reads at its very beginning, the worst moment for somebody who asks later."""
        state = self.state
        landing: asyncio.Future[Sequence[Any] | None] = asyncio.get_running_loop().create_future()
        self.flights.append((list(keys), landing))
        self.sent.append(list(keys))
        answer = await landing
        return [(key, state) for key in keys] if answer is None else answer

    def land(self, place: int = 0, answer: Sequence[Any] | Exception | None = None) -> None:
        """Let a round trip end, as it should unless `answer` says otherwise."""
        _, landing = self.flights.pop(place)
        if isinstance(answer, Exception):
            landing.set_exception(answer)
        else:
            landing.set_result(answer)


async def turn() -> None:
    """Let everything run that can run."""
    for _ in range(5):
        await asyncio.sleep(0)


def ask(coalescer: Coalescer[Any, Any], *keys: Any) -> list["asyncio.Task[Any]"]:
    """Callers that ask for `keys` at once."""
    return [asyncio.ensure_future(coalescer.get(key)) for key in keys]


async def test_callers_of_one_moment_share_a_round_trip() -> None:
    server = Server()
    callers = ask(Coalescer(server.fetch), "a", "b", "a")
    await turn()
    server.land()
    assert await asyncio.gather(*callers) == [("a", 0), ("b", 0), ("a", 0)]
    assert server.sent == [["a", "b", "a"]]


async def test_caller_never_joins_a_batch_that_was_sent() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=1)
    early = ask(coalescer, "a")
    await turn()
    server.state = 1  # the caller's own write, acknowledged
    late = ask(coalescer, "a")
    await turn()
    server.land()
    await turn()
    assert not late[0].done()
    server.land()
    assert [await early[0], await late[0]] == [("a", 0), ("a", 1)]


async def test_only_so_many_round_trips_are_under_way() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=2, max_batch=3)
    callers: list[asyncio.Task[Any]] = []
    for key in range(10):
        callers += ask(coalescer, key)
        await turn()
        assert len(server.flights) <= 2
    while server.flights:
        server.land()
        await turn()
        assert len(server.flights) <= 2
    assert await asyncio.gather(*callers) == [(key, 0) for key in range(10)]
    assert server.sent == [[0], [1], [2, 3, 4], [5, 6, 7], [8, 9]]


async def test_error_reaches_everybody_in_the_batch_and_nobody_else() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=1)
    unlucky = ask(coalescer, "a", "b")
    await turn()
    lucky = ask(coalescer, "c")
    await turn()
    server.land(answer=ConnectionError("away"))
    await turn()
    server.land()
    assert [str(e) for e in await asyncio.gather(*unlucky, return_exceptions=True)] == ["away", "away"]
    assert await lucky[0] == ("c", 0)


@pytest.mark.parametrize("answer", [[], ["one"], ["one", "two", "three"]], ids=len)
async def test_wrong_number_of_values_is_an_error_and_nobody_hangs(answer: list[str]) -> None:
    server = Server()
    callers = ask(Coalescer(server.fetch), "a", "b")
    await turn()
    server.land(answer=answer)
    async with asyncio.timeout(5):
        told = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(error, ValueError) for error in told)


async def test_caller_that_leaves_disturbs_nobody() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=1)
    aboard = ask(coalescer, "a", "b")
    await turn()
    waiting = ask(coalescer, "c", "d")
    await turn()
    aboard[0].cancel()
    waiting[0].cancel()
    await turn()
    server.land()
    await turn()
    server.land()
    assert [await aboard[1], await waiting[1]] == [("b", 0), ("d", 0)]
    assert server.sent == [["a", "b"], ["d"]]


async def test_batch_that_everybody_left_is_not_sent() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=1)
    callers = ask(coalescer, "a", "b")
    await asyncio.sleep(0)  # they have asked, and the batch has not been sent
    for caller in callers:
        caller.cancel()
    await turn()
    assert server.sent == []
    later = ask(coalescer, "c")
    await turn()
    server.land()
    assert await later[0] == ("c", 0)


async def test_round_trip_that_is_cancelled_fails_its_callers_and_the_next_takes_off() -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=1)
    callers = ask(coalescer, "a")
    await turn()
    later = ask(coalescer, "b")
    await turn()
    server.flights.pop()[1].cancel()
    await turn()
    server.land()
    assert isinstance((await asyncio.gather(*callers, return_exceptions=True))[0], ConnectionError)
    assert await later[0] == ("b", 0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["write", "turn"]), st.just(0)),
        st.tuples(st.sampled_from(["land", "fail", "leave"]), st.integers(0, 9)),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.integers(1, 3), st.integers(1, 4))
async def test_any_history_answers_everybody_with_their_own_key_and_a_state_after_they_asked(
    steps: list[tuple[str, int]], max_in_flight: int, max_batch: int
) -> None:
    server = Server()
    coalescer = Coalescer(server.fetch, max_in_flight=max_in_flight, max_batch=max_batch)
    callers: list[tuple[int, int, asyncio.Task[Any]]] = []
    for step, number in steps:
        if step == "ask":
            callers.append((number, server.state, ask(coalescer, number)[0]))
        elif step == "write":
            server.state += 1
        elif step == "turn":
            await turn()
        elif step == "leave" and callers:
            callers.pop(number % len(callers))[2].cancel()
        elif step in ("land", "fail") and server.flights:
            server.land(number % len(server.flights), ConnectionError() if step == "fail" else None)
        assert len(server.flights) <= max_in_flight
    await turn()
    while server.flights:
        server.land()
        await turn()
        assert len(server.flights) <= max_in_flight
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(task for *_, task in callers), return_exceptions=True)
    for (key, state, _), answer in zip(callers, answers, strict=True):
        if not isinstance(answer, ConnectionError):
            assert isinstance(answer, tuple), answer
            assert answer[0] == key
            assert answer[1] >= state
    assert all(0 < len(keys) <= max_batch for keys in server.sent)
