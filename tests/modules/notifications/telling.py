"""A shop that tells its shoppers what changes, in the words of tests; what a channel would carry is kept instead."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from src.modules.notifications import Channel, deliver, make_deliveries
from src.modules.notifications.messages import SENT, Message, Outcome
from src.modules.updates import Chunk, advance
from src.platform.database import Connection, Database
from tests.factories import Client, Factory, Product
from tests.modules.updates.shop import Shop, want

PREFERENCES = "/api/v1/notification-preferences"


class Carrier:
    """A channel that keeps what it is given, and answers what it was told to."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.messages: list[Message] = []
        self.outcomes = list(outcomes)

    async def send(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """As a channel does."""
        self.messages += messages
        return [self.outcomes.pop(0) if self.outcomes else SENT for _ in messages]

    @property
    def told(self) -> list[tuple[str | None, list[str]]]:
        """Whom it carried which kinds to."""
        return [(each.recipient.email, sorted(item.kind for item in each.items)) for each in self.messages]


class Telling:
    """Makes and sends deliveries."""

    def __init__(self, factory: Factory, database: Database) -> None:
        self.factory = factory
        self.database = database
        self.shop = Shop(factory, database)

    async def shopper(self, *, consents: bool = True, **preferences: Any) -> Client:
        """A shopper, who consents to e-mail unless told otherwise."""
        shopper = await self.factory.shopper()
        await self.factory.execute("UPDATE users SET email_allowed = %s WHERE email = %s", consents, shopper.email)
        if preferences:
            assert (await shopper.put(PREFERENCES, json=preferences)).status_code == 200
        return shopper

    async def ops(self) -> Client:
        """Somebody who runs the service."""
        return await self.factory.shopper("ops")

    async def endpoint(self, *kinds: str, **columns: Any) -> int:
        """A webhook endpoint."""
        return await self.factory.insert(
            "webhook_endpoint", url="https://pipe.example/", secret="whsec_AAAA", kinds=list(kinds), **columns
        )

    async def subscribe(self, shopper: Client) -> None:
        """Register a browser for push."""
        await self.factory.insert(
            "push_subscription",
            user_id=await self.factory.user_id(shopper),
            endpoint=f"https://push.example/{shopper.email}",
            p256dh="x",
            auth="x",
        )

    async def wish(self, shopper: Client, product: Product, **asked: Any) -> str:
        """Make a product a favourite with an alert of its own; its id."""
        favourite = await want(shopper, product)
        if asked:
            answer = await shopper.put(f"/api/v1/favourites/{favourite}/alert", json=asked)
            assert answer.status_code == 200, answer.text
        return favourite

    async def work_off(self) -> int:
        """A pass over the log; how many deliveries it made."""
        made = 0

        async def also(connection: Connection, chunk: Chunk) -> None:
            nonlocal made
            made += await make_deliveries(connection, chunk)

        assert await advance(self.database, also)
        return made

    async def price(self, product: Product, price: str) -> int:
        """Set a price and work it off; how many deliveries that made."""
        await self.shop.price(product, price)
        return await self.work_off()

    async def stock(self, product: Product, stock: int) -> int:
        """Set a stock and work it off; how many deliveries that made."""
        await self.shop.stock(product, stock)
        return await self.work_off()

    async def deliver(self, *outcomes: Outcome, channel: Channel = "email", now: datetime | None = None) -> Carrier:
        """Send what is due over a channel."""
        carrier = Carrier(*outcomes)
        assert not await deliver(self.database, channel, carrier.send, now=now)
        return carrier

    async def rows(self, where: str = "true", *values: Any) -> list[dict[str, Any]]:
        """Deliveries in the order in which they were made."""
        async with self.database.read() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(f"SELECT * FROM delivery WHERE {where} ORDER BY id".encode(), values)
            return await cursor.fetchall()

    async def states(self) -> list[tuple[str, str, str | None]]:
        """Kind, status and reason of deliveries."""
        return [(row["kind"], row["status"], row["last_error"]) for row in await self.rows()]
