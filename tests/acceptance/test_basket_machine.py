"""Any history of shoppers, campaigns, prices and lost caches, through two API processes: reads equal the model."""

import contextlib
from typing import Any

import msgspec
import pytest
from httpx import Response
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.acceptance.basket_browser import BASKET, ITEMS
from tests.acceptance.basket_model import Cart, Row
from tests.acceptance.basket_shapes import Answer, Basket, check
from tests.acceptance.basket_shop import opened
from tests.acceptance.basket_world import CAMPAIGNS, CODED, STOCK, World, attributes, cents, choice, known
from tests.acceptance.basket_world import ITEMS as PLACES
from tests.acceptance.processes import Api
from tests.running import Service

PEOPLE, GUEST = 3, 2
WHO, PLACE, NTH = st.integers(0, PEOPLE - 1), st.integers(0, PLACES - 1), st.integers(0, CAMPAIGNS - 1)
WORD = st.sampled_from(["", "L"])
CURRENCY = st.sampled_from([None, None, None, "try", "usd", "eur"])


class Histories(RuleBasedStateMachine):
    """A shop with two users and a guest; whatever they do is checked against the model."""

    service: Service
    apis: tuple[str, str]
    cache_url: str
    steps = 0

    @initialize()
    def open_shop(self) -> None:
        self._entered = contextlib.ExitStack()
        self.shop = self._entered.enter_context(opened(self.service))
        self.world = World(self.shop, self.cache_url)
        self.model, self.products = self.world.model, self.world.products
        self.browsers = [self.shop.shopper(), self.shop.shopper(), self.shop.guest()]
        self.carts = [Cart() for _ in range(PEOPLE)]
        self.held: dict[tuple[int, str], bytes] = {}  # what was shown to whom under which tag
        for who in range(PEOPLE):
            for place in (who, who + 1, who + 2):
                self._add(who, place, 1 + place % 2, "", None)

    # What shoppers do

    def _send(self, who: int, method: str, body: Any, path: str = BASKET, currency: str | None = None) -> Response:
        headers = {"X-Currency": currency} if currency else {}
        url = self.apis[self.steps % 2] + path
        answer = self.browsers[who].send(method, url, json=body, headers=headers)
        if answer.status_code == 200 and currency:
            self.carts[who].currency = known(currency) or self.carts[who].currency
        return answer

    def _settle(self, who: int, answer: Response, currency: str | None = None) -> None:
        """The answer of a write that was taken is the whole basket; new lines get their ids from it."""
        assert answer.status_code == 200, answer.text
        basket = msgspec.json.decode(answer.content, type=Answer).basket
        ids = {(piece.product.pk, choice(piece.attributes)): piece.id for piece in basket.pieces}
        for row in self.carts[who].rows:
            row.id = row.id or ids[self.products[row.place].id, row.attributes]
        self._compare(who, basket, known(currency))

    @rule(who=WHO, place=PLACE, quantity=st.integers(1, 3), word=WORD, currency=CURRENCY)
    def add(self, who: int, place: int, quantity: int, word: str, currency: str | None) -> None:
        self._add(who, place, quantity, word, currency)

    @rule(who=WHO, first=PLACE, second=PLACE, word=WORD)
    def add_two(self, who: int, first: int, second: int, word: str) -> None:
        for place in (first, second):
            self._add(who, place, 1, word, None)

    def _add(self, who: int, place: int, quantity: int, word: str, currency: str | None) -> None:
        cart = self.carts[who]
        row = cart.find(place, word)
        codes = self.model.refusals(cart, place, row, quantity + (row.quantity if row else 0), known(currency))
        body = {"product": self.products[place].id, "quantity": quantity, "attributes": attributes(word)}
        answer = self._send(who, "POST", body, currency=currency)
        if codes:
            assert answer.status_code == 406
            assert answer.json()["error_code"] in codes
            return
        if row is None:
            cart.rows.append(Row(0, place, word, quantity))
        else:
            row.quantity += quantity
        self._settle(who, answer, currency)

    @rule(who=WHO, place=PLACE, quantity=st.integers(0, 6), word=st.one_of(st.none(), WORD), patch=st.booleans())
    def put(self, who: int, place: int, quantity: int, word: str | None, patch: bool) -> None:
        cart = self.carts[who]
        body: dict[str, Any] = {"product": self.products[place].id, "quantity": quantity}
        rows = cart.of(place)
        if word is not None:
            body["attributes"] = attributes(word)
        row = rows[0] if word is None and len(rows) == 1 else cart.find(place, word or "")
        answer = self._send(who, "PATCH" if patch else "PUT", body)
        if row is None and word is None and rows:
            assert answer.status_code == 400
            return
        if quantity:
            codes = self.model.refusals(cart, place, row, quantity)
            # Less than before of a product that is short, or of one without a price: it may be taken all the same.
            forgiven = row is not None and (quantity <= row.quantity or codes == {"basket_101"})
            if codes and not (forgiven and answer.status_code == 200):
                assert answer.status_code == 406, (codes, answer.text)
                assert answer.json()["error_code"] in codes
                return
            if row is None:
                cart.rows.append(Row(0, place, word or "", quantity))
            else:
                row.quantity = quantity
        elif row is not None:
            cart.rows.remove(row)
            if not cart.rows:  # Whether that is emptying, too, nobody says.
                cart.voucher = answer.json()["basket"]["voucher_code"]
                assert cart.voucher in (None, self.world.code)
        self._settle(who, answer)

    @rule(who=WHO, nth=st.integers(0, 9), whole=st.booleans(), word=WORD)
    def change_attributes(self, who: int, nth: int, whole: bool, word: str) -> None:
        cart = self.carts[who]
        if not cart.rows:
            return
        row = cart.rows[nth % len(cart.rows)]
        answer = self._send(who, "PATCH", {"id": row.id, "is_all": whole, "attributes": attributes(word)}, path=ITEMS)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        cart.move(row, word, row.quantity if whole else 1, told["id"])
        kept = cart.find(row.place, word)
        assert kept is not None
        assert (kept.id, kept.quantity, attributes(word)) == (told["id"], told["quantity"], told["attributes"])

    @rule(who=WHO, whole=st.sampled_from([True, False, False, False]))
    def remove_voucher_or_everything(self, who: int, whole: bool) -> None:
        self.carts[who].voucher = None
        self.carts[who].rows = [] if whole else self.carts[who].rows
        told = self._send(who, "DELETE", None) if whole else self._send(who, "PATCH", {"remove_voucher_code": True})
        self._settle(who, told)

    @rule(who=WHO, good=st.sampled_from([True, True, True, False]))
    def apply_voucher(self, who: int, good: bool) -> None:
        cart, campaign, code = self.carts[who], self.model.campaigns[CODED], self.world.code
        answer = self._send(who, "PATCH", {"voucher_code": code if good else "no such code"})
        currency = cart.currency or "try"
        if not good or not campaign.active:
            expected = "basket_110"
        elif currency not in campaign.currencies or not self.model.holds(cart, campaign, currency):
            expected = "basket_113"
        else:
            beaten = str(campaign.id) not in self.model.shown(Cart(cart.rows, code, cart.currency)).discounts
            if answer.status_code == 406 and beaten:
                assert answer.json()["error_code"] == "basket_113"
                return
            cart.voucher = code
            self._settle(who, answer)
            return
        assert answer.status_code == 406, answer.text
        assert answer.json()["error_code"] == expected

    @rule(user=st.integers(0, GUEST - 1))
    def sign_in(self, user: int) -> None:
        """The guest's basket goes into a user's; what nobody specifies about it is taken as it comes."""
        guest, cart = self.carts[GUEST], self.carts[user]
        basket = self.shop.signed_in(self.browsers[GUEST], self.browsers[user]).get()
        places = {product.id: place for place, product in enumerate(self.products)}
        merged = [Row(r.id, places[r.product.pk], choice(r.attributes), r.quantity) for r in basket.pieces]
        for place, item in enumerate(self.model.items):
            mine, both = self.model.units(cart, place), self.model.units(cart, place) + self.model.units(guest, place)
            units = sum(row.quantity for row in merged if row.place == place)
            if item.active and item.stock and (cart.currency or "try") in item.prices:
                assert units == min(both, max(item.stock, mine)), (place, units, mine, both, item)
            else:
                assert mine <= units <= both
        assert basket.voucher_code in (cart.voucher, guest.voucher)
        cart.rows, cart.voucher = sorted(merged, key=lambda row: row.id), basket.voucher_code
        self._compare(user, basket)
        self.browsers[GUEST], self.carts[GUEST] = self.shop.guest(), Cart()
        self._add(GUEST, self.steps % PLACES, 1, "", None)

    @rule(who=WHO, step=st.sampled_from(["submit", "freeze"]))
    def order(self, who: int, step: str) -> None:
        cart = self.carts[who]
        shown = self.model.shown(cart)
        basket = self._look(who)
        if basket.pk is None:
            return
        if not shown.lines or shown.unavailable:
            if step == "submit":
                assert self.shop.conflict(basket.pk, "submit") == "basket_121"
            return
        self.shop.moved(basket.pk, step)
        if step == "submit":
            self.carts[who] = Cart()
            self._add(who, self.steps % PLACES, 2, "", None)
            return
        refused = self._send(who, "POST", {"product": self.products[1].id})
        assert (refused.status_code, refused.json()["error_code"]) == (406, "basket_120")
        self._compare(who, self._look(who))
        self.shop.moved(basket.pk, "release")

    # What happens around them

    @rule(place=PLACE, currency=st.sampled_from(["try", "try", "usd"]), price=st.integers(10_000, 50_000))
    def price(self, place: int, currency: str, price: int) -> None:
        self.world.reprice(place, currency, price)

    @rule(place=PLACE, stock=st.integers(0, STOCK), active=st.sampled_from([True, True, False]))
    def availability(self, place: int, stock: int, active: bool) -> None:
        self.world.restock(place, stock)
        if active != self.model.items[place].active:
            self.world.activate(place, active=active)

    @rule(nth=NTH, change=st.integers(0, 3), number=st.integers(1, 15), flag=st.booleans())
    def campaign(self, nth: int, change: int, number: int, flag: bool) -> None:
        if change == 0:
            self.world.run(nth, active=flag)
        elif change == 1:
            self.world.rank(nth, number % 4, merges=flag)
        elif change == 2:
            self.world.give(nth, number)
        else:
            self.world.ask(nth, 1 + number % 5)

    @rule(how=st.sampled_from(["flush", "flush", "valkey-server", "worker"]))
    def lose_the_cache(self, how: str) -> None:
        if how == "flush":
            self.world.lose_the_cache()
        else:
            self.world.kill(how)

    # What is read

    @invariant()
    def glance(self) -> None:
        """After every step somebody looks, through one process or the other, with the tag of the last time."""
        self.steps += 1
        for who in (self.steps % PEOPLE, (self.steps // 2) % PEOPLE):
            currency = (None, "usd", None, "eur")[self.steps % 4]
            self._compare(who, self._look(who, currency), known(currency))

    def _look(self, who: int, currency: str | None = None) -> Basket:
        browser = self.browsers[who]
        headers = {"X-Currency": currency} if currency else {}
        last = [tag for whose, tag in self.held if whose == id(browser)]
        if last:
            headers["If-None-Match"] = last[-1]
        answer = browser.send("GET", self.apis[self.steps % 2] + BASKET, headers=headers)
        key = (id(browser), answer.headers["etag"])
        if answer.status_code == 304:
            assert answer.headers["etag"] == headers["If-None-Match"]
        else:
            assert answer.status_code == 200
            assert self.held.pop(key, answer.content) == answer.content, "one tag, two answers"
            self.held[key] = answer.content
        return msgspec.json.decode(self.held[key], type=Answer).basket

    def _compare(self, who: int, basket: Basket, currency: str | None = None) -> None:
        check(basket)
        expected = self.model.shown(self.carts[who], currency)
        told = {p.id: (p.product.pk, choice(p.attributes), p.quantity) for p in basket.pieces}
        assert {line.id: (*told[line.id], cents(line.unit_price)) for line in basket.basketitem_set} == expected.lines
        reasons = {line.id: line.reason for line in basket.unavailable_basket_products}
        for line, (*_, true) in expected.unavailable.items():
            true &= {reasons.get(line, "")}
        assert {line: (*told[line], {reason}) for line, reason in reasons.items()} == expected.unavailable
        assert {name: cents(str(amount)) for name, amount in basket.given.items()} == expected.discounts
        assert (cents(basket.total_product_amount), cents(basket.total_amount)) == (expected.products, expected.total)
        assert basket.voucher_code == self.carts[who].voucher

    def teardown(self) -> None:
        if hasattr(self, "_entered"):
            self._entered.close()


@pytest.mark.timeout(300)
def test_every_read_equals_the_model_after_any_history(service: Service, second: Api) -> None:
    places = {"service": service, "apis": (service.wait_until_ready(), second.address)}
    machine = type("HistoriesOfThisShop", (Histories,), {**places, "cache_url": second.cache_url})
    run_state_machine_as_test(machine, settings=CHOSEN)


# Making a history that fails short would take minutes, because each one opens a shop.
CHOSEN = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
