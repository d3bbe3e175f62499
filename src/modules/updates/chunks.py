"""A chunk of a pass: the favourites that are worked off in one transaction, and what changed about their products."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from src.platform.database import Connection

AvailabilityKind: TypeAlias = Literal["newly_available", "out_of_stock"]


class ProductFacts(NamedTuple):
    """What changed about a product in this pass, as those see it to whom the lists and the currency apply.

    It is the difference between the state before the pass and after it, so what went away and came back in between is
    no change. The ids are those of the latest rows of the log (`catalogue_change.id`) that brought the change about.
    """

    product_id: int
    context: int
    # None where no segment chooses a list; the lists of the product's data source are counted in.
    segment_price_list: int | None
    segment_stock_list: int | None
    currency: str | None
    # Before the pass and after it, whether they are different or not; None is no price.
    old_price: Decimal | None
    new_price: Decimal | None
    # Set when the price changed, also when there was none before or is none now.
    price_change_id: int | None
    price_changed_at: datetime | None
    # Set, all three, when the availability changed.
    availability_kind: AvailabilityKind | None
    availability_change_id: int | None
    availability_changed_at: datetime | None

    @property
    def is_news(self) -> bool:
        """Whether anything changed."""
        return self.price_change_id is not None or self.availability_kind is not None


class Chunk(NamedTuple):
    """What one transaction of a pass works off."""

    # Of each product that changed and each context that occurs among these favourites; only those that are news.
    facts: Sequence[ProductFacts]
    # Of each changed product in the default context (no segment, DEFAULT_CURRENCY), exactly once per pass, whether it
    # has favourites or not, and whether it is news in that context or not.
    changed: Sequence[ProductFacts]
    # The parameters of FAVOURITES_OF_CHUNK.
    values: dict[str, Any]


# What else belongs into the transaction of a chunk.
Also: TypeAlias = Callable[[Connection, Chunk], Awaitable[None]]

# The favourites of the chunk under way, as they were when it began: every statement of its transaction sees the same
# ones, and what joins make of them is made once. It belongs to the session and is empty outside such a transaction.
# Sessions of a pooler outlive releases: with other columns it must have another name.
CREATE_CHOSEN = """
CREATE TEMPORARY TABLE IF NOT EXISTS chosen_favourite (
    user_id bigint, favourite_id bigint, product_id bigint, baseline_at timestamptz, baseline_price numeric,
    baseline_available boolean, price_list bigint, stock_list bigint, currency text, has_row boolean
) ON COMMIT DELETE ROWS
"""
# What is joined is told by range as well: the planner does not conclude that. Ids begin with 1, so 0 can stand for no
# list, as an empty text for no currency: nulls can't be joined by hash.
CHOOSE = """
INSERT INTO chosen_favourite
SELECT favourite.user_id, favourite.id, favourite.product_id, favourite.baseline_at, favourite.baseline_price,
       favourite.baseline_available, coalesce(segment.price_list_id, 0), coalesce(segment.stock_list_id, 0),
       coalesce(favourite.baseline_currency, ''), written.user_id IS NOT NULL
FROM favourite
JOIN users ON users.id = favourite.user_id AND users.id > %(after_user)s AND users.id <= %(until_user)s
LEFT JOIN segment ON segment.id = users.segment_id
LEFT JOIN favourite_update AS written ON written.user_id = favourite.user_id AND written.favourite_id = favourite.id
    AND written.user_id > %(after_user)s AND written.user_id <= %(until_user)s
WHERE favourite.product_id = ANY(%(products)s::bigint[])
  AND favourite.user_id > %(after_user)s AND favourite.user_id <= %(until_user)s
"""
READ_CONTEXTS = """
SELECT product_id, price_list, stock_list, currency, bool_or(has_row) FROM chosen_favourite
GROUP BY product_id, price_list, stock_list, currency
"""
ON_FACT = """
fact.product_id = chosen.product_id AND fact.price_list = chosen.price_list AND fact.stock_list = chosen.stock_list
AND fact.currency = chosen.currency"""

# The favourites of a chunk about which there is news, each with what changed; for `FROM (…) AS told`. Parameters are
# named: pass `{**chunk.values, …}`, whose names all begin with `chunk_`.
FAVOURITES_OF_CHUNK = f"""
SELECT chosen.user_id, chosen.favourite_id, chosen.product_id,
       chosen.baseline_at, chosen.baseline_price, chosen.baseline_available,
       nullif(chosen.currency, '') AS baseline_currency,
       fact.context, fact.old_price, fact.new_price, fact.price_change_id, fact.price_changed_at,
       fact.availability_kind, fact.availability_change_id, fact.availability_changed_at
FROM chosen_favourite AS chosen
JOIN unnest(
    %(chunk_products)s::bigint[], %(chunk_contexts)s::bigint[], %(chunk_price_lists)s::bigint[],
    %(chunk_stock_lists)s::bigint[], %(chunk_currencies)s::text[], %(chunk_old_prices)s::numeric[],
    %(chunk_new_prices)s::numeric[], %(chunk_price_change_ids)s::bigint[], %(chunk_price_changed_ats)s::timestamptz[],
    %(chunk_availability_kinds)s::text[], %(chunk_availability_change_ids)s::bigint[],
    %(chunk_availability_changed_ats)s::timestamptz[]
) AS fact (product_id, context, price_list, stock_list, currency, old_price, new_price, price_change_id,
           price_changed_at, availability_kind, availability_change_id, availability_changed_at)
  ON {ON_FACT}
"""


def parameters(facts: Sequence[ProductFacts]) -> dict[str, Any]:
    """The parameters of FAVOURITES_OF_CHUNK for a chunk with these facts."""
    names = (
        *("products", "contexts", "price_lists", "stock_lists", "currencies", "old_prices", "new_prices"),
        *("price_change_ids", "price_changed_ats"),
        *("availability_kinds", "availability_change_ids", "availability_changed_ats"),
    )
    keyed = [
        fact._replace(
            segment_price_list=fact.segment_price_list or 0,
            segment_stock_list=fact.segment_stock_list or 0,
            currency=fact.currency or "",
        )
        for fact in facts
    ]
    columns = zip(*keyed, strict=True) if keyed else ((),) * len(names)
    return {f"chunk_{name}": list(column) for name, column in zip(names, columns, strict=True)}
