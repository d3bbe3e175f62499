"""What tests of alerts do again and again: a shop whose stock changes, passes over the log, and what they made."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from src.modules.alerts import fire
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from src.platform.dynamic_settings import ALERT_WAVE_MINUTES, ALERT_WAVE_SIZE, write_setting
from tests.factories import Client, Factory, Product
from tests.modules.integration.feeds import STOCKS, Feed

ALERTS = "/wishlists/product-alerts/"


class Told(NamedTuple):
    """A delivery, as far as alerts decide about it."""

    channel: str
    kind: str
    user_id: int | None
    address: str | None
    product_id: int
    language: str | None
    payload: dict[str, Any]


class Desk:
    """A shop as tests of alerts see it."""

    def __init__(self, factory: Factory, feed: Feed, client: httpx.AsyncClient) -> None:
        self.factory = factory
        self.feed = feed
        self.client = client

    @property
    def database(self) -> Database:
        """The shop's database."""
        return self.factory.database

    async def sold_out(self, **columns: Any) -> Product:
        """A product that nobody can buy, of which every pass knows already."""
        product = await self.factory.product(stock=0, **columns)
        await self.run_pass()
        return product

    async def stock(self, product: Product, units: int, **fields: Any) -> None:
        """Feed a stock, which writes the log."""
        report = await self.feed.rows(STOCKS, {"product": product.id, "stock": units, **fields})
        assert report.rejected == []

    async def run_pass(self) -> None:
        """Work off the log, as a worker does."""

        async def also(connection: Connection, chunk: Chunk) -> None:
            await fire(connection, chunk.changed)

        assert await advance(self.database, also)

    async def restock(self, product: Product, units: int = 5, **fields: Any) -> None:
        """Feed a stock and work off the log."""
        await self.stock(product, units, **fields)
        await self.run_pass()

    async def ask(self, shopper: Client, product: Product, **kw: Any) -> int:
        """Ask for an alert; its pk."""
        response = await shopper.post(ALERTS, json={"product": product.id}, **kw)
        assert response.status_code == 201, response.text
        assert response.json() == {"pk": response.json()["pk"], "product": product.id}
        return int(response.json()["pk"])

    async def ask_as_guest(self, product: Product, email: str, **headers: str) -> httpx.Response:
        """Ask for an alert without an account."""
        return await self.client.post(ALERTS, json={"product": product.id, "email": email}, headers=headers)

    async def link(self, email: str) -> str:
        """The path of the link in the last mail that asks the owner of an address."""
        return str(
            await self.factory.scalar(
                "SELECT payload ->> 'link' FROM delivery WHERE kind = 'confirm_alert' AND address = %s"
                " ORDER BY id DESC LIMIT 1",
                email,
            )
        )

    async def confirmed(self, product: Product, email: str) -> None:
        """A guest's alert whose mail was answered."""
        assert (await self.ask_as_guest(product, email)).status_code == 201
        assert (await self.client.post(await self.link(email))).status_code == 200

    async def told(self, kind: str = "back_in_stock") -> list[Told]:
        """The deliveries of a kind, in the order of their making."""
        rows = await self.feed.query(
            "SELECT channel, kind, user_id, address, product_id, language, payload FROM delivery"
            " WHERE kind = %s ORDER BY id",
            kind,
        )
        return [Told(*row) for row in rows]

    async def told_users(self) -> list[int | None]:
        """Whom deliveries tell that something is back, in the order of their making."""
        return [told.user_id for told in await self.told()]

    async def set_waves(self, size: int, minutes: int = 30) -> None:
        """Fire so many alerts for each unit, and then no more for so many minutes."""
        async with self.database.transaction() as work:
            await write_setting(work.connection, ALERT_WAVE_SIZE, size)
            await write_setting(work.connection, ALERT_WAVE_MINUTES, minutes)

    async def let_time_pass(self) -> None:
        """The next wave of everything is due."""
        await self.factory.execute("UPDATE restock SET next_wave_at = now()")

    async def waiting(self, count: int, product: Product) -> list[int]:
        """So many users who wait for a product, in the order in which they asked; their ids."""
        return [
            int(user)
            for user in await self.feed.query(
                """
                WITH made AS (
                    INSERT INTO users (email) SELECT concat('waits', n, 'for', %s::bigint, '@example.com')
                    FROM generate_series(1, %s) AS n
                    RETURNING id
                ), asked AS (
                    INSERT INTO product_alert (user_id, product_id, created_date, not_before)
                    SELECT id, %s, now() - interval '1 day' + id * interval '1 second', NULL FROM made
                )
                SELECT id FROM made ORDER BY id
                """,
                product.id,
                count,
                product.id,
            )
        ]


def path_of(link: str) -> str:
    """The path of a link, which must not name a host."""
    parts = urlsplit(link)
    assert not parts.netloc
    return parts.path
