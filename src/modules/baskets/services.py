"""The use cases of reading a basket."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from src.modules.baskets import merging, reading, repositories
from src.modules.baskets.dtos import BasketView, Explain, MergeReport
from src.modules.baskets.errors import UnknownProduct
from src.modules.baskets.pricing import Priced, price
from src.modules.baskets.reading import FINGERPRINT_BYTES, Reads, State, Wanted, Whole
from src.modules.baskets.statuses import FROZEN
from src.modules.baskets.thawing import thaw_overdue
from src.modules.baskets.views import envelope, view
from src.modules.baskets.visits import Visit
from src.modules.catalogue import PriceContext, Products, ProductViews, read_currency
from src.modules.identity import Identity
from src.modules.offers import OfferQuery, Offers, OfferSet, Shopper
from src.platform.cache import VersionedCache
from src.platform.database import Connection, Database
from src.platform.errors import ServiceUnavailable
from src.platform.forgetting import user_tag

# A basket that is always somewhere else when it is looked for: somebody plays with it.
ATTEMPTS = 5
_GROUPS: msgspec.json.Decoder[list[object]] = msgspec.json.Decoder(list[object])


class Shown(NamedTuple):
    """A basket as bytes: the whole envelope, without `osessionid` (`with_session` adds it)."""

    body: bytes
    basket_id: int | None
    user_id: int | None
    version: int
    fingerprint: str
    # What was rendered; None when the bytes came from the cache or are those of a frozen basket.
    view: BasketView[msgspec.Raw] | None = None
    priced: Priced | None = None
    # Whether products or offers had to be read after the basket: they may be newer than the fingerprint says.
    read_more: bool = False

    @property
    def tag(self) -> str:
        """The ETag: If-Match compares what is before the hyphen."""
        return f'"{self.version}-{self.fingerprint}"'

    def of_its_own(self) -> "Shown":
        """The same under a fingerprint that nothing else has: what it depends on has changed each time it was read."""
        return self._replace(fingerprint=secrets.token_hex(FINGERPRINT_BYTES))

    @property
    def key(self) -> str:
        """What the cache knows the bytes by."""
        return _key(self.user_id, self.basket_id, self.version, self.fingerprint)


class Sight(NamedTuple):
    """A basket that was read and is to be rendered for a visit, which has just written some of its lines."""

    whole: Whole
    visit: Visit
    written: Collection[int] = ()
    merge_report: MergeReport | None = None

    @property
    def product_versions(self) -> dict[int, int]:
        """The products of its lines, and their versions."""
        return {line.product_id: line.product_version for line in self.whole.lines}

    @property
    def context(self) -> tuple[int, PriceContext]:
        """The epoch of the lists, and what decides prices and stocks: a basket has one currency."""
        state = self.whole.state
        return state.epoch, PriceContext(state.price_list_id, state.stock_list_id, state.currency, state.currency)


class Quote(NamedTuple):
    """A basket that was priced: all that its answer is put together from."""

    sight: Sight
    products: Mapping[int, bytes]
    priced: Priced
    # Whether products or offers had to be read after the basket: they may be newer than the fingerprint says.
    read_more: bool


class Baskets:
    """Shows baskets; one per process."""

    def __init__(
        self, database: Database, identity: Identity, views: ProductViews, offers: Offers, cache: VersionedCache
    ) -> None:
        self._database = database
        self.identity = identity
        self._views = views
        self._offers = offers
        self._cache = cache
        self._reads = Reads(database)

    async def show(self, visit: Visit) -> Shown:
        """The current basket of the visit; a shopper's is made if need be, a guest's beside it merged into it.

        Raises Unauthenticated and Forbidden.
        """
        for _ in range(ATTEMPTS):
            state = await self._reads.state(visit)
            visit.admit(self.identity, state.scopes)
            shown = await self._shown(visit, state)
            if shown is not None:
                return shown
        raise ServiceUnavailable

    async def arrive(self, visit: Visit) -> int | None:
        """See to it that the visit's basket is there, as `show` does; the id of its user, None for a guest."""
        return (await self.show(visit)).user_id

    async def _shown(self, visit: Visit, state: State) -> Shown | None:
        """The basket of `state`; None when something was put right and it has to be asked for anew."""
        if state.is_overdue and state.basket_id is not None:
            async with self._database.transaction() as work:
                await thaw_overdue(work.connection, state.basket_id)
            return None
        if state.guest_basket_id is not None and state.status != FROZEN:
            async with self._database.transaction() as work:
                basket_id, report = await merging.merge(work.connection, visit, partial(self.render, visit=visit))
                return await self.render(work.connection, basket_id, visit, merge_report=report)
        if state.user_id is not None and state.basket_id is None:
            async with self._database.read() as connection:
                await repositories.find_or_create(
                    connection, user_id=state.user_id, guest=None, namespace=visit.namespace
                )
            return None
        if state.basket_id is None:
            return (await self.rendered([Sight(reading.nothing(state), visit)]))[0]
        if state.status == FROZEN and state.frozen_view is not None:
            body = state.frozen_view.encode()
            return Shown(body, state.basket_id, state.user_id, state.version or 0, FROZEN)
        return await self._kept_or_read(visit, state)

    async def _kept_or_read(self, visit: Visit, state: State) -> Shown | None:
        fingerprint, version = state.fingerprint(visit), state.version or 0
        key = _key(state.user_id, state.basket_id, version, fingerprint)
        kept = await self._cache.get_many([key])
        if key in kept:
            return Shown(kept[key], state.basket_id, state.user_id, version, fingerprint)
        for _ in range(ATTEMPTS):
            whole = await self._reads.whole(visit)
            if not state.is_of_the_same_basket_as(whole.state):
                return None
            (shown,) = await self.rendered([Sight(whole, visit)])
            if not shown.read_more or whole.state.looks_like(await self._reads.state(visit), visit):
                self._cache.set_many({shown.key: shown.body})
                return shown
        return shown.of_its_own()

    async def render(
        self,
        connection: Connection,
        basket_id: int,
        visit: Visit,
        *,
        merge_report: MergeReport | None = None,
    ) -> Shown:
        """The basket as this connection's transaction sees it, priced for its owner, in the visit's language.

        Read again while others change what it depends on. Always priced afresh, also a frozen basket (order systems
        keep `body` as its frozen_view).
        """
        wanted = [Wanted(basket_id, visit.currency)]
        (whole,) = await reading.whole_of_baskets(connection, wanted)
        for _ in range(ATTEMPTS):
            read = whole
            (shown,) = await self.rendered([Sight(read, visit, merge_report=merge_report)], connection)
            if not shown.read_more:
                return shown
            (whole,) = await reading.whole_of_baskets(connection, wanted)
            if read.state.looks_like(whole.state, visit):
                return shown
        return shown.of_its_own()

    async def keep(self, *shown: Shown) -> None:
        """Spare the next looks here their work; for what `rendered` gave, after the commit.

        Only here: most writes are followed by another, and telling everybody costs more than a look elsewhere saves.
        """
        self._cache.set_many({each.key: each.body for each in shown}, shared=False)

    async def weigh(self, connection: Connection, visit: Visit, asked: Explain) -> tuple[Whole, Priced]:
        """What the visit's basket costs, with the lines, the voucher and the currency of `asked` where it names them.

        Raises Unauthenticated, Forbidden and UnknownProduct.
        """
        if asked.currency is not None:
            visit = visit._replace(currency=read_currency(asked.currency))
        whole = await reading.whole_of_visit(connection, visit, asked.lines)
        visit.admit(self.identity, whole.state.scopes)
        if asked.lines is not None and len(whole.lines) < len(asked.lines):
            raise UnknownProduct("lines")
        if asked.lines is not None or asked.voucher_code is not None:
            whole = whole._replace(voucher_code=asked.voucher_code or None)
        offers, _ = await self._offer_set(whole, connection)
        return whole, self._priced(whole, visit, offers, in_full=True)

    async def rendered(self, sights: Sequence[Sight], connection: Connection | None = None) -> list[Shown]:
        """What was read, priced and put into words; without a `connection` what is wanting is read through another."""
        return [worded(quote) for quote in await self.quoted(sights, connection)]

    async def quoted(self, sights: Sequence[Sight], connection: Connection | None = None) -> list[Quote]:
        """What was read, priced; without a `connection` what is wanting is read through another."""
        products = await self._products(sights, connection)
        return [await self._quote(sight, products[sight.context], connection) for sight in sights]

    async def _products(
        self, sights: Sequence[Sight], connection: Connection | None
    ) -> dict[tuple[int, PriceContext], Products]:
        """The products of all these baskets, those of shoppers who see the same prices at once."""
        versions: dict[tuple[int, PriceContext], dict[int, int]] = {}
        for sight in sights:
            versions.setdefault(sight.context, {}).update(sight.product_versions)
        return {
            (epoch, prices): await self._views.render("commerce", wanted, prices, epoch=epoch, connection=connection)
            for (epoch, prices), wanted in versions.items()
        }

    async def _quote(self, sight: Sight, products: Products, connection: Connection | None) -> Quote:
        offers, were_remembered = await self._offer_set(sight.whole, connection)
        priced = self._priced(sight.whole, sight.visit, offers)
        return Quote(sight, products.bodies, priced, not (were_remembered and products.were_kept))

    def _priced(self, whole: Whole, visit: Visit, offers: OfferSet, *, in_full: bool = False) -> Priced:
        state = whole.state
        shopper = Shopper(
            user_id=state.user_id,
            email=state.email,
            groups=frozenset(str(group) for group in _GROUPS.decode(state.groups)) if state.groups else frozenset(),
            currency=state.currency,
            client_type=visit.client_type,
        )
        return price(whole.lines, offers, shopper, in_full=in_full)

    async def _offer_set(self, whole: Whole, connection: Connection | None) -> tuple[OfferSet, bool]:
        """The offers that the basket is judged by, and whether no question to the database was needed for them."""
        state = whole.state
        query = OfferQuery(state.offers_stamp, state.user_id, whole.voucher_code, state.currency, state.shopper_stamp)
        remembered = self._offers.remembered(query)
        if remembered is not None:
            return remembered, True
        if connection is not None:
            return await self._offers.for_basket(connection, query), False
        async with self._database.read() as own:
            return await self._offers.for_basket(own, query), False


