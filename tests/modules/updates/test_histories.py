"""Any history of favourites, prices, stocks, lists, dismissals, passes and lost caches: the feed is the reference's."""

from collections.abc import Coroutine
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from src.modules.updates import Chunk, advance
from src.platform.database import Connection
from src.platform.settings import Settings
from src.platform.wire import time
from tests.modules.updates.scene import DEFAULT, ITEMS, PEOPLE, SEGMENT, SOURCE, Scene
from tests.modules.updates.shop import updates
from tests.world import World

T = TypeVar("T")
PERSON, PLACE = st.integers(0, PEOPLE - 1), st.integers(0, ITEMS - 1)
LIST = st.sampled_from([DEFAULT, SOURCE, SEGMENT])
PRICE = st.sampled_from(["0.00", "7.00", "8.00", "9.00"]).map(Decimal)


class Killed(Exception):
    """The end of a worker in the middle of a pass."""


class Histories(RuleBasedStateMachine):
    """A shop that is open; rules are what shoppers, the catalogue team, workers and accidents do."""

    world: World
    steps = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.world.run(coroutine)

    @initialize()
    def open_shop(self) -> None:
        self.scene = Scene(self.world.factory)
        self.run(self.scene.open())

    @rule(who=PERSON, place=PLACE, wanted=st.sampled_from([None, "usd"]))
    def add_or_remove(self, who: int, place: int, wanted: str | None) -> None:
        wish = next((wish for wish in self.scene.people[who].wishes if wish.place == place), None)
        if wish:
            self.run(self.scene.remove(who, wish))
        elif self.scene.pasts[place].now(("active",)):
            self.run(self.scene.add(who, place, wanted))

    @rule(place=PLACE, on=LIST, currency=st.sampled_from(["try", "try", "usd"]), price=st.one_of(st.none(), PRICE))
    def price(self, place: int, on: int, currency: str, price: Decimal | None) -> None:
        if not self.scene.is_held(place):
            self.run(self.scene.price(place, on, currency, price))

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

    @rule(who=PERSON, is_member=st.booleans())
    def membership(self, who: int, is_member: bool) -> None:
        self.run(self.scene.membership(who, is_member=is_member))

    @rule(has_lists=st.booleans())
    def lists_of_the_source(self, has_lists: bool) -> None:
        self.run(self.scene.lists_of_the_source(has_lists=has_lists))

    @rule(who=PERSON, places=st.one_of(st.none(), st.sets(PLACE)), nth=st.one_of(st.none(), st.integers(0, 30)))
    def dismiss(self, who: int, places: set[int] | None, nth: int | None) -> None:
        moments, wishes = self.scene.moments(), self.scene.people[who].wishes
        up_to = None if nth is None else moments[-1 - nth % len(moments)]
        chosen = None if places is None else [wish for wish in wishes if wish.place in places]
        self.run(self.scene.dismiss(who, chosen, up_to))

    # Half a grace lies between a change and a dismissal, or several make a window.
    @precondition(lambda self: self.scene.held is None)
    @rule(days=st.sampled_from([20 / 24 / 60, 4, 12, 29]))
    def time_passes(self, days: float) -> None:
        self.run(self.scene.days_pass(days))

    @rule(favourites=st.integers(1, 5), chunks=st.sampled_from([0, 1, 2, 1000, 1000]))
    def pass_over_the_log(self, favourites: int, chunks: int) -> None:
        left = chunks

        async def also(_: Connection, __: Chunk) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        async def work() -> None:
            with suppress(Killed):
                await advance(self.world.factory.database, also, favourites_per_chunk=favourites)

        self.run(work())

    @rule(shared=st.booleans(), own=st.booleans())
    def lose_the_cache(self, shared: bool, own: bool) -> None:
        if shared:
            self.run(self.world.flush())
        if own:
            self.world.app.state.cache._local.clear()

    @invariant()
    def glance(self) -> None:
        """After every step two look, so that caches fill and grow old."""
        self.steps += 1
        for who in (0, 1 + self.steps % 2):
            self.look(who)

    def look(self, who: int) -> None:
        """A shopper's feed is what they must be told."""
        shown = self.run(updates(self.scene.people[who].client))
        expected = self.scene.expected(who)
        assert [
            (each.id, each.became_available_at, each.variant.price) for each in shown.newly_available
        ] == self._availability(expected.get("newly_available", []))
        assert [
            (each.id, each.became_unavailable_at, each.variant.price) for each in shown.out_of_stock
        ] == self._availability(expected.get("out_of_stock", []))
        assert [
            (
                each.id,
                change.changed_at,
                change.old_price,
                change.new_price,
                change.lowest_price_30d,
                each.variant.price,
            )
            for each in shown.price_changed
            for change in (each.price_change,)
        ] == self._prices(expected.get("price_changed", []))
        assert shown.summary.total_updates == sum(map(len, expected.values()))
        assert all(element.variant.stock_available == 0 for element in shown.out_of_stock)

    def _availability(self, expected: list[Any]) -> list[tuple[str, str, Any]]:
        return [(uuid, time(update.at), price) for uuid, update, price in expected]

    def _prices(self, expected: list[Any]) -> list[Any]:
        return [
            (uuid, time(update.at), update.old, update.new, update.lowest, price) for uuid, update, price in expected
        ]

    def teardown(self) -> None:
        if hasattr(self, "scene") and self.scene.people:
            self.run(self.scene.commit_price())
            for who in range(PEOPLE):
                self.look(who)


@pytest.mark.timeout(400)  # a history that fails is made as short as possible first
def test_every_feed_is_the_references_after_any_history(settings: Settings, emptying: str) -> None:
    with World.open(settings) as world:
        world.run(world.factory.execute(emptying))
        run_machine(type("HistoriesOfThisWorld", (Histories,), {"world": world}), settings=CHOSEN)


CHOSEN = settings(max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
