"""`basket_offers` of favourite products: the campaigns of this very moment."""

import pytest

from src.platform.database import Database
from tests.factories import Client, Factory
from tests.modules.favourites.shop import COMMERCE, STOREFRONT, add, page
from tests.modules.offers.shop import BENEFITS, ITEMS, OFFERS, Shop


@pytest.fixture
def shop(database: Database, factory: Factory) -> Shop:
    """Feeds campaigns."""
    return Shop(database, factory)


async def test_list_shows_the_offers_of_each_product(shopper: Client, factory: Factory, shop: Shop) -> None:
    inside, outside = await factory.product(), await factory.product()
    for product in (inside, outside):
        await add(shopper, product)
    assert [row.product.basket_offers for row in (await page(shopper)).results] == [[], []]
    collection = await shop.collection(inside)
    offer = await shop.campaign(
        label="Ten off",
        condition={"product_collection": collection},
        benefit={"product_collection": collection},
        kwargs={"show_benefit_products": True},
    )
    shown = {"pk": offer, "label": "Ten off", "kwargs": {"show_benefit_products": True}, "listing_kwargs": {}}
    assert [row.product.basket_offers for row in (await page(shopper)).results] == [[shown], []]
    await shop.feed_one(ITEMS, collection=collection, product=outside.id)
    assert [row.product.basket_offers for row in (await page(shopper)).results] == [[shown], [shown]]


async def test_etag_follows_campaigns_at_once(shopper: Client, factory: Factory, shop: Shop) -> None:
    await add(shopper, await factory.product())
    tags = [(await shopper.get(COMMERCE)).headers["etag"]]
    offer = await shop.campaign(end_datetime="2090-01-01T00:00:00Z")

    async def changed() -> None:
        tag = tags[-1]
        response = await shopper.get(COMMERCE, headers={"If-None-Match": tag})
        assert response.status_code == 200
        tags.append(response.headers["etag"])
        again = await shopper.get(COMMERCE, headers={"If-None-Match": tags[-1]})
        assert again.status_code == 304

    await changed()
    await shop.feed_one(OFFERS, id=offer, label="Renamed")
    await changed()
    await factory.execute("UPDATE basket_offer SET end_datetime = now() WHERE id = %s", offer)
    await changed()
    assert tags[-1] == tags[0], "as if it had never been"
    await shop.feed_one(BENEFITS, id=offer, kwargs={"amount": 5})
    assert (await shopper.get(COMMERCE, headers={"If-None-Match": tags[-1]})).status_code == 304


async def test_currency_of_the_request_decides(shopper: Client, factory: Factory, shop: Shop) -> None:
    product = await factory.product()
    await factory.price(product, "3.00", currency_type="usd")
    await add(shopper, product)
    offer = await shop.campaign(currencies=["usd"])
    for headers, offers in (({"X-Currency": "usd"}, [offer]), ({}, []), ({"X-Currency": "eur"}, [])):
        (row,) = (await page(shopper, headers)).results
        assert [shown["pk"] for shown in row.product.basket_offers] == offers


async def test_storefront_list_minds_no_campaigns(shopper: Client, factory: Factory, shop: Shop) -> None:
    await add(shopper, await factory.product())
    before = await shopper.get(STOREFRONT)
    await shop.campaign()
    assert (await shopper.get(STOREFRONT)).content == before.content
