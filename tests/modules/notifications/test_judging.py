"""What is judged at the moment of sending: consent, schedules, limits, and whether it is still so."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from src.modules.notifications import NewDelivery, enqueue
from src.modules.notifications.claiming import CLAIM_OF_RECIPIENTS
from src.modules.notifications.messages import Outcome
from tests.factories import Client, Product
from tests.modules.notifications.telling import PREFERENCES, Telling
from tests.modules.updates.shop import dismiss, want

Happening = Callable[[Telling, Client, Product], Awaitable[object]]
SQL = "UPDATE users SET {} WHERE email = %s"
# Of each partition.
INDEXES_OF_DUE = """
SELECT indexrelid::regclass, indrelid::regclass FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid
WHERE inhparent = 'ix_delivery_user_due'::regclass AND indrelid IN (SELECT tableoid FROM delivery)
"""


async def removed(telling: Telling, shopper: Client, product: Product) -> None:
    answer = await shopper.delete(f"/wishlists/favourite-products/{product.id}/")
    assert answer.status_code == 204


async def dismissed(telling: Telling, shopper: Client, product: Product) -> None:
    assert await dismiss(shopper, all=True) == 1


async def muted(telling: Telling, shopper: Client, product: Product) -> None:
    favourite = await telling.factory.scalar("SELECT id FROM favourite")
    assert (await shopper.put(f"/api/v1/favourites/{favourite}/alert", json={"mute": True})).status_code == 200


HAPPENINGS: dict[str, tuple[Happening, str]] = {
    "price_back": (lambda t, _, p: t.shop.price(p, "100.00"), "the price is back"),
    "inactive_product": (lambda t, _, p: t.shop.activity(p, is_active=False), "the product is no longer for sale"),
    "price_gone": (lambda t, _, p: t.shop.unprice(p), "it has no price any more"),
    "favourite_removed": (removed, "it is no favourite any more"),
    "dismissed": (dismissed, "it was dismissed"),
    "muted": (muted, "the favourite is muted"),
    "consent_withdrawn": (
        lambda t, s, _: t.factory.execute(SQL.format("email_allowed = false"), s.email),
        "the user did not consent to e-mail",
    ),
    "user_inactive": (
        lambda t, s, _: t.factory.execute(SQL.format("is_active = false"), s.email),
        "the user is not active",
    ),
    "mail_off": (lambda _, s, __: s.put(PREFERENCES, json={"email": False}), "the user does not want this channel"),
}


@pytest.mark.parametrize("happening", HAPPENINGS)
async def test_what_is_no_longer_so_or_no_longer_wanted_is_dropped_with_the_reason(
    telling: Telling, happening: str
) -> None:
    happens, reason = HAPPENINGS[happening]
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    await telling.price(product, "80.00")
    await happens(telling, shopper, product)
    assert not (await telling.deliver()).messages
    assert await telling.states() == [("price_changed", "dropped", reason)]


async def test_product_that_is_sold_out_again_is_not_told_as_available(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product(stock=0))
    assert await telling.stock(product, 3) == 1
    await telling.shop.stock(product, 0)
    assert not (await telling.deliver()).messages
    assert await telling.states() == [("newly_available", "dropped", "it is out of stock again")]


async def test_dismissed_availability_is_not_told_but_what_comes_after_it_is(telling: Telling) -> None:
    shopper = await telling.shopper()
    await want(shopper, product := await telling.shop.product("100.00", stock=0))
    await telling.stock(product, 3)
    assert await dismiss(shopper, all=True) == 1
    await telling.price(product, "80.00")
    assert (await telling.deliver()).told == [(shopper.email, ["price_changed"])]
    assert ("newly_available", "dropped", "it was dismissed") in await telling.states()


@pytest.mark.parametrize(("stock", "told"), [(3, ["back_in_stock"]), (0, [])])
async def test_favourite_with_an_alert_is_told_once_that_it_is_available(
    telling: Telling, stock: int, told: list[str]
) -> None:
    shopper = await telling.shopper()
    await want(shopper, product := await telling.shop.product(stock=0))
    await telling.stock(product, 3)
    alert = NewDelivery(
        "email", "back_in_stock", "k", None, user_id=await telling.factory.user_id(shopper), product_id=product.id
    )
    async with telling.database.transaction() as work:
        await enqueue(work.connection, [alert])
    await telling.shop.stock(product, stock)
    assert [each for _, kinds in (await telling.deliver()).told for each in kinds] == told
    reason = "told by its alert" if told else "it is out of stock again"
    assert ("newly_available", "dropped", reason) in await telling.states()


async def test_what_is_due_is_not_looked_for_among_all_that_a_recipient_was_ever_told(telling: Telling) -> None:
    user = await telling.factory.user_id(await telling.shopper())
    await telling.factory.execute(
        "INSERT INTO delivery (user_id, channel, kind, dedupe_key, status)"
        " SELECT %s, 'email', 'price_changed', 'k' || n, 'sent' FROM generate_series(1, 3000) AS n",
        user,
    )
    # Else the plan depends on when the server last looked at the table by itself.
    await telling.factory.execute("ANALYZE delivery")
    values = {"users": [user], "ids": [], "channel": "email", "now": datetime.now(UTC)}
    async with telling.database.transaction() as work:
        plan = await work.connection.execute(f"EXPLAIN {CLAIM_OF_RECIPIENTS}".encode(), values)
        lines = "\n".join(line for (line,) in await plan.fetchall())
        indexes = await (await work.connection.execute(INDEXES_OF_DUE)).fetchall()
    assert indexes
    assert all(f"Index Scan using {index} on {partition} " in lines for index, partition in indexes), lines


async def test_retry_leaves_out_what_has_become_untrue_and_keeps_the_id(telling: Telling) -> None:
    shopper = await telling.shopper()
    products = [await telling.shop.product("100.00") for _ in range(2)]
    for product in products:
        await want(shopper, product)
        await telling.price(product, "80.00")
    (first,) = (await telling.deliver(Outcome("later"))).messages
    await telling.shop.price(products[0], "100.00")
    (again,) = (await telling.deliver(now=datetime.now(UTC) + timedelta(minutes=1))).messages
    assert again.id == first.id
    assert [item.product.id for item in again.items if item.product] == [products[1].id]


async def test_daily_digest_collects_what_happened_and_comes_at_its_hour(telling: Telling) -> None:
    shopper = await telling.shopper(frequency="daily", digest_hour=9, time_zone="Asia/Baghdad")
    products = [await telling.shop.product("100.00") for _ in range(2)]
    for product in products:
        await want(shopper, product)
    await telling.price(products[0], "80.00")
    assert not (await telling.deliver()).messages
    await telling.price(products[1], "80.00")
    await telling.price(products[0], "70.00")
    assert not (await telling.deliver()).messages
    (slot,) = {row["due_at"] for row in await telling.rows()}
    assert slot.astimezone(UTC).time() == time(6)
    assert not (await telling.deliver(now=slot - timedelta(seconds=1))).messages
    (message,) = (await telling.deliver(now=slot)).messages
    assert message.digest == "daily"
    assert len(message.items) == 2


async def test_change_of_mind_lets_what_waits_for_a_digest_go_at_once(telling: Telling) -> None:
    shopper = await telling.shopper(frequency="weekly")
    await want(shopper, product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    assert not (await telling.deliver()).messages
    await shopper.put(PREFERENCES, json={"frequency": "instant"})
    (message,) = (await telling.deliver()).messages
    assert message.digest is None


async def test_quiet_hours_hold_messages_back_until_they_end(telling: Telling) -> None:
    shopper = await telling.shopper(quiet_from="00:00", quiet_until="23:59")
    await want(shopper, product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    noon = datetime.now(UTC).replace(hour=12, minute=0) + timedelta(days=1)
    assert not (await telling.deliver(now=noon)).messages
    (row,) = await telling.rows()
    assert row["due_at"] == noon.replace(hour=23, minute=59, second=0, microsecond=0)
    assert len((await telling.deliver(now=row["due_at"])).messages) == 1


async def test_more_than_the_limit_of_a_day_waits_and_then_travels_together(telling: Telling) -> None:
    shopper = await telling.shopper(most_per_day=2)
    products = [await telling.shop.product("100.00") for _ in range(4)]
    told = []
    for product in products:
        await want(shopper, product)
        await telling.price(product, "80.00")
        told.append(len((await telling.deliver()).messages))
    assert told == [1, 1, 0, 0]
    (first, *_), (waiting,) = await telling.rows(), {row["due_at"] for row in await telling.rows("status = 'due'")}
    assert waiting == first["finished_at"] + timedelta(days=1)
    (message,) = (await telling.deliver(now=waiting + timedelta(seconds=1))).messages
    assert len(message.items) == 2


async def test_setting_limits_who_has_not_chosen_and_what_waits_to_be_repeated_counts(telling: Telling) -> None:
    await telling.factory.execute("INSERT INTO setting (name, value) VALUES ('MESSAGES_PER_DAY', '1')")
    shopper = await telling.shopper()
    products = [await telling.shop.product("100.00") for _ in range(2)]
    for product in products:
        await want(shopper, product)
    await telling.price(products[0], "80.00")
    assert len((await telling.deliver(Outcome("later"))).messages) == 1
    await telling.price(products[1], "80.00")
    assert not (await telling.deliver()).messages
    # The repeat itself is the one message of the day.
    (again,) = (await telling.deliver(now=datetime.now(UTC) + timedelta(minutes=1))).messages
    assert again.attempt == 2


async def test_own_alert_is_told_at_once_whatever_the_frequency_and_without_consent(telling: Telling) -> None:
    shopper = await telling.shopper(consents=False, frequency="weekly", most_per_day=1)
    product = await telling.shop.product(stock=3)
    row = NewDelivery(
        "email", "back_in_stock", "k", None, user_id=await telling.factory.user_id(shopper), product_id=product.id
    )
    async with telling.database.transaction() as work:
        await enqueue(work.connection, [row])
    assert (await telling.deliver()).told == [(shopper.email, ["back_in_stock"])]


async def test_alert_is_not_told_by_mail_to_who_has_unsubscribed(telling: Telling) -> None:
    shopper = await telling.shopper(email=False)
    product = await telling.shop.product(stock=3)
    alert = NewDelivery(
        "email", "back_in_stock", "k", None, user_id=await telling.factory.user_id(shopper), product_id=product.id
    )
    async with telling.database.transaction() as work:
        await enqueue(work.connection, [alert])
    assert (await telling.deliver()).told == []
    assert await telling.states() == [("back_in_stock", "dropped", "the user does not want this channel")]


async def test_parent_is_back_in_stock_when_a_variant_is(telling: Telling) -> None:
    parent = await telling.shop.product(price=None, stock=None)
    variant = await telling.shop.product(stock=1, parent_id=parent.id)
    rows = [
        NewDelivery(
            "email", "back_in_stock", f"k{n}", None, address=f"g{n}@example.com", product_id=parent.id, language="ar"
        )
        for n in range(2)
    ]
    async with telling.database.transaction() as work:
        await enqueue(work.connection, rows[:1])
    (message,) = (await telling.deliver()).messages
    assert message.recipient.language == "ar"
    await telling.shop.stock(variant, 0)
    async with telling.database.transaction() as work:
        await enqueue(work.connection, rows)
    assert not (await telling.deliver()).messages
    assert (await telling.states())[1] == ("back_in_stock", "dropped", "it is out of stock again")


async def test_guest_who_wants_no_more_mail_gets_none_however_the_address_is_written(telling: Telling) -> None:
    await telling.factory.execute("INSERT INTO suppressed_address (email) VALUES ('guest@example.com')")
    row = NewDelivery("email", "confirm_alert", "k", None, address="Guest@Example.com", payload={"link": "https://x"})
    async with telling.database.transaction() as work:
        await enqueue(work.connection, [row])
    assert not (await telling.deliver()).messages
    assert await telling.states() == [("confirm_alert", "dropped", "the address wants no more mail")]


async def test_endpoints_are_sent_what_happened_whether_or_not_it_is_still_so(telling: Telling) -> None:
    await telling.endpoint()
    shopper = await telling.shopper(consents=False, frequency="weekly")
    await want(shopper, product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    await telling.shop.price(product, "90.00")
    (message,) = (await telling.deliver(channel="webhook")).messages
    (item,) = message.items
    assert (str(item.old_price), str(item.new_price)) == ("100.00", "80.00")
    assert item.user_uuid is not None
    assert item.product is not None
    assert str(item.product.price) == "90.00"
