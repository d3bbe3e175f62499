"""Posting messages to endpoints on loopback: what they get, and what becomes of what they answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from src.modules.notifications.messages import Message, Recipient
from src.modules.notifications.webhooks import WebhookSender
from src.modules.notifications.webhooks import sender as sending
from src.modules.notifications.webhooks.signing import new_secret
from src.platform.database import Database
from src.platform.settings import Settings
from tests.factories import Factory
from tests.modules.notifications.receivers import Received, Receiver, answering, receiving, silence
from tests.modules.notifications.told import UUID_1, item, message

SECRET = new_secret()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def sender(database: Database, settings: Settings) -> AsyncIterator[WebhookSender]:
    allowed = msgspec.structs.replace(settings, webhook_allow_private=True)
    made = WebhookSender(allowed, database, timeout_s=1)
    yield made
    await made.close()


async def endpoint(factory: Factory, url: str, **columns: Any) -> int:
    return await factory.insert("webhook_endpoint", **{"url": url, "secret": SECRET, **columns})


def to(endpoint_id: int, **fields: Any) -> Message:
    return message("webhook", Recipient(webhook_endpoint_id=endpoint_id), **fields)


async def test_message_arrives_whole_and_signed(sender: WebhookSender, receiver: Receiver, factory: Factory) -> None:
    told = to(await endpoint(factory, receiver.url("/hook")))
    assert [outcome.state for outcome in await sender.send([told])] == ["sent"]
    (got,) = receiver.received
    assert got.path == "/hook"
    assert got.headers["content-type"] == "application/json"
    assert UUID(got.headers["webhook-id"]) == told.id
    assert Webhook(SECRET).verify(got.body, got.headers) == {
        "type": "favourites.updated",
        "timestamp": "2026-03-01T12:30:15.123456Z",
        "data": {
            "updates": [
                {
                    "id": str(UUID_1),
                    "kind": "price_changed",
                    "changed_at": "2026-03-01T12:30:15.123456Z",
                    "user": {"pk": 5, "uuid": str(UUID_1)},
                    "favourite": {"pk": 11, "uuid": str(UUID_1)},
                    "product": {
                        "pk": 7,
                        "uuid": str(UUID_1),
                        "sku": "SKU-7",
                        "name": "Lamp",
                        "url": "/lamp/",
                        "image": "https://img.example/lamp.jpg",
                        "price": "80.00",
                        "currency_type": "try",
                        "in_stock": True,
                    },
                    "old_price": "100.00",
                    "new_price": "80.00",
                    "currency_type": "try",
                    "lowest_price_30d": "90.00",
                }
            ]
        },
    }


async def test_every_try_has_the_same_id(sender: WebhookSender, receiver: Receiver, factory: Factory) -> None:
    told = to(await endpoint(factory, receiver.url()))
    await sender.send([told])
    await sender.send([msgspec.structs.replace(told, attempt=2)])
    assert {got.headers["webhook-id"] for got in receiver.received} == {str(told.id)}


async def test_test_event_has_a_type_of_its_own(sender: WebhookSender, receiver: Receiver, factory: Factory) -> None:
    recipient = Recipient(webhook_endpoint_id=await endpoint(factory, receiver.url()))
    await sender.send([message("webhook", recipient, item("endpoint_test"))])
    told = json.loads(receiver.received[0].body)
    assert (told["type"], told["data"]) == ("endpoint.test", {"updates": []})


@pytest.mark.parametrize(("previous_until", "believes"), [("1 hour", True), ("-1 second", False)])
async def test_secret_before_is_good_until_its_time_has_come(
    sender: WebhookSender, receiver: Receiver, factory: Factory, previous_until: str, believes: bool
) -> None:
    old = new_secret()
    endpoint_id = await endpoint(factory, receiver.url(), previous_secret=old)
    await factory.execute(
        "UPDATE webhook_endpoint SET previous_until = now() + %s::interval WHERE id = %s", previous_until, endpoint_id
    )
    await sender.send([to(endpoint_id)])
    (got,) = receiver.received
    Webhook(SECRET).verify(got.body, got.headers)
    if believes:
        Webhook(old).verify(got.body, got.headers)
    else:
        assert len(got.headers["webhook-signature"].split()) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "sent"), (204, "sent"), (301, "later"), (400, "later"), (404, "later"), (429, "later"), (500, "later")],
)
async def test_what_an_answer_means(
    sender: WebhookSender, receiver: Receiver, factory: Factory, status: int, state: str
) -> None:
    receiver.answers["/"] = answering(status)
    (outcome,) = await sender.send([to(await endpoint(factory, receiver.url()))])
    assert outcome.state == state
    assert outcome.retry_after_s is None
    assert str(status) in (outcome.error or "200 204")


async def test_asked_for_patience_is_told_and_granted(
    sender: WebhookSender, receiver: Receiver, factory: Factory
) -> None:
    receiver.answers["/"] = answering(503, Retry_After="90")
    endpoint_id = await endpoint(factory, receiver.url())
    outcomes = await sender.send([to(endpoint_id) for _ in range(20)])
    states = [outcome.state for outcome in outcomes]
    assert {outcome.retry_after_s for outcome in outcomes} == {90}
    # Those that were held back were not tried.
    assert states.count("later") == len(receiver.received) <= 4
    assert states.count("unbegun") == 20 - len(receiver.received)


async def test_what_there_was_no_time_for_was_not_tried(
    sender: WebhookSender, receiver: Receiver, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_LIMIT_S", 0)
    (outcome,) = await sender.send([to(await endpoint(factory, receiver.url()))])
    assert outcome.state == "unbegun"
    assert not receiver.received


async def test_endpoint_that_is_gone_is_disabled(sender: WebhookSender, receiver: Receiver, factory: Factory) -> None:
    receiver.answers["/"] = answering(410)
    endpoint_id = await endpoint(factory, receiver.url())
    assert (await sender.send([to(endpoint_id)]))[0].state == "never"
    state = "SELECT status || ': ' || disabled_reason FROM webhook_endpoint WHERE id = %s"
    assert await factory.scalar(state, endpoint_id) == "disabled: It answered 410 Gone"
    assert (await sender.send([to(endpoint_id)]))[0].state == "never"
    assert len(receiver.received) == 1


async def test_endpoint_that_moved_meanwhile_is_not_disabled(
    sender: WebhookSender, receiver: Receiver, factory: Factory
) -> None:
    endpoint_id = await endpoint(factory, receiver.url())

    async def move(got: Received, writer: asyncio.StreamWriter) -> None:
        await factory.execute("UPDATE webhook_endpoint SET url = 'https://new.example/' WHERE id = %s", endpoint_id)
        await answering(410)(got, writer)

    receiver.answers["/"] = move
    await sender.send([to(endpoint_id)])
    assert await factory.scalar("SELECT status FROM webhook_endpoint WHERE id = %s", endpoint_id) == "active"


async def test_redirect_to_a_private_address_leads_nowhere(
    sender: WebhookSender, receiver: Receiver, factory: Factory
) -> None:
    receiver.answers["/"] = answering(307, Location=receiver.url("/latest/meta-data"))
    (outcome,) = await sender.send([to(await endpoint(factory, receiver.url()))])
    assert outcome.state == "later"
    assert [got.path for got in receiver.received] == ["/"]


async def test_private_endpoint_is_never_posted_to_unless_allowed(
    receiver: Receiver, factory: Factory, database: Database, settings: Settings
) -> None:
    guarded = WebhookSender(settings, database)
    urls = [receiver.url(), receiver.url().replace("http:", "https:"), f"https://localhost:{receiver.port}/"]
    outcomes = await guarded.send([to(await endpoint(factory, url)) for url in urls])
    await guarded.close()
    assert [outcome.state for outcome in outcomes] == ["never"] * 3
    assert receiver.connections == 0


async def test_endpoint_that_hangs_holds_nobody_else(
    sender: WebhookSender, receiver: Receiver, factory: Factory
) -> None:
    receiver.answers["/hangs"] = silence
    hanging, well = await endpoint(factory, receiver.url("/hangs")), await endpoint(factory, receiver.url("/well"))
    outcomes = await sender.send([*(to(hanging) for _ in range(40)), to(well)])
    assert [outcome.state for outcome in outcomes] == [*["later"] * 40, "sent"]
    # The others that were to go there are spared the same wait.
    assert len([got for got in receiver.received if got.path == "/hangs"]) <= 4


async def test_outcomes_are_in_the_order_of_the_messages(
    sender: WebhookSender, receiver: Receiver, factory: Factory
) -> None:
    receiver.answers["/no"] = answering(500)
    no, yes = await endpoint(factory, receiver.url("/no")), await endpoint(factory, receiver.url("/yes"))
    disabled = await endpoint(factory, receiver.url("/disabled"), status="disabled")
    outcomes = await sender.send([to(no), to(yes), to(disabled), to(2**40), to(yes)])
    assert [outcome.state for outcome in outcomes] == ["later", "sent", "never", "never", "sent"]


async def test_nothing_is_lost_while_the_database_is_away(settings: Settings, receiver: Receiver) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://u@127.0.0.1:9/d", pool_timeout_s=0.2)
    unreachable = Database(away)
    await unreachable.open()
    sender = WebhookSender(away, unreachable)
    assert [outcome.state for outcome in await sender.send([to(1), to(2)])] == ["later", "later"]
    await sender.close()
    await unreachable.close()
