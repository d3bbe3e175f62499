"""Any history of shoppers, prices, stocks, switches and lost caches: every read equals the model."""

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from src.platform.dynamic_settings import DEFAULT_CURRENCY, FAVOURITE_SKU_IS_ACTIVE
from src.platform.settings import Settings
from tests.factories import Client, Factory, Product
from tests.modules.favourites.model import DEFAULT, SEGMENT, SOURCE, Item, Model
from tests.modules.favourites.shop import (
    COMMERCE,
    PRODUCTS,
    STOREFRONT,
    change_setting,
    count,
    favorites,
    page,
    statuses,
)
from tests.world import World

T = TypeVar("T")
PEOPLE, ITEMS = 3, 7
PERSON, PLACE = st.integers(0, PEOPLE - 1), st.integers(0, ITEMS - 1)
LIST = st.sampled_from([DEFAULT, SOURCE, SEGMENT])
CURRENCY = st.sampled_from(["try", "usd"])
WANTED = st.sampled_from([None, "usd", "try", "undefined"])


class Histories(RuleBasedStateMachine):
    """A shop that is open; rules are what shoppers, the catalogue team and accidents do."""

    world: World
    steps = 0

    @property
    def factory(self) -> Factory:
        return self.world.factory

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.world.run(coroutine)

    @initialize()
    def open_shop(self) -> None:
        self.run(self._open_shop())

    async def _open_shop(self) -> None:
        for setting in (FAVOURITE_SKU_IS_ACTIVE, DEFAULT_CURRENCY):
            await change_setting(self.factory, setting, setting.default)
        insert = self.factory.insert
        self.price_lists = [1, *[await insert("price_list", name="x") for _ in range(2)]]
        self.stock_lists = [1, *[await insert("stock_list", name="x") for _ in range(2)]]
        own = {"price_list_id": self.price_lists[SEGMENT], "stock_list_id": self.stock_lists[SEGMENT]}
        self.segment = await insert("segment", name="x", **own)
        own = {"price_list_id": self.price_lists[SOURCE], "stock_list_id": self.stock_lists[SOURCE]}
        source = await insert("data_source", name="x", slug="x", **own)
        self.products: list[Product] = []
        items = []
        for place in range(ITEMS):
            # The first is the parent of the next two; three share a base code, one has none.
            parent = 0 if place in (1, 2) else None
            columns: dict[str, Any] = {"base_code": [None, "B", "B", "B", "a"][place] if place < 5 else f"c{place}"}
            if parent is not None:
                columns["parent_id"] = self.products[0].id
            if place % 2:
                columns["data_source_id"] = source
            product = await self.factory.product(price="10.00", stock=5, **columns)
            self.products.append(product)
            items.append(Item(product.id, str(product.uuid), columns["base_code"], bool(place % 2), parent))
            items[-1].prices[DEFAULT, "try"], items[-1].stocks[DEFAULT] = Decimal("10.00"), 5
        self.model = Model(items, PEOPLE)
        self.shoppers: list[Client] = [await self.factory.shopper() for _ in range(PEOPLE)]
        for place in range(ITEMS):
            await self._price(place, place % 3, "usd", 100 + place)
            await self._price(place, (place + 1) % 3, "try", 900 + place)
        await self._membership(0, member=True)
        self.seen: list[tuple[int, str | None]] = [(0, None)] * PEOPLE

    async def _add(self, who: int, place: int, dialect: str) -> tuple[str, int, str]:
        """Add through a dialect: what became of it, and the ids."""
        product = self.products[place]
        if dialect == COMMERCE:
            answer = await self.shoppers[who].post(COMMERCE, json={"product": product.id})
            outcome = {200: "made", 406: "there", 400: "unknown"}[answer.status_code]
            pk = answer.json()["pk"] if outcome == "made" else 0
            uuid = await self.factory.scalar("SELECT uuid::text FROM favourite WHERE id = %s", pk)
        else:
            answer = await self.shoppers[who].post(STOREFRONT, json={"variant_id": str(product.uuid)})
            outcome = {201: "made", 409: "there", 404: "unknown"}[answer.status_code]
            uuid = answer.json()["favorite"]["id"] if outcome == "made" else None
            pk = await self.factory.scalar("SELECT id FROM favourite WHERE uuid = %s", uuid)
        return outcome, pk, uuid

    @rule(who=PERSON, place=PLACE, dialect=st.sampled_from([COMMERCE, STOREFRONT]))
    def add(self, who: int, place: int, dialect: str) -> None:
        person = self.model.people[who]
        outcome, pk, uuid = self.run(self._add(who, place, dialect))
        assert outcome == self.model.may_add(person, place)
        if outcome == "made":
            self.model.added(person, place, pk, uuid)

    @rule(who=PERSON, place=PLACE)
    def add_through_both_dialects_at_once(self, who: int, place: int) -> None:
        async def race() -> list[tuple[str, int, str]]:
            return await asyncio.gather(*(self._add(who, place, dialect) for dialect in (COMMERCE, STOREFRONT) * 2))

        person = self.model.people[who]
        expected = self.model.may_add(person, place)
        outcomes = self.run(race())
        made = [told for told in outcomes if told[0] == "made"]
        assert len(made) == (expected == "made")
        assert {told[0] for told in outcomes} - {"made"} == {"there" if expected == "made" else expected}
        for _, pk, uuid in made:
            self.model.added(person, place, pk, uuid)

    @rule(who=PERSON, whose=PERSON, nth=st.integers(0, 9), by_product=st.booleans())
    def remove_by_number(self, who: int, whose: int, nth: int, by_product: bool) -> None:
        numbers = [item.id for item in self.model.items] if by_product else sorted(self.model.people[whose].had)
        number = numbers[nth % len(numbers)] if numbers else 1
        person = self.model.people[who]
        wish = self.model.meant_by(person, number)
        answer = self.run(self.shoppers[who].delete(f"{COMMERCE}{number}/"))
        assert answer.status_code == (204 if wish else 404)
        if wish:
            person.forget(wish)

    @rule(who=PERSON, whose=PERSON, nth=st.integers(0, 9))
    def remove_by_uuid(self, who: int, whose: int, nth: int) -> None:
        wishes = self.model.people[whose].wishes
        if wishes:
            wish = wishes[nth % len(wishes)]
            answer = self.run(self.shoppers[who].delete(f"{STOREFRONT}/{wish.uuid}"))
            assert answer.status_code == (200 if who == whose else 403)
            if who == whose:
                self.model.people[who].forget(wish)

    @rule(place=PLACE, on=LIST, currency=CURRENCY, cents=st.one_of(st.none(), st.integers(0, 10**6)))
    def price(self, place: int, on: int, currency: str, cents: int | None) -> None:
        self.run(self._price(place, on, currency, cents))

    async def _price(self, place: int, on: int, currency: str, cents: int | None) -> None:
        product, prices = self.products[place], self.model.items[place].prices
        key = {"price_list_id": self.price_lists[on], "currency_type": currency}
        if cents is None:
            prices.pop((on, currency), None)
            statement = "DELETE FROM product_price WHERE product_id = %s AND price_list_id = %s AND currency_type = %s"
            await self.factory.execute(statement, product.id, *key.values())
            await self.factory.touch(product.id)
        else:
            prices[on, currency] = Decimal(cents).scaleb(-2)
            await self.factory.price(product, str(prices[on, currency]), **key)

    @rule(place=PLACE, on=LIST, stock=st.one_of(st.none(), st.integers(0, 3)))
    def stock(self, place: int, on: int, stock: int | None) -> None:
        self.model.items[place].stocks[on] = stock
        known = {"stock_list_id": self.stock_lists[on], "in_stock": stock is None or stock > 0}
        self.run(self.factory.stock(self.products[place], stock, **known))

    @rule(place=PLACE, active=st.booleans())
    def activity(self, place: int, active: bool) -> None:
        self.model.items[place].active = active
        product = self.products[place]
        self.run(self.factory.execute("UPDATE product SET is_active = %s WHERE id = %s", active, product.id))
        self.run(self.factory.touch(product.id))

    @rule(who=PERSON, member=st.booleans())
    def membership(self, who: int, member: bool) -> None:
        self.run(self._membership(who, member=member))

    async def _membership(self, who: int, *, member: bool) -> None:
        self.model.people[who].member = member
        segment, email = self.segment if member else None, self.shoppers[who].email
        await self.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, email)

    @rule(value=st.booleans())
    def one_per_product(self, value: bool) -> None:
        self.model.one_per_product = value
        self.run(change_setting(self.factory, FAVOURITE_SKU_IS_ACTIVE, value))

    @rule(currency=CURRENCY)
    def default_currency(self, currency: str) -> None:
        self.model.currency = currency
        self.run(change_setting(self.factory, DEFAULT_CURRENCY, currency))

    @rule(shared=st.booleans(), own=st.booleans())
    def lose_the_cache(self, shared: bool, own: bool) -> None:
        if shared:
            self.run(self.world.flush())
        if own:
            self.world.app.state.cache._local.clear()

    @rule(wanted=WANTED)
    def read_lists(self, wanted: str | None) -> None:
        for who in range(PEOPLE):
            self._read_lists(who, wanted)

    def _read_lists(self, who: int, wanted: str | None) -> None:
        person, shopper = self.model.people[who], self.shoppers[who]
        headers = {"X-Currency": wanted} if wanted else {}
        currency = wanted if wanted in ("usd", "try") else None
        listed = self.run(page(shopper, headers=headers))
        rows = [(row.pk, row.product) for row in listed.results]
        assert [
            (pk, p.pk, p.base_code, p.price, p.currency_type, p.stock, p.in_stock, p.is_ready_to_basket)
            for pk, p in rows
        ] == self.model.commerce(person, currency)
        assert listed.count == len(person.wishes)
        assert [
            (f.id, f.variant_id, f.product_id, f.has_variant, f.current_price, f.availability_status)
            for f in self.run(favorites(shopper, headers=headers))
        ] == self.model.storefront(person, currency)

    @invariant()
    def glance(self) -> None:
        """After every step somebody else looks at everything, so that caches fill and grow old."""
        self.steps += 1
        who = self.steps % PEOPLE
        self._read_counts_and_hearts(who)
        self._read_lists(who, "usd" if self.steps % 2 else None)

    def _read_counts_and_hearts(self, who: int) -> None:
        person, shopper = self.model.people[who], self.shoppers[who]
        told = self.run(count(shopper))
        assert told.count == len(person.wishes)
        changes, last_updated = self.seen[who]
        if person.changes == changes:
            assert told.last_updated == last_updated
        else:
            assert told.last_updated
            assert last_updated is None or told.last_updated > last_updated
        self.seen[who] = (person.changes, told.last_updated)
        expected = [self.model.status(person, place) for place in range(ITEMS)]
        assert [heart.favorite_id for heart in self.run(statuses(shopper, *self.products))] == expected
        for place in (0, who):
            single = self.run(shopper.get(f"{PRODUCTS}/{self.products[place].uuid}/favorite-status")).json()["data"]
            assert single["favorite_id"] == expected[place]

    def teardown(self) -> None:
        if hasattr(self, "model"):
            for wanted in (None, "usd"):
                self.read_lists(wanted)
            for who in range(PEOPLE):
                self._read_counts_and_hearts(who)


@pytest.mark.timeout(400)  # a history that fails is made as short as possible first
def test_every_read_equals_the_model_after_any_history(settings: Settings, emptying: str) -> None:
    with World.open(settings) as world:
        world.run(world.factory.execute(emptying))
        machine = type("HistoriesOfThisWorld", (Histories,), {"world": world})
        run_state_machine_as_test(machine, settings=CHOSEN)


CHOSEN = settings(max_examples=7, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
