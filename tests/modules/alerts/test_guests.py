"""Guests wait once the owner of the address agreed; nobody learns from it who is known, or fills others' mailboxes."""

import asyncio

import httpx
import pytest

from src.modules.alerts import forget_guests
from tests.factories import Client, Factory, Product
from tests.modules.alerts.desk import ALERTS, Desk

GUEST = "guest@example.com"


async def mails(desk: Desk) -> list[str | None]:
    """The addresses that were asked to confirm."""
    return [told.address for told in await desk.told("confirm_alert")]


async def age(factory: Factory, hours: int) -> None:
    """Let everything that guests asked for be older."""
    await factory.execute(
        "UPDATE product_alert SET created_date = created_date - %s * interval '1 hour',"
        " mailed_at = mailed_at - %s * interval '1 hour'",
        hours,
        hours,
    )


async def test_guest_is_asked_to_confirm_in_the_language_of_the_page(desk: Desk) -> None:
    product = await desk.sold_out()
    answer = await desk.ask_as_guest(product, "Guest@Example.com", **{"Accept-Language": "ar"})
    assert answer.status_code == 201
    assert answer.json() == {"pk": answer.json()["pk"], "product": product.id}
    (told,) = await desk.told("confirm_alert")
    assert told[:6] == ("email", "confirm_alert", None, "Guest@Example.com", product.id, "ar")
    assert told.payload["link"].startswith("/wishlists/product-alerts/confirm/")


