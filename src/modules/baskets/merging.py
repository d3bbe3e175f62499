"""What a guest put into a basket goes with them when they sign in.

The first request that carries both a credential and a guest's cookie merges the guest's basket into the user's: in one
transaction with both locked, and never at the price of the request. A frozen basket on either side waits.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

import psycopg.errors
import structlog

from src.modules.baskets import opening, repositories, saving, transitions
from src.modules.baskets.cart import Cart, Line, Part
from src.modules.baskets.dtos import MAX_QUANTITY, Capped, Merged, MergeReport, PriceMoved
from src.modules.baskets.errors import BasketFull, NoSuchBasket
from src.modules.baskets.facts import Facts
from src.modules.baskets.pricing import Priced
from src.modules.baskets.reading import Wanted
from src.modules.baskets.repositories import Asked, Basket, Owner
from src.modules.baskets.saving import Touched
from src.modules.baskets.statuses import ACTIVE
from src.modules.baskets.visits import Visit
from src.platform.database import Connection
from src.platform.errors import AppError, Unauthenticated
from src.platform.wire import optional_money

log = structlog.get_logger(__name__)


class Rendered(Protocol):
    """A basket as it was shown; what matters here is how it was priced."""

    @property
    def priced(self) -> Priced | None:
        """None when nothing had to be priced."""


Render: TypeAlias = Callable[[Connection, int], Awaitable[Rendered]]


async def merge(connection: Connection, visit: Visit, render: Render) -> tuple[int, MergeReport | None]:
    """Merge what the visit's user left as a guest; the user's basket, made if need be, and the report, if anything was.

    In a transaction that the caller commits. Nothing is merged out of or into a frozen basket. Raises Unauthenticated
    when the credential is nobody's.
    """
    asked = Asked(visit.digest, visit.guest, visit.namespace, visit.currency)
    (owner,) = await repositories.owners(connection, [asked])
    if owner.user_id is None:
        raise Unauthenticated
    basket_id, _ = await repositories.find_or_create(
        connection, user_id=owner.user_id, guest=None, namespace=visit.namespace
    )
    basket, guests = await lock_with_guests(connection, basket_id, owner.left_behind or ())
    if basket is None or basket.status != ACTIVE:
        return basket_id, None
    return basket_id, await absorb(connection, basket, guests, owner, render)


async def lock_with_guests(
    connection: Connection, basket_id: int, left_behind: Collection[int]
) -> tuple[Basket | None, list[Basket]]:
    """Lock a user's basket and those that were left behind, all in one order; of these the ones that can be merged."""
    locked = await repositories.lock(connection, {basket_id, *left_behind})
    guests = [basket for key, basket in sorted(locked.items()) if key != basket_id and basket.status == ACTIVE]
    return locked.get(basket_id), guests


async def absorb(
    connection: Connection, basket: Basket, guests: Sequence[Basket], owner: Owner, render: Render
) -> MergeReport | None:
    """Move what locked guests' baskets hold into a locked basket; None when there is nothing to move it out of.

    Should it fail, nothing has happened and the next request tries again.
    """
    if not guests:
        return None
    try:
        async with connection.transaction():
            return await _absorb(connection, basket, guests, owner, render)
    except (AppError, psycopg.errors.IntegrityError, psycopg.errors.DataError, psycopg.errors.ProgrammingError):
        log.exception("basket.merge_failed", basket=basket.id, guests=[guest.id for guest in guests])
        return None


async def _absorb(
    connection: Connection, basket: Basket, guests: Sequence[Basket], owner: Owner, render: Render
) -> MergeReport:
    of_guests = [Wanted(guest.id, None) for guest in guests]
    theirs = [each for each in await opening.open_baskets(connection, of_guests, waiting=True) if each]
    left = sorted([line for each in theirs for line in each.content.cart.lines], key=lambda line: line.id or 0)
    products = {part.product_id for line in left for part in line.whole()}
    wanted = Wanted(basket.id, owner.currency, products=products)
    (opened,) = await opening.open_baskets(connection, [wanted], waiting=True)
    if opened is None:
        raise NoSuchBasket
    content = opened.content
    report = MergeReport()
    for line in left:
        _take_over(content.cart, line, content.facts, report)
    voucher = next((guest.voucher_code for guest in guests if guest.voucher_code is not None), None)
    if basket.voucher_code is None and content.cart.lines:
        basket = basket._replace(voucher_code=voucher)
    await transitions.mark_merged(connection, [guest.id for guest in guests])
    await opening.give_ids(connection, [opened])
    touched = Touched(basket, opened.next_version, opened.moment)
    await saving.save(connection, [(touched, content.cart)])
    if voucher is not None and basket.voucher_code == voucher:
        report.voucher = voucher
        priced = (await render(connection, basket.id)).priced
        # One whose condition does not hold stays, like any other; one that this user can't have does not.
        if priced is not None and priced.offers.refusal is not None:
            report.voucher = None
            touched = touched._replace(basket=basket._replace(voucher_code=None))
            await saving.save(connection, [(touched, Cart(()))])
    return report


def _take_over(cart: Cart, line: Line, facts: Mapping[int, Facts], report: MergeReport) -> None:
    """Put as many units of a guest's line into `cart` as there are to be had, and report it."""
    units = min(line.quantity, _room(cart, line, facts))
    if units <= 0:
        report.dropped.append(Capped(line.product_id, line.quantity, 0))
        return
    parts = [Part(part.product_id, part.quantity // line.quantity, part.attributes) for part in line.parts]
    had_line = any(other.reference == line.reference for other in cart.lines)
    try:
        taken = cart.add(line.product_id, units, line.attributes, parts, line.inquiry)
    except BasketFull:
        report.dropped.append(Capped(line.product_id, line.quantity, 0))
        return
    (report.summed if had_line else report.added).append(Merged(line.product_id, units, taken.quantity))
    if units < line.quantity:
        report.capped.append(Capped(line.product_id, line.quantity, units))
    now = facts[line.product_id]
    if (line.unit_price, line.currency_type) != (now.unit_price, now.currency_type):
        old, new = optional_money(line.unit_price), optional_money(now.unit_price)
        report.price_moved.append(PriceMoved(line.product_id, old, new, now.currency_type))
    cart.price(taken, facts)


def _room(cart: Cart, line: Line, facts: Mapping[int, Facts]) -> int:
    """How many units of a line the cart has room for: by stock, and by what one line can hold."""
    held = cart.units()
    same = next((other.quantity for other in cart.lines if other.reference == line.reference), 0)
    room = MAX_QUANTITY
    wanted: dict[int, int] = {}
    for part in line.whole():
        per_unit = part.quantity // line.quantity
        wanted[part.product_id] = wanted.get(part.product_id, 0) + per_unit
        room = min(room, MAX_QUANTITY // per_unit - same)
    for product, per_unit in wanted.items():
        fact = facts.get(product)
        if fact is None or not fact.for_sale:
            return 0
        room = min(room, (fact.room() - held.get(product, 0)) // per_unit)
    return room
