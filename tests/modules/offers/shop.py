"""What tests of offers do again and again, in the words of a shop."""

import itertools
from collections.abc import Iterable
from typing import Any

from src.modules.offers import (
    OFFERS_STAMP,
    OfferQuery,
    Offers,
    OfferSet,
    Use,
    hold,
    redeem,
    release,
    shopper_stamp,
    voucher_stamp,
)
from src.platform.database import Connection, Database
from tests.factories import Factory, Product
from tests.modules.integration.feeds import Feed

PROMOTIONS = "campaigns/promotions"
CONDITIONS = "campaigns/conditions"
BENEFITS = "campaigns/benefits"
OFFERS = "campaigns/basket-offers"
CODES = "campaigns/bulk-voucher-codes"
COLLECTIONS = "campaigns/product-collections"
ITEMS = "campaigns/product-collection-items"
NUMBERS = itertools.count(1)
PAST, FUTURE = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"


class Shop:
    """Campaigns, and shoppers who use them."""

    def __init__(self, database: Database, factory: Factory) -> None:
        self.database = database
        self.factory = factory
        self.feed = Feed(database)
        self.offers = Offers()

    async def feed_one(self, path: str, **row: Any) -> None:
        """Feed a row that must be accepted."""
        report = await self.feed.rows(path, row)
        assert not report.rejected, report.rejected

    async def campaign(
        self, *, condition: dict[str, Any] | None = None, benefit: dict[str, Any] | None = None, **offer: Any
    ) -> int:
        """A campaign that gives ten percent on everything unless it is told otherwise; its id."""
        number = next(NUMBERS)
        await self.feed_one(PROMOTIONS, id=number, name=f"Promotion {number}")
        await self.feed_one(CONDITIONS, id=number, **{"condition_type": "amount", "kwargs": {}, **(condition or {})})
        told = {"benefit_type": "percentage", "kwargs": {"amount": 10}, **(benefit or {})}
        await self.feed_one(BENEFITS, id=number, **told)
        await self.feed_one(OFFERS, id=number, promotion=number, condition=number, benefit=number, **offer)
        return number

    async def code(self, offer: int, code: str, **row: Any) -> int:
        """A bulk code of an offer; its id."""
        await self.feed_one(CODES, basket_offer=offer, code=code, **row)
        return int(await self.factory.scalar("SELECT id FROM bulk_voucher_code WHERE code = %s", code))

    async def collection(self, *products: Product, **row: Any) -> int:
        """A collection of these products; its id."""
        number = next(NUMBERS)
        await self.feed_one(COLLECTIONS, id=number, **row)
        for product in products:
            await self.feed_one(ITEMS, collection=number, product=product.id)
        return number

    async def user(self) -> int:
        """A shopper; the user's id."""
        return await self.factory.user_id(await self.factory.shopper())

    async def basket(self, user: int | None = None) -> int:
        """A basket, and not the user's only one; its id."""
        columns = {} if user is None else {"user_id": user}
        return await self.factory.insert("basket", namespace=f"n{next(NUMBERS)}", **columns)

    async def stamp(self) -> str:
        """The stamp of the offers for everybody."""
        async with self.database.read() as connection:
            return await self.stamp_in(connection)

    async def stamp_in(self, connection: Connection) -> str:
        """That stamp as a transaction sees it."""
        row = await (await connection.execute(f"SELECT {OFFERS_STAMP}")).fetchone()
        assert row
        return str(row[0])

    async def shopper_stamp(self, user: int) -> str:
        """The stamp of what is a user's own."""
        return str(await self.factory.scalar(f"SELECT {shopper_stamp('%s')}", user))

    async def voucher_stamp(self, code: str | None) -> str:
        """The stamp of what a code stands for."""
        statement = f"SELECT {voucher_stamp('asked.code')} FROM (SELECT %s::text AS code) AS asked"
        return str(await self.factory.scalar(statement, code))

    async def for_basket(self, user: int | None = None, code: str | None = None, currency: str = "try") -> OfferSet:
        """The offers that a basket of a user, or of a guest, is judged by."""
        stamp = await self.stamp()
        async with self.database.read() as connection:
            return await self.offers.for_basket(connection, OfferQuery(stamp, user, code, currency))

    async def ids(self, user: int | None = None, code: str | None = None, currency: str = "try") -> list[int]:
        """The ids of the offers of `for_basket`."""
        return sorted((await self.for_basket(user, code, currency)).by_id)

    async def refusal(self, user: int | None, code: str, currency: str = "try") -> str | None:
        """Why a code is declined."""
        refusal = (await self.for_basket(user, code, currency)).refusal
        return refusal.code if refusal else None

    async def hold(self, basket: int, user: int | None, *uses: Use) -> None:
        """Hold uses, in a transaction of its own."""
        async with self.database.transaction() as work:
            await hold(work.connection, basket, user, uses)

    async def redeem(self, basket: int, user: int | None, *uses: Use) -> None:
        """Redeem uses, in a transaction of its own."""
        async with self.database.transaction() as work:
            await redeem(work.connection, basket, user, uses)

    async def redeem_in(self, connection: Connection, basket: int, *uses: Use) -> None:
        """Redeem a guest's uses, in a transaction that goes on."""
        await redeem(connection, basket, None, uses)

    async def release(self, basket: int) -> None:
        """Release what a basket holds, in a transaction of its own."""
        async with self.database.transaction() as work:
            await release(work.connection, basket)

    async def used(self, offer: int) -> int | None:
        """How often an offer with a limit was used."""
        count = await self.factory.scalar("SELECT used FROM offer_usage WHERE basket_offer_id = %s", offer)
        return None if count is None else int(count)

    async def status(self, table: str, row: int) -> str:
        """The status of a row."""
        return str(await self.factory.scalar(f"SELECT status FROM {table} WHERE id = %s", row))


def uses(offers: Iterable[int]) -> list[Use]:
    """Uses of offers that need no code."""
    return [Use(offer) for offer in offers]
