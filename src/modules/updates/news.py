"""What a pass over the log makes of a product: pure decisions over its history, split at the ends of the pass."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from src.modules.updates.chunks import ProductFacts
from src.modules.updates.history import History
from src.modules.updates.rules import (
    Change,
    Context,
    Facts,
    Sight,
    context_key,
    effective,
    effective_changes,
    facts,
    undone,
)


class Marks(NamedTuple):
    """Rows of the log by their ids: those that a pass works off, and those that come after it."""

    passed: Collection[int]
    later: Collection[int]


class Split(NamedTuple):
    """A product as it is where a pass ends and where it begins, the rows that the pass works off, and those before."""

    sight: Sight
    before: Sight
    passed: Sequence[Change]
    older: Sequence[Change]

    @classmethod
    def of(cls, history: History, marks: Marks) -> "Split":
        """A product's history, cut where the pass begins and where it ends."""
        older: list[Change] = []
        passed: list[Change] = []
        later: list[Change] = []
        for change in history.changes:
            place = passed if change.id in marks.passed else later if change.id in marks.later else older
            place.append(change)
        sight = undone(history.sight, later) if later else history.sight
        return cls(sight, undone(sight, passed), passed, older)

    def news(self, product_id: int, context: Context) -> ProductFacts:
        """What the pass changed in the end for shoppers of the context."""
        before, after = effective(self.before, context), effective(self.sight, context)
        # The latest rows that brought it about, if anything is different in the end.
        price = availability = None
        if before != after:
            for each in effective_changes(self.sight, self.passed, context):
                if each.before.price != each.after.price:
                    price = price or each.change
                if each.before.available != each.after.available:
                    availability = availability or each.change
        if before.price == after.price:
            price = None
        if before.available == after.available:
            availability = None
        return ProductFacts(
            product_id=product_id,
            context=context_key(context),
            segment_price_list=context.segment_price_list,
            segment_stock_list=context.segment_stock_list,
            currency=context.currency,
            old_price=before.price,
            new_price=after.price,
            price_change_id=price and price.id,
            price_changed_at=price and price.changed_at,
            availability_kind=availability and ("newly_available" if after.available else "out_of_stock"),
            availability_change_id=availability and availability.id,
            availability_changed_at=availability and availability.changed_at,
        )

    def facts(self, context: Context) -> Facts | None:
        """The facts where the pass ends; None when the pass left them as they were."""
        after = facts(self.sight, [*self.older, *self.passed], context)
        before = facts(self.before, self.older, context)
        return after if after != before else None