async def test_guest_who_never_confirmed_is_not_told(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.ask_as_guest(product, GUEST)
    await desk.restock(product)
    assert await desk.told() == []


async def test_guest_who_confirmed_is_told_once(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.confirmed(product, GUEST)
    for units in (5, 0, 5):
        await desk.restock(product, units)
    (told,) = await desk.told()
    assert (told.channel, told.user_id, told.address, told.product_id) == ("email", None, GUEST, product.id)


async def test_guest_who_confirms_after_the_return_is_told_at_once(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.ask_as_guest(product, GUEST)
    await desk.restock(product)
    await desk.client.post(await desk.link(GUEST))
    assert [told.address for told in await desk.told()] == [GUEST]


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "x",
        "@example.com",
        "a b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@b",
        "a@exa_mple.com",
        "a,b@example.com",
        "<a@example.com>",
        f"{'a' * 65}@example.com",
        f"a@{'a.' * 130}com",
    ],
)
async def test_guest_needs_an_address(desk: Desk, email: str | None) -> None:
    product = await desk.sold_out()
    body: dict[str, object] = {"product": product.id}
    answer = await desk.client.post(ALERTS, json=body if email is None else body | {"email": email})
    assert answer.status_code == 400
    assert answer.json() == {"email": ["A valid e-mail address is required"]}
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 0


async def test_address_with_letters_of_other_scripts_is_spelled_as_mail_servers_do(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.ask_as_guest(product, "a@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example")
    assert await mails(desk) == ["a@xn--bcher-kva.example"]


async def test_unknown_product_is_refused_before_anything_is_kept(desk: Desk) -> None:
    answer = await desk.client.post(ALERTS, json={"product": 10**12, "email": GUEST})
    assert answer.status_code == 400
    assert answer.json() == {"product": ["There is no such product"]}


async def test_guest_with_the_cookie_of_a_basket_is_a_guest(desk: Desk, client: httpx.AsyncClient) -> None:
    product = await desk.factory.product()
    await client.post("/baskets/basket/", json={"product": product.id})
    assert client.cookies.get("osessionid")
    answer = await desk.ask_as_guest(product, GUEST, **{"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 201
    assert await mails(desk) == [GUEST]


async def answers_alike(desk: Desk, product: Product, email: str = GUEST) -> None:
    """One more request has the answer of a first one: a pk that nobody had, and the product."""
    newest = await desk.factory.scalar("SELECT coalesce(max(id), 0) FROM product_alert")
    answer = await desk.ask_as_guest(product, email)
    assert answer.status_code == 201
    assert answer.json() == {"pk": newest + 1, "product": product.id}


async def test_answer_never_tells_whether_the_address_is_known(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await answers_alike(desk, product)
    await answers_alike(desk, product)
    await desk.client.post(await desk.link(GUEST))
    await answers_alike(desk, product)
    await answers_alike(desk, product, GUEST.upper())
    await desk.factory.execute("INSERT INTO suppressed_address VALUES ('silent@example.com')")
    await answers_alike(desk, product, "Silent@example.com")
    await answers_alike(desk, product, shopper.email)
    assert await mails(desk) == [GUEST, shopper.email]


async def test_address_is_asked_once_about_a_product_in_a_day(desk: Desk) -> None:
    product = await desk.sold_out()
    for _ in range(3):
        await desk.ask_as_guest(product, GUEST)
    assert await mails(desk) == [GUEST]
    first = await desk.link(GUEST)
    await age(desk.factory, 25)
    await desk.ask_as_guest(product, GUEST.title())
    assert len(await mails(desk)) == 2
    # The former link ends with its request.
    assert (await desk.client.post(first)).status_code == 404


async def test_many_products_do_not_fill_somebodys_mailbox(desk: Desk) -> None:
    products = [await desk.sold_out() for _ in range(7)]
    for product in products:
        await desk.ask_as_guest(product, GUEST)
    assert await mails(desk) == [GUEST] * 5
    await age(desk.factory, 25)
    await desk.ask_as_guest(products[6], GUEST)
    assert len(await mails(desk)) == 6


async def test_network_address_that_asks_for_too_much_is_refused_whatever_it_asks(desk: Desk) -> None:
    product = await desk.sold_out()
    answers = await asyncio.gather(*(desk.ask_as_guest(product, f"guest{n}@example.com") for n in range(14)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [429] * 4
    refused = await desk.ask_as_guest(product, "guest1@example.com")
    assert refused.status_code == 429
    assert refused.json() == {"detail": "Too many alerts were asked for; try again later"}
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    await age(desk.factory, 1)
    assert (await desk.ask_as_guest(product, "more@example.com")).status_code == 201


async def test_users_are_not_held_to_the_limit_of_guests(desk: Desk, shopper: Client) -> None:
    for _ in range(12):
        await desk.ask(shopper, await desk.sold_out())


async def test_requests_at_once_for_one_address_send_one_mail(desk: Desk) -> None:
    product = await desk.sold_out()
    answers = await asyncio.gather(*(desk.ask_as_guest(product, GUEST) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["pk"] for answer in answers}) == 8
    assert await mails(desk) == [GUEST]


async def test_network_address_is_kept_as_a_digest_only(desk: Desk) -> None:
    await desk.ask_as_guest(await desk.sold_out(), GUEST)
    (source,) = await desk.feed.query("SELECT source FROM product_alert")
    assert len(bytes(source)) == 16
    assert b"127.0.0.1" not in bytes(source)


async def test_guests_who_never_confirmed_are_forgotten_after_a_week(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.ask_as_guest(product, "never@example.com")
    await desk.confirmed(product, GUEST)
    await age(desk.factory, 6 * 24)
    await forget_guests(desk.database)
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 2
    await age(desk.factory, 2 * 24)
    await forget_guests(desk.database)
    assert await desk.feed.query("SELECT email FROM product_alert") == [GUEST]


async def test_guests_who_were_told_long_ago_are_forgotten(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.confirmed(product, GUEST)
    mine = await desk.ask(shopper, product)
    await desk.restock(product)
    await forget_guests(desk.database)
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 2
    await desk.factory.execute("UPDATE product_alert SET fired_at = fired_at - interval '91 days'")
    await forget_guests(desk.database)
    assert await desk.feed.query("SELECT id FROM product_alert") == [mine]
    assert await desk.factory.scalar("SELECT count(*) FROM deleted_item") == 1
