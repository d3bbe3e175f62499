"""From a price that fell to a browser and to another system: everything real but who listens at the other end."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from src.modules.notifications import Channel, Channels, deliver
from src.modules.notifications.webhooks.signing import new_secret
from src.platform.database import Database
from src.platform.settings import Settings
from tests.modules.notifications.push.browsers import Browser
from tests.modules.notifications.receivers import Receiver, answering, receiving
from tests.modules.notifications.telling import Telling


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def channels(settings: Settings, database: Database) -> AsyncIterator[Channels]:
    allowed = msgspec.structs.replace(settings, webhook_allow_private=True, public_url="https://shop.example")
    async with Channels(allowed, database) as opened:
        yield opened


async def send(channels: Channels, database: Database, channel: Channel) -> None:
    carrier = channels.send(channel)
    assert carrier is not None
    assert not await deliver(database, channel, carrier)


async def test_price_that_fell_is_read_in_the_users_browser(
    telling: Telling, receiver: Receiver, channels: Channels, database: Database
) -> None:
    shopper, browser = await telling.shopper(), Browser()
    await telling.factory.insert(
        "push_subscription",
        user_id=await telling.factory.user_id(shopper),
        endpoint=receiver.url("/push"),
        **browser.keys,
    )
    product = await telling.factory.product(price="100.00", name="Lamp")
    await telling.wish(shopper, product)
    await telling.price(product, "80.00")
    await send(channels, database, "push")
    shown = json.loads(browser.read(receiver.received[0].body))
    assert shown["title"] == "Price drop: Lamp"
    assert shown["url"].startswith("https://shop.example/")
    assert shown["body"].replace("\N{NO-BREAK SPACE}", " ").startswith("Now: TRY 80.00\nBefore: TRY 100.00")
    assert ("price_changed", "sent", None) in await telling.states()


async def test_price_that_fell_for_several_users_is_posted_once_with_whose_favourites_they_are(
    telling: Telling, receiver: Receiver, channels: Channels, database: Database
) -> None:
    secret = new_secret()
    await telling.factory.insert("webhook_endpoint", url=receiver.url("/hook"), secret=secret)
    shoppers = [await telling.shopper(consents=False) for _ in range(3)]
    product = await telling.factory.product(price="100.00")
    favourites = {await telling.wish(shopper, product) for shopper in shoppers}
    await telling.price(product, "80.00")
    receiver.answers["/hook"] = answering(503)
    await send(channels, database, "webhook")
    del receiver.answers["/hook"]
    await telling.factory.execute("UPDATE delivery SET due_at = now() WHERE status = 'due'")
    await send(channels, database, "webhook")
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    updates = Webhook(secret).verify(second.body, second.headers)["data"]["updates"]
    assert {update["favourite"]["uuid"] for update in updates} == favourites
    users = {await telling.factory.user_id(shopper) for shopper in shoppers}
    assert {update["user"]["pk"] for update in updates} == users
    assert {(update["old_price"], update["new_price"]) for update in updates} == {("100.00", "80.00")}
    assert {row["status"] for row in await telling.rows()} == {"sent"}


async def test_test_event_reaches_its_endpoint(
    telling: Telling, receiver: Receiver, channels: Channels, database: Database
) -> None:
    endpoint = await telling.factory.insert("webhook_endpoint", url=receiver.url(), secret=new_secret())
    operator = await telling.ops()
    queued = (await operator.post(f"/api/v1/webhooks/{endpoint}/test")).json()
    await send(channels, database, "webhook")
    assert json.loads(receiver.received[0].body)["type"] == "endpoint.test"
    shown = (await operator.get(f"/api/v1/deliveries/{queued['id']}")).json()
    assert (shown["status"], shown["webhook_endpoint"]) == ("sent", endpoint)
    listed = (await operator.get(f"/api/v1/deliveries?webhook_endpoint={endpoint}")).json()["results"]
    assert [each["id"] for each in listed] == [queued["id"]]


async def test_endpoint_that_is_gone_is_told_no_more_and_its_deliveries_can_be_replayed(
    telling: Telling, receiver: Receiver, channels: Channels, database: Database
) -> None:
    endpoint = await telling.factory.insert("webhook_endpoint", url=receiver.url(), secret=new_secret())
    operator = await telling.ops()
    receiver.answers["/"] = answering(410)
    queued = (await operator.post(f"/api/v1/webhooks/{endpoint}/test")).json()
    await send(channels, database, "webhook")
    assert (await operator.get(f"/api/v1/webhooks/{endpoint}")).json()["status"] == "disabled"
    assert (await operator.get(f"/api/v1/deliveries/{queued['id']}")).json()["status"] == "dead"
    del receiver.answers["/"]
    await operator.request("PATCH", f"/api/v1/webhooks/{endpoint}", json={"status": "active"})
    await operator.post(f"/api/v1/deliveries/{queued['id']}/replay")
    await send(channels, database, "webhook")
    assert (await operator.get(f"/api/v1/deliveries/{queued['id']}")).json()["status"] == "sent"
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
