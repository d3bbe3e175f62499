"""What a change makes of a basket, before any of it is stored: pure decisions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from src.modules.baskets.cart import Line
from src.modules.baskets.errors import BasketFrozen
from src.modules.baskets.guests import Guest
from src.modules.baskets.lines import OpenRow, read_object
from src.modules.baskets.opening import Content, Opened
from src.modules.baskets.reading import Wanted, Whole
from src.modules.baskets.repositories import Basket, Owner
from src.modules.baskets.saving import Touched
from src.modules.baskets.statuses import CURRENT, FROZEN
from src.modules.baskets.visits import Visit
from src.platform.edge import TransactionNeeded
from src.platform.errors import AppError

ENCODER = msgspec.json.Encoder()
EMPTY = msgspec.Raw(b"{}")


class Writer(NamedTuple):
    """Who changes a basket, with which wishes."""

    visit: Visit
    owner: Owner
    guest: Guest | None
    if_match: str | None


class Decision(NamedTuple):
    """What a change made of a basket: its own fields, and the line that the shopper has just seen the price of."""

    basket: Basket
    line: Line | None = None
    # What to go back to, should the voucher be refused; None where there is nothing to be judged.
    before_voucher: Basket | None = None
    must_fit: bool = True
    # Others like it.
    more_lines: Sequence[Line] = ()


Decide: TypeAlias = Callable[[Basket, Content], Decision]


class Ask(NamedTuple):
    """A change of a basket that is there."""

    writer: Writer
    wanted: Wanted
    decide: Decide


class Decided(NamedTuple):
    """A change that was decided."""

    ask: Ask
    opened: Opened
    decision: Decision

    @property
    def basket(self) -> Basket:
        """The basket's own fields as they are to be: one that was emptied loses its codes."""
        before, cart = self.opened.basket, self.opened.content.cart
        basket, currency = self.decision.basket, self.ask.wanted.currency
        # One that nothing has a price in any more is not what the basket is priced in.
        if currency is not None and currency == self.opened.whole.state.currency:
            basket = basket._replace(currency_type=currency)
        if cart.removed and not cart.lines:
            given = basket.external_offer_code != before.external_offer_code
            basket = basket._replace(
                voucher_code=None, external_offer_code=basket.external_offer_code if given else None
            )
        return basket

    @property
    def is_change(self) -> bool:
        """Whether there is anything to be stored."""
        return self.opened.content.cart.is_changed or self.basket != self.opened.basket

    @property
    def touched(self) -> Touched:
        """The basket with its next version."""
        return Touched(self.basket, self.opened.next_version, self.opened.moment)

    @property
    def written(self) -> dict[int, Line]:
        """The lines that the shopper sees written now, by id."""
        line, more = self.decision.line, self.decision.more_lines
        lines = more if line is None else (line, *more)
        return {each.id: each for line in lines for each in line.whole() if each.id is not None}

    def looks_like(self, opened: Opened) -> bool:
        """Whether the basket would be shown the same if it had been opened so."""
        return self.opened.whole.state.looks_like(opened.whole.state, self.ask.writer.visit)

    def given_attributes(self) -> Iterator[str]:
        """The attributes that lines have been given, as JSON."""
        for line in self.opened.content.cart.every():
            if line.attributes and line.is_changed:
                known = self.opened.rows.get(line.id or 0)
                if known is None or read_object(known.attributes) != line.attributes:
                    yield _json(line)

    def whole(self, attributes: Mapping[str, msgspec.Raw]) -> Whole:
        """The basket as it will be read when this is stored, under its old version; `attributes` as the database does.

        Nothing of it is newer than what was opened, so its fingerprint is that of these very prices.
        """
        basket, before = self.basket, self.opened.whole
        lines = sorted(self._rows(attributes), key=lambda row: row.id)
        state = before.state._replace(
            voucher_stamp=before.state.voucher_stamp if basket.voucher_code is not None else "",
            products_version=sum([line.product_version for line in lines]),
        )
        return before._replace(
            state=state,
            voucher_code=basket.voucher_code,
            external_offer_code=basket.external_offer_code,
            lines=lines,
        )

    def _rows(self, attributes: Mapping[str, msgspec.Raw]) -> Iterator[OpenRow]:
        rows, products, stored = self.opened.rows, self.opened.products, self.opened.content.cart.stored
        for line in self.opened.content.cart.lines:
            for each in line.whole():
                assert each.id is not None  # noqa: S101  (new lines have been given theirs)
                is_stored = each.id in stored
                row = rows[each.id] if is_stored else _new_row(products[each.product_id], each, line)
                if each.is_changed:
                    told = attributes.get(_json(each), row.attributes) if each.attributes else EMPTY
                    row = msgspec.structs.replace(row, quantity=each.quantity, attributes=told)
                yield row


def decided(ask: Ask, opened: Opened | None) -> Decided | BaseException:
    """What becomes of a change that shares its transaction, or what is in its way."""
    if opened is None or opened.basket.status not in CURRENT or opened.basket.is_overdue:
        return TransactionNeeded()
    if opened.basket.status == FROZEN:
        return BasketFrozen()
    try:
        return Decided(ask, opened, ask.decide(opened.basket, opened.content))
    except AppError as error:
        return error


def _new_row(product: OpenRow, line: Line, whole: Line) -> OpenRow:
    """A line as it will be read; what has been seen of it is what the one had that it was split off."""
    return msgspec.structs.replace(
        product,
        id=line.id,
        attributes_kwargs=EMPTY,
        image=None,
        parent_id=None if line is whole else whole.id,
        seen_price=None if line.unit_price is None else int(line.unit_price * 100),
        seen_currency=line.currency_type,
        seen_offers=(),
    )


def _json(line: Line) -> str:
    return ENCODER.encode(line.attributes).decode()
