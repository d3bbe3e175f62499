"""Looking at a basket: whose it is, what is shown of it, in which words and prices."""

import asyncio

import httpx
import pytest
from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import flush
from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import BASKET, envelope, look
from tests.modules.baskets.kept import Kept
from tests.modules.baskets.scene import Guest, Scene


async def test_basket_is_shown_as_the_document_has_it(kept: Kept, shopper: Client) -> None:
    basket = await look(shopper)
    assert [line.quantity for line in basket.basketitem_set] == [2, 1]
    assert basket.sums == ("40.00", "4.00", "36.00")
    assert basket.total_quantity == 3
    line = basket.line(kept.one.id)
    assert (line.unit_price, line.total_amount, line.discount_amount, line.tax_rate) == (
        "10.00",
        "20.00",
        "2.00",
        "18.00",
    )
    assert (line.currency_type, line.currency_type_label, line.stock) == ("try", "TL", 9)
    assert (line.shipping_discount, line.image, line.parent, line.attributes) == (None, None, None, {})
    assert list(basket.given) == ["Ten"]


async def test_second_look_is_the_same_to_the_byte_and_304_for_who_has_it(kept: Kept, settings: Settings) -> None:
    again = await kept.shopper.get(BASKET)
    assert (again.content, again.headers["etag"]) == (kept.body, kept.tag)
    assert again.headers["cache-control"] == "private, no-cache"
    assert kept.tag.startswith(f'"{again.json()["basket"]["version"]}-')
    assert await kept.is_unchanged()
    await flush(settings)
    assert await kept.is_unchanged()


async def test_bytes_do_not_depend_on_a_cache(kept: Kept, app: Litestar, settings: Settings) -> None:
    app.state.cache._local.clear()
    assert (await kept.shopper.get(BASKET)).content == kept.body
    app.state.cache._local.clear()
    await flush(settings)
    assert (await kept.shopper.get(BASKET)).content == kept.body


async def test_language_and_client_type_have_tags_of_their_own(kept: Kept) -> None:
    await kept.factory.execute(
        """UPDATE basket_offer SET translations = '{"tr": {"label": "On"}}' WHERE id = %s""", kept.offer
    )
    await kept.scene.offer("fixed", 5, label="App", condition={"query": [["client_type_in", ["app"]]]})
    assert list((await look(kept.shopper)).given) == ["Ten"]
    assert list((await look(kept.shopper, headers={"Accept-Language": "tr"})).given) == ["On"]
    assert list((await look(kept.shopper, headers={"X-Client-Type": "app"})).given) == ["Ten", "App"]
    tags = {
        (await kept.shopper.get(BASKET, headers=headers)).headers["etag"]
        for headers in ({}, {"Accept-Language": "tr"}, {"X-Client-Type": "app"})
    }
    assert len(tags) == 3


async def test_first_look_with_token_and_cookie_merges_and_reports_it_once(
    shopper: Client, guest: Guest, scene: Scene, factory: Factory
) -> None:
    product = await factory.product(price="3.00")
    left = await scene.basket(guest)
    await scene.line(left, product, 2)
    await scene.line(await scene.basket(shopper), await factory.product(price="4.00"))
    both = {"Cookie": f"osessionid={guest.session_id}"}
    first = await shopper.get(BASKET, headers=both)
    again = await shopper.get(BASKET, headers={**both, "If-None-Match": first.headers["etag"]})
    assert [added["product"] for added in first.json()["merge_report"]["added"]] == [product.id]
    assert again.status_code == 200
    assert again.json() == {"basket": first.json()["basket"]}
    assert again.json()["basket"]["total_amount"] == "10.00"
    assert "osessionid" not in first.json()
    assert await factory.scalar("SELECT status FROM basket WHERE id = %s", left) == "merged"
    assert (await look(guest)).pk is None


async def test_session_stands_for_the_cookie_that_it_replaced(
    shopper: Client, guest: Guest, scene: Scene, factory: Factory, client: httpx.AsyncClient
) -> None:
    await scene.line(await scene.basket(guest), await factory.product(price="3.00"), 2)
    started = await shopper.post("/api/v1/sessions", headers={"Cookie": f"osessionid={guest.session_id}"})
    assert started.status_code == 201
    told = (await client.get(BASKET)).json()
    assert told["basket"]["total_amount"] == "6.00"
    assert "merge_report" in told
    assert "osessionid" not in told
    assert (await look(shopper)).total_amount == "6.00"


