"""Many products at once: each goes into the basket as far as it can, and a report says how far. Pure decisions."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from src.modules.baskets.cart import Cart, Line, reference_of
from src.modules.baskets.dtos import MAX_QUANTITY
from src.modules.baskets.errors import BasketFull
from src.modules.baskets.facts import Facts

# Those of lines that can't be bought, and what only a basket can say: one line's most, and the most lines.
Shortfall: TypeAlias = Literal["inactive", "out_of_stock", "no_price", "over_stock", "quantity_limit", "basket_full"]


class Wish(NamedTuple):
    """Units of a product that are to go into a basket; `key` is what the caller knows them by."""

    key: int
    product_id: int
    quantity: int


class Outcome(NamedTuple):
    """How many units of a wish went in; `shortfall` says why if these are not all."""

    wish: Wish
    quantity: int
    shortfall: Shortfall | None


def fill(cart: Cart, wishes: Sequence[Wish], facts: Mapping[int, Facts]) -> tuple[list[Line], list[Outcome]]:
    """Put in what can be had, in the order of the wishes; the lines that grew or came, and what became of each wish."""
    lines: dict[int, Line] = {}
    outcomes: list[Outcome] = []
    units = cart.units()
    for wish in wishes:
        fact = facts.get(wish.product_id)
        quantity, shortfall = _room(cart, wish, fact, units.get(wish.product_id, 0))
        if fact is not None and quantity:
            try:
                line = cart.add(wish.product_id, quantity, {})
            except BasketFull:
                quantity, shortfall = 0, "basket_full"
            else:
                cart.price(line, facts)
                lines[id(line)] = line
                units[wish.product_id] = units.get(wish.product_id, 0) + quantity
        outcomes.append(Outcome(wish, quantity, shortfall))
    return list(lines.values()), outcomes


def _room(cart: Cart, wish: Wish, fact: Facts | None, held: int) -> tuple[int, Shortfall | None]:
    """How many units of a wish there is room for, and what is in the way of the others."""
    if fact is None or not fact.is_active:
        return 0, "inactive"
    if fact.room() <= 0:
        return 0, "out_of_stock"
    if fact.unit_price is None:
        return 0, "no_price"
    reference = reference_of(wish.product_id, {})
    same = next((line.quantity for line in cart.lines if line.reference == reference), 0)
    in_stock, on_line = max(fact.room() - held, 0), MAX_QUANTITY - same
    if wish.quantity <= min(in_stock, on_line):
        return wish.quantity, None
    return min(in_stock, on_line), "over_stock" if in_stock <= on_line else "quantity_limit"
