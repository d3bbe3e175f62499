"""What a basket costs: which lines can be bought, what the offers take off, what it comes to. Pure; money is cents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from src.modules.baskets.dtos import Reason
from src.modules.baskets.lines import LineRow, read_object
from src.modules.offers import Allocation, Line, OfferSet, ProductFacts, Shopper, allocate, allocate_ranked


class PricedLine(msgspec.Struct, frozen=True):
    """A line, why it can't be bought (None: it can), and what each offer takes off it, in the order of offers."""

    row: LineRow
    reason: Reason | None
    badges: tuple[tuple[int, int], ...] = ()

    @property
    def id(self) -> int:
        """The line's id."""
        return self.row.id

    @property
    def total(self) -> int | None:
        """Before discounts; None for a line without a price."""
        return None if self.row.price is None else self.row.price * self.row.quantity

    @property
    def discount(self) -> int:
        """What the offers take off it."""
        return sum(amount for _, amount in self.badges)

    @property
    def offer_ids(self) -> list[int]:
        """The offers that take something off it."""
        return [offer for offer, _ in self.badges]


class Priced(msgspec.Struct, frozen=True):
    """A basket with its prices, in one currency."""

    currency: str
    lines: Sequence[PricedLine]
    unavailable: Sequence[PricedLine]
    offers: OfferSet
    allocation: Allocation
    total_quantity: int
    total_products: int
    # (offer, cents) of each that takes something off, in the order of offers.
    discounts: Sequence[tuple[int, int]]
    shipping_free: bool
    points: int

    @property
    def total_discount(self) -> int:
        """What the offers take off."""
        return sum(amount for _, amount in self.discounts)

    @property
    def total(self) -> int:
        """What is to be paid."""
        return self.total_products - self.total_discount


def price(rows: Sequence[LineRow], offers: OfferSet, shopper: Shopper, *, in_full: bool = False) -> Priced:
    """The basket of `rows` for `shopper`, with the best that `offers` give; `in_full` also tells of those far off."""
    reasons = judge(rows)
    bought = [row for row in rows if row.id not in reasons]
    lines = [_line(row, offers) for row in bought]
    # Whoever has a voucher hears what is missing for it, whatever it is.
    if in_full or offers.voucher_offers:
        allocation = allocate(lines, offers.offers, shopper)
    else:
        allocation = allocate_ranked(lines, offers.ranking, shopper)
    badges: dict[int, list[tuple[int, int]]] = defaultdict(list)
    discounts = []
    for applied in allocation.applied:
        taken = [(line, amount) for line, amount in applied.by_line.items() if amount]
        for line, amount in taken:
            badges[line].append((applied.offer_id, amount))
        if taken:
            discounts.append((applied.offer_id, sum(amount for _, amount in taken)))
    return Priced(
        currency=shopper.currency,
        lines=[PricedLine(row, None, tuple(badges[row.id])) for row in bought],
        unavailable=[PricedLine(row, reasons[row.id]) for row in rows if row.id in reasons],
        offers=offers,
        allocation=allocation,
        total_quantity=sum(row.quantity for row in bought),
        total_products=sum((row.price or 0) * row.quantity for row in bought),
        discounts=discounts,
        shipping_free=any(applied.shipping_free for applied in allocation.applied),
        points=sum(applied.points for applied in allocation.applied),
    )


def _line(row: LineRow, offers: OfferSet) -> Line:
    facts = ProductFacts(
        sku=row.sku,
        base_code=row.base_code,
        categories=frozenset(row.category_nodes),
        attributes=read_object(row.product_attributes),
    )
    unit_price = row.price or 0
    return Line(
        id=row.id,
        product_id=row.product_id,
        sku=row.sku,
        base_code=row.base_code,
        quantity=row.quantity,
        unit_price=unit_price,
        retail_price=unit_price if row.retail_price is None else row.retail_price,
        collections=offers.collections_of(facts, row.collections or ()),
        categories=facts.categories,
        attributes=facts.attributes,
        from_data_source=row.from_data_source,
    )


def judge(rows: Iterable[LineRow]) -> Mapping[int, Reason]:
    """Why lines can't be bought, by id. The lines of a product share its stock, and the older ones go first.

    A line and its parts are bought together or not at all.
    """
    reasons: dict[int, Reason] = {}
    left: dict[int, int] = {}
    for together in _bundles(rows):
        wanted: dict[int, int] = defaultdict(int)
        found: dict[int, Reason] = {}
        for row in together:
            reason = _reason(row, left.get(row.product_id, row.stock), wanted[row.product_id] + row.quantity)
            if reason is not None:
                found[row.id] = reason
            wanted[row.product_id] += row.quantity
        if found:
            first = next(iter(found.values()))
            reasons |= {row.id: found.get(row.id, first) for row in together}
            continue
        for row in together:
            if row.stock is not None:
                left[row.product_id] = left.get(row.product_id, row.stock) - row.quantity
    return reasons


def _bundles(rows: Iterable[LineRow]) -> Iterable[Sequence[LineRow]]:
    """Lines with their parts, in the order of the lines' ids."""
    bundles: dict[int, list[LineRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        bundles[row.parent_id or row.id].append(row)
    return [bundles[first] for first in sorted(bundles)]


def _reason(row: LineRow, left: int | None, wanted: int) -> Reason | None:
    if not row.is_for_sale:
        return "inactive"
    if not row.in_stock or (row.stock is not None and row.stock <= 0):
        return "out_of_stock"
    if row.price is None:
        return "no_price"
    if left is not None and wanted > left:
        return "over_stock"
    return None