async def test_signed_in_look_makes_one_basket_however_many_look_at_once(shopper: Client, factory: Factory) -> None:
    baskets = await asyncio.gather(*(look(shopper) for _ in range(20)))
    assert len({basket.pk for basket in baskets}) == 1
    assert await factory.scalar("SELECT count(*) FROM basket") == 1


async def test_namespace_has_a_basket_of_its_own(shopper: Client) -> None:
    plain, rented = await look(shopper), await look(shopper, params={"namespace": "rent"})
    assert plain.pk != rented.pk
    assert rented == await look(shopper, headers={"X-Basket-Namespace": "rent"})


async def test_anonymous_look_makes_nothing_and_shows_that_there_is_none(
    client: httpx.AsyncClient, guest: Guest, factory: Factory
) -> None:
    for headers in ({}, {"Cookie": f"osessionid={guest.session_id}"}):
        answer = await client.get(BASKET, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["basket"]["pk"] is None
        assert answer.headers["etag"].startswith('"0-')
        assert "set-cookie" not in answer.headers
        again = await client.get(BASKET, headers={**headers, "If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert await factory.scalar("SELECT count(*) FROM basket") == 0


async def test_guest_is_told_the_cookie_and_a_user_is_not(
    client: httpx.AsyncClient, guest: Guest, shopper: Client, scene: Scene, factory: Factory
) -> None:
    await scene.line(await scene.basket(guest), await factory.product(price="3.00"), 2)
    told = envelope(await guest.get(BASKET))
    assert (told.osessionid, told.basket.total_amount) == (guest.session_id, "6.00")
    assert (envelope(await shopper.get(BASKET))).osessionid is None
    assert "osessionid" not in (await client.get(BASKET)).json()


async def test_baskets_of_others_are_never_shown(guest: Guest, shopper: Client, scene: Scene, factory: Factory) -> None:
    other, stranger = await factory.shopper(), Guest(shopper._client)
    for owner in (guest, shopper):
        await scene.line(await scene.basket(owner), await factory.product())
    assert (await look(other)).basketitem_set == []
    assert (await look(stranger)).pk is None


async def test_credentials_are_judged_like_everywhere(factory: Factory, client: httpx.AsyncClient) -> None:
    feeder = await factory.shopper("integration")
    assert (await feeder.get(BASKET)).status_code == 403
    await factory.execute("UPDATE users SET is_active = false")
    assert (await feeder.get(BASKET)).status_code == 401
    assert await factory.scalar("SELECT count(*) FROM basket") == 0


@pytest.mark.parametrize("status", ["inactive", "expired", "merged", "submitted"])
async def test_basket_of_the_past_is_not_shown(shopper: Client, scene: Scene, factory: Factory, status: str) -> None:
    old = await scene.basket(shopper, status=status)
    await scene.line(old, await factory.product())
    basket = await look(shopper)
    assert basket.pk != old
    assert basket.basketitem_set == []


async def test_frozen_basket_is_shown_as_it_was_until_it_is_let_go_of(kept: Kept, guest: Guest, scene: Scene) -> None:
    view = (await kept.shopper.get(BASKET)).text.replace("Ten", "Frozen ten")
    await kept.factory.execute(
        "UPDATE basket SET status = 'frozen', frozen_view = %s, version = version + 1,"
        " frozen_until = now() + interval '1 hour' WHERE id = %s",
        view,
        kept.basket,
    )
    await kept.factory.price(kept.one, "99.00")
    await scene.line(await scene.basket(guest), kept.two)
    # What is being paid for is not changed by whoever comes along.
    for headers in ({}, {"Cookie": f"osessionid={guest.session_id}"}):
        frozen = await kept.shopper.get(BASKET, headers=headers)
        assert frozen.text == view
    again = await kept.shopper.get(BASKET, headers={"If-None-Match": frozen.headers["etag"]})
    assert again.status_code == 304
    # Nobody has to come by for it: when its time is over, it is let go of.
    await kept.factory.execute("UPDATE basket SET frozen_until = now() WHERE id = %s", kept.basket)
    assert (await look(kept.shopper)).total_product_amount == "218.00"
    assert await kept.factory.scalar("SELECT status FROM basket WHERE id = %s", kept.basket) == "active"


async def test_currency_of_the_request_counts_if_anything_has_a_price_in_it(kept: Kept, guest: Guest) -> None:
    usd = {"X-Currency": "USD"}
    assert (await look(kept.shopper, headers=usd)).total_product_amount == "40.00"
    other = await kept.factory.product(price=None)
    await kept.factory.price(other, "3.00", currency_type="usd")
    basket = await look(kept.shopper, headers=usd)
    assert (basket.sums, basket.reasons) == (
        ("0.00", "0.00", "0.00"),
        {kept.one.id: "no_price", kept.two.id: "no_price"},
    )
    await kept.factory.price(kept.one, "2.50", currency_type="usd")
    basket = await look(kept.shopper, headers=usd)
    assert (basket.sums, basket.reasons) == (("5.00", "0.50", "4.50"), {kept.two.id: "no_price"})
    assert (basket.line(kept.one.id).currency_type, basket.line(kept.one.id).currency_type_label) == ("usd", "USD")
    assert (await look(kept.shopper)).total_product_amount == "40.00"
    await kept.factory.execute("UPDATE basket SET currency_type = 'usd' WHERE id = %s", kept.basket)
    assert (await look(kept.shopper)).total_product_amount == "5.00"
    assert (await look(kept.shopper, headers={"X-Currency": "eur"})).total_product_amount == "5.00"
    assert (await guest.get(BASKET, headers=usd)).json()["basket"]["currency_type"] == "usd"


async def test_segment_chooses_prices_and_stocks_and_is_told(kept: Kept, factory: Factory) -> None:
    prices, stocks = await factory.insert("price_list", name="P"), await factory.insert("stock_list", name="S")
    segment = await factory.insert("segment", name="VIP", price_list_id=prices, stock_list_id=stocks)
    await factory.price(kept.one, "5.00", price_list_id=prices)
    await factory.stock(kept.two, 0, stock_list_id=stocks)
    await factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, kept.shopper.email)
    basket = await look(kept.shopper)
    assert (basket.segment.pk, basket.segment.price_list, basket.segment.stock_list) == (segment, prices, stocks)
    assert (basket.total_product_amount, basket.reasons) == ("10.00", {kept.two.id: "out_of_stock"})


async def test_lines_of_a_bundle_name_the_line_that_they_belong_to(
    shopper: Client, scene: Scene, factory: Factory
) -> None:
    case, lens = await factory.product(price="10.00"), await factory.product(price="2.00")
    basket = await scene.basket(shopper)
    first = await scene.line(basket, case, 2)
    await scene.line(basket, lens, 4, parent_id=first)
    shown = await look(shopper)
    assert shown.line(lens.id).parent == {
        "id": first,
        "pk": case.id,
        "name": (await factory.scalar("SELECT name FROM product WHERE id = %s", case.id)),
        "sku": case.sku,
    }
    assert shown.sums == ("28.00", "0.00", "28.00")
    await factory.stock(lens, 3)
    assert (await look(shopper)).reasons == {case.id: "over_stock", lens.id: "over_stock"}


async def several(factory: Factory, scene: Scene, shopper: Client) -> list[Product]:
    """Products in every state, in the shopper's basket."""
    fine = await factory.product(price="1.00", stock=None)
    await factory.stock(fine, None, in_stock=True)
    gone = await factory.product()
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", gone.id)
    bare = await factory.product()
    await factory.product(parent_id=bare.id)
    sold, few, free = await factory.product(stock=0), await factory.product(stock=2), await factory.product(price=None)
    await factory.price(free, "1.00", currency_type="usd")
    unstocked = await factory.product(stock=None)
    basket = await scene.basket(shopper)
    products = [fine, gone, bare, sold, few, free, unstocked]
    for product in products:
        await scene.line(basket, product, 3)
    return products


async def test_lines_that_can_not_be_bought_are_kept_apart_with_their_reasons(
    shopper: Client, scene: Scene, factory: Factory
) -> None:
    fine, gone, bare, sold, few, free, unstocked = await several(factory, scene, shopper)
    basket = await look(shopper)
    assert basket.quantities == {fine.id: 3}
    assert basket.sums == ("3.00", "0.00", "3.00")
    assert basket.reasons == {
        gone.id: "inactive",
        bare.id: "inactive",
        sold.id: "out_of_stock",
        few.id: "over_stock",
        free.id: "no_price",
        unstocked.id: "out_of_stock",
    }


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1e-400"])
async def test_numbers_beyond_every_float_break_no_basket(
    shopper: Client, scene: Scene, factory: Factory, number: str
) -> None:
    product = await factory.product(price="3.00")
    await factory.execute(f"""UPDATE product SET attributes = '{{"n": {number}}}' WHERE id = %s""", product.id)
    await scene.line(await scene.basket(shopper), product)
    assert (await look(shopper)).total_amount == "3.00"
