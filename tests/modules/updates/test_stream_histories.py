"""Any history of changes, interruptions and processes: a follower is told everything once, and nothing else."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from litestar import Litestar

from src.app import create_app
from src.platform.settings import Settings
from tests.modules.updates.follower import Event, Follower, shown
from tests.modules.updates.scene import DEFAULT, ITEMS, SEGMENT, Scene
from tests.modules.updates.shop import dismiss as dismiss_updates
from tests.modules.updates.shop import want
from tests.world import World

T = TypeVar("T")
PLACE = st.integers(0, ITEMS - 1)
LIST = st.sampled_from([DEFAULT, SEGMENT])
PRICE = st.sampled_from(["7.00", "8.00", "9.00"]).map(Decimal)
KINDS = ("newly_available", "price_changed", "out_of_stock")
PROCESSES = 2


class Streams(RuleBasedStateMachine):
    """A shopper who buys from the lists of a segment follows, with interruptions, what happens in the shop."""

    world: World
    processes: list[Litestar]
    follower: Follower | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.world.run(coroutine)

    @initialize()
    def open_shop(self) -> None:
        self.scene = Scene(self.world.factory)
        self.run(self.scene.open())
        self.last = self.run(self.scene.shop.product())
        self.me = self.scene.people[0].client
        self.favourite = self.run(want(self.me, self.last))
        self.told: list[Event] = []
        self.last_id: str | None = None
        self.follow(0)
        assert self.follower is not None
        # Whoever never heard where the stream is can't come back to that place.
        self.told += self.follower.rest(1)

    @precondition(lambda self: self.follower is None)
    @rule(process=st.integers(0, PROCESSES - 1))
    def follow(self, process: int) -> None:
        self.follower = self.run(Follower(self.processes[process], self.me.token, self.last_id).__aenter__())

    @precondition(lambda self: self.follower is not None)
    @rule(most=st.integers(0, 5))
    def go_away(self, most: int) -> None:
        """Perhaps in the middle of what came."""
        assert self.follower is not None
        self.run(self.follower.__aexit__(None, None, None))
        events = self.follower.rest(most)
        self.told += events
        self.last_id, self.follower = self.follower.last_id, None

    @rule(place=PLACE, on=LIST, price=st.one_of(st.none(), PRICE))
    def price(self, place: int, on: int, price: Decimal | None) -> None:
        if not self.scene.is_held(place):
            self.run(self.scene.price(place, on, "try", price))

    @rule(place=PLACE, on=LIST, in_stock=st.booleans())
    def stock(self, place: int, on: int, in_stock: bool) -> None:
        if not self.scene.is_held(place):
            self.run(self.scene.stock(place, on, in_stock=in_stock))

    @rule(place=PLACE, is_active=st.booleans())
    def activity(self, place: int, is_active: bool) -> None:
        if not self.scene.is_held(place):
            self.run(self.scene.activity(place, is_active=is_active))

    @precondition(lambda self: self.scene.held is None)
    @rule(place=PLACE, on=LIST, price=PRICE)
    def begin_a_change_that_takes_long(self, place: int, on: int, price: Decimal) -> None:
        self.run(self.scene.begin_price(place, on, price))

    @precondition(lambda self: self.scene.held is not None)
    @rule()
    def commit_it(self) -> None:
        self.run(self.scene.commit_price())

    @rule()
    def dismiss(self) -> None:
        self.run(dismiss_updates(self.me, all=True))

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.25]))
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    def teardown(self) -> None:
        if not hasattr(self, "told"):
            return
        self.run(self.scene.commit_price())
        if self.follower is None:
            self.follow(0)
        assert self.follower is not None
        self.run(self.scene.shop.price(self.last, "1.00"))
        while not self.told or self.told[-1].favourite != self.favourite:
            self.told.append(self.run(self.follower.event()))
        self.run(self.follower.__aexit__(None, None, None))
        keys = [event.key for event in self.told]
        assert len(set(keys)) == len(keys), "something was told twice"
        for kind in KINDS:
            for element in self.run(shown(self.me, kind)):
                assert Event(kind, "", element).key in keys, "something was not told"


@contextmanager
def running(world: World, count: int) -> Iterator[list[Litestar]]:
    """So many processes on the stores of the world."""
    finished = asyncio.Event()
    made = [create_app(world.settings) for _ in range(count)]
    started = asyncio.Barrier(count + 1)

    async def live(app: Litestar) -> None:
        async with app.lifespan():
            await started.wait()
            await finished.wait()

    async def begin() -> list[asyncio.Task[None]]:
        lives = [asyncio.create_task(live(app)) for app in made]
        await started.wait()
        return lives

    async def end() -> None:
        finished.set()
        await asyncio.gather(*lives)

    lives = world.run(begin())
    try:
        yield made
    finally:
        world.run(end())


@pytest.mark.timeout(400)  # a history that fails is made as short as possible first
def test_follower_is_told_everything_once_in_any_history(settings: Settings, emptying: str) -> None:
    with World.open(settings) as world, running(world, PROCESSES) as processes:
        world.run(world.factory.execute(emptying))
        machine = type("StreamsOfThisWorld", (Streams,), {"world": world, "processes": processes})
        run_machine(machine, settings=CHOSEN)


CHOSEN = settings(max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
