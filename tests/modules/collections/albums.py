"""What tests of collections do again and again, as one user."""

from typing import Any

import httpx

from tests.factories import Client, Product
from tests.modules.collections.shapes import Collection, Item, Made, Page
from tests.modules.favourites.shapes import read

COLLECTIONS = "/wishlists/user-collections/"
ITEMS = "/wishlists/user-collection-items/"
LINKS = "/wishlists/user-collection/"


class Album:
    """A user's collections, through HTTP."""

    def __init__(self, shopper: Client) -> None:
        self.shopper = shopper

    async def make(self, name: str = "Summer", *products: Product, **fields: Any) -> Collection:
        """A collection with these products in it."""
        made = read(await self.shopper.post(COLLECTIONS, json={"name": name, **fields}), Made, 201)
        for product in products:
            await self.put(made.pk, product)
        return await self.get(made.pk)

    async def put(self, collection: int, product: Product, **fields: Any) -> Item:
        """A product, put into a collection."""
        body = {"product_id": product.id, "usercollection_id": collection, **fields}
        return read(await self.shopper.post(ITEMS, json=body), Item, 201)

    async def get(self, pk: int) -> Collection:
        """A collection as it is now."""
        return read(await self.shopper.get(f"{COLLECTIONS}{pk}/"), Collection)

    async def page(self, **params: Any) -> Page:
        """A page of the list."""
        return read(await self.shopper.get(COLLECTIONS, params=params or None), Page)

    async def change(self, pk: int, **fields: Any) -> Collection:
        """A collection, changed."""
        return read(await self.shopper.request("PATCH", f"{COLLECTIONS}{pk}/", json=fields), Collection)

    async def order(self, pk: int, *items: int) -> httpx.Response:
        """What comes of putting items in order."""
        return await self.shopper.put(f"{COLLECTIONS}{pk}/order/", json={"items": list(items)})

    async def send(self, item: int, how: str, collection: int) -> httpx.Response:
        """What comes of copying or moving an item."""
        return await self.shopper.post(f"{ITEMS}{item}/{how}/", json={"usercollection_id": collection})
