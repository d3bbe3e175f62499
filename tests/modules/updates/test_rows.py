"""Any history of changes, moves and killed passes: when all is worked off, everybody's rows say what the log says."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as chosen
from hypothesis import strategies as st

from src.modules.updates import Context, context_key
from src.platform.settings import Settings
from tests.modules.updates.passing import Worker
from tests.modules.updates.reference import Lens, Past
from tests.modules.updates.scene import DEFAULT, ITEMS, PEOPLE, SEGMENT, SOURCE, Scene, Wish
from tests.world import World

PERSON, PLACE = st.integers(0, PEOPLE - 1), st.integers(0, ITEMS - 1)
LIST = st.sampled_from([DEFAULT, SOURCE, SEGMENT])
PRICE = st.sampled_from([None, *map(Decimal, ("7.00", "8.00", "9.00"))])
CHANGE = st.one_of(
    st.tuples(st.just("price"), PLACE, LIST, st.sampled_from(["try", "try", "usd"]), PRICE),
    st.tuples(st.just("stock"), PLACE, LIST, st.booleans()),
    st.tuples(st.just("activity"), PLACE, st.booleans()),
    st.tuples(st.just("pass"), st.integers(1, 5), st.sampled_from([None, None, 1, 2, 3])),
    st.tuples(st.just("want"), PERSON, PLACE, st.sampled_from([None, "usd"])),
)
MOVE = st.one_of(st.tuples(st.just("membership"), PERSON, st.booleans()), st.tuples(st.just("source"), st.booleans()))
ROW = """
SELECT ARRAY[context::text, price_changed_at::text, became_available_at::text, became_unavailable_at::text]
FROM favourite_update JOIN favourite USING (user_id) WHERE favourite.uuid = %s AND favourite_id = favourite.id
"""
Facts = tuple[datetime | None, ...]


class History:
    """A scene that is lived through."""

    def __init__(self, world: World) -> None:
        self.scene = Scene(world.factory)
        self.worker = Worker(world.factory.database)

    async def live(self, steps: list[tuple[Any, ...]]) -> None:
        """Open the shop, take these steps, and work everything off."""
        await self.scene.open()
        await self.worker.settle()
        for name, *given_to in steps:
            await getattr(self, f"_{name}")(*given_to)
        assert await self.worker.work()

    async def _price(self, place: int, on: int, currency: str, price: Decimal | None) -> None:
        await self.scene.price(place, on, currency, price)

    async def _stock(self, place: int, on: int, in_stock: bool) -> None:
        await self.scene.stock(place, on, in_stock=in_stock)

    async def _activity(self, place: int, is_active: bool) -> None:
        await self.scene.activity(place, is_active=is_active)

    async def _pass(self, favourites: int, dies_in_chunk: int | None) -> None:
        await self.worker.work(favourites=favourites, dies_in_chunk=dies_in_chunk)

    async def _want(self, who: int, place: int, currency: str | None) -> None:
        wishes, past = self.scene.people[who].wishes, self.scene.pasts[place]
        if past.now(("active",)) and all(wish.place != place for wish in wishes):
            await self.scene.add(who, place, currency)

    async def _membership(self, who: int, is_member: bool) -> None:
        await self.scene.membership(who, is_member=is_member)

    async def _source(self, has_lists: bool) -> None:
        await self.scene.lists_of_the_source(has_lists=has_lists)

    async def row(self, who: int, wish: Wish) -> Facts | None:
        """What the row of a favourite says; None when it has none for the lists that apply now."""
        found = await self.scene.factory.scalar(ROW, wish.uuid)
        is_member, is_sourced = self.scene.people[who].is_member, wish.place % 2 and self.scene.source_has_lists
        prices, stocks = self.scene.price_lists, self.scene.stock_lists
        context = Context(
            prices[SEGMENT] if is_member else None,
            prices[SOURCE] if is_sourced else None,
            stocks[SEGMENT] if is_member else None,
            stocks[SOURCE] if is_sourced else None,
            wish.currency,
        )
        if found is None or int(found[0]) != context_key(context):
            return None
        return tuple(at and datetime.fromisoformat(at) for at in found[1:])

    def lens(self, who: int, wish: Wish) -> Lens:
        """What applies to a favourite."""
        return self.scene.lens(who, wish.place, wish.currency)


def facts(past: Past, lens: Lens, until: datetime | None = None) -> Facts:
    """When what is seen last changed, up to a moment: forwards, as the reference has it."""
    found: dict[str, datetime] = {}
    for before, after in pairwise(past.seen(lens)):
        if until is None or after.since <= until:
            kind = "price" if before.price != after.price else "available" if after.available else "unavailable"
            found[kind] = after.since
    return tuple(found.get(kind) for kind in ("price", "available", "unavailable"))


@pytest.mark.timeout(60)
def test_rows_are_everybodys_facts(settings: Settings, emptying: str) -> None:
    @given(st.lists(CHANGE, min_size=5, max_size=25))
    @CHOSEN
    def every_history(steps: list[tuple[Any, ...]]) -> None:
        world.run(world.factory.execute(emptying))
        history = History(world)
        world.run(history.live(steps))
        for who, person in enumerate(history.scene.people):
            for wish in person.wishes:
                past, lens = history.scene.pasts[wish.place], history.lens(who, wish)
                row, expected = world.run(history.row(who, wish)), facts(past, lens)
                if row is None:  # nothing has changed since it was wanted, so that no pass had anything to write
                    assert expected == facts(past, lens, wish.baseline.since)
                else:
                    assert row == expected

    with World.open(settings) as world:
        every_history()


@pytest.mark.timeout(60)
def test_rows_for_the_lists_that_apply_are_never_out_of_date(settings: Settings, emptying: str) -> None:
    @given(st.lists(st.one_of(CHANGE, MOVE, MOVE), min_size=10, max_size=30))
    @CHOSEN
    def every_history(steps: list[tuple[Any, ...]]) -> None:
        world.run(world.factory.execute(emptying))
        history = History(world)
        world.run(history.live(steps))
        for who, person in enumerate(history.scene.people):
            for wish in person.wishes:
                row = world.run(history.row(who, wish))
                past, lens = history.scene.pasts[wish.place], history.lens(who, wish)
                assert row is None or row == facts(past, lens)

    with World.open(settings) as world:
        every_history()


CHOSEN = chosen(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given])