def worded(quote: Quote) -> Shown:
    """The answer that a priced basket is."""
    sight, priced = quote.sight, quote.priced
    whole, visit, state = sight.whole, sight.visit, sight.whole.state
    shown = view(whole.head(visit), priced, quote.products, visit.language, sight.written)
    more = () if sight.merge_report is None else (msgspec.json.encode(sight.merge_report),)
    return Shown(
        body=envelope(shown, sight.merge_report),
        basket_id=state.basket_id,
        user_id=state.user_id,
        version=state.version or 0,
        fingerprint=state.fingerprint(visit, *more),
        view=shown,
        priced=priced,
        read_more=quote.read_more,
    )


async def cache_tags(connection: Connection, user_id: int) -> list[str]:
    """What the cache keeps baskets under that a user left as a guest."""
    return [_guest_tag(basket) for basket in await repositories.left_as_guest(connection, user_id)]


def _guest_tag(basket_id: int | None) -> str:
    return f"{{b{basket_id}}}"


def _key(user_id: int | None, basket_id: int | None, version: int, fingerprint: str) -> str:
    tag = _guest_tag(basket_id) if user_id is None else user_tag(user_id)
    return f"{tag}:basket:{basket_id}:{version}:{fingerprint}"


def with_session(body: bytes, session_id: str) -> bytes:
    """The envelope with the id of an anonymous shopper's cookie beside the basket."""
    return b'%s,"osessionid":"%s"}' % (body[:-1], session_id.encode())
