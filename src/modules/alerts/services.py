"""The use cases of product alerts: asking, listing and ending, of users and of guests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import NamedTuple

import psycopg.errors

from src.modules.alerts import repositories
from src.modules.alerts.dtos import AlertAdded
from src.modules.alerts.errors import AlreadyWaiting, EmailNeeded, TooManyAlerts, UnknownProduct
from src.modules.alerts.firing import fire_if_back
from src.modules.alerts.links import link, read_token, source_digest
from src.modules.alerts.repositories import GuestAlert, ListedAlert
from src.modules.alerts.rules import CONFIRMATION_PERIOD, allowed_again, read_email, wants_confirmation
from src.modules.catalogue import Extras, PriceContext, ProductViews, wanted_currency
from src.modules.identity import Identity, Shopper
from src.modules.notifications import NewDelivery, enqueue, service_key
from src.modules.offers import Offers
from src.platform.database import Connection, Database
from src.platform.dynamic_settings import DELIVERY_DAYS, read_setting
from src.platform.errors import NotFound, Unauthenticated
from src.platform.i18n import negotiate
from src.platform.paging import Page

KEY_NAME = "product-alerts"
UNANSWERED_DAYS = 7
FORGOTTEN_AT_ONCE = 1000


class Guest(NamedTuple):
    """Somebody without an account, and the key that their link is signed with."""

    email: str
    language: str | None
    network_address: str
    key: bytes


class Listed(NamedTuple):
    """A page of alerts with their products as JSON."""

    total: int
    items: Sequence[tuple[ListedAlert, bytes]]


class Alerts:
    """Takes, lists and ends alerts; one per process."""

    def __init__(self, database: Database, identity: Identity, views: ProductViews, offers: Offers) -> None:
        self._database = database
        self.identity = identity
        self._views = views
        self._offers = offers
        self._key: bytes | None = None

    async def key(self) -> bytes:
        """What signs the links of mails; read once, and not while a connection is held."""
        if self._key is None:
            self._key = await service_key(self._database, KEY_NAME)
        return self._key

    async def guest(self, email: str | None, language: str | None, network_address: str) -> Guest:
        """Somebody without an account; raises EmailNeeded."""
        address = read_email(email)
        if address is None:
            raise EmailNeeded
        return Guest(address, language, network_address, await self.key())

    async def named(self, token: str) -> int | None:
        """The alert that a link names; None when we did not make it."""
        return read_token(await self.key(), token)

    async def add(self, connection: Connection, shopper: Shopper, product_id: int, language: str | None) -> AlertAdded:
        """Let a user wait for a product; raises UnknownProduct or AlreadyWaiting."""
        try:
            is_for_sale, alert_id = await repositories.add_for_user(
                connection, shopper.id, product_id, stock_list_id=shopper.stock_list_id, language=language
            )
        except psycopg.errors.ForeignKeyViolation as error:
            # Products stay for ever, so it is the shopper who went away after the credential was read.
            raise Unauthenticated from error
        if not is_for_sale:
            raise UnknownProduct
        if alert_id is None:
            raise AlreadyWaiting
        return AlertAdded(pk=alert_id, product=product_id)

    async def add_for_guest(self, connection: Connection, guest: Guest, product_id: int) -> AlertAdded:
        """Ask the owner of an address whether they want to wait for a product; raises UnknownProduct or TooManyAlerts.

        The answer is the same whatever is known of the address.
        """
        source, now = source_digest(guest.key, guest.network_address), datetime.now(UTC)
        address = guest.email
        await repositories.take_turns(connection, source, address)
        is_for_sale, asked = await repositories.asked_before(
            connection, product_id=product_id, email=address, source=source, since=now - CONFIRMATION_PERIOD
        )
        if not is_for_sale:
            raise UnknownProduct
        if again := allowed_again(asked, now):
            raise TooManyAlerts(ceil((again - now).total_seconds()))
        mailed = wants_confirmation(asked, now)
        alert_id = await repositories.add_for_guest(
            connection,
            product_id=product_id,
            email=address,
            source=source,
            language=guest.language,
            mailed=mailed,
            now=now,
        )
        if mailed:
            delivery = NewDelivery(
                channel="email",
                kind="confirm_alert",
                dedupe_key=f"email::alert:{alert_id}:confirm",
                occurred_at=now,
                address=address,
                product_id=product_id,
                payload={"link": link(guest.key, alert_id)},
                language=negotiate(guest.language),
            )
            await enqueue(connection, [delivery])
        return AlertAdded(pk=alert_id, product=product_id)

    async def page(self, shopper: Shopper, page: Page, currency: str | None) -> Listed:
        """What a user waits for, the newest first; raises NotFound past the end."""
        async with self._database.read() as connection:
            listing, rows = await repositories.listing(connection, shopper.id, page)
        if page.past_end(listing.total):
            raise NotFound
        prices = PriceContext(
            price_list_id=shopper.price_list_id,
            stock_list_id=shopper.stock_list_id,
            wanted_currency=wanted_currency(currency, listing.default_currency),
            default_currency=listing.default_currency,
        )
        versions = {row.product_id: row.product_version for row in rows}
        extras = Extras(listing.offers_stamp, self._offers.listing)
        products = await self._views.render("commerce", versions, prices, epoch=listing.epoch, extras=extras)
        return Listed(
            listing.total, [(row, products.bodies[row.product_id]) for row in rows if row.product_id in products.bodies]
        )

    async def remove(self, connection: Connection, shopper: Shopper, alert_id: int) -> None:
        """End an alert of the user; raises NotFound."""
        if not await repositories.remove(connection, shopper.id, alert_id):
            raise NotFound

    async def of_guest(self, alert_id: int) -> GuestAlert | None:
        """A guest's alert; None when it is gone."""
        async with self._database.read() as connection:
            return await repositories.of_guest(connection, alert_id)

    async def confirm(self, connection: Connection, alert_id: int) -> None:
        """Let a guest wait, and tell them at once if the product has come back meanwhile."""
        if products := await repositories.confirm(connection, alert_id):
            await fire_if_back(connection, products)

    async def end(self, connection: Connection, alert_id: int) -> None:
        """Let a guest wait no longer."""
        await repositories.end(connection, alert_id)


async def forget_guests(database: Database) -> None:
    """Forget guests who never confirmed and those who were told long ago, in small transactions."""

    async def forget_unanswered(connection: Connection) -> int:
        return await repositories.forget_unanswered(connection, UNANSWERED_DAYS, FORGOTTEN_AT_ONCE)

    async def forget_fired(connection: Connection) -> int:
        days = await read_setting(connection, DELIVERY_DAYS)
        return await repositories.forget_fired(connection, days, FORGOTTEN_AT_ONCE)

    for forget in (forget_unanswered, forget_fired):
        await database.in_pieces(FORGOTTEN_AT_ONCE, forget)
