"""A shopper's and an operator's way through the whole service, for tests of what it stands on."""

from typing import Any

import httpx
from litestar import Litestar

from src.modules import alerts, audit, baskets, notifications, updates
from src.platform.database import Connection, Database
from tests.factories import Client, Factory

PRODUCTS = "/api/v1/integration/products/products"
PRICES = "/api/v1/integration/catalogs/product-prices"
STOCKS = "/api/v1/integration/catalogs/product-stocks"
FAVOURITES = "/storefront/favorites"
WISHES = "/wishlists/favourite-products/"
BASKET = "/baskets/basket/"
COLLECTIONS = "/wishlists/user-collections/"
EXPORT = "/api/v1/data-warehouse/favourite-products/export"
FEED = """id\ttitle\tlink\tavailability\tprice\tquantity
W-3\tWish three\thttps://shop.example.com/3\tin_stock\t70.00 TRY\t4
"""


def _client(app: Litestar) -> httpx.AsyncClient:
    application: Any = app
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://shop.test")


async def travel(app: Litestar) -> None:
    """Feed a shop, want things, let a price fall, be told, look back, and forget what is old."""
    database: Database = app.state.database
    async with _client(app) as client:
        factory = Factory(database, client)
        everybody = ("storefront", "integration", "warehouse", "ops")
        one, other = await factory.shopper(*everybody), await factory.shopper(*everybody)
        await _feed(one)
        for each in (one, other):
            await _want(each)
        await _settle(database)
        for each in (one, other):
            await _buy(each)
        await _fed(one, PRICES, [{"product": sku, "price": "80.00"} for sku in ("W-1", "W-2")])
        await _settle(database)
        for each in (one, other):
            await _look_back(each)
        answer = await one.put("/api/v1/settings/UPDATES_WINDOW_DAYS", json={"value": 20})
        assert answer.status_code == 200, answer.text
        export = await one.get(EXPORT, params={"format": "ndjson"})
        assert export.text.count("\n") == 4, export.text
    await updates.forget_old(database)
    await notifications.forget_deliveries(database)
    await baskets.release_overdue(database)
    await audit.forget_old(database)


async def _settle(database: Database) -> None:
    """Let a worker's pass come to its end."""

    async def also(connection: Connection, chunk: updates.Chunk) -> None:
        await notifications.make_deliveries(connection, chunk)
        await alerts.fire(connection, chunk.changed)

    async def committed() -> None:
        pass

    assert await updates.advance(database, also, committed=committed)


async def _fed(feeder: Client, path: str, rows: list[dict[str, Any]]) -> None:
    answer = await feeder.post(path, json=rows)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


async def _feed(feeder: Client) -> None:
    skus = ("W-1", "W-2")
    await _fed(feeder, PRODUCTS, [{"sku": sku, "name": f"Wish {sku}"} for sku in skus])
    await _fed(feeder, PRICES, [{"product": sku, "price": "100.00"} for sku in skus])
    await _fed(feeder, STOCKS, [{"product": sku, "stock": 9} for sku in skus])
    answer = await feeder.post(
        "/api/v1/integration/feeds/merchant", content=FEED, headers={"Content-Type": "text/tab-separated-values"}
    )
    assert answer.json()["created"] > 0, answer.text


async def _products(shopper: Client) -> dict[str, dict[str, Any]]:
    """The products of the shop by their skus."""
    answer = await shopper.get("/api/v1/data-warehouse/products/products", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return {row["sku"]: row for row in answer.json()["results"]}


async def _want(shopper: Client) -> None:
    products = await _products(shopper)
    first = await shopper.post(FAVOURITES, json={"variant_id": products["W-1"]["uuid"]})
    assert first.status_code == 201, first.text
    for sku in ("W-2", "W-3"):
        answer = await shopper.post(WISHES, json={"product": products[sku]["id"]})
        assert answer.status_code == 200, answer.text
    answer = await shopper.delete(f"{WISHES}{answer.json()['pk']}/")
    assert answer.status_code == 204, answer.text
    shown = await shopper.get(FAVOURITES)
    assert len(shown.json()["favorites"]) == 2
    made = await shopper.post(COLLECTIONS, json={"name": "Summer"})
    item = {"product_id": products["W-1"]["id"], "usercollection_id": made.json()["pk"]}
    answer = await shopper.post("/wishlists/user-collection-items/", json=item)
    assert answer.status_code == 201, answer.text


async def _buy(shopper: Client) -> None:
    products = await _products(shopper)
    for quantity in (2, 3):
        answer = await shopper.put(BASKET, json={"product": products["W-2"]["id"], "quantity": quantity})
        assert answer.status_code == 200, answer.text
    shown = (await shopper.get(BASKET)).json()["basket"]
    assert shown["total_quantity"] == 3


async def _look_back(shopper: Client) -> None:
    told = (await shopper.get(f"{FAVOURITES}/updates")).json()["data"]
    assert told["summary"]["price_changed_count"] == 2
    chosen = await shopper.post(f"{FAVOURITES}/updates/dismiss", json={"all": True})
    assert chosen.status_code == 200, chosen.text
    told = (await shopper.get(f"{FAVOURITES}/updates")).json()["data"]
    assert told["summary"]["total_updates"] == 0
