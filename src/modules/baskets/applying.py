"""How a change gets into a basket: lock, judge, price, store, show, in one transaction.

Changes of different baskets that arrive together share it: two round trips for all of them. One that can't be
done so (somebody else holds the basket, it is not there yet) is told to come with a transaction of its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import structlog

from src.modules.baskets import merging, opening, repositories, saving
from src.modules.baskets.decisions import Ask, Decide, Decided, Decision, Writer, decided
from src.modules.baskets.dtos import MergeReport
from src.modules.baskets.errors import BasketFrozen
from src.modules.baskets.opening import Content, Opened
from src.modules.baskets.pricing import Priced
from src.modules.baskets.reading import Wanted
from src.modules.baskets.repositories import Basket, Owner
from src.modules.baskets.services import ATTEMPTS, Baskets, Quote, Shown, Sight, worded
from src.modules.baskets.statuses import CURRENT, FROZEN
from src.modules.baskets.thawing import thaw
from src.modules.offers import VoucherNotForThisBasket, VoucherRefused
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database, Transaction
from src.platform.edge import TransactionNeeded
from src.platform.errors import PreconditionFailed, ServiceUnavailable

log = structlog.get_logger(__name__)
# What an offer may be for its voucher to be worth keeping: what is beaten now may win in the next basket.
WORTH_KEEPING = frozenset({"applied", "beaten"})
MAX_TOGETHER = 16


class _Settled(NamedTuple):
    """A change with the prices that its shopper is shown."""

    change: Decided
    quote: Quote
    # What it depends on was another each time it was read.
    is_unsteady: bool = False


class Applying:
    """Applies changes; one per process."""

    def __init__(self, database: Database, baskets: Baskets) -> None:
        self._database = database
        self._baskets = baskets
        self._shared: Coalescer[Ask, Shown | BaseException] = Coalescer(
            self._together, max_batch=MAX_TOGETHER, max_in_flight=1
        )

    async def shared(self, writer: Writer, decide: Decide, products: Collection[int]) -> Shown:
        """Apply a change in a transaction that others share, committed; raises TransactionNeeded."""
        owner = writer.owner
        if owner.basket_id is None or owner.left_behind or writer.if_match is not None:
            raise TransactionNeeded
        shown = await self._shared.get(Ask(writer, _wanted(owner.basket_id, owner, products), decide))
        if isinstance(shown, BaseException):
            raise shown
        return shown

    async def alone(self, work: Transaction, writer: Writer, decide: Decide, products: Collection[int]) -> Shown:
        """Apply a change in this transaction; a basket is made if need be, a guest's merged into the user's."""
        connection = work.connection
        opened, report = await self._open(connection, writer, products)
        ask = Ask(writer, _wanted(opened.basket.id, writer.owner, products), decide)
        change = decided(ask, opened)
        if isinstance(change, Decided) and change.decision.before_voucher is not None:
            settled = await self._with_voucher(connection, change, report)
        else:
            (settled,) = await self._settle(connection, [change], report)
        if isinstance(settled, BaseException):
            raise settled
        (shown,) = await _stored(connection, [settled])
        if report is None:
            work.after_commit(lambda: self._baskets.keep(shown))
        return shown

    async def _together(self, asks: Sequence[Ask]) -> Sequence[Shown | BaseException]:
        try:
            async with self._database.transaction(pipelined=True) as work:
                outcomes = await self._apply(work.connection, asks)
        except ServiceUnavailable:  # nobody knows whether a commit whose answer got lost has happened
            raise
        except Exception:
            # Somebody's trouble is not everybody's: each by itself, where it is told to whoever it is of.
            log.exception("baskets.shared_failed", asks=len(asks))
            return [TransactionNeeded() for _ in asks]
        await self._baskets.keep(*(each for each in outcomes if isinstance(each, Shown)))
        return outcomes

    async def _apply(self, connection: Connection, asks: Sequence[Ask]) -> list[Shown | BaseException]:
        opened = await opening.open_baskets(connection, [ask.wanted for ask in asks], waiting=False)
        outcomes = await self._settle(connection, [decided(*each) for each in zip(asks, opened, strict=True)])
        shown = iter(await _stored(connection, [each for each in outcomes if isinstance(each, _Settled)]))
        return [next(shown) if isinstance(each, _Settled) else each for each in outcomes]

    async def _settle(
        self, connection: Connection, changes: Iterable[Decided | BaseException], report: MergeReport | None = None
    ) -> list[_Settled | BaseException]:
        """Price baskets as changes make them; these are decided anew while others change what that depends on."""
        outcomes: dict[int, Decided | _Settled | BaseException] = dict(enumerate(changes))
        settled: dict[int, _Settled] = {}
        moved: dict[int, Opened | None] = {}
        for _ in range(ATTEMPTS):
            outcomes |= {place: decided(settled[place].change.ask, opened) for place, opened in moved.items()}
            pending = {place: change for place, change in outcomes.items() if isinstance(change, Decided)}
            settled = await self._settled(connection, pending, report)
            outcomes |= settled
            moved = await _moved(connection, {place: each for place, each in settled.items() if each.quote.read_more})
            if not moved:
                break
        outcomes |= {place: settled[place]._replace(is_unsteady=True) for place in moved}
        return [each for _, each in sorted(outcomes.items()) if not isinstance(each, Decided)]

    async def _settled(
        self, connection: Connection, changes: Mapping[int, Decided], report: MergeReport | None
    ) -> dict[int, _Settled]:
        await opening.give_ids(connection, [change.opened for change in changes.values()])
        given = {text for change in changes.values() for text in change.given_attributes()}
        attributes = await opening.as_stored(connection, given)
        sights = [
            Sight(change.whole(attributes), change.ask.writer.visit, change.written.keys(), report)
            for change in changes.values()
        ]
        quotes = await self._baskets.quoted(sights, connection)
        return {place: _Settled(change, quote) for (place, change), quote in zip(changes.items(), quotes, strict=True)}

    async def _with_voucher(
        self, connection: Connection, change: Decided, report: MergeReport | None
    ) -> _Settled | BaseException:
        """Price a basket with the voucher that it is to have, or without if that is refused; raises VoucherRefused."""
        ask, decision = change.ask, change.decision
        tried = ask._replace(wanted=msgspec.structs.replace(ask.wanted, voucher_code=decision.basket.voucher_code))
        settled = await self._settled_anew(connection, tried, report)
        if isinstance(settled, BaseException):
            return settled
        refusal = _refusal(settled.quote.priced)
        if refusal is None:
            return settled
        if decision.must_fit:
            return refusal

        def decide_without(basket: Basket, content: Content) -> Decision:
            decision = ask.decide(basket, content)
            return decision._replace(basket=decision.before_voucher or decision.basket)

        return await self._settled_anew(connection, ask._replace(decide=decide_without), report)

    async def _settled_anew(
        self, connection: Connection, ask: Ask, report: MergeReport | None
    ) -> _Settled | BaseException:
        change = decided(ask, await _opened(connection, ask.wanted))
        (settled,) = await self._settle(connection, [change], report)
        return settled

    async def _open(
        self, connection: Connection, writer: Writer, products: Collection[int]
    ) -> tuple[Opened, MergeReport | None]:
        """The writer's basket, locked, with what a guest left behind merged into it.

        Raises PreconditionFailed, BasketFrozen and Unauthenticated.
        """
        owner, made = writer.owner, False
        basket_id, guests = owner.basket_id, list[Basket]()
        while True:
            if basket_id is None:
                guest = None if writer.guest is None else writer.guest.digest
                basket_id, made = await repositories.find_or_create(
                    connection, user_id=owner.user_id, guest=guest, namespace=writer.visit.namespace
                )
            if owner.left_behind:
                _, guests = await merging.lock_with_guests(connection, basket_id, owner.left_behind)
            wanted = _wanted(basket_id, owner, products)
            found = await _opened(connection, wanted)
            if found is not None and found.basket.status in CURRENT:
                break
            basket_id = None
        basket = found.basket
        if not _matches(writer.if_match, 0 if made else basket.version, is_there=not made):
            raise PreconditionFailed
        if basket.is_overdue:
            basket = await thaw(connection, basket)
        if basket.status == FROZEN:
            raise BasketFrozen
        render = partial(self._baskets.render, visit=writer.visit)
        report = await merging.absorb(connection, basket, guests, owner, render)
        if report is not None or basket is not found.basket:
            found = await _opened(connection, wanted)
            assert found is not None  # noqa: S101  (it is locked)
        return found, report


def _wanted(basket_id: int, owner: Owner, products: Collection[int]) -> Wanted:
    return Wanted(basket_id, owner.currency, products=products)


async def _opened(connection: Connection, wanted: Wanted) -> Opened | None:
    async with connection.pipeline():
        (opened,) = await opening.open_baskets(connection, [wanted], waiting=True)
    return opened


async def _moved(connection: Connection, settled: Mapping[int, _Settled]) -> dict[int, Opened | None]:
    """The baskets that would look otherwise now, as they are now."""
    if not settled:
        return {}
    again = await opening.open_baskets(connection, [each.change.ask.wanted for each in settled.values()], waiting=True)
    return {
        place: opened
        for (place, each), opened in zip(settled.items(), again, strict=True)
        if opened is None or not each.change.looks_like(opened)
    }


async def _stored(connection: Connection, settled: Sequence[_Settled]) -> list[Shown]:
    """Store what was settled; the baskets as they are then."""
    for each in settled:
        _note_seen(each)
    changes = [each.change for each in settled if each.change.is_change]
    if changes:
        await saving.save(connection, [(change.touched, change.opened.content.cart) for change in changes])
    return [_shown(each) for each in settled]


def _note_seen(settled: _Settled) -> None:
    """Note on written lines the offers that the shopper sees them with."""
    written = settled.change.written
    for line in settled.quote.priced.lines:
        if line.id in written:
            written[line.id].note(line.offer_ids)


def _shown(settled: _Settled) -> Shown:
    """The basket under its new version, which only a change gives it."""
    change, quote = settled.change, settled.quote
    if change.is_change:
        whole = quote.sight.whole.at(change.opened.next_version, change.opened.moment)
        quote = quote._replace(sight=quote.sight._replace(whole=whole))
    shown = worded(quote)
    return shown.of_its_own() if settled.is_unsteady else shown


def _refusal(priced: Priced) -> VoucherRefused | None:
    """Why the basket's voucher is not to be taken; None when it is good for this basket."""
    if priced.offers.refusal is not None:
        return priced.offers.refusal()
    worth = {outcome.offer_id for outcome in priced.allocation.outcomes if outcome.state in WORTH_KEEPING}
    return None if worth & priced.offers.voucher_offers else VoucherNotForThisBasket()


def _matches(if_match: str | None, version: int, *, is_there: bool) -> bool:
    """Whether an If-Match header names the basket's version; the rest of a tag tells of prices, which may move."""
    if if_match is None:
        return True
    tags = [tag.strip().removeprefix("W/") for tag in if_match.split(",")]
    return any(is_there if tag == "*" else tag.strip('"').split("-")[0] == str(version) for tag in tags)
