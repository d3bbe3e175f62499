"""How a change gets into a basket: lock, judge, store, show, in one transaction.

Changes of different baskets that arrive together share it: three round trips for all of them. One that can't be
done so (somebody else holds the basket, it is not there yet) is told to come with a transaction of its own.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import structlog

from src.modules.baskets import merging, reading, repositories, saving
from src.modules.baskets.cart import Line
from src.modules.baskets.dtos import MergeReport
from src.modules.baskets.errors import BasketFrozen
from src.modules.baskets.guests import Guest
from src.modules.baskets.money import money
from src.modules.baskets.repositories import Basket, Content, Owner, Wanted
from src.modules.baskets.saving import Seen
from src.modules.baskets.services import Baskets, Shown, Sight
from src.modules.baskets.statuses import CURRENT, FROZEN
from src.modules.baskets.thawing import thaw
from src.modules.baskets.visits import Visit
from src.modules.offers import VoucherNotForThisBasket, VoucherRefused
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database, Transaction
from src.platform.edge import TransactionNeeded
from src.platform.errors import AppError, PreconditionFailed, ServiceUnavailable

log = structlog.get_logger(__name__)
# What an offer may be for its voucher to be worth keeping: what is beaten now may win in the next basket.
WORTH_KEEPING = frozenset({"applied", "beaten"})
MAX_TOGETHER = 16


class Writer(NamedTuple):
    """Who changes a basket, with which wishes."""

    visit: Visit
    owner: Owner
    guest: Guest | None
    if_match: str | None


class Decision(NamedTuple):
    """What a change made of a basket: its own fields, and the line that the shopper has just seen the price of."""

    basket: Basket
    line: Line | None = None
    # What to go back to, should the voucher be refused; None where there is nothing to be judged.
    before_voucher: Basket | None = None
    must_fit: bool = True


Decide: TypeAlias = Callable[[Basket, Content], Decision]


class _Ask(NamedTuple):
    """A change of a basket that is there."""

    writer: Writer
    basket_id: int
    decide: Decide
    products: Collection[int]


class _Done(NamedTuple):
    """A change that was decided."""

    writer: Writer
    before: Basket
    content: Content
    decision: Decision

    @property
    def basket(self) -> Basket:
        """The basket's own fields as they are to be: one that was emptied loses its codes."""
        basket, cart = self.decision.basket, self.content.cart
        if self.writer.owner.currency is not None:
            basket = basket._replace(currency_type=self.writer.owner.currency)
        if cart.removed and not cart.lines:
            given = basket.external_offer_code != self.before.external_offer_code
            basket = basket._replace(
                voucher_code=None, external_offer_code=basket.external_offer_code if given else None
            )
        return basket

    @property
    def written(self) -> list[int]:
        """The lines that the shopper sees written now."""
        line = self.decision.line
        return [] if line is None else [each.id for each in line.whole() if each.id is not None]


