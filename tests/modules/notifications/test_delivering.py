"""Delivering: one message for each recipient, recorded, repeated under the same id, and never by two at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from src.modules.notifications import claiming, deliver, deliver_alone, delivering
from src.modules.notifications.claiming import LEASE, Due
from src.modules.notifications.messages import SENT, Message, Outcome
from src.modules.notifications.recording import record
from src.modules.notifications.rules import MOST_ATTEMPTS
from src.platform.database import Connection
from src.platform.errors import ServiceUnavailable
from src.platform.settings import Settings
from tests.modules.notifications.telling import Carrier, Telling
from tests.modules.updates.shop import updates, want

LATER = Outcome("later", "451 greylisted")


def at(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_everything_due_of_a_shopper_travels_in_one_message_in_their_terms(telling: Telling) -> None:
    shopper = await telling.shopper()
    await telling.factory.execute(
        "UPDATE users SET language_code = 'tr', first_name = 'Ada' WHERE email = %s", shopper.email
    )
    lamp = await telling.shop.product("100.00", translations={"tr": {"name": "Lamba"}}, slug="lamp")
    desk = await telling.shop.product("50.00", stock=0)
    for product in (lamp, desk):
        await want(shopper, product)
    await telling.price(lamp, "80.00")
    await telling.stock(desk, 2)
    (message,) = (await telling.deliver()).messages
    assert (message.recipient.email, message.recipient.language) == (shopper.email, "tr")
    assert (message.recipient.first_name, message.attempt, message.digest) == ("Ada", 1, None)
    fallen, back = sorted(message.items, key=lambda item: item.kind, reverse=True)
    assert (fallen.kind, back.kind) == ("price_changed", "newly_available")
    assert (fallen.old_price, fallen.new_price, fallen.currency) == (Decimal(100), Decimal(80), "try")
    assert fallen.lowest_price_30d == Decimal(100)
    assert fallen.product is not None
    assert (fallen.product.name, fallen.product.url, fallen.product.in_stock) == ("Lamba", "/lamp/", True)
    assert back.product is not None
    assert (back.product.id, back.product.price, back.product.in_stock) == (desk.id, Decimal(50), True)
    rows = await telling.rows()
    assert {(row["status"], row["message_id"], row["attempts"]) for row in rows} == {("sent", message.id, 1)}
    assert all(row["finished_at"] and row["claimed_until"] is None for row in rows)
    assert not (await telling.deliver()).messages


async def test_several_changes_of_one_price_are_one_item_with_the_price_of_now(telling: Telling) -> None:
    shopper = await telling.shopper()
    product = await telling.shop.product("100.00")
    await want(shopper, product)
    for price in ("90.00", "80.00", "70.00"):
        await telling.price(product, price)
    await telling.shop.price(product, "75.00")
    (message,) = (await telling.deliver()).messages
    ((item),) = message.items
    assert (item.old_price, item.new_price) == (Decimal(100), Decimal(75))
    (shown,) = (await updates(shopper)).price_changed
    assert shown.price_change.lowest_price_30d == float(item.lowest_price_30d or 0)
    assert [row["status"] for row in await telling.rows()] == ["sent"] * 3


async def test_failed_message_is_tried_later_under_the_same_id_with_the_same_things(telling: Telling) -> None:
    shopper = await telling.shopper()
    products = [await telling.shop.product("100.00") for _ in range(3)]
    for product in products:
        await want(shopper, product)
    for product in products[:2]:
        await telling.price(product, "80.00")
    (first,) = (await telling.deliver(LATER)).messages
    (row, _) = await telling.rows()
    assert (row["status"], row["last_error"], row["attempts"]) == ("due", "451 greylisted", 1)
    assert timedelta(seconds=20) < row["due_at"] - datetime.now(UTC) < timedelta(seconds=40)
    # What comes up meanwhile travels by itself.
    await telling.price(products[2], "70.00")
    (other,) = (await telling.deliver()).messages
    assert {item.product.id for item in other.items if item.product} == {products[2].id}
    (again,) = (await telling.deliver(now=at(60))).messages
    assert again.id == first.id != other.id
    assert [item.delivery_id for item in again.items] == [item.delivery_id for item in first.items]
    assert (again.attempt, again.created_at) == (2, first.created_at)
    assert {row["status"] for row in await telling.rows()} == {"sent"}


async def test_message_that_nobody_takes_is_dead_after_the_last_try(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    ids = set()
    for attempt in range(MOST_ATTEMPTS):
        (message,) = (await telling.deliver(LATER, now=at(attempt * 30_000))).messages
        ids.add(message.id)
        assert message.attempt == attempt + 1
    assert len(ids) == 1
    assert await telling.states() == [("price_changed", "dead", "451 greylisted")]


async def test_refusal_for_good_is_dead_at_once_and_a_wish_to_wait_is_honoured(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    for _ in range(2):
        await want(await telling.shopper(), product)
    await telling.price(product, "80.00")
    await telling.deliver(Outcome("never", "550 no such \0 user"), Outcome("later", "slow down", 7200.0))
    by_status = {row["status"]: row for row in await telling.rows()}
    assert by_status["dead"]["last_error"] == "550 no such  user"
    assert timedelta(seconds=7190) < by_status["due"]["due_at"] - datetime.now(UTC) < timedelta(seconds=7210)


@pytest.mark.parametrize(("wish_s", "wait_s"), [(None, 5), (90.0, 90)])
async def test_message_that_was_not_begun_comes_back_soon_and_has_lost_no_try(
    telling: Telling, wish_s: float | None, wait_s: int
) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    now = at(1)
    (first,) = (await telling.deliver(Outcome("unbegun", "no time", wish_s), now=now)).messages
    (row,) = await telling.rows()
    assert (row["status"], row["attempts"], row["message_id"]) == ("due", 0, first.id)
    assert row["due_at"] == now + timedelta(seconds=wait_s)
    assert (row["finished_at"], row["claimed_until"]) == (None, None)
    (again,) = (await telling.deliver(now=at(120))).messages
    assert (again.id, again.attempt) == (first.id, 1)


@pytest.mark.parametrize("is_stopped", [False, True])
async def test_what_was_sent_is_recorded_when_postgresql_is_back(
    telling: Telling, monkeypatch: pytest.MonkeyPatch, is_stopped: bool
) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    monkeypatch.setattr(delivering, "RECORD_AGAIN_S", 0.01)
    failures = [ServiceUnavailable(), psycopg.OperationalError(), ServiceUnavailable()]

    async def away(*arguments: Any) -> Any:
        if failures:
            if is_stopped and len(failures) == 2:
                run.cancel()
            raise failures.pop()
        return await record(*arguments)

    monkeypatch.setattr(delivering, "record", away)
    carrier = Carrier()
    run = asyncio.create_task(deliver(telling.database, "email", carrier.send))
    (end,) = await asyncio.gather(run, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError) == is_stopped
    assert len(carrier.messages) == 1
    assert await telling.states() == [("price_changed", "sent", None)]


async def test_recording_again_what_was_recorded_leaves_the_next_claim_alone(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    monkeypatch.setattr(delivering, "RECORD_AGAIN_S", 0.01)
    tries = 0

    async def unheard(*arguments: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            # It is committed, but the answer is lost, and another worker has claimed what was not begun.
            await telling.factory.execute("UPDATE delivery SET claimed_until = %s", at(600))
            raise ServiceUnavailable
        return await record(*arguments)

    monkeypatch.setattr(delivering, "record", unheard)
    await telling.deliver(Outcome("unbegun", "no time"))
    assert [(row["status"], row["attempts"]) for row in await telling.rows()] == [("sending", 1)]
    assert tries == 2


async def test_recording_is_given_up_before_somebody_else_may_have_the_messages(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    monkeypatch.setattr(delivering, "LEASE", timedelta(0))

    async def away(*_: Any) -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(delivering, "record", away)
    with pytest.raises(ServiceUnavailable):
        await telling.deliver()


async def test_sender_that_fails_has_sent_nothing(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")

    async def broken(_: Sequence[Message]) -> Sequence[Outcome]:
        raise RuntimeError("no way")

    assert not await deliver(telling.database, "email", broken)
    assert await telling.states() == [("price_changed", "due", "RuntimeError('no way')")]


async def test_kill_between_sending_and_recording_repeats_the_same_message_after_the_lease(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    sent: list[Message] = []
    is_sent = asyncio.Event()

    async def killed(messages: Sequence[Message]) -> Sequence[Outcome]:
        sent.extend(messages)
        is_sent.set()
        await asyncio.Event().wait()
        return []

    run = asyncio.create_task(deliver(telling.database, "email", killed))
    await is_sent.wait()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert not (await telling.deliver()).messages
    assert not (await telling.deliver(now=at(LEASE.total_seconds() - 5))).messages
    (again,) = (await telling.deliver(now=at(LEASE.total_seconds() + 5))).messages
    assert (again.id, again.items, again.attempt) == (sent[0].id, sent[0].items, 2)
    assert await telling.states() == [("price_changed", "sent", None)]


async def test_late_answer_of_a_lost_claim_counts_only_when_it_was_sent(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")

    for late, status in ((LATER, "sending"), (SENT, "sent")):

        async def slow(messages: Sequence[Message], answer: Outcome = late) -> Sequence[Outcome]:
            # Meanwhile the lease is over and another worker has the message.
            await telling.factory.execute(
                "UPDATE delivery SET attempts = attempts + 1, due_at = %s WHERE status = 'sending'", at(3600)
            )
            return [answer for _ in messages]

        await telling.factory.execute("UPDATE delivery SET due_at = now()")
        assert not await deliver(telling.database, "email", slow)
        assert [row["status"] for row in await telling.rows()] == [status]


async def test_deliverers_at_once_give_each_recipient_one_message(telling: Telling) -> None:
    products = [(await telling.shop.product()).id for _ in range(3)]
    await telling.factory.execute(
        "WITH recipient AS (INSERT INTO users (email) SELECT 'r' || n || '@example.com' FROM generate_series(1, 150) n"
        " RETURNING id)"
        " INSERT INTO delivery (channel, kind, user_id, product_id, dedupe_key)"
        " SELECT 'email', 'back_in_stock', recipient.id, product, recipient.id || ':' || product"
        # Product by product, so that no batch has all of a recipient.
        " FROM recipient, unnest(%s::bigint[]) AS product ORDER BY product, recipient.id",
        products,
    )
    carrier = Carrier()
    await asyncio.gather(*(deliver(telling.database, "email", carrier.send) for _ in range(4)))
    told = Counter(message.recipient.email for message in carrier.messages)
    assert len(told) == 150
    assert set(told.values()) == {1}
    assert {len(message.items) for message in carrier.messages} == {3}
    assert {row["status"] for row in await telling.rows()} == {"sent"}


async def test_recipient_whom_another_worker_is_claiming_is_left_to_it(telling: Telling) -> None:
    for key in ("first", "second"):
        await telling.factory.execute(
            "INSERT INTO delivery (channel, kind, address, dedupe_key) VALUES ('email', 'confirm_alert', %s, %s)",
            *("Guest@example.com", key),
        )
        async with telling.database.transaction() as work, telling.database.transaction() as other:
            now = await claiming.clock(work.connection, None)
            mine = await claiming.due_of_recipients(work.connection, "email", 100, now)
            assert mine.rows
            # Also what was made since then, which no row's lock protects.
            await telling.factory.execute(
                "INSERT INTO delivery (channel, kind, address, dedupe_key, due_at)"
                " VALUES ('email', 'confirm_alert', 'guest@example.com', %s, %s)",
                *(f"{key} since", now),
            )
            assert await claiming.due_of_recipients(other.connection, "email", 100, now) == Due((), is_contended=True)


async def test_message_whose_workers_all_died_is_given_up(telling: Telling) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    await telling.factory.execute("UPDATE delivery SET status = 'sending', attempts = %s", MOST_ATTEMPTS)
    assert not (await telling.deliver()).messages
    assert await telling.states() == [("price_changed", "dead", "it was tried too often")]


async def test_backlog_is_sent_batch_after_batch_and_a_run_that_is_too_short_says_so(telling: Telling) -> None:
    user = await telling.factory.user_id(await telling.shopper())
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, address, dedupe_key, payload)"
        " SELECT 'email', 'confirm_alert', 'guest' || n || '@example.com', 'x:' || n, '{}'"
        " FROM generate_series(1, 950) AS n"
    )
    assert await deliver(telling.database, "email", Carrier().send, run_s=0)
    carrier = await telling.deliver()
    assert len({message.recipient.email for message in carrier.messages}) == len(carrier.messages) == 950
    assert user


async def test_no_connection_is_held_while_sending(telling: Telling, settings: Settings) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")

    async def greedy(messages: Sequence[Message]) -> Sequence[Outcome]:
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            for _ in range(settings.database_pool_size):
                await stack.enter_async_context(telling.database.read())
        return [SENT for _ in messages]

    await deliver(telling.database, "email", greedy)
    assert await telling.states() == [("price_changed", "sent", None)]


async def test_second_run_in_a_process_leaves_and_has_the_first_look_again(telling: Telling) -> None:
    shoppers = [await telling.shopper() for _ in range(2)]
    product = await telling.shop.product("100.00")
    await want(shoppers[0], product)
    await telling.price(product, "80.00")
    carrier = Carrier()
    is_told, goes_on = asyncio.Event(), asyncio.Event()

    async def send(messages: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = await carrier.send(messages)
        if len(carrier.messages) == 1:
            # It is stuck until another shopper is told, whose delivery is made only now.
            await want(shoppers[1], product)
            await telling.price(product, "70.00")
            async with asyncio.timeout(10):
                assert not await deliver_alone(telling.database, "email", carrier.send)
                await is_told.wait()
            goes_on.set()
        elif shoppers[1].email in {message.recipient.email for message in messages}:
            is_told.set()
        return outcomes

    assert not await deliver_alone(telling.database, "email", send)
    # What a sender raises, a time that is over for one, is only an outcome.
    assert goes_on.is_set()
    assert {message.recipient.email for message in carrier.messages} == {shopper.email for shopper in shoppers}


async def test_nothing_more_is_claimed_once_the_process_is_stopping(telling: Telling) -> None:
    product = await telling.shop.product("100.00")
    for _ in range(2):
        await want(await telling.shopper(), product)
    await telling.price(product, "80.00")
    carrier = Carrier()
    stopping = asyncio.Event()

    async def send(messages: Sequence[Message]) -> Sequence[Outcome]:
        stopping.set()
        await want(await telling.shopper(), product)
        await telling.price(product, "70.00")
        return await carrier.send(messages)

    assert await deliver_alone(telling.database, "email", send, stopping)
    told = len(carrier.messages)
    assert 1 <= told <= 2
    assert await deliver_alone(telling.database, "email", carrier.send, stopping)
    assert len(carrier.messages) == told


async def test_lane_that_was_asked_to_look_again_does_when_it_is_done(telling: Telling) -> None:
    endpoint = await telling.endpoint()
    shopper = await telling.shopper(consents=False)
    products = [await telling.shop.product("100.00") for _ in range(2)]
    for product in products:
        await want(shopper, product)
    await telling.price(products[0], "80.00")
    carrier = Carrier()

    first = claiming.due_of_endpoint

    async def too_early(connection: Connection, *arguments: Any) -> Due:
        due = await first(connection, *arguments)
        if not due.rows and len(carrier.messages) == 1:
            # After the lane's last look, but before it is over.
            await telling.price(products[1], "80.00")
            assert not await deliver_alone(telling.database, "webhook", carrier.send)
        return due

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claiming, "due_of_endpoint", too_early)
        assert not await deliver_alone(telling.database, "webhook", carrier.send)
    assert [message.recipient.webhook_endpoint_id for message in carrier.messages] == [endpoint] * 2


async def test_failure_of_a_lane_is_raised_when_the_others_are_done(telling: Telling) -> None:
    endpoints = [await telling.endpoint() for _ in range(2)]
    await want(await telling.shopper(consents=False), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    has_failed = asyncio.Event()

    async def send(messages: Sequence[Message]) -> Sequence[Outcome]:
        if messages[0].recipient.webhook_endpoint_id == endpoints[0]:
            has_failed.set()
            return []  # fewer answers than messages: a bug of the sender
        await has_failed.wait()
        await asyncio.sleep(0.1)
        return [SENT]

    with pytest.raises(ValueError, match="zip"):
        await deliver(telling.database, "webhook", send)
    assert [row["status"] for row in await telling.rows()] == ["sending", "sent"]


async def test_things_for_an_endpoint_travel_by_the_hundred_and_stay_together(telling: Telling) -> None:
    endpoint = await telling.endpoint()
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, webhook_endpoint_id, dedupe_key, payload)"
        " SELECT 'webhook', 'newly_available', %s, 'x:' || n, '{}' FROM generate_series(1, 1050) AS n",
        endpoint,
    )
    first = await telling.deliver(*[LATER] * 6, channel="webhook")
    assert sorted(len(message.items) for message in first.messages) == [50, *[100] * 10]
    failed = {message.id: {item.delivery_id for item in message.items} for message in first.messages[:6]}
    # With these before them, what fits into one claim ends in the middle of a message.
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, webhook_endpoint_id, dedupe_key, payload)"
        " SELECT 'webhook', 'newly_available', %s, 'y:' || n, '{}' FROM generate_series(1, 50) AS n",
        endpoint,
    )
    again = await telling.deliver(channel="webhook", now=at(60))
    told = {message.id: {item.delivery_id for item in message.items} for message in again.messages}
    assert {message: told.pop(message) for message in failed} == failed
    assert [len(ids) for ids in told.values()] == [50]
    assert {row["status"] for row in await telling.rows()} == {"sent"}


async def test_endpoint_that_hangs_holds_nobody_else_up(telling: Telling) -> None:
    slow, quick = await telling.endpoint(), await telling.endpoint()
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    others_are_told = asyncio.Event()

    async def send(messages: Sequence[Message]) -> Sequence[Outcome]:
        (endpoint,) = {message.recipient.webhook_endpoint_id for message in messages}
        if endpoint == quick:
            others_are_told.set()
        else:
            async with asyncio.timeout(10):
                await others_are_told.wait()
        return [SENT for _ in messages]

    assert not await deliver(telling.database, "webhook", send)
    told = await telling.rows("channel = 'webhook'")
    assert {(row["webhook_endpoint_id"], row["status"]) for row in told} == {(slow, "sent"), (quick, "sent")}


async def test_what_makes_no_sense_is_dead_and_holds_up_no_other(
    telling: Telling, caplog: pytest.LogCaptureFixture
) -> None:
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, address, dedupe_key, payload) VALUES"
        " ('email', 'confirm_alert', 'a@example.com', 'a', '{\"changed_at\": \"soon\"}'),"
        " ('email', 'confirm_alert', 'b@example.com', 'b', '{}')"
    )
    assert (await telling.deliver()).told == [("b@example.com", ["confirm_alert"])]
    assert [status for _, status, _ in await telling.states()] == ["dead", "sent"]
