"""The use cases of changing a basket; each answers with the basket as it is then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from weakref import WeakValueDictionary

import msgspec

from src.modules.baskets import inputs, repositories
from src.modules.baskets.applying import Applying
from src.modules.baskets.cart import Line
from src.modules.baskets.decisions import Decide, Decision, Writer
from src.modules.baskets.errors import UnknownProduct
from src.modules.baskets.filling import Outcome, Wish, fill
from src.modules.baskets.inputs import AddToBasket, ChangeBasket, ChangeLine
from src.modules.baskets.opening import Content
from src.modules.baskets.repositories import Asked, Basket, Owner
from src.modules.baskets.services import Baskets, Shown
from src.modules.baskets.visits import Visit
from src.modules.offers import VoucherUnknown
from src.platform.coalescing import Coalescer
from src.platform.database import Database, Transaction
from src.platform.edge import TransactionNeeded


class Changes:
    """Changes baskets; one per process."""

    def __init__(self, database: Database, baskets: Baskets) -> None:
        self._database = database
        self.identity = baskets.identity
        self._owners: Coalescer[Asked, Owner] = Coalescer(self._fetch)
        self._applying = Applying(database, baskets)
        self._turns: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()

    async def owner(self, visit: Visit) -> Owner:
        """Whose basket a visit means; raises Unauthenticated and Forbidden."""
        owner = await self._owners.get(Asked(visit.digest, visit.guest, visit.namespace, visit.currency))
        visit.admit(self.identity, owner.scopes)
        return owner

    @contextlib.asynccontextmanager
    async def turn(self, writer: Writer) -> AsyncIterator[None]:
        """Hold off other writes to the same basket, which would wait for its row with a connection each."""
        owner = writer.owner
        key = (owner.user_id, writer.guest and writer.guest.digest, writer.visit.namespace)
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        async with lock:
            yield

    async def add(self, work: Transaction | None, writer: Writer, asked: AddToBasket) -> Shown:
        """Put units of a product into the basket; raises what Cart.add and Cart.judge raise."""
        quantity = inputs.quantity(asked.quantity, least=1)
        product = inputs.product_id(asked.product)
        attributes = inputs.json_object(asked.attributes, "attributes") or {}
        parts = inputs.parts(asked.sub_items)
        inquiry = inputs.json_object(asked.inquiry, "inquiry")

        def decide(basket: Basket, content: Content) -> Decision:
            line = content.cart.add(product, quantity, attributes, parts, inquiry)
            content.cart.judge(line, content.facts)
            content.cart.price(line, content.facts)
            return Decision(basket, line)

        return await self._change(work, writer, decide, {product, *(part.product_id for part in parts)})

    async def change(self, work: Transaction | None, writer: Writer, asked: ChangeBasket) -> Shown:
        """Set the quantity of a line, or see to the voucher, or both; raises also VoucherRefused."""
        if work is None and asked.voucher_code is not None:
            raise TransactionNeeded  # it is stored first and judged then
        product = None if asked.product is None else inputs.product_id(asked.product)
        quantity = None if asked.quantity is None else inputs.quantity(asked.quantity, least=0)
        attributes = inputs.json_object(asked.attributes, "attributes")
        inquiry = inputs.json_object(asked.inquiry, "inquiry")

        def decide(basket: Basket, content: Content) -> Decision:
            line = None
            if product is not None and quantity is not None:
                if product not in content.facts:
                    raise UnknownProduct
                line = content.cart.set(product, quantity, attributes, inquiry)
            if line is not None:
                content.cart.judge(line, content.facts)
                content.cart.price(line, content.facts)
            return _with_codes(basket, line, asked)

        return await self._change(work, writer, decide, () if product is None else {product})

    async def empty(self, work: Transaction | None, writer: Writer) -> Shown:
        """Take everything out of the basket, its voucher too."""

        def decide(basket: Basket, content: Content) -> Decision:
            content.cart.clear()
            return Decision(basket._replace(voucher_code=None, external_offer_code=None))

        return await self._change(work, writer, decide)

    async def fill(self, work: Transaction, writer: Writer, wishes: Sequence[Wish]) -> tuple[Shown, list[Outcome]]:
        """Put in what can be had of many products; the basket, and what became of each of them."""
        outcomes: list[Outcome] = []

        def decide(basket: Basket, content: Content) -> Decision:
            lines, outcomes[:] = fill(content.cart, wishes, content.facts)
            return Decision(basket, more_lines=lines)

        return await self._change(work, writer, decide, {wish.product_id for wish in wishes}), outcomes

    async def change_line(self, work: Transaction, writer: Writer, asked: ChangeLine) -> tuple[Shown, int]:
        """Give a line other attributes, or one unit of it; the basket, and the id of the line that holds it now."""
        attributes = inputs.json_object(asked.attributes, "attributes")
        found: list[Line] = []

        def decide(basket: Basket, content: Content) -> Decision:
            line = content.cart.change_attributes(asked.id, is_all=asked.is_all, attributes=attributes)
            found.append(line)
            return Decision(basket)

        shown = await self._change(work, writer, decide)
        line_id = found[-1].id
        assert line_id is not None  # noqa: S101  (it is stored by now)
        return shown, line_id

    async def _change(
        self, work: Transaction | None, writer: Writer, decide: Decide, products: Collection[int] = ()
    ) -> Shown:
        if work is None:
            return await self._applying.shared(writer, decide, products)
        return await self._applying.alone(work, writer, decide, products)

    async def _fetch(self, asked: Sequence[Asked]) -> Sequence[Owner]:
        async with self._database.read() as connection:
            return await repositories.owners(connection, asked)


def _with_codes(basket: Basket, line: Line | None, asked: ChangeBasket) -> Decision:
    """What becomes of the codes: an external one is stored in any case, and a removal goes before a new voucher."""
    external = asked.external_offer_code
    if external is not msgspec.UNSET:
        basket = basket._replace(external_offer_code=(external or "").strip() or None)
    if asked.remove_voucher_code:
        basket = basket._replace(voucher_code=None)
        return Decision(basket if external is not msgspec.UNSET else basket._replace(external_offer_code=None), line)
    code, must_fit = (asked.voucher_code or "").strip(), external is msgspec.UNSET
    if not code and asked.voucher_code is not None and must_fit:
        raise VoucherUnknown
    if not code:
        return Decision(basket, line)
    return Decision(basket._replace(voucher_code=code), line, before_voucher=basket, must_fit=must_fit)