class Applying:
    """Applies changes; one per process."""

    def __init__(self, database: Database, baskets: Baskets) -> None:
        self._database = database
        self._baskets = baskets
        self._shared: Coalescer[_Ask, Shown | BaseException] = Coalescer(
            self._together, max_batch=MAX_TOGETHER, max_in_flight=1
        )

    async def shared(self, writer: Writer, decide: Decide, products: Collection[int]) -> Shown:
        """Apply a change in a transaction that others share, committed; raises TransactionNeeded."""
        if writer.owner.basket_id is None or writer.owner.left_behind or writer.if_match is not None:
            raise TransactionNeeded
        shown = await self._shared.get(_Ask(writer, writer.owner.basket_id, decide, products))
        if isinstance(shown, BaseException):
            raise shown
        return shown

    async def alone(self, work: Transaction, writer: Writer, decide: Decide, products: Collection[int]) -> Shown:
        """Apply a change in this transaction; a basket is made if need be, a guest's merged into the user's."""
        connection = work.connection
        basket, content, report = await self._open(connection, writer, products)
        done = _Done(writer, basket, content, decide(basket, content))
        (shown,) = await self._store(connection, [done], report)
        before = done.decision.before_voucher
        if before is not None and (refusal := _refusal(shown)) is not None:
            if done.decision.must_fit:
                raise refusal
            await saving.touch(connection, [done.basket._replace(voucher_code=before.voucher_code)])
            shown = await self._shown_anew(connection, done, report)
            await saving.note_seen(connection, _seen(done, shown))
        if report is None:
            work.after_commit(lambda: self._baskets.keep(shown))
        return shown

    async def _together(self, asks: Sequence[_Ask]) -> Sequence[Shown | BaseException]:
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

    async def _apply(self, connection: Connection, asks: Sequence[_Ask]) -> list[Shown | BaseException]:
        wanted = [Wanted(ask.basket_id, ask.products, ask.writer.owner) for ask in asks]
        opened = await repositories.open_baskets(connection, wanted, waiting=False)
        decided = [_decided(ask, found) for ask, found in zip(asks, opened, strict=True)]
        done = [each for each in decided if isinstance(each, _Done)]
        shown = iter(await self._store(connection, done) if done else ())
        return [next(shown) if isinstance(each, _Done) else each for each in decided]

    async def _store(
        self, connection: Connection, done: Sequence[_Done], report: MergeReport | None = None
    ) -> list[Shown]:
        """Store what was decided; the baskets as they are then."""
        changed = [each for each in done if each.content.cart.is_changed or each.basket != each.before]
        carts = {each.before.id: each.content.cart for each in changed}
        await saving.forget_removed(connection, carts)
        async with connection.pipeline():
            inserted = await saving.save(connection, carts)
            if changed:
                await saving.touch(connection, [each.basket for each in changed])
            wholes = await reading.whole_of_baskets(
                connection, [(each.before.id, each.writer.visit.currency) for each in done]
            )
            await inserted.give_ids()
        shown = await self._baskets.settled(
            connection,
            [Sight(whole, each.writer.visit, each.written, report) for whole, each in zip(wholes, done, strict=True)],
        )
        for place, each in enumerate(done):
            if each.before.id not in carts and _seen(each, shown[place]):
                # Its version has to move, because the same one has shown these lines otherwise.
                await saving.touch(connection, [each.basket])
                shown[place] = await self._shown_anew(connection, each, report)
        await saving.note_seen(
            connection, [line for each, basket in zip(done, shown, strict=True) for line in _seen(each, basket)]
        )
        return shown

    async def _shown_anew(self, connection: Connection, done: _Done, report: MergeReport | None) -> Shown:
        return await self._baskets.render(
            connection, done.before.id, done.writer.visit, written=done.written, merge_report=report
        )

    async def _open(
        self, connection: Connection, writer: Writer, products: Collection[int]
    ) -> tuple[Basket, Content, MergeReport | None]:
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
            wanted = [Wanted(basket_id, products, owner)]
            (found,) = await repositories.open_baskets(connection, wanted, waiting=True)
            if found is not None and found[0].status in CURRENT:
                break
            basket_id = None
        basket, content = found
        if not _matches(writer.if_match, 0 if made else basket.version, is_there=not made):
            raise PreconditionFailed
        if basket.is_overdue:
            basket = await thaw(connection, basket)
        if basket.status == FROZEN:
            raise BasketFrozen
        render = partial(self._baskets.render, visit=writer.visit)
        report = await merging.absorb(connection, basket, guests, owner, render)
        if report is None:
            return basket, content, None
        (found,) = await repositories.open_baskets(connection, wanted, waiting=True)
        assert found is not None  # noqa: S101  (it is locked)
        return *found, report


def _decided(ask: _Ask, found: tuple[Basket, Content] | None) -> _Done | BaseException:
    """What becomes of a change that shares its transaction, or what is in its way."""
    if found is None or found[0].status not in CURRENT or found[0].is_overdue:
        return TransactionNeeded()
    basket, content = found
    if basket.status == FROZEN:
        return BasketFrozen()
    try:
        return _Done(ask.writer, basket, content, ask.decide(basket, content))
    except AppError as error:
        return error


def _refusal(shown: Shown) -> VoucherRefused | None:
    """Why the basket's voucher is not to be taken; None when it is good for this basket."""
    priced = shown.priced
    assert priced is not None  # noqa: S101  (what is rendered in a transaction is priced)
    if priced.offers.refusal is not None:
        return priced.offers.refusal()
    worth = {outcome.offer_id for outcome in priced.allocation.outcomes if outcome.state in WORTH_KEEPING}
    return None if worth & priced.offers.voucher_offers else VoucherNotForThisBasket()


def _seen(done: _Done, shown: Shown) -> list[Seen]:
    """What the shopper was shown of written lines, where it is not what was noted of them before.

    A price may have moved since it was looked up to be stored.
    """
    written, priced = set(done.written), shown.priced
    assert priced is not None  # noqa: S101  (what is rendered in a transaction is priced)
    return [
        Seen(
            line_id=line.id,
            offer_ids=f"{{{','.join(map(str, sorted(line.offer_ids)))}}}",
            unit_price=money(line.row.price),
            currency_type=priced.currency,
            tax_rate=line.row.tax_rate,
        )
        for line in priced.lines
        if line.id in written and line.row.price is not None and line.is_news_in(priced.currency)
    ]


def _matches(if_match: str | None, version: int, *, is_there: bool) -> bool:
    """Whether an If-Match header names the basket's version; the rest of a tag tells of prices, which may move."""
    if if_match is None:
        return True
    tags = [tag.strip().removeprefix("W/") for tag in if_match.split(",")]
    return any(is_there if tag == "*" else tag.strip('"').split("-")[0] == str(version) for tag in tags)
