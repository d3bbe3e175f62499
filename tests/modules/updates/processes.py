"""More processes than one, and transactions that take long, for followers of the stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from litestar import Litestar

from src.app import create_app
from src.platform.settings import Settings

LATE_PRICE = """
WITH changed AS (
    UPDATE product_price SET price = %(price)s WHERE product_id = %(product)s AND price_list_id = 1
    RETURNING old.price AS old_price, new.price AS new_price
)
INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
SELECT %(product)s, 'price', 1, 'try', old_price, new_price FROM changed
"""
LATE_STOCK = """
WITH changed AS (
    UPDATE product_stock SET in_stock = NOT in_stock WHERE product_id = %(product)s
    RETURNING old.in_stock AS old_stock, new.in_stock AS new_stock
)
INSERT INTO catalogue_change (product_id, kind, stock_list_id, old_available, new_available)
SELECT %(product)s, 'availability', 1, old_stock, new_stock FROM changed
"""


@asynccontextmanager
async def transaction(settings: Settings) -> AsyncIterator[psycopg.AsyncConnection]:
    """A transaction that takes long: what it wrote is committed when the block ends."""
    async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
        yield connection


@asynccontextmanager
async def another_process(settings: Settings) -> AsyncIterator[Litestar]:
    """A second application on the same stores."""
    made = create_app(settings)
    started, finished = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with made.lifespan():
            started.set()
            await finished.wait()

    life = asyncio.create_task(live())
    await started.wait()
    try:
        yield made
    finally:
        finished.set()
        await life
