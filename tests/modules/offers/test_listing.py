"""What lists show as `basket_offers`: the same for all shoppers."""

from typing import Any

from src.modules.catalogue import PriceContext
from src.modules.catalogue.repositories import products as read_products
from tests.factories import Product
from tests.modules.offers.shop import COLLECTIONS, FUTURE, ITEMS, PAST, Shop
from tests.statements import Statements

FREE = {"benefit_type": "shipping_free", "kwargs": {}}


async def shown(shop: Shop, *products: Product, currency: str = "try") -> dict[int, list[Any]]:
    """What is shown beside each of these products."""
    stamp = await shop.stamp()
    async with shop.database.read() as connection:
        context = PriceContext(None, None, currency, "try")
        rows = await read_products(connection, [product.id for product in products], context)
        return dict(await shop.offers.listing(connection, stamp, rows))


async def ids(shop: Shop, product: Product, currency: str = "try") -> list[int]:
    """The offers shown beside a product."""
    return [offer.pk for offer in (await shown(shop, product, currency=currency)).get(product.id, [])]


async def test_offers_for_everybody_that_are_in_force_are_shown(shop: Shop) -> None:
    product = await shop.factory.product()
    seen = await shop.campaign(label="Ten off", kwargs={"a": 1.50}, listing_kwargs={"b": [2]})
    only_on_lists = await shop.campaign(is_visible=False, is_visible_on_list=True)
    await shop.campaign(is_visible=False)
    await shop.campaign(end_datetime=PAST)
    await shop.campaign(start_datetime=FUTURE)
    await shop.campaign(status="passive")
    await shop.campaign(offer_type="voucher_code", voucher_code="x")
    await shop.campaign(offer_type="coupon", user=await shop.user())
    await shop.campaign(user=await shop.user())
    first, second = (await shown(shop, product))[product.id]
    assert (first.pk, first.label, bytes(first.kwargs), bytes(first.listing_kwargs)) == (
        seen,
        "Ten off",
        b'{"a": 1.5}',
        b'{"b": [2]}',
    )
    assert (second.pk, second.label) == (only_on_lists, None)


async def test_offer_is_shown_beside_what_its_condition_or_its_benefit_is_about(shop: Shop) -> None:
    bought, given, neither = [await shop.factory.product() for _ in range(3)]
    condition, benefit = await shop.collection(bought), await shop.collection(given)
    one = await shop.campaign(
        condition={"product_collection": condition}, benefit=FREE | {"product_collection": benefit}
    )
    everything = await shop.campaign(condition={"product_collection": condition})
    assert [await ids(shop, product) for product in (bought, given, neither)] == [
        [one, everything],
        [one, everything],
        [everything],
    ]
    await shop.feed_one(ITEMS, collection=benefit, product=neither.id)
    assert await ids(shop, neither) == [one, everything]
    await shop.feed_one(COLLECTIONS, id=condition, is_active=False)
    assert await ids(shop, bought) == [everything]


async def test_terms_about_products_are_minded(shop: Shop) -> None:
    node = await shop.factory.insert("category_node", name="Mugs", path="0001")
    red = await shop.factory.product(attributes={"color": "red"}, category_nodes=[node])
    blue = await shop.factory.product(attributes={"color": "blue"})
    nothing = await shop.collection()
    dynamic = await shop.collection(collection_type="dynamic", query=[["attributes__color__in", ["red", "pink"]]])
    in_node = await shop.collection(collection_type="dynamic", query=[["category_in", [node]]])
    offers = [
        await shop.campaign(
            condition={"kwargs": {"query": [["sku_in", [red.sku]]]}}, benefit=FREE | {"product_collection": nothing}
        ),
        *[
            await shop.campaign(
                condition={"product_collection": collection}, benefit=FREE | {"product_collection": nothing}
            )
            for collection in (dynamic, in_node)
        ],
    ]
    assert await ids(shop, red) == offers
    assert await ids(shop, blue) == []


async def test_terms_about_shoppers_hide_an_offer_and_those_about_the_basket_do_not(shop: Shop) -> None:
    product = await shop.factory.product()
    for term in (["email_in", ["a@b.c"]], ["user_in", [1]], ["user_group_in", [1]], ["client_type_in", ["app"]]):
        await shop.campaign(condition={"kwargs": {"query": [term]}})
    amount = await shop.campaign(condition={"kwargs": {"query": [["basket__get_total_product_amount__gte", 500]]}})
    assert await ids(shop, product) == [amount]


async def test_currency_of_the_price_is_minded(shop: Shop) -> None:
    product = await shop.factory.product()
    await shop.factory.price(product, "3.00", currency_type="usd")
    priceless = await shop.factory.product(price=None)
    lira, dollar = await shop.campaign(currencies=["try"]), await shop.campaign(currencies=["usd"])
    term = await shop.campaign(condition={"kwargs": {"query": [["currency_in", ["USD"]]]}})
    assert await ids(shop, product) == [lira]
    assert await ids(shop, product, "usd") == [dollar, term]
    assert await ids(shop, product, "eur") == [lira], "there is no price in euros"
    assert await ids(shop, priceless) == [lira, dollar, term]


async def test_products_of_a_data_source_have_the_offers_that_are_for_them(shop: Shop) -> None:
    source = await shop.factory.insert("data_source", name="x", slug="x")
    product = await shop.factory.product(data_source_id=source)
    await shop.campaign()
    offer = await shop.campaign(is_available_for_data_sources=True)
    assert await ids(shop, product) == [offer]


async def test_page_of_products_costs_one_statement(shop: Shop, statements: Statements) -> None:
    products = [await shop.factory.product() for _ in range(5)]
    collections = [await shop.collection(product) for product in products[:3]]
    for collection in collections:
        await shop.campaign(
            condition={"product_collection": collection}, benefit=FREE | {"product_collection": collection}
        )
    assert set(await shown(shop, *products)) == {product.id for product in products[:3]}
    statements.sent.clear()
    await shown(shop, *products)
    assert len(statements.sent) == 3, "the stamp, the products, their collections"
