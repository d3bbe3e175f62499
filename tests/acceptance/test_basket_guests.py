"""Shoppers whom only a cookie knows, and what becomes of their basket when they sign in."""

from concurrent.futures import ThreadPoolExecutor

from tests.acceptance.basket_browser import BASKET, Browser, http_client
from tests.acceptance.basket_shop import Shop


def test_guest_who_only_looks_leaves_nothing(shop: Shop) -> None:
    guest = shop.guest()
    basket = guest.get()
    assert (basket.pk, basket.created_date, basket.basketitem_set) == (None, None, [])
    assert basket.sums == ("0.00", "0.00", "0.00")
    assert "set-cookie" not in guest.answer.headers
    assert guest.version == 0
    assert guest.answer.headers["cache-control"] == "private, no-cache"


def test_guest_is_known_by_the_cookie_of_the_first_write(shop: Shop) -> None:
    guest, product = shop.guest(), shop.product()
    told = guest.told("POST", json={"product": product.id, "quantity": 2})
    assert told.osessionid == guest.http.cookies["osessionid"]
    assert guest.get().pk == told.basket.pk
    assert guest.told("GET").osessionid == told.osessionid
    assert guest.put(product, 3).quantities == {product.id: 3}
    assert guest.http.cookies["osessionid"] == told.osessionid
    assert guest.empty().pk == told.basket.pk


def test_guests_never_meet_and_a_made_up_cookie_finds_nothing(shop: Shop) -> None:
    product, one, two = shop.product(), shop.guest(), shop.guest()
    pk = one.add(product, 4).pk
    assert two.add(product).pk != pk
    liar = shop.guest()
    for cookie in ("0" * 32, "x", "', '", "x" * 5000):
        liar.http.headers["Cookie"] = f"osessionid={cookie}"
        assert liar.get().pk is None
    # What somebody else could have planted is not taken for an id.
    for cookie in ("0" * 32, "x"):
        liar = shop.guest()
        liar.http.headers["Cookie"] = f"osessionid={cookie}"
        shown = liar.told("POST", json={"product": product.id})
        assert shown.basket.quantities == {product.id: 1}
        assert shown.osessionid not in (None, cookie)
        assert shown.osessionid == liar.answer.cookies["osessionid"]


def test_first_request_with_both_merges_the_guests_basket(shop: Shop) -> None:
    user, guest = shop.shopper(), shop.guest()
    mine, shared, theirs = shop.product("1.00"), shop.product("10.00"), shop.product("100.00")
    own = user.add(mine, 1).pk
    user.add(shared, 2)
    guest.add(shared, 3)
    guest.add(theirs, 4, attributes={"size": "L"})
    browser = shop.signed_in(guest, user)
    told = browser.told("GET")
    assert told.basket.pk == own
    assert told.basket.quantities == {mine.id: 1, shared.id: 5, theirs.id: 4}
    assert told.basket.line(theirs.id).attributes == {"size": "L"}
    assert told.basket.total_amount == "451.00"
    assert told.merge_report is not None
    assert not told.osessionid
    again = browser.told("GET")
    assert again.basket.quantities == told.basket.quantities, "once is enough"
    assert again.merge_report is None
    assert user.get().quantities == told.basket.quantities
    assert guest.get().pk is None, "a merged basket is nobody's any more"


def test_merged_quantities_stop_at_the_stock(shop: Shop) -> None:
    user, guest = shop.shopper(), shop.guest()
    few, gone = shop.product(stock=4), shop.product(stock=9)
    user.add(few, 3)
    guest.add(few, 3)
    guest.add(gone, 2)
    shop.stock(gone, 0)
    basket = shop.signed_in(guest, user).get()
    assert basket.quantities == {few.id: 4}
    assert set(basket.reasons) <= {gone.id}


def test_merge_comes_with_whatever_request_is_first(shop: Shop) -> None:
    product, other = shop.product(), shop.product()
    for method in ("POST", "PUT", "PATCH"):
        user, guest = shop.shopper(), shop.guest()
        guest.add(product, 2)
        browser = shop.signed_in(guest, user)
        told = browser.told(method, json={"product": other.id, "quantity": 1})
        assert told.basket.quantities == {product.id: 2, other.id: 1}, method
        assert told.merge_report is not None
    user, guest = shop.shopper(), shop.guest()
    guest.add(product, 2)
    assert shop.signed_in(guest, user).empty().quantities == {}
    assert user.get().quantities == {}


def test_login_that_replaces_the_cookie_still_finds_the_guests_basket(shop: Shop) -> None:
    """The published client has one cookie only: the session of the login takes the place of the guest's."""
    user, guest, product = shop.shopper(), shop.guest(), shop.product()
    guest.add(product, 2)
    started = guest.http.post("/api/v1/sessions", headers={"Authorization": f"Token {user.token}"})
    assert started.status_code == 201
    assert guest.get().quantities == {product.id: 2}
    assert user.get().quantities == {product.id: 2}
    assert guest.put(product, 1).quantities == user.get().quantities == {product.id: 1}


def test_guests_voucher_comes_along_while_it_is_good(shop: Shop) -> None:
    product = shop.product("50.00")
    code, own = shop.coupon(benefit="fixed", amount=5), shop.coupon(benefit="fixed", amount=1)
    user, guest = shop.shopper(), shop.guest()
    guest.add(product)
    guest.apply(code)
    basket = shop.signed_in(guest, user).get()
    assert (basket.voucher_code, basket.sums) == (code, ("50.00", "5.00", "45.00"))
    user, guest = shop.shopper(), shop.guest()
    user.add(product)
    user.apply(own)
    guest.add(product)
    guest.apply(code)
    assert shop.signed_in(guest, user).get().voucher_code in (own, code)


def test_merging_at_once_from_several_tabs_counts_once(shop: Shop) -> None:
    user, guest, product = shop.shopper(), shop.guest(), shop.product()
    user.add(product, 1)
    guest.add(product, 2)
    browser = shop.signed_in(guest, user)
    cookies = dict(browser.http.cookies)
    with (
        http_client(shop.address, browser.http.headers, cookies=cookies) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: client.get(BASKET), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["basket"]["total_quantity"] for answer in answers} == {3}
    assert user.get().quantities == {product.id: 3}


def test_strangers_cookie_beside_a_bad_token_gives_nothing(shop: Shop) -> None:
    guest, product = shop.guest(), shop.product()
    guest.add(product)
    browser = Browser(shop.address, "not-a-token")
    browser.http.cookies.update(guest.http.cookies)
    assert browser.send("GET").status_code == 401
    browser.http.close()
    assert guest.get().quantities == {product.id: 1}


def test_namespaces_of_guests_merge_each_into_its_own(shop: Shop) -> None:
    user, guest, product = shop.shopper(), shop.guest(), shop.product()
    guest.add(product, 1)
    guest.told("POST", params={"namespace": "rental"}, json={"product": product.id, "quantity": 2})
    browser = shop.signed_in(guest, user)
    assert browser.get().quantities == {product.id: 1}
    assert browser.get(namespace="rental").quantities == {product.id: 2}
