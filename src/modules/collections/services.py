"""The use cases of a user's own collections."""

from typing import NamedTuple

import msgspec
import psycopg.errors
from msgspec import UNSET

from src.modules.baskets import Wish
from src.modules.collections import repositories, rules, writing
from src.modules.collections.dtos import (
    PUBLIC,
    AddItem,
    ChangeCollection,
    ChangeItem,
    CollectionMade,
    CollectionRow,
    CreateCollection,
    Filters,
    ItemRow,
    Listing,
)
from src.modules.collections.errors import TooManyCollections
from src.modules.collections.showing import Collection, Item, Showing, price_context
from src.modules.identity import Identity, Shopper
from src.platform.database import Connection, Database
from src.platform.errors import NotFound, Unauthenticated
from src.platform.paging import Page


class Viewer(NamedTuple):
    """A shopper who sees prices in the currency that X-Currency names, if it does."""

    shopper: Shopper
    currency: str | None


class Listed(NamedTuple):
    """A page of collections."""

    total: int
    collections: list[Collection]


class Read(NamedTuple):
    """A collection as it was read, with what decides how its products look."""

    row: CollectionRow
    listing: Listing
    items: list[ItemRow]


class Collections:
    """Shows and changes what users collect; one per process. What is another user's is not there: NotFound."""

    def __init__(self, database: Database, identity: Identity, showing: Showing) -> None:
        self._database = database
        self.identity = identity
        self._showing = showing

    async def page(self, viewer: Viewer, page: Page, filters: Filters) -> Listed:
        """The collections that pass the filters, the newest first; raises NotFound past the end."""
        user = viewer.shopper.id
        async with self._database.read() as connection:
            listing = await repositories.listing(connection, user, filters)
            if page.past_end(listing.total):
                raise NotFound
            rows = await repositories.page(connection, user, page, filters)
            items = await repositories.items(connection, user, [row.id for row in rows])
        prices = price_context(viewer.shopper, listing, viewer.currency)
        return Listed(listing.total, await self._showing.collections(rows, items, prices, listing))

    async def one(self, viewer: Viewer, collection_id: int) -> Collection:
        """A collection; raises NotFound."""
        async with self._database.read() as connection:
            read = await _read(connection, viewer, collection_id)
        return await self._shown(viewer, read)

    async def create(
        self, connection: Connection, viewer: Viewer, asked: CreateCollection
    ) -> CollectionMade[msgspec.Raw]:
        """A new collection, empty; raises NameNeeded and TooManyCollections."""
        user, name = viewer.shopper.id, rules.read_name(asked.name)
        await writing.take_turn(connection, user)
        total = await writing.count(connection, user)
        if total >= rules.MOST_COLLECTIONS:
            raise TooManyCollections
        try:
            made = await writing.create(
                connection, user, name=name, is_public=asked.status == PUBLIC, slug=rules.new_slug(name)
            )
        except psycopg.errors.ForeignKeyViolation as error:
            # The shopper went away after the credential was read.
            raise Unauthenticated from error
        collection = await self._collection(connection, viewer, made)
        fields = msgspec.structs.asdict(collection)
        return CollectionMade(**fields, count=total + 1, next=None, previous=None, results=[collection])

    async def change(
        self, connection: Connection, viewer: Viewer, collection_id: int, asked: ChangeCollection
    ) -> Collection:
        """Rename a collection, show it to all or to nobody else; raises NotFound and NameNeeded."""
        user = viewer.shopper.id
        name = None if asked.name is UNSET else rules.read_name(asked.name)
        is_public = None if asked.status is UNSET else asked.status == PUBLIC
        await writing.take_turn(connection, user)
        await writing.change(connection, user, collection_id, name=name, is_public=is_public)
        return await self._collection(connection, viewer, collection_id)

    async def rotate_link(self, connection: Connection, viewer: Viewer, collection_id: int) -> Collection:
        """Give a collection a new link; the old one leads nowhere from now on; raises NotFound."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        row = await repositories.one(connection, user, collection_id)
        if row is None:
            raise NotFound
        await writing.change(connection, user, collection_id, slug=rules.new_slug(row.name))
        return await self._collection(connection, viewer, collection_id)

    async def remove(self, connection: Connection, viewer: Viewer, collection_id: int) -> None:
        """Delete a collection with its items; raises NotFound."""
        await writing.take_turn(connection, viewer.shopper.id)
        if not await writing.remove(connection, viewer.shopper.id, collection_id):
            raise NotFound

    async def reorder(
        self, connection: Connection, viewer: Viewer, collection_id: int, wanted: list[int]
    ) -> Collection:
        """Put items in front, in this order; raises NotFound and NotTheItems."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        if await repositories.one(connection, user, collection_id) is None:
            raise NotFound
        before = [row.id for row in await repositories.items(connection, user, [collection_id])]
        after = rules.reordered(before, wanted)
        if after != before:
            await writing.touch(connection, user, collection_id)
            await writing.reorder(connection, user, after)
        return await self._collection(connection, viewer, collection_id)

    async def wishes(self, connection: Connection, viewer: Viewer, collection_id: int, quantity: int) -> list[Wish]:
        """What to put into a basket: so many units of each item; raises NotFound."""
        user = viewer.shopper.id
        if await repositories.one(connection, user, collection_id) is None:
            raise NotFound
        rows = await repositories.items(connection, user, [collection_id])
        return [Wish(row.id, row.product_id, quantity) for row in rows]

    async def add_item(self, connection: Connection, viewer: Viewer, asked: AddItem) -> Item:
        """Put a product behind the others; raises NotFound, UnknownProduct, AlreadyCollected and CollectionFull."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        rules.judge_room(await writing.room(connection, user, asked.usercollection_id, asked.product_id))
        return await self._added(
            connection, viewer, asked.usercollection_id, asked.product_id, rules.read_note(asked.note)
        )

    async def copy_item(self, connection: Connection, viewer: Viewer, item_id: int, collection_id: int) -> Item:
        """Put a copy of an item, with its note, into another collection; raises what `add_item` raises."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        row = await _item_row(connection, viewer, item_id)
        rules.judge_copy(await writing.room(connection, user, collection_id, row.product_id))
        return await self._added(connection, viewer, collection_id, row.product_id, row.note)

    async def move_item(self, connection: Connection, viewer: Viewer, item_id: int, collection_id: int) -> Item:
        """Take an item from its collection to another; raises NotFound, AlreadyCollected and CollectionFull."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        row = await _item_row(connection, viewer, item_id)
        if row.collection_id != collection_id:
            rules.judge_move(await writing.room(connection, user, collection_id, row.product_id))
            await writing.touch(connection, user, row.collection_id, collection_id)
            await writing.move_item(connection, user, item_id, collection_id)
        return await self._item(connection, viewer, item_id)

    async def change_item(self, connection: Connection, viewer: Viewer, item_id: int, asked: ChangeItem) -> Item:
        """Note something else about an item; raises NotFound."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        row = await _item_row(connection, viewer, item_id)
        note = row.note if asked.note is msgspec.UNSET else rules.read_note(asked.note)
        if note != row.note:
            await writing.touch(connection, user, row.collection_id)
            await writing.note(connection, user, item_id, note)
        return await self._item(connection, viewer, item_id)

    async def remove_item(self, connection: Connection, viewer: Viewer, item_id: int) -> None:
        """Take an item out of its collection; raises NotFound."""
        user = viewer.shopper.id
        await writing.take_turn(connection, user)
        row = await _item_row(connection, viewer, item_id)
        await writing.touch(connection, user, row.collection_id)
        await writing.remove_item(connection, user, item_id)

    async def _added(
        self, connection: Connection, viewer: Viewer, collection_id: int, product_id: int, note: str | None
    ) -> Item:
        user = viewer.shopper.id
        await writing.touch(connection, user, collection_id)
        made = await writing.add_item(connection, user, collection_id, product_id=product_id, note=note)
        return await self._item(connection, viewer, made)

    async def _collection(self, connection: Connection, viewer: Viewer, collection_id: int) -> Collection:
        return await self._shown(viewer, await _read(connection, viewer, collection_id), connection)

    async def _shown(self, viewer: Viewer, read: Read, connection: Connection | None = None) -> Collection:
        prices = price_context(viewer.shopper, read.listing, viewer.currency)
        (shown,) = await self._showing.collections([read.row], read.items, prices, read.listing, connection)
        return shown

    async def _item(self, connection: Connection, viewer: Viewer, item_id: int) -> Item:
        listing = await repositories.listing(connection, viewer.shopper.id)
        row = await _item_row(connection, viewer, item_id)
        prices = price_context(viewer.shopper, listing, viewer.currency)
        (item,) = await self._showing.items([row], prices, listing, connection)
        return item


async def _read(connection: Connection, viewer: Viewer, collection_id: int) -> Read:
    user = viewer.shopper.id
    row = await repositories.one(connection, user, collection_id)
    if row is None:
        raise NotFound
    listing = await repositories.listing(connection, user)
    return Read(row, listing, await repositories.items(connection, user, [collection_id]))


async def _item_row(connection: Connection, viewer: Viewer, item_id: int) -> ItemRow:
    row = await repositories.item(connection, viewer.shopper.id, item_id)
    if row is None:
        raise NotFound
    return row
