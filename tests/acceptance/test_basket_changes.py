"""Whatever changes around a basket is in the next look at it, through warm caches."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.acceptance.basket_browser import Browser, Fed
from tests.acceptance.basket_shop import Shop

SOON_S = 1.5


def seen(buyer: Browser) -> tuple[str, str, str]:
    """The sums, looked at twice, so that the second look may come from a cache."""
    first, second = buyer.get(), buyer.get()
    assert first == second
    return second.sums


def test_prices_and_stocks_are_those_of_now(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00", retail_price="12.00", stock=9)
    buyer.add(product, 3)
    for price in ("10.01", "0.00", "99999.99", "3.33"):
        shop.price(product, price)
        assert seen(buyer)[0] == f"{float(price) * 3:.2f}"
        assert buyer.get().line(product.id).product.price == price
    shop.price(product, "5.00", retail_price="8.00")
    line = buyer.get().line(product.id)
    assert (line.price, line.retail_price) == ("5.00", "8.00")
    for stock, reason in ((0, "out_of_stock"), (2, "over_stock"), (3, None), (7, None)):
        shop.stock(product, stock)
        seen(buyer)
        assert buyer.get().reasons.get(product.id) == reason
    assert buyer.get().line(product.id).stock == 7


def test_lines_that_can_not_be_bought_are_kept_but_not_counted(shop: Shop) -> None:
    buyer, product, other = shop.shopper(), shop.product("10.00"), shop.product("1.00")
    buyer.add(product, 3)
    buyer.add(other, 1)
    shop.activity(product, active=False)
    basket = buyer.get()
    assert (basket.total_quantity, basket.sums) == (1, ("1.00", "0.00", "1.00"))
    (line,) = basket.unavailable_basket_products
    assert (line.product.pk, line.quantity, line.reason) == (product.id, 3, "inactive")
    shop.activity(product, active=True)
    assert buyer.get().quantities == {product.id: 3, other.id: 1}


def test_deleted_product_stays_unavailable_until_it_is_fed_again(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    buyer.add(product, 2)
    gone = shop.feeder.delete(f"/api/v1/integration/products/products/{product.id}")
    assert gone.status_code == 204
    assert buyer.get().reasons == {product.id: "inactive"}
    shop.activity(product, active=True)
    assert buyer.get().sums == ("20.00", "0.00", "20.00")


def test_younger_of_two_lines_gives_way_when_stock_falls(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00", stock=10)
    buyer.add(product, 4)
    buyer.add(product, 3, attributes={"size": "L"})
    shop.stock(product, 5)
    basket = buyer.get()
    assert [(line.attributes, line.quantity) for line in basket.basketitem_set] == [({}, 4)]
    assert [(line.attributes, line.reason) for line in basket.unavailable_basket_products] == [
        ({"size": "L"}, "over_stock")
    ]


def test_segment_of_the_shopper_decides_prices_and_stocks(shop: Shop) -> None:
    product, buyer = shop.product("100.00", stock=5), shop.shopper()
    number = product.id
    shop.feed("catalogs/price-lists", {"id": number, "name": "Club"})
    shop.feed("catalogs/stock-lists", {"id": number, "name": "Club"})
    shop.feed("catalogs/segments", {"id": number, "name": "Club", "price_list": number, "stock_list": number})
    shop.price(product, "80.00", price_list=number)
    shop.stock(product, 1, stock_list=number)
    buyer.add(product, 2)
    assert seen(buyer) == ("200.00", "0.00", "200.00")
    shop.feed("users", {"id": buyer.user, "segment": number})
    basket = buyer.get()
    assert basket.segment.pk == number
    assert basket.reasons == {product.id: "over_stock"}
    shop.stock(product, 2, stock_list=number)
    assert seen(buyer) == ("160.00", "0.00", "160.00")
    assert shop.guest().add(product).total_amount == "100.00"
    shop.feed("catalogs/segments", {"id": number, "price_list": None})
    assert seen(buyer) == ("200.00", "0.00", "200.00")


def test_price_that_rose_since_it_was_put_in_is_pointed_out(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    buyer.add(product, 2)
    shop.price(product, "9.00")
    assert buyer.get().upsell_details == []
    shop.price(product, "12.50")
    (hint,) = buyer.get().hints("price_increase")
    assert hint.params.partial >= 0
    shop.price(product, "10.00")
    assert buyer.get().upsell_details == []


def test_offer_that_lapsed_since_it_was_put_in_is_pointed_out(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("10.00")
    offer = shop.offer("percentage", 10)
    assert buyer.add(product, 2).upsell_details == []
    shop.feed("campaigns/basket-offers", {"id": offer, "status": "passive"})
    assert len(buyer.get().hints("offer_lapsed")) == 1
    shop.feed("campaigns/basket-offers", {"id": offer, "status": "active"})
    assert buyer.get().upsell_details == []


Change = Callable[[Shop, int], None]
CHANGES: dict[str, Change] = {
    "status": lambda shop, n: shop.feed("campaigns/basket-offers", {"id": n, "status": "passive"}),
    "end": lambda shop, n: shop.feed("campaigns/basket-offers", {"id": n, "end_datetime": "2020-01-01T00:00:00Z"}),
    "start": lambda shop, n: shop.feed("campaigns/basket-offers", {"id": n, "start_datetime": "2999-01-01T00:00:00Z"}),
    "currency": lambda shop, n: shop.feed("campaigns/basket-offers", {"id": n, "currencies": ["usd"]}),
    "type": lambda shop, n: shop.feed("campaigns/basket-offers", {"id": n, "offer_type": "coupon_code"}),
    "condition": lambda shop, n: shop.feed(
        "campaigns/conditions", {"id": n, "kwargs": {"value": 3, "consume_type": "locally"}}
    ),
    "benefit": lambda shop, n: shop.feed("campaigns/benefits", {"id": n, "kwargs": {"amount": 0}}),
    "benefit type": lambda shop, n: shop.feed(
        "campaigns/benefits", {"id": n, "benefit_type": "point", "kwargs": {"amount": 1}}
    ),
    "collection": lambda shop, n: shop.feed("campaigns/benefits", {"id": n, "product_collection": shop.collection()}),
    "deletion": lambda shop, n: _delete(shop, n),
}


def _delete(shop: Shop, offer: int) -> None:
    assert shop.feeder.delete(f"/api/v1/integration/campaigns/basket-offers/{offer}").status_code == 204
    shop.offers.remove(offer)


def test_campaigns_take_effect_and_end_at_once(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("50.00")
    buyer.add(product, 2)
    assert seen(buyer) == ("100.00", "0.00", "100.00")
    for name, change in CHANGES.items():
        offer = shop.offer("percentage", 10)
        assert seen(buyer) == ("100.00", "10.00", "90.00"), name
        change(shop, offer)
        assert seen(buyer) == ("100.00", "0.00", "100.00"), name


def test_campaigns_begin_and_end_by_the_clock(shop: Shop) -> None:
    buyer, product = shop.shopper(), shop.product("100.00")
    buyer.add(product)
    now = datetime.now(UTC)
    middle = now + timedelta(seconds=SOON_S)
    shop.offer("percentage", 10, start_datetime=now.isoformat(), end_datetime=middle.isoformat())
    shop.offer("percentage", 30, start_datetime=middle.isoformat())
    before = seen(buyer)
    if datetime.now(UTC) < middle:
        assert before == ("100.00", "10.00", "90.00")
    while datetime.now(UTC) <= middle:
        time.sleep(0.05)
    assert seen(buyer) == ("100.00", "30.00", "70.00")


def test_collections_are_those_of_now(shop: Shop) -> None:
    buyer, product, other = shop.shopper(), shop.product("100.00"), shop.product("10.00")
    buyer.add(product)
    buyer.add(other)
    static = shop.collection()
    shop.offer("percentage", 10, on=static, gives_on=static)
    assert seen(buyer) == ("110.00", "0.00", "110.00")
    row = product.id * 10
    shop.feed("campaigns/product-collection-items", {"id": row, "product": product.id, "collection": static})
    assert seen(buyer) == ("110.00", "10.00", "100.00")
    shop.feed("campaigns/product-collections", {"id": static, "is_active": False})
    assert seen(buyer) == ("110.00", "0.00", "110.00")
    shop.feed("campaigns/product-collections", {"id": static, "is_active": True})
    assert seen(buyer) == ("110.00", "10.00", "100.00")
    assert shop.feeder.delete(f"/api/v1/integration/campaigns/product-collection-items/{row}").status_code == 204
    assert seen(buyer) == ("110.00", "0.00", "110.00")


def test_dynamic_collections_hold_what_fulfils_their_query_now(shop: Shop) -> None:
    buyer, product, other = shop.shopper(), shop.product("100.00"), shop.product("10.00")
    buyer.add(product)
    buyer.add(other)
    dynamic = shop.collection(collection_type="dynamic", query=[["attributes__fabric", f"wool {product.id}"]])
    shop.offer("percentage", 10, on=dynamic, gives_on=dynamic)
    assert seen(buyer) == ("110.00", "0.00", "110.00")
    _attributes(shop, other, {"fabric": f"wool {product.id}"})
    assert seen(buyer) == ("110.00", "1.00", "109.00")
    _attributes(shop, other, {"fabric": "linen"})
    assert seen(buyer) == ("110.00", "0.00", "110.00")
    shop.feed("campaigns/product-collections", {"id": dynamic, "query": [["sku_in", [product.sku, "x"]]]})
    assert seen(buyer) == ("110.00", "10.00", "100.00")
    soon = datetime.now(UTC) + timedelta(seconds=SOON_S / 2)
    shop.feed("campaigns/product-collections", {"id": dynamic, "expiration_date": soon.isoformat()})
    while datetime.now(UTC) <= soon:
        time.sleep(0.05)
    assert seen(buyer) == ("110.00", "0.00", "110.00")


def _attributes(shop: Shop, product: Fed, attributes: dict[str, str]) -> None:
    shop.feed("products/products", {"id": product.id, "sku": product.sku, "attributes": attributes})
