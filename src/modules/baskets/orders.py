"""What order systems do with baskets: freeze one while it is paid for, let go of it, or submit it as an order.

A frozen basket holds the uses of its offers and shows what it showed then. Submitting takes the uses at once, so an
offer with so many uses is redeemed so many times, whoever else is at it.
"""

from typing import Any

import msgspec

from src.modules import offers
from src.modules.baskets import repositories, transitions
from src.modules.baskets.dtos import BasketStatus
from src.modules.baskets.errors import NoSuchBasket, NotSubmittable, OfferUsedUp, WrongStatus
from src.modules.baskets.pricing import Priced
from src.modules.baskets.repositories import Basket
from src.modules.baskets.services import Baskets
from src.modules.baskets.statuses import ACTIVE, FROZEN, SUBMITTED
from src.modules.baskets.thawing import thaw
from src.modules.baskets.visits import Visit
from src.modules.offers import Use, VoucherUsedUp
from src.platform.database import Connection
from src.platform.dynamic_settings import BASKET_FREEZE_MINUTES, read_setting


class _FrozenBasket(msgspec.Struct):
    basketitem_set: list[Any]
    unavailable_basket_products: list[Any]


class _FrozenView(msgspec.Struct):
    """What of a frozen basket says whether it can be submitted."""

    basket: _FrozenBasket


_FROZEN_VIEWS: msgspec.json.Decoder[_FrozenView] = msgspec.json.Decoder(_FrozenView)


class Orders:
    """Moves baskets on behalf of order systems; one per process."""

    def __init__(self, baskets: Baskets) -> None:
        self._baskets = baskets
        self.identity = baskets.identity

    async def freeze(self, connection: Connection, basket_id: int, visit: Visit) -> BasketStatus:
        """Keep a basket as it is while it is paid for; raises NoSuchBasket, WrongStatus and OfferUsedUp."""
        basket = await _locked(connection, basket_id)
        if basket.is_overdue:
            basket = await thaw(connection, basket)
        if basket.status == FROZEN:
            return _told(basket)
        if basket.status != ACTIVE:
            raise WrongStatus
        minutes = await read_setting(connection, BASKET_FREEZE_MINUTES)
        version = await transitions.set_status(connection, basket.id, FROZEN, minutes=minutes)
        shown = await self._baskets.render(connection, basket.id, visit)
        uses = _uses(shown.priced)
        try:
            await offers.hold(connection, basket.id, basket.user_id, uses)
        except VoucherUsedUp as error:
            raise OfferUsedUp from error
        await transitions.keep_view(connection, basket.id, shown.body.decode())
        return BasketStatus(basket.id, FROZEN, version)

    async def release(self, connection: Connection, basket_id: int, _: Visit) -> BasketStatus:
        """Let go of a frozen basket; raises NoSuchBasket and WrongStatus."""
        basket = await _locked(connection, basket_id)
        if basket.status == FROZEN:
            basket = await thaw(connection, basket)
        if basket.status != ACTIVE:
            raise WrongStatus
        return _told(basket)

    async def submit(self, connection: Connection, basket_id: int, visit: Visit) -> BasketStatus:
        """Make an order of a basket and use its offers up.

        Raises NoSuchBasket, WrongStatus, NotSubmittable and OfferUsedUp.
        """
        basket = await _locked(connection, basket_id)
        if basket.status == SUBMITTED:
            return _told(basket)
        if basket.status == FROZEN:
            # What is being paid for does not change; its uses are held.
            view = await transitions.frozen_view(connection, basket.id)
            kept = _FROZEN_VIEWS.decode(view).basket
            uses, is_whole = [], bool(kept.basketitem_set) and not kept.unavailable_basket_products
        elif basket.status == ACTIVE:
            priced = (await self._baskets.render(connection, basket.id, visit)).priced
            is_whole = priced is not None and bool(priced.lines) and not priced.unavailable
            uses = _uses(priced)
        else:
            raise WrongStatus
        if not is_whole:
            raise NotSubmittable
        try:
            await offers.redeem(connection, basket.id, basket.user_id, uses)
        except VoucherUsedUp as error:
            raise OfferUsedUp from error
        return BasketStatus(basket.id, SUBMITTED, await transitions.set_status(connection, basket.id, SUBMITTED))


async def _locked(connection: Connection, basket_id: int) -> Basket:
    basket = (await repositories.lock(connection, [basket_id])).get(basket_id)
    if basket is None:
        raise NoSuchBasket
    return basket


def _uses(priced: Priced | None) -> list[Use]:
    """What the offers that a basket was priced with use up; raises OfferUsedUp when its voucher is gone already.

    The shopper may have seen the total that it gave: better to ask again than to take more than that.
    """
    if priced is None:
        return []
    if priced.offers.refusal is VoucherUsedUp:
        raise OfferUsedUp
    return [
        Use(applied.offer_id, priced.offers.bulk_codes.get(applied.offer_id), applied.coupon, priced.currency)
        for applied in priced.allocation.applied
    ]


def _told(basket: Basket) -> BasketStatus:
    return BasketStatus(basket.id, basket.status, basket.version)
