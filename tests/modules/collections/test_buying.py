"""A whole collection goes into the basket, as far as it can, with a report of every item."""

from typing import Any

import httpx

from tests.factories import Factory, Product
from tests.modules.baskets.scene import Scene
from tests.modules.collections.albums import COLLECTIONS, Album
from tests.modules.collections.shapes import Bought, Capped, Report, Unavailable
from tests.modules.favourites.shapes import CommerceRefusal, read

BASKET = "/baskets/basket/"


async def buy(album: Album, pk: int, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return await album.shopper.post(f"{COLLECTIONS}{pk}/add-to-basket/", json=body, headers=headers)


def quantities(basket: dict[str, Any]) -> dict[int, int]:
    return {line["product"]["pk"]: line["quantity"] for line in basket["basketitem_set"]}


async def test_everything_that_can_be_had_goes_in_at_once(album: Album, factory: Factory) -> None:
    products = [await factory.product(price="10.00") for _ in range(3)]
    made = await album.make("First", *products)
    answer = await buy(album, made.pk)
    report = read(answer, Report)
    assert report.added == [Bought(item.pk, item.product.pk, 1) for item in made.items]
    assert (report.capped, report.unavailable) == ([], [])
    shown = await album.shopper.get(BASKET)
    assert shown.json()["basket"] == report.basket
    assert shown.headers["etag"] == answer.headers["etag"]
    assert quantities(report.basket) == dict.fromkeys([product.id for product in products], 1)
    assert report.basket["total_amount"] == "30.00"


async def test_each_item_that_falls_short_says_why(album: Album, factory: Factory) -> None:
    async def held(product: Product) -> None:
        await album.shopper.post(BASKET, json={"product": product.id, "quantity": 3})

    plenty, scarce, taken, stopped = [await factory.product(stock=stock) for stock in (9, 2, 3, 5)]
    sold_out, unpriced = await factory.product(stock=0), await factory.product(price=None)
    parent = await factory.product()
    await factory.product(parent_id=parent.id)
    products = (plenty, scarce, taken, stopped, sold_out, unpriced, parent)
    made = await album.make("First", *products)
    await held(taken)
    await held(plenty)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", stopped.id)
    report = read(await buy(album, made.pk, quantity=4), Report)
    pks = dict(zip([product.id for product in products], made.pks, strict=True))
    assert report.added == [Bought(pks[plenty.id], plenty.id, 4)]
    assert report.capped == [Capped(pks[scarce.id], scarce.id, 2, 4, "over_stock")]
    assert report.unavailable == [
        Unavailable(pks[product.id], product.id, 4, reason)
        for product, reason in (
            (taken, "over_stock"),
            (stopped, "inactive"),
            (sold_out, "out_of_stock"),
            (unpriced, "no_price"),
            (parent, "inactive"),
        )
    ]
    assert quantities(report.basket) == {plenty.id: 7, scarce.id: 2, taken.id: 3}


async def test_lines_and_their_units_have_a_most(album: Album, factory: Factory) -> None:
    many = await factory.product(stock=None)
    await factory.stock(many, None, in_stock=True)
    made = await album.make("First", many)
    assert read(await buy(album, made.pk, quantity=9999), Report).added[0].quantity == 9999
    assert read(await buy(album, made.pk), Report).unavailable[0].reason == "quantity_limit"
    user = await factory.user_id(album.shopper)
    ids = [product.id for product in [await factory.product() for _ in range(3)]]
    await factory.execute(
        """
        WITH made AS (INSERT INTO product (sku, name) SELECT 'full-' || n, 'x' FROM generate_series(1, 198) AS n
                      RETURNING id),
             stated AS (INSERT INTO product_state (product_id) SELECT id FROM made)
        INSERT INTO basket_item (basket_id, product_id, quantity, reference)
        SELECT basket.id, made.id, 1, made.id::text FROM basket, made WHERE user_id = %s
        """,
        user,
    )
    second = await album.make("Second")
    for product in ids:
        body = {"product_id": product, "usercollection_id": second.pk}
        assert (await album.shopper.post("/wishlists/user-collection-items/", json=body)).status_code == 201
    report = read(await buy(album, second.pk), Report)
    assert [item.product for item in report.added] == ids[:1]
    assert [(item.product, item.reason) for item in report.unavailable] == [(pk, "basket_full") for pk in ids[1:]]


async def test_empty_body_and_empty_collection_are_fine(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    answer = await album.shopper.post(f"{COLLECTIONS}{made.pk}/add-to-basket")
    assert len(read(answer, Report).added) == 1
    report = read(await buy(album, (await album.make("Empty")).pk), Report)
    assert (report.added, quantities(report.basket)) == ([], quantities(answer.json()["basket"]))


async def test_prices_and_offers_that_the_lines_are_seen_with_are_noted(album: Album, factory: Factory) -> None:
    """As if each had been added by itself, so that a rise of the price or the end of the offer can be told later."""
    scene = Scene(factory)
    offer = await scene.offer("percentage", 10)
    product, other = await factory.product(price="10.00"), await factory.product()
    await buy(album, (await album.make("First", product, other)).pk)
    assert await factory.scalar("SELECT array_agg(DISTINCT offer_ids) FROM basket_item") == [[offer]]
    await factory.price(product, "12.00")
    await factory.execute("UPDATE basket_offer SET status = 'passive' WHERE id = %s", offer)
    await scene.moved()
    details = (await album.shopper.get(BASKET)).json()["basket"]["upsell_details"]
    assert sorted(detail["kind"] for detail in details) == ["offer_lapsed", "offer_lapsed", "price_increase"]


async def test_repeat_under_one_key_adds_once(album: Album, factory: Factory) -> None:
    product = await factory.product()
    made, headers = await album.make("First", product), {"Idempotency-Key": "once"}
    first, second = await buy(album, made.pk, headers), await buy(album, made.pk, headers)
    assert first.content == second.content
    assert quantities((await album.shopper.get(BASKET)).json()["basket"]) == {product.id: 1}


async def test_namespace_and_if_match_are_heeded(album: Album, factory: Factory) -> None:
    product = await factory.product()
    made = await album.make("First", product)
    answer = await album.shopper.post(f"{COLLECTIONS}{made.pk}/add-to-basket/?namespace=gift", json={})
    assert read(answer, Report).basket["namespace"] == "gift"
    assert (await album.shopper.get(BASKET)).json()["basket"]["basketitem_set"] == []
    assert (await buy(album, made.pk, {"If-Match": '"1-x"'})).status_code == 412


async def test_frozen_basket_refuses_all(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    basket = read(await buy(album, made.pk), Report).basket["pk"]
    orders = await factory.shopper("integration")
    assert (await orders.post(f"/api/v1/baskets/{basket}/freeze")).status_code == 200
    refused = await buy(album, made.pk)
    assert read(refused, CommerceRefusal, 406).error_code == "basket_120"


async def test_quantities_that_make_no_sense_are_refused(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    for quantity in (0, -1, 10_000, "x", 1.5):
        refused = await buy(album, made.pk, quantity=quantity)
        assert (refused.status_code, list(refused.json())) == (400, ["quantity"])
