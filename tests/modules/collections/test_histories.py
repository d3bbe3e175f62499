"""Any history of two users' collections: every answer, list and link equals the model."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from src.platform.settings import Settings
from tests.modules.collections.albums import COLLECTIONS, ITEMS, LINKS, Album
from tests.modules.collections.shapes import Collection, Item, Made
from tests.modules.favourites.shapes import read
from tests.world import World

T = TypeVar("T")
PEOPLE, PRODUCTS = 2, 4
WHO, NTH, PLACE = st.integers(0, PEOPLE - 1), st.integers(0, 7), st.integers(0, PRODUCTS - 1)
NAME = st.sampled_from(["Summer", "winter \N{SNOWMAN}", "100%"])
STATUS = st.sampled_from(["public", "private"])
NOTE = st.sampled_from([None, "blue", "for Mary"])


@dataclass
class KnownItem:
    """An item as the API told of it."""

    pk: int
    product: int
    note: str | None


@dataclass
class Known:
    """A collection as the API told of it, and as it has to be by now."""

    pk: int
    name: str
    slug: str
    status: str
    items: list[KnownItem] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What has to be shown of it."""
        return {
            "pk": self.pk,
            "status": self.status,
            "name": self.name,
            "slug": self.slug,
            "items": [(item.pk, item.product, item.note) for item in self.items],
            "public_url": f"{LINKS}{self.slug}/" if self.status == "public" else None,
        }


def told(shown: Collection) -> dict[str, Any]:
    """What is shown of a collection."""
    return {
        "pk": shown.pk,
        "status": shown.status,
        "name": shown.name,
        "slug": shown.slug,
        "items": [(item.pk, item.product.pk, item.note) for item in shown.items],
        "public_url": shown.public_url,
    }


