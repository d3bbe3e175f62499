"""What the log and the lists say of products: what the rules need to walk back from now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from src.modules.catalogue import DATA_SOURCE_JOIN
from src.modules.updates.rules import Change, Sight
from src.platform.database import Connection

# A product is one row whatever there is about it: what it has several of comes as arrays that belong together.
SIGHTS = f"""
SELECT product.id, product.is_active, data_source.price_list_id, data_source.stock_list_id,
       prices.lists, prices.currencies, prices.prices, stocks.lists, stocks.availabilities{{columns}}
FROM product
{DATA_SOURCE_JOIN}
CROSS JOIN LATERAL (
    SELECT array_agg(price_list_id) AS lists, array_agg(currency_type) AS currencies, array_agg(price) AS prices
    FROM product_price
    WHERE product_id = product.id AND price_type = 'default'
) AS prices
CROSS JOIN LATERAL (
    SELECT array_agg(stock_list_id) AS lists, array_agg(in_stock) AS availabilities
    FROM product_stock
    WHERE product_id = product.id
) AS stocks
{{joins}}
WHERE product.id = ANY(%(products)s)
"""
ONLY_SIGHTS = SIGHTS.format(columns="", joins="")
HISTORIES = SIGHTS.format(
    columns=""", log.ids, log.kinds, log.lists, log.currencies, log.old_prices, log.new_prices,
       log.old_availabilities, log.new_availabilities, log.times""",
    joins="""
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS ids, array_agg(kind) AS kinds, array_agg(coalesce(price_list_id, stock_list_id)) AS lists,
           array_agg(currency_type) AS currencies, array_agg(old_price) AS old_prices,
           array_agg(new_price) AS new_prices, array_agg(old_available) AS old_availabilities,
           array_agg(new_available) AS new_availabilities, array_agg(changed_at) AS times
    FROM (
        SELECT * FROM catalogue_change
        WHERE product_id = product.id AND changed_at > %(since)s
        ORDER BY changed_at, id
    ) AS change
) AS log""",
)
SIGHT_COLUMNS = 9
LONG_AGO = "-infinity"


class History(NamedTuple):
    """A product as it is now, and the rows of the log about it in their order."""

    sight: Sight
    changes: Sequence[Change]


async def read_sights(connection: Connection, products: Sequence[int]) -> dict[int, Sight]:
    """These products as they are now on every list."""
    cursor = await connection.execute(ONLY_SIGHTS, {"products": list(products)}, binary=True)
    return {row[0]: _sight(row) for row in await cursor.fetchall()}


async def read_histories(
    connection: Connection, products: Sequence[int], since: datetime | None = None
) -> dict[int, History]:
    """These products with their rows of the log after `since`, or all of them, as of the same moment."""
    values = {"products": list(products), "since": since or LONG_AGO}
    cursor = await connection.execute(HISTORIES, values, binary=True)
    return {row[0]: History(_sight(row), _changes(row[SIGHT_COLUMNS:])) for row in await cursor.fetchall()}


def _sight(row: tuple[Any, ...]) -> Sight:
    _, is_active, price_list, stock_list, lists, currencies, prices, stock_lists, availabilities = row[:SIGHT_COLUMNS]
    return Sight(
        is_active=is_active,
        source_price_list=price_list,
        source_stock_list=stock_list,
        prices=dict(zip(zip(lists or (), currencies or (), strict=True), prices or (), strict=True)),
        availabilities=dict(zip(stock_lists or (), availabilities or (), strict=True)),
    )


def _changes(arrays: tuple[Any, ...]) -> list[Change]:
    if arrays[0] is None:
        return []
    return [
        # A row is either of a price or of an availability: the other two are null.
        Change(each, kind, list_id, currency, old if was is None else was, new if now is None else now, at)
        for each, kind, list_id, currency, old, new, was, now, at in zip(*arrays, strict=True)
    ]
