"""Shoppers and products for tests: valid by default, so that a test names only what it is about."""

import itertools
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
from psycopg.types.json import Jsonb

from src.modules.identity import issue_token
from src.platform.database import Database

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Product:
    """A product that a factory made."""

    id: int
    uuid: UUID
    sku: str


class Client:
    """A shopper's view of the service: an HTTP client with a token."""

    def __init__(self, client: httpx.AsyncClient, token: str, email: str) -> None:
        self._client = client
        self.token = token
        self.email = email

    async def request(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **kw: Any
    ) -> httpx.Response:
        """Send a request with the token."""
        return await self._client.request(
            method, url, headers={"Authorization": f"Token {self.token}", **(headers or {})}, **kw
        )

    async def get(self, url: str, **kw: Any) -> httpx.Response:
        """GET with the token."""
        return await self.request("GET", url, **kw)

    async def post(self, url: str, **kw: Any) -> httpx.Response:
        """POST with the token."""
        return await self.request("POST", url, **kw)

    async def put(self, url: str, **kw: Any) -> httpx.Response:
        """PUT with the token."""
        return await self.request("PUT", url, **kw)

    async def delete(self, url: str, **kw: Any) -> httpx.Response:
        """DELETE with the token."""
        return await self.request("DELETE", url, **kw)


class Factory:
    """Makes rows straight in the database, committed."""

    def __init__(self, database: Database, client: httpx.AsyncClient) -> None:
        self.database = database
        self._client = client

    async def shopper(self, *scopes: str, email: str | None = None) -> Client:
        """A user with a token of these scopes, `storefront` when none is named."""
        address = email or f"shopper{next(NUMBERS)}@example.com"
        token = await issue_token(self.database, email=address, scopes=scopes or ("storefront",))
        return Client(self._client, token, address)

    async def user_id(self, shopper: Client) -> int:
        """The integer id of a shopper's user."""
        return int(await self.scalar("SELECT id FROM users WHERE email = %s", shopper.email))

    async def product(
        self, *, price: str | None = "100.00", stock: int | None = 5, retail_price: str | None = None, **columns: Any
    ) -> Product:
        """A product with a price and a stock on the default lists; None leaves either out."""
        number = next(NUMBERS)
        values = {
            "uuid": uuid4(),
            "sku": f"SKU-{number}",
            "base_code": f"BASE-{number}",
            "name": f"Product {number}",
            **columns,
        }
        product_id = await self.insert("product", **values)
        await self.execute("INSERT INTO product_state (product_id) VALUES (%s)", product_id)
        product = Product(product_id, values["uuid"], values["sku"])
        if price is not None:
            await self.price(product, price, retail_price=retail_price)
        if stock is not None:
            await self.stock(product, stock)
        return product

    async def price(self, product: Product, price: str, **columns: Any) -> None:
        """Set a price, as a feed would: the product's version moves."""
        values = {"product_id": product.id, "price": price, "tax_rate": "18.00", **columns}
        values["retail_price"] = values.get("retail_price") or price
        await self._upsert("product_price", "product_id, price_list_id, currency_type, price_type", values)

    async def stock(self, product: Product, stock: int | None, **columns: Any) -> None:
        """Set a stock, as a feed would: the product's version moves."""
        values = {"product_id": product.id, "stock": stock, "in_stock": bool(stock), **columns}
        await self._upsert("product_stock", "product_id, stock_list_id", values)

    async def _upsert(self, table: str, key: str, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        places = ", ".join(["%s"] * len(values))
        updates = ", ".join(f"{name} = excluded.{name}" for name in values)
        await self.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE SET {updates}",
            *values.values(),
        )
        await self.touch(values["product_id"])

    async def touch(self, product_id: int) -> None:
        """Move a product's version, as every catalogue writer does."""
        await self.execute("UPDATE product_state SET version = version + 1 WHERE product_id = %s", product_id)

    async def insert(self, table: str, **columns: Any) -> int:
        """A row of `table`; its id."""
        names = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join(["%s"] * len(columns))
        return int(
            await self.scalar(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id", *columns.values())
        )

    async def execute(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        async with self.database.read() as connection:
            await connection.execute(statement.encode(), [_adapted(value) for value in values])

    async def scalar(self, statement: str, *values: Any) -> Any:
        """The first column of a statement's first row."""
        async with self.database.read() as connection:
            row = await (await connection.execute(statement.encode(), [_adapted(v) for v in values])).fetchone()
        return row[0] if row else None


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value
