"""What the database knows of a visit: a small answer for every look, a whole one where the bytes are not cached."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from src.modules.baskets.dtos import SegmentView, TriedLine
from src.modules.baskets.lines import LineRow, read_lines
from src.modules.baskets.question import QUESTION, TRIED, WHOLE, WHOLE_OF_BASKETS
from src.modules.baskets.views import Head
from src.modules.baskets.visits import Visit
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.told import told
from src.platform.version import VERSION

FINGERPRINT_BYTES = 9
ENCODER = msgspec.msgpack.Encoder()
# A whole answer is big, and others wait for it.
WHOLE_BATCH = 16


class State(NamedTuple):
    """Who comes (`scopes` is None when nobody holds the credential), which basket is theirs, what decides its look."""

    scopes: list[str] | None
    user_id: int | None
    email: str | None
    groups: str | None
    segment_id: int | None
    price_list_id: int | None
    stock_list_id: int | None
    basket_id: int | None
    version: int | None
    status: str | None
    guest_basket_id: int | None
    currency: str
    epoch: int
    offers_stamp: str
    shopper_stamp: str
    voucher_stamp: str
    products_version: int
    # Frozen for longer than it may be.
    is_overdue: bool = False
    frozen_view: str | None = None

    def is_of_the_same_basket_as(self, other: "State") -> bool:
        """Whether the same shopper's same basket is meant, in the same status."""
        return (self.user_id, self.basket_id, self.status) == (other.user_id, other.basket_id, other.status)

    def looks_like(self, other: "State", visit: Visit) -> bool:
        """Whether the visit gets the same bytes of both."""
        return self.version == other.version and self.fingerprint(visit) == other.fingerprint(visit)

    def fingerprint(self, visit: Visit, *more: object) -> str:
        """A digest of everything but the basket's version that the bytes of the answer depend on."""
        deciding = (
            VERSION,
            self.user_id,
            self.email,
            self.groups,
            self.segment_id,
            self.price_list_id,
            self.stock_list_id,
            self.status,
            self.currency,
            self.epoch,
            self.offers_stamp,
            self.shopper_stamp,
            self.voucher_stamp,
            self.products_version,
            visit.language,
            visit.client_type,
            # Of a basket that is there its version tells it.
            visit.namespace if self.basket_id is None else None,
            *more,
        )
        return hashlib.blake2b(ENCODER.encode(deciding), digest_size=FINGERPRINT_BYTES).hexdigest()


class Whole(NamedTuple):
    """The state, and the basket with its lines as of the same moment."""

    state: State
    created_date: datetime | None
    modified_date: datetime | None
    namespace: str | None
    voucher_code: str | None
    external_offer_code: str | None
    lines: Sequence[LineRow]

    def at(self, version: int, modified_date: datetime) -> "Whole":
        """The same under another version, since another time."""
        return self._replace(state=self.state._replace(version=version), modified_date=modified_date)

    def head(self, visit: Visit) -> Head:
        """What the basket is, apart from its lines and prices."""
        state = self.state
        return Head(
            pk=state.basket_id,
            version=state.version or 0,
            status=state.status,
            namespace=visit.namespace if state.basket_id is None else self.namespace,
            created_date=self.created_date,
            modified_date=self.modified_date,
            voucher_code=self.voucher_code,
            external_offer_code=self.external_offer_code,
            segment=SegmentView(state.segment_id, state.stock_list_id, state.price_list_id),
        )


def nothing(state: State) -> Whole:
    """The basket of somebody who has none."""
    return Whole(state, None, None, None, None, None, ())


class Reads:
    """Coalesced reads; one per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._states: Coalescer[Visit, State] = Coalescer(self._fetch_states)
        self._wholes: Coalescer[Visit, Whole] = Coalescer(self._fetch_wholes, max_batch=WHOLE_BATCH)

    async def state(self, visit: Visit) -> State:
        """The state of the visit's basket."""
        return await self._states.get(visit)

    async def whole(self, visit: Visit) -> Whole:
        """The visit's basket with its lines."""
        return await self._wholes.get(visit)

    async def _fetch_states(self, visits: Sequence[Visit]) -> list[State]:
        async with self._database.read() as connection:
            cursor = await connection.execute(QUESTION, _asked(visits), binary=True)
            return [State._make(row) for row in await cursor.fetchall()]

    async def _fetch_wholes(self, visits: Sequence[Visit]) -> list[Whole]:
        async with self._database.read() as connection:
            cursor = await connection.execute(WHOLE, _asked(visits), binary=True)
            return [_whole(row) for row in await cursor.fetchall()]


class Wanted(msgspec.Struct, frozen=True):
    """A basket by its id, in a currency if that has a price; and what a change asks about beside it."""

    basket_id: int
    currency: str | None
    # In place of the basket's own.
    voucher_code: str | None = None
    products: Collection[int] = ()


async def whole_of_baskets(connection: Connection, wanted: Sequence[Wanted]) -> list[Whole]:
    """Baskets as their owners would see them; in the order of `wanted`."""
    values = {"asked": told(wanted)}
    cursor = await connection.execute(WHOLE_OF_BASKETS, values, binary=True)
    return [_whole(row) for row in await cursor.fetchall()]


async def whole_of_visit(connection: Connection, visit: Visit, lines: Sequence[TriedLine] | None) -> Whole:
    """The visit's basket; with `lines` in place of its own, their numbers as ids, where unknown products lack."""
    statement, values = WHOLE, _asked([visit])
    if lines is not None:
        statement = TRIED
        values |= {
            "products": [line.product for line in lines],
            "quantities": [line.quantity for line in lines],
            "attributes": [Jsonb(line.attributes) for line in lines],
        }
    (row,) = await (await connection.execute(statement, values, binary=True)).fetchall()
    return _whole(row)


def _asked(visits: Sequence[Visit]) -> dict[str, Any]:
    return {
        "digests": [visit.digest for visit in visits],
        "guests": [visit.guest for visit in visits],
        "namespaces": [visit.namespace for visit in visits],
        "currencies": [visit.currency for visit in visits],
    }


def _whole(row: tuple[Any, ...]) -> Whole:
    return whole_with(row, read_lines(row[21]))


def whole_with(row: tuple[Any, ...], lines: Sequence[LineRow]) -> Whole:
    """What the columns that all statements have in common say, with the lines that come with them."""
    state = State._make((*row[:16], sum([line.product_version for line in lines]), False, None))
    return Whole._make((state, *row[16:21], lines))
