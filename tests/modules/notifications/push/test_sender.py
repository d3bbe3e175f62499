"""Telling users in their browsers, through a push service on loopback."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from src.modules.notifications.messages import NO_TIME_LEFT, Message, Outcome, Recipient
from src.modules.notifications.push import PushSender
from src.modules.notifications.push import sender as sending
from src.modules.notifications.push.sender import Reply, judge
from src.modules.notifications.push.vapid import vapid
from src.platform.database import Database
from src.platform.settings import Settings
from tests.factories import Factory
from tests.modules.notifications.push.browsers import Browser, vouched
from tests.modules.notifications.receivers import Receiver, answering, receiving, silence
from tests.modules.notifications.told import message


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def sender(database: Database, settings: Settings) -> AsyncIterator[PushSender]:
    allowed = msgspec.structs.replace(settings, webhook_allow_private=True, public_url="https://shop.example")
    made = PushSender(allowed, database, timeout_s=1)
    yield made
    await made.close()


@pytest.fixture
async def user(factory: Factory) -> int:
    return await factory.user_id(await factory.shopper())


async def subscribe(factory: Factory, user_id: int, endpoint: str, browser: Browser | None = None) -> int:
    return await factory.insert("push_subscription", user_id=user_id, endpoint=endpoint, **(browser or Browser()).keys)


async def delivery(factory: Factory, told: Message) -> None:
    """The row that a message was made of."""
    await factory.insert(
        "delivery",
        channel="push",
        kind="price_changed",
        user_id=told.recipient.user_id,
        dedupe_key=str(told.id),
        message_id=told.id,
        payload={"old_price": "100.00"},
    )


def to(user_id: int, **fields: Any) -> Message:
    return message("push", Recipient(user_id=user_id), **fields)


async def left(factory: Factory) -> int:
    return int(await factory.scalar("SELECT count(*) FROM push_subscription"))


async def test_browser_reads_what_it_is_to_show(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int, settings: Settings, database: Database
) -> None:
    browser, told = Browser(), to(user)
    await subscribe(factory, user, receiver.url("/push/1"), browser)
    assert await sender.send([told]) == [Outcome("sent")]
    (got,) = receiver.received
    shown = json.loads(browser.read(got.body))
    assert (shown["id"], shown["title"]) == (str(told.id), "Price drop: Lamp")
    assert got.headers["content-encoding"] == "aes128gcm"
    assert int(got.headers["ttl"]) > 0
    assert got.headers["topic"] == shown["tag"]
    claims = vouched(got)
    assert claims["aud"] == f"http://127.0.0.1:{receiver.port}"
    assert claims["k"] == (await vapid(settings, database)).public_key


async def test_every_browser_of_the_user_is_told_and_nobody_elses(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int
) -> None:
    other = await factory.user_id(await factory.shopper())
    for path, whose in {"/mine/1": user, "/mine/2": user, "/other": other}.items():
        await subscribe(factory, whose, receiver.url(path))
    await sender.send([to(user)])
    assert sorted(got.path for got in receiver.received) == ["/mine/1", "/mine/2"]


@pytest.mark.parametrize(
    ("status", "state", "is_kept"),
    [
        (200, "sent", True),
        (201, "sent", True),
        (202, "sent", True),
        (400, "never", True),
        (403, "never", True),
        (404, "never", False),
        (410, "never", False),
        (413, "never", True),
        (429, "later", True),
        (500, "later", True),
        (302, "later", True),
    ],
)
async def test_what_an_answer_means(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int, status: int, state: str, is_kept: bool
) -> None:
    await subscribe(factory, user, receiver.url())
    receiver.answers["/"] = answering(status, Retry_After="33") if status == 429 else answering(status)
    (outcome,) = await sender.send([to(user)])
    assert outcome.state == state
    assert outcome.retry_after_s == (33 if status == 429 else None)
    assert await left(factory) == is_kept


async def test_browser_that_subscribed_anew_meanwhile_is_not_forgotten(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int
) -> None:
    await subscribe(factory, user, receiver.url())

    async def renew(got: Any, writer: Any) -> None:
        await factory.execute("UPDATE push_subscription SET p256dh = %s", Browser().keys["p256dh"])
        await answering(410)(got, writer)

    receiver.answers["/"] = renew
    await sender.send([to(user)])
    assert await left(factory) == 1


async def test_browser_that_took_a_message_is_not_told_again_when_another_is_tried_again(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int, database: Database, settings: Settings
) -> None:
    told = to(user)
    await delivery(factory, told)
    await subscribe(factory, user, receiver.url("/well"))
    await subscribe(factory, user, receiver.url("/busy"))
    receiver.answers["/busy"] = answering(503, Retry_After="5")
    (outcome,) = await sender.send([told])
    assert (outcome.state, outcome.retry_after_s) == ("later", 5)
    # Another process tries again.
    allowed = msgspec.structs.replace(settings, webhook_allow_private=True)
    second = PushSender(allowed, database)
    assert (await second.send([msgspec.structs.replace(told, attempt=2)]))[0].state == "later"
    del receiver.answers["/busy"]
    assert (await second.send([msgspec.structs.replace(told, attempt=3)]))[0].state == "sent"
    await second.close()
    assert [got.path for got in receiver.received].count("/well") == 1
    assert [got.path for got in receiver.received].count("/busy") == 3
    assert await factory.scalar("SELECT payload ->> 'old_price' FROM delivery") == "100.00"


async def test_user_without_browser_is_never_told(sender: PushSender, user: int) -> None:
    assert await sender.send([to(user)]) == [Outcome("never", "no browser is subscribed")]


async def test_service_that_is_silent_holds_nobody_elses_message(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int
) -> None:
    other = await factory.user_id(await factory.shopper())
    await subscribe(factory, user, receiver.url("/silent"))
    async with receiving() as well:
        await subscribe(factory, other, well.url("/well"))
        receiver.answers["/silent"] = silence
        outcomes = await sender.send([*(to(user) for _ in range(100)), to(other)])
        assert [outcome.state for outcome in outcomes] == [*["later"] * 100, "sent"]
    # The others that were to go there are spared the same wait.
    assert len(receiver.received) <= 32


async def test_private_endpoint_is_never_posted_to_unless_allowed(
    receiver: Receiver, factory: Factory, database: Database, settings: Settings, user: int
) -> None:
    await subscribe(factory, user, receiver.url())
    await subscribe(factory, user, f"https://localhost:{receiver.port}/")
    guarded = PushSender(settings, database)
    assert (await guarded.send([to(user)]))[0].state == "never"
    await guarded.close()
    assert receiver.connections == 0


async def test_message_that_we_fail_at_does_not_keep_the_others(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int, database: Database
) -> None:
    other = await factory.user_id(await factory.shopper())
    await subscribe(factory, user, receiver.url("/broken"))
    await subscribe(factory, other, receiver.url("/well"))
    outcomes = await sender.send([msgspec.structs.replace(to(user), items=[]), to(other)])
    assert [outcome.state for outcome in outcomes] == ["later", "sent"]
    assert [got.path for got in receiver.received] == ["/well"]


async def test_what_there_was_no_time_for_was_not_tried(
    sender: PushSender, receiver: Receiver, factory: Factory, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_LIMIT_S", 0)
    await subscribe(factory, user, receiver.url())
    assert await sender.send([to(user)]) == [NO_TIME_LEFT]
    assert not receiver.received


async def test_digest_is_less_urgent(sender: PushSender, receiver: Receiver, factory: Factory, user: int) -> None:
    await subscribe(factory, user, receiver.url())
    await sender.send([to(user), to(user, digest="daily")])
    assert sorted(got.headers["urgency"] for got in receiver.received) == ["low", "normal"]


async def test_nothing_is_lost_while_the_database_is_away(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://u@127.0.0.1:9/d", pool_timeout_s=0.2)
    unreachable = Database(away)
    await unreachable.open()
    sender = PushSender(away, unreachable)
    assert [outcome.state for outcome in await sender.send([to(1), to(2)])] == ["later", "later"]
    await sender.close()
    await unreachable.close()


@pytest.mark.parametrize(
    ("replies", "taken_before", "attempt", "outcome"),
    [
        ([], False, 1, Outcome("never", "no browser is subscribed")),
        ([], True, 2, Outcome("sent")),
        ([Reply("taken"), Reply("gone", "g")], False, 1, Outcome("sent")),
        ([Reply("taken"), Reply("never", "n")], False, 1, Outcome("sent")),
        ([Reply("gone", "g"), Reply("later", "l", 3)], False, 1, Outcome("later", "l", 3)),
        ([Reply("later", "l", 3), Reply("later", "m", 9)], False, 1, Outcome("later", "l", 9)),
        ([Reply("taken"), Reply("later", "l")], False, 1, Outcome("later", "l")),
        # The rest is not waited for until the message is given up as undelivered.
        ([Reply("taken"), Reply("later", "l")], False, 5, Outcome("sent")),
        ([Reply("later", "l")], True, 5, Outcome("sent")),
        ([Reply("later", "l")], False, 16, Outcome("later", "l")),
        ([Reply("gone", "g"), Reply("never", "n")], False, 1, Outcome("never", "g")),
        ([Reply("unbegun", "u")] * 2, False, 1, NO_TIME_LEFT),
        ([Reply("unbegun", "u")], True, 5, NO_TIME_LEFT),
        ([Reply("taken"), Reply("unbegun", "u")], False, 1, Outcome("later", "u")),
    ],
)
def test_message_is_sent_when_any_browser_took_it(
    replies: list[Reply], taken_before: bool, attempt: int, outcome: Outcome
) -> None:
    assert judge(replies, taken_before=taken_before, attempt=attempt) == outcome
