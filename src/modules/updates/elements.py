"""How updates look: elements of the feed, and the feed."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from src.modules.updates.dtos import (
    AnyElement,
    Feed,
    NewlyAvailable,
    OutOfStock,
    PriceChange,
    PriceChanged,
    Summary,
    Variant,
)
from src.modules.updates.finding import Found
from src.modules.updates.repositories import Shown
from src.modules.updates.rules import Kind
from src.platform.wire import CENT, time

ElementT = TypeVar("ElementT", bound=AnyElement)


def element(found: Found, shown: Shown) -> AnyElement:
    """An update with its product."""
    candidate, state = found.candidate, found.state
    variant = Variant(
        id=shown.uuid,
        market_id=shown.market,
        name=shown.name,
        price=state.price,
        # Of what is not for sale there is nothing to be had, whatever the stock list says.
        stock_available=shown.stock if state.available else 0,
        images=shown.images,
    )
    at = time(found.update.changed_at)
    match found.update.kind:
        case "newly_available":
            return NewlyAvailable(candidate.uuid, shown.uuid, variant, at)
        case "out_of_stock":
            return OutOfStock(candidate.uuid, shown.uuid, variant, at)
        case "price_changed":
            return PriceChanged(candidate.uuid, shown.uuid, variant, _price_change(found, at))


def _price_change(found: Found, changed_at: str) -> PriceChange:
    old, new = found.update.old_price, found.update.new_price
    assert old is not None  # noqa: S101  (a change of price has both)
    assert new is not None  # noqa: S101
    return PriceChange(
        old_price=old,
        new_price=new,
        change_amount=new - old,
        change_percentage=((new - old) / old * 100).quantize(CENT) if old else None,
        changed_at=changed_at,
        lowest_price_30d=found.lowest,
        currency=found.currency,
    )


def feed(counts: Mapping[Kind, int], elements: Sequence[AnyElement]) -> Feed:
    """The feed of these elements, which come in its order; `counts` are those without a limit."""
    return Feed(
        newly_available=_of(NewlyAvailable, elements),
        price_changed=_of(PriceChanged, elements),
        out_of_stock=_of(OutOfStock, elements),
        summary=Summary(
            newly_available_count=counts["newly_available"],
            price_changed_count=counts["price_changed"],
            out_of_stock_count=counts["out_of_stock"],
            total_updates=sum(counts.values()),
        ),
    )


def _of(kind: type[ElementT], elements: Sequence[AnyElement]) -> list[ElementT]:
    return [each for each in elements if isinstance(each, kind)]
