"""What tests of favourites do again and again, in the words of a shop."""

from typing import Any

from src.platform.dynamic_settings import DynamicSetting, write_setting
from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import (
    CommerceAdded,
    CommercePage,
    Count,
    Data,
    EmptyFavoritePage,
    Favorite,
    FavoriteAdded,
    FavoritePage,
    Status,
    read,
)

COMMERCE = "/wishlists/favourite-products/"
STOREFRONT = "/storefront/favorites"
PRODUCTS = "/storefront/products"


async def add(shopper: Client, product: Product, **headers: str) -> int:
    """Favourite a product through commerce; the pk."""
    response = await shopper.post(COMMERCE, json={"product": product.id}, headers=headers)
    return read(response, CommerceAdded).pk


async def add_favorite(shopper: Client, product: Product, **headers: str) -> Favorite:
    """Favourite a product through the storefront."""
    response = await shopper.post(STOREFRONT, json={"variant_id": str(product.uuid)}, headers=headers)
    return read(response, FavoriteAdded, 201).favorite


async def page(shopper: Client, headers: dict[str, str] | None = None, **params: Any) -> CommercePage:
    """A page of the commerce list."""
    return read(await shopper.get(COMMERCE, params=params or None, headers=headers), CommercePage)


async def product_ids(shopper: Client, **params: Any) -> list[int]:
    """The products on a page of the commerce list, in its order."""
    return [row.product.pk for row in (await page(shopper, **params)).results]


async def favorites(shopper: Client, headers: dict[str, str] | None = None, **params: Any) -> list[Favorite]:
    """A page of the storefront list."""
    response = await shopper.get(STOREFRONT, params=params or None, headers=headers)
    if not response.json()["favorites"]:
        return read(response, EmptyFavoritePage).favorites
    return read(response, FavoritePage).favorites


async def count(shopper: Client) -> Count:
    """How many favourites a shopper has, and since when."""
    return read(await shopper.get(f"{STOREFRONT}/count"), Data[Count]).data


async def status(shopper: Client, product: Product) -> Status:
    """Whether a product is a favourite."""
    return read(await shopper.get(f"{PRODUCTS}/{product.uuid}/favorite-status"), Data[Status]).data


async def statuses(shopper: Client, *products: Product) -> list[Status]:
    """Whether each of these products is a favourite, asked at once."""
    ids = ",".join(str(product.uuid) for product in products)
    response = await shopper.get(f"{PRODUCTS}/favorite-status", params={"ids": ids})
    told = read(response, Data[dict[str, Status]]).data
    return [told[str(product.uuid)] for product in products]


async def change_setting(factory: Factory, setting: DynamicSetting, value: object) -> None:
    """Change a setting at run time."""
    async with factory.database.transaction() as work:
        await write_setting(work.connection, setting, value)


async def many_favourites(factory: Factory, shopper: Client, number: int) -> list[int]:
    """Give a shopper so many favourites of products of their own at once; the ids of the products."""
    user = await factory.user_id(shopper)
    first = await factory.product()
    await factory.execute(
        """
        WITH made AS (
            INSERT INTO product (sku, base_code, name)
            SELECT 'many-' || %s || '-' || n, 'many', 'Many' FROM generate_series(1, %s) AS n RETURNING id
        ), stated AS (
            INSERT INTO product_state (product_id) SELECT id FROM made
        ), wanted AS (
            INSERT INTO favourite (user_id, product_id) SELECT %s, id FROM made
        )
        INSERT INTO favourite_summary (user_id, version, total) VALUES (%s, 1, %s)
        ON CONFLICT (user_id) DO UPDATE
        SET total = favourite_summary.total + excluded.total, version = favourite_summary.version + 1
        """,
        first.id,
        number,
        user,
        user,
        number,
    )
    found = await factory.scalar(
        "SELECT array_agg(product_id ORDER BY product_id) FROM favourite WHERE user_id = %s AND product_id > %s",
        user,
        first.id,
    )
    return list(found)
