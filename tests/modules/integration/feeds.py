"""Feeding rows in tests, without HTTP."""

import json
from typing import Any

from src.modules.integration.dtos import Report
from src.modules.integration.feed_imports import feed_in
from src.modules.integration.registry import RESOURCES
from src.modules.integration.services import JSON, delete_row, import_rows
from src.platform.database import Database
from tests.modules.integration.bodies import body

PRODUCTS = "products/products"
IMAGES = "products/product-images"
PRICES = "catalogs/product-prices"
STOCKS = "catalogs/product-stocks"


class Feed:
    """Feeds rows, each call in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def rows(self, path: str, *rows: Any, atomic: bool = False) -> Report:
        """Feed rows as a JSON array."""
        return await self.body(path, json.dumps(rows), JSON, atomic=atomic)

    async def body(self, path: str, content: bytes | str, content_type: str, *, atomic: bool = False) -> Report:
        """Feed a body."""
        async with self.database.transaction() as work:
            return await import_rows(work.connection, RESOURCES[path], body(content), content_type, atomic=atomic)

    async def merchant(self, content: str, content_type: str | None = None) -> Report:
        """Import a merchant feed."""
        async with self.database.transaction() as work:
            return await feed_in(work.connection, body(content), content_type)

    async def delete(self, path: str, row_id: int) -> None:
        """Delete a row."""
        async with self.database.transaction() as work:
            await delete_row(work.connection, RESOURCES[path], row_id)

    async def query(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a statement; single values where it has one column."""
        async with self.database.read() as connection:
            rows = await (await connection.execute(statement.encode(), values)).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    async def product(self, sku: str = "A", **fields: Any) -> int:
        """A product; its id."""
        await self.rows(PRODUCTS, {"sku": sku, "name": sku, **fields})
        (product_id,) = await self.query("SELECT id FROM product WHERE sku = %s", sku)
        return int(product_id)

    async def versions(self) -> dict[str, int]:
        """The versions of all products by their codes."""
        return dict(await self.query("SELECT sku, version FROM product JOIN product_state ON product_id = id"))

    async def epoch(self) -> int:
        """The version of the tables that touch many products at once."""
        (version,) = await self.query("SELECT version FROM catalogue_epoch")
        return int(version)


def counts(report: Report) -> tuple[int, int, int]:
    """What was created, updated and left unchanged."""
    assert report.received == report.created + report.updated + report.unchanged + len(report.rejected)
    return report.created, report.updated, report.unchanged


def faults(report: Report) -> dict[int, list[str | None]]:
    """The fields that rejected rows are wrong in."""
    return {rejection.row: [fault.field for fault in rejection.errors] for rejection in report.rejected}
