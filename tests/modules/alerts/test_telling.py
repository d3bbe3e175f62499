"""What alerts hand to the channels, as the deliverers of notifications make messages of it."""

from collections.abc import Sequence

from src.modules.alerts import fire_due
from src.modules.notifications import deliver_alone
from src.modules.notifications.messages import SENT, Message, Outcome
from tests.factories import Client
from tests.modules.alerts.desk import Desk

GUEST = "guest@example.com"


async def sent(desk: Desk) -> list[Message]:
    """The mails that are due, which all arrive."""
    messages: list[Message] = []

    async def send(given: Sequence[Message]) -> Sequence[Outcome]:
        messages.extend(given)
        return [SENT] * len(given)

    await deliver_alone(desk.database, "email", send)
    return messages


async def test_guest_is_sent_the_link_and_then_the_news(desk: Desk) -> None:
    product = await desk.sold_out(translations={"tr": {"name": "Lamba"}})
    await desk.ask_as_guest(product, GUEST, **{"Accept-Language": "tr"})
    (asked,) = await sent(desk)
    assert (asked.recipient.email, asked.recipient.language, asked.recipient.user_id) == (GUEST, "tr", None)
    (item,) = asked.items
    assert (item.kind, item.product and item.product.name) == ("confirm_alert", "Lamba")
    assert item.link is not None
    assert "We will tell you" not in (await desk.client.get(item.link)).text
    await desk.client.post(item.link)
    assert await sent(desk) == []
    await desk.restock(product)
    (told,) = await sent(desk)
    (item,) = told.items
    assert (told.recipient.email, told.recipient.language) == (GUEST, "tr")
    assert (item.kind, item.product and (item.product.name, item.product.in_stock)) == (
        "back_in_stock",
        ("Lamba", True),
    )
    assert item.changed_at is not None


async def test_user_without_consent_is_sent_what_was_asked_for(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product, headers={"Accept-Language": "ku"})
    await desk.restock(product)
    (told,) = await sent(desk)
    assert (told.recipient.email, told.recipient.language) == (shopper.email, "ku")


async def test_variant_is_what_somebody_who_waits_for_its_parent_is_sent(desk: Desk, shopper: Client) -> None:
    parent = await desk.factory.product(stock=None, price=None)
    small = await desk.sold_out(parent_id=parent.id, name="Shirt, small")
    await desk.ask(shopper, parent)
    await desk.restock(small)
    (told,) = await sent(desk)
    assert told.items[0].product is not None
    assert told.items[0].product.name == "Shirt, small"


async def test_news_that_is_over_before_it_is_sent_is_kept_for_the_next_return(desk: Desk, shopper: Client) -> None:
    product = await desk.sold_out()
    await desk.ask(shopper, product)
    await desk.restock(product)
    await desk.restock(product, 0)
    assert await sent(desk) == []
    await fire_due(desk.database)
    await desk.restock(product)
    assert len(await sent(desk)) == 1
    await fire_due(desk.database)
    await desk.restock(product, 0)
    await desk.restock(product)
    assert await sent(desk) == []