class Histories(RuleBasedStateMachine):
    """Two users; rules are what they do, to what is theirs or to what is not."""

    world: World
    steps = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.world.run(coroutine)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        factory = self.world.factory
        self.albums = [Album(await factory.shopper()) for _ in range(PEOPLE)]
        self.products = [await factory.product() for _ in range(PRODUCTS)]
        self.active = [True] * PRODUCTS
        self.collections: list[list[Known]] = [[] for _ in range(PEOPLE)]
        self.dead: set[str] = set()

    def send(self, who: int, method: str, url: str, body: Any = None) -> Any:
        """What somebody's request is answered with."""
        return self.run(self.albums[who].shopper.request(method, url, json=body))

    def collection(self, nth: int) -> tuple[int, Known | None]:
        """One of all users' collections, and whose it is."""
        everything = [(owner, known) for owner, owned in enumerate(self.collections) for known in owned]
        return everything[nth % len(everything)] if everything else (0, None)

    def item(self, nth: int) -> tuple[int, Known | None, KnownItem | None]:
        """One of all users' items, its collection, and whose they are."""
        everything = [
            (owner, known, item)
            for owner, owned in enumerate(self.collections)
            for known in owned
            for item in known.items
        ]
        return everything[nth % len(everything)] if everything else (0, None, None)

    @rule(who=WHO, name=NAME, status=STATUS)
    def create(self, who: int, name: str, status: str) -> None:
        made = read(self.send(who, "POST", COLLECTIONS, {"name": name, "status": status}), Made, 201)
        self.collections[who].append(Known(made.pk, name, made.slug, status))
        assert made.count == len(self.collections[who])

    @rule(who=WHO, nth=NTH, name=st.one_of(st.none(), NAME), status=st.one_of(st.none(), STATUS))
    def change(self, who: int, nth: int, name: str | None, status: str | None) -> None:
        owner, known = self.collection(nth)
        if known is None:
            return
        asked = {field: value for field, value in (("name", name), ("status", status)) if value is not None}
        answer = self.send(who, "PATCH", f"{COLLECTIONS}{known.pk}/", asked)
        if who != owner:
            assert answer.status_code == 404
            return
        known.name, known.status = name or known.name, status or known.status
        assert told(read(answer, Collection)) == known.told()

    @rule(who=WHO, nth=NTH)
    def rotate(self, who: int, nth: int) -> None:
        owner, known = self.collection(nth)
        if known is None:
            return
        answer = self.send(who, "POST", f"{COLLECTIONS}{known.pk}/rotate-link/")
        if who != owner:
            assert answer.status_code == 404
            return
        self.dead.add(known.slug)
        known.slug = answer.json()["slug"]
        assert known.slug not in self.dead
        assert told(read(answer, Collection)) == known.told()

    @rule(who=WHO, nth=NTH)
    def delete(self, who: int, nth: int) -> None:
        owner, known = self.collection(nth)
        if known is None:
            return
        answer = self.send(who, "DELETE", f"{COLLECTIONS}{known.pk}/")
        assert answer.status_code == (204 if who == owner else 404)
        if who == owner:
            self.collections[who].remove(known)
            self.dead.add(known.slug)

    @rule(who=WHO, nth=NTH, place=PLACE, note=NOTE)
    def add(self, who: int, nth: int, place: int, note: str | None) -> None:
        owner, known = self.collection(nth)
        if known is None:
            return
        product = self.products[place].id
        body = {"product_id": product, "usercollection_id": known.pk, "note": note}
        answer = self.send(who, "POST", ITEMS, body)
        if who != owner:
            assert answer.status_code == 404
        elif not self.active[place]:
            assert answer.status_code == 400
        elif product in [item.product for item in known.items]:
            assert answer.status_code == 406
        else:
            known.items.append(KnownItem(read(answer, Item, 201).pk, product, note))

    @rule(who=WHO, nth=NTH, note=NOTE)
    def note(self, who: int, nth: int, note: str | None) -> None:
        owner, _, item = self.item(nth)
        if item is None:
            return
        answer = self.send(who, "PATCH", f"{ITEMS}{item.pk}/", {"note": note})
        assert answer.status_code == (200 if who == owner else 404)
        if who == owner:
            item.note = note

    @rule(who=WHO, nth=NTH)
    def remove(self, who: int, nth: int) -> None:
        owner, known, item = self.item(nth)
        if known is None or item is None:
            return
        answer = self.send(who, "DELETE", f"{ITEMS}{item.pk}/")
        assert answer.status_code == (204 if who == owner else 404)
        if who == owner:
            known.items.remove(item)

    @rule(who=WHO, nth=NTH, where=NTH, how=st.sampled_from(["copy", "move"]))
    def send_item(self, who: int, nth: int, where: int, how: str) -> None:
        owner, source, item = self.item(nth)
        target_owner, target = self.collection(where)
        if source is None or item is None or target is None:
            return
        answer = self.run(self.albums[who].send(item.pk, how, target.pk))
        if not who == owner == target_owner:
            assert answer.status_code == 404
        elif how == "move" and source is target:
            assert answer.status_code == 200
        elif item.product in [other.product for other in target.items]:
            assert answer.status_code == 406
        elif how == "move":
            assert read(answer, Item).pk == item.pk
            source.items.remove(item)
            target.items.append(item)
        else:
            target.items.append(KnownItem(read(answer, Item, 201).pk, item.product, item.note))

    @rule(who=WHO, nth=NTH, shuffle=st.randoms(use_true_random=False), number=NTH)
    def order(self, who: int, nth: int, shuffle: Any, number: int) -> None:
        owner, known = self.collection(nth)
        if known is None:
            return
        wanted = shuffle.sample(known.items, min(number, len(known.items)))
        answer = self.run(self.albums[who].order(known.pk, *(item.pk for item in wanted)))
        assert answer.status_code == (200 if who == owner else 404)
        if who == owner:
            known.items = [*wanted, *(item for item in known.items if item not in wanted)]
            assert told(read(answer, Collection)) == known.told()

    @rule(place=PLACE, active=st.booleans())
    def activity(self, place: int, active: bool) -> None:
        product, self.active[place] = self.products[place].id, active
        factory = self.world.factory
        self.run(factory.execute("UPDATE product SET is_active = %s WHERE id = %s", active, product))
        self.run(factory.touch(product))

    @rule()
    def lose_the_cache(self) -> None:
        self.run(self.world.flush())
        self.world.app.state.cache._local.clear()

    @invariant()
    def lists_equal_the_model(self) -> None:
        who = self.steps % PEOPLE
        self.steps += 1
        page = self.run(self.albums[who].page(limit=1000))
        assert [told(shown) for shown in page.results] == [known.told() for known in reversed(self.collections[who])]
        assert page.count == len(self.collections[who])

    @invariant()
    def links_equal_the_model(self) -> None:
        self.run(self._links_equal_the_model())

    async def _links_equal_the_model(self) -> None:
        for owner, owned in enumerate(self.collections):
            for known in owned:
                of_all = await self.world.client.get(f"{LINKS}{known.slug}/")
                if known.status == "public":
                    assert told(read(of_all, Collection)) == known.told()
                else:
                    assert of_all.status_code == 404
                    assert (await self.albums[owner - 1].shopper.get(f"{LINKS}{known.slug}/")).status_code == 404
                    shown = await self.albums[owner].shopper.get(f"{LINKS}{known.slug}/")
                    assert told(read(shown, Collection)) == known.told()
        answers = await asyncio.gather(*(self.world.client.get(f"{LINKS}{slug}") for slug in self.dead))
        assert {answer.status_code for answer in answers} <= {404}


@pytest.mark.timeout(400)  # a history that fails is made as short as possible first
def test_every_answer_equals_the_model_after_any_history(settings: Settings, emptying: str) -> None:
    with World.open(settings) as world:
        world.run(world.factory.execute(emptying))
        machine = type("HistoriesOfThisWorld", (Histories,), {"world": world})
        run_state_machine_as_test(machine, settings=CHOSEN)


CHOSEN = settings(max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
