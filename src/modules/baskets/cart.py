"""The lines of a basket while a write changes them: pure decisions, no I/O.

A line is told apart from others by its reference: the product and, if there are any, its attributes and sub-items. The
lines of sub-items hang on it, hold their share for each of its units, and come and go with it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from src.modules.baskets.dtos import MAX_QUANTITY
from src.modules.baskets.errors import (
    AttributesNeeded,
    BasketFull,
    NotEnoughStock,
    NotForSale,
    QuantityOutOfRange,
    UnknownLine,
    UnknownProduct,
)
from src.modules.baskets.facts import MAX_LINES, Facts

REFERENCE_BYTES = 12
CANONICAL = msgspec.json.Encoder(order="sorted", decimal_format="number")


class Part(NamedTuple):
    """A sub-item: so many units of a product for each unit of the line that it belongs to."""

    product_id: int
    quantity: int
    attributes: dict[str, Any]


class Line(msgspec.Struct, kw_only=True, eq=False):
    """A line with its sub-items; `id` is None until it is stored."""

    id: int | None = None
    product_id: int
    quantity: int
    reference: str
    attributes: dict[str, Any] = {}
    inquiry: dict[str, Any] | None = None
    unit_price: Decimal | None = None
    currency_type: str | None = None
    tax_rate: Decimal | None = None
    data_source_id: int | None = None
    # The offers that gave it something when it was last written.
    offer_ids: tuple[int, ...] = ()
    parts: list["Line"] = []
    is_changed: bool = False

    def whole(self) -> Iterator["Line"]:
        """The line, then its sub-items."""
        yield self
        yield from self.parts

    def hold(self, quantity: int) -> None:
        """Make it so many units, and the sub-items follow; raises QuantityOutOfRange."""
        before = self.quantity
        for line in self.whole():
            per_unit = line.quantity // before
            if not 0 < per_unit * quantity <= MAX_QUANTITY:
                raise QuantityOutOfRange
            line.is_changed = line.is_changed or per_unit * quantity != line.quantity
            line.quantity = per_unit * quantity

    def split_off(self) -> "Line":
        """A new line of one unit, which this one loses."""
        before = self.quantity
        one, *parts = [
            msgspec.structs.replace(
                line, id=None, quantity=line.quantity // before, offer_ids=(), parts=[], is_changed=True
            )
            for line in self.whole()
        ]
        one.parts = parts
        self.hold(before - 1)
        return one

    def note(self, offer_ids: Sequence[int]) -> None:
        """Note the offers that the shopper sees of it now."""
        noted = tuple(sorted(offer_ids))
        if noted != self.offer_ids:
            self.offer_ids, self.is_changed = noted, True

    def rename(self, attributes: dict[str, Any]) -> None:
        """Give it other attributes."""
        if attributes != self.attributes:
            self.attributes, self.is_changed = attributes, True
            self.reference = self.own_reference()

    def own_reference(self) -> str:
        """What tells it from others by what it is."""
        per_unit = (Part(part.product_id, part.quantity // self.quantity, part.attributes) for part in self.parts)
        return reference_of(self.product_id, self.attributes, per_unit)


class Cart:
    """All lines of one basket, and which of them a write has removed."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines: list[Line] = list(lines)
        self._know_by_our_references()
        self.removed: list[int] = []
        # The ids of the lines that are stored already.
        self.stored = {line.id for line in self.every()}
        self._had = self.units()

    def _know_by_our_references(self) -> None:
        """Lines that another shop brought along have references of its own; ours takes their place when they change."""
        known = {line.reference for line in self.lines}
        for line in self.lines:
            if line.reference.partition("-")[0] != str(line.product_id):
                ours = line.own_reference()
                if ours not in known:
                    known.add(ours)
                    line.reference = ours

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to be stored."""
        return bool(self.removed) or any(line.is_changed for line in self.every())

    def units(self) -> dict[int, int]:
        """How many units of each product the lines hold together."""
        units: dict[int, int] = {}
        for line in self.every():
            units[line.product_id] = units.get(line.product_id, 0) + line.quantity
        return units

    def every(self) -> Iterator[Line]:
        """All lines, sub-items behind the line that they belong to."""
        for line in self.lines:
            yield from line.whole()

    def add(
        self,
        product_id: int,
        quantity: int,
        attributes: dict[str, Any],
        parts: Sequence[Part] = (),
        inquiry: dict[str, Any] | None = None,
    ) -> Line:
        """Put units of a product in: on its line when there is one; raises QuantityOutOfRange and BasketFull."""
        reference = reference_of(product_id, attributes, parts)
        line = self._find(lambda line: line.reference == reference)
        if line is not None:
            line.hold(line.quantity + quantity)
        else:
            line = Line(product_id=product_id, quantity=1, reference=reference, attributes=attributes, is_changed=True)
            line.parts = [
                Line(
                    product_id=part.product_id,
                    quantity=part.quantity,
                    reference=reference_of(part.product_id, part.attributes),
                    attributes=part.attributes,
                    is_changed=True,
                )
                for part in parts
            ]
            line.hold(quantity)
            self.put(line)
        self._ask(line, inquiry)
        return line

    def put(self, line: Line) -> None:
        """Take a new line in; raises BasketFull."""
        if sum(1 for _ in self.every()) + 1 + len(line.parts) > MAX_LINES:
            raise BasketFull
        self.lines.append(line)

    def set(
        self, product_id: int, quantity: int, attributes: dict[str, Any] | None, inquiry: dict[str, Any] | None = None
    ) -> Line | None:
        """Make a product's line so many units; None when there is no line now; raises AttributesNeeded."""
        line = self._meant(product_id, attributes)
        if line is None:
            return self.add(product_id, quantity, attributes or {}, inquiry=inquiry) if quantity else None
        if not quantity:
            self.remove(line)
            return None
        line.hold(quantity)
        self._ask(line, inquiry)
        return line

    def change_attributes(self, line_id: int, *, is_all: bool, attributes: dict[str, Any] | None) -> Line:
        """Give a line, or one unit of it, other attributes; the line that holds it now; raises UnknownLine."""
        line = self._find(lambda line: line.id == line_id)
        if line is None:
            raise UnknownLine
        if attributes is None or attributes == line.attributes:
            return line
        if is_all or line.quantity == 1:
            line.rename(attributes)
            equal = self._find(lambda other: other.reference == line.reference and other is not line)
            if equal is None:
                return line
            self.remove(line)
            equal.hold(equal.quantity + line.quantity)
            return equal
        one = line.split_off()
        one.rename(attributes)
        equal = self._find(lambda other: other.reference == one.reference)
        if equal is None:
            self.put(one)
            return one
        equal.hold(equal.quantity + 1)
        return equal

    def remove(self, line: Line) -> None:
        """Take a line out with its sub-items."""
        self.lines.remove(line)
        self.removed += [each.id for each in line.whole() if each.id is not None]

    def clear(self) -> None:
        """Take every line out."""
        for line in list(self.lines):
            self.remove(line)

    def judge(self, line: Line, facts: Mapping[int, Facts]) -> None:
        """Refuse a line that can't be bought: raises UnknownProduct, NotForSale or NotEnoughStock.

        Stock is shared by all lines of a product. A line may become smaller though there is too little for all of
        them, but never stay larger than what there is.
        """
        units = self.units()
        for each in line.whole():
            fact = facts.get(each.product_id)
            if fact is None:
                raise UnknownProduct("product" if each is line else "sub_items")
            if not fact.for_sale:
                raise NotForSale
            room, wanted = fact.room(), units[each.product_id]
            if each.quantity > room or (wanted > room and wanted > self._had.get(each.product_id, 0)):
                raise NotEnoughStock

    def price(self, line: Line, facts: Mapping[int, Facts]) -> None:
        """Note the prices that the shopper sees of a line now."""
        for each in line.whole():
            fact = facts[each.product_id]
            seen = (fact.unit_price, fact.currency_type, fact.tax_rate, fact.data_source_id)
            if (each.unit_price, each.currency_type, each.tax_rate, each.data_source_id) != seen:
                each.unit_price, each.currency_type, each.tax_rate, each.data_source_id = seen
                each.is_changed = True

    def _meant(self, product_id: int, attributes: dict[str, Any] | None) -> Line | None:
        """The line that a product and perhaps attributes name; None when there is none such."""
        if attributes is not None:
            plain = reference_of(product_id, attributes)
            fitting = [x for x in self.lines if x.product_id == product_id and _same(x.attributes, attributes)]
        else:
            plain = reference_of(product_id, {})
            fitting = [x for x in self.lines if x.product_id == product_id]
        if len(fitting) <= 1:
            return fitting[0] if fitting else None
        exact = next((line for line in fitting if line.reference == plain), None)
        if exact is None:
            raise AttributesNeeded
        return exact

    def _find(self, fits: Callable[[Line], bool]) -> Line | None:
        return next((line for line in self.lines if fits(line)), None)

    def _ask(self, line: Line, inquiry: dict[str, Any] | None) -> None:
        if inquiry is not None and inquiry != line.inquiry:
            line.inquiry, line.is_changed = inquiry, True


def reference_of(product_id: int, attributes: Mapping[str, Any], parts: Iterable[Part] = ()) -> str:
    """What tells a line from others: its product and, if there are any, a digest of its attributes and sub-items."""
    bundle = sorted([part.product_id, part.quantity, _canonical(part.attributes)] for part in parts)
    if not attributes and not bundle:
        return str(product_id)
    content = CANONICAL.encode([_plain(attributes), bundle])
    return f"{product_id}-{hashlib.blake2b(content, digest_size=REFERENCE_BYTES).hexdigest()}"


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    return CANONICAL.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """JSON as the database gives it back: 1.0 and 1 are one number, and so are 1e23 and its digits."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value)).normalize()
    return value
