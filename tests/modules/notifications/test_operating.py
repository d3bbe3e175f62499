"""Deliveries over HTTP, for those who run the service: seen, filtered, replayed; and what is forgotten."""

from typing import Any

import httpx
import pytest

from src.modules.notifications import NewDelivery, enqueue, forget_deliveries
from src.modules.notifications.messages import Outcome
from src.platform.jobs import JobContext, Queue
from src.platform.settings import Settings
from src.workers.jobs import deliver_notifications, sweep_notifications
from tests.factories import Client
from tests.modules.notifications.telling import Telling
from tests.modules.updates.shop import want

DELIVERIES = "/api/v1/deliveries"
NEVER = Outcome("never", "550 no such user")


async def listed(ops: Client, **params: Any) -> list[dict[str, Any]]:
    answer = await ops.get(DELIVERIES, params=params)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_every_delivery_is_seen_with_what_became_of_it(telling: Telling) -> None:
    shopper, ops = await telling.shopper(), await telling.ops()
    await want(shopper, product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    (shown,) = await listed(ops)
    assert (shown["status"], shown["attempts"], shown["finished_at"]) == ("due", 0, None)
    await telling.deliver(NEVER)
    (shown,) = await listed(ops)
    assert shown["user"] == await telling.factory.user_id(shopper)
    assert (shown["channel"], shown["kind"], shown["product"]) == ("email", "price_changed", product.id)
    assert (shown["status"], shown["attempts"], shown["last_error"]) == ("dead", 1, "550 no such user")
    assert shown["payload"]["new_price"] == "80.00"
    assert shown["message_id"]
    assert shown["finished_at"].endswith("Z")
    assert (await ops.get(f"{DELIVERIES}/{shown['id']}")).json() == shown


async def test_link_that_confirms_an_alert_is_not_shown(telling: Telling) -> None:
    row = NewDelivery("email", "confirm_alert", "k", None, address="guest@example.com", payload={"link": "/secret"})
    async with telling.database.transaction() as work:
        await enqueue(work.connection, [row])
    (shown,) = await listed(await telling.ops())
    assert shown["payload"] == {}


async def test_list_is_filtered_and_paged_without_gap_or_repeat(telling: Telling) -> None:
    ops = await telling.ops()
    products = [await telling.shop.product("100.00") for _ in range(2)]
    shoppers = [await telling.shopper() for _ in range(3)]
    endpoint = await telling.endpoint("price_changed")
    for shopper in shoppers:
        for product in products:
            await want(shopper, product)
    for product in products:
        await telling.price(product, "80.00")
    everything = await listed(ops)
    ids = [each["id"] for each in everything]
    assert len(ids) == 12
    assert ids == sorted(ids, reverse=True)
    user = await telling.factory.user_id(shoppers[0])
    for params, count in (
        ({"user": user}, 4),
        ({"user": user, "channel": "email"}, 2),
        ({"product": products[0].id}, 6),
        ({"webhook_endpoint": endpoint, "product": products[0].id}, 3),
        ({"kind": "price_changed", "status": "due"}, 12),
        ({"kind": "newly_available"}, 0),
        ({"status": "dead"}, 0),
    ):
        assert len(await listed(ops, **params)) == count, params
    seen, url = [], f"{DELIVERIES}?limit=5&channel=email"
    while url:
        page = (await ops.get(url)).json()
        seen += [each["id"] for each in page["results"]]
        url = page["next"]
    assert seen == [each["id"] for each in everything if each["channel"] == "email"]


@pytest.mark.parametrize(
    "params",
    [{"status": "lost"}, {"user": "x"}, {"user": 0}, {"product": 2**63}, {"limit": 0}, {"limit": 201}, {"cursor": "a"}],
)
async def test_filters_that_make_no_sense_are_refused(telling: Telling, params: dict[str, Any]) -> None:
    answer = await (await telling.ops()).get(DELIVERIES, params=params)
    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == set(params)


async def test_only_operators_see_or_replay_deliveries(telling: Telling, client: httpx.AsyncClient) -> None:
    shopper = await telling.shopper()
    for path in (DELIVERIES, f"{DELIVERIES}/1"):
        assert (await client.get(path)).status_code == 401
        assert (await shopper.get(path)).status_code == 403
    for path in (f"{DELIVERIES}/1/replay", f"{DELIVERIES}/replay"):
        assert (await client.post(path, json={})).status_code == 401
        assert (await shopper.post(path, json={})).status_code == 403


async def test_dead_delivery_is_replayed_under_the_id_of_its_message(telling: Telling) -> None:
    shopper, ops = await telling.shopper(), await telling.ops()
    products = [await telling.shop.product("100.00") for _ in range(2)]
    for product in products:
        await want(shopper, product)
        await telling.price(product, "80.00")
    (message,) = (await telling.deliver(NEVER)).messages
    (one, _) = await telling.rows()
    answer = await ops.post(f"{DELIVERIES}/{one['id']}/replay/")
    assert (answer.status_code, answer.json()["status"], answer.json()["attempts"]) == (200, "due", 0)
    (again,) = (await telling.deliver()).messages
    assert (again.id, len(again.items)) == (message.id, 2)
    refused = await ops.post(f"{DELIVERIES}/{one['id']}/replay")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "delivery_not_dead")
    for unknown in (one["id"] + 100, "x"):
        assert (await ops.post(f"{DELIVERIES}/{unknown}/replay")).status_code == 404


async def test_dead_deliveries_are_replayed_by_filter_and_no_others(telling: Telling) -> None:
    ops = await telling.ops()
    products = [await telling.shop.product("100.00") for _ in range(2)]
    shoppers = [await telling.shopper() for _ in range(3)]
    for product, shopper in zip((products[0], products[0], products[1]), shoppers, strict=True):
        await want(shopper, product)
    for product in products:
        await telling.price(product, "80.00")
    await telling.deliver(NEVER, NEVER, NEVER)
    asked = {"product": products[0].id, "channel": "email"}
    assert (await ops.post(f"{DELIVERIES}/replay", json=asked)).json() == {"replayed": 2, "more": False}
    assert (await ops.post(f"{DELIVERIES}/replay", json=asked)).json() == {"replayed": 0, "more": False}
    assert len((await telling.deliver()).messages) == 2
    assert (await ops.post(f"{DELIVERIES}/replay", json={})).json() == {"replayed": 1, "more": False}
    assert (await ops.post(f"{DELIVERIES}/replay", json={"status": "sent"})).status_code == 400


async def test_wake_up_calls_reach_only_channels_with_something_due(telling: Telling, settings: Settings) -> None:
    queue = Queue(settings)
    context = JobContext(settings, telling.database, queue)
    try:
        await sweep_notifications(context)
        assert await waiting(queue) == set()
        await want(await telling.shopper(), product := await telling.shop.product("100.00"))
        await telling.price(product, "80.00")
        await sweep_notifications(context)
        assert await waiting(queue) == {"email"}
    finally:
        await queue.close()


async def waiting(queue: Queue) -> set[str]:
    jobs = await queue._sender.client.queued_jobs(queue_name="wishkeep:jobs:deliveries")
    return {job.kwargs["channel"] for job in jobs}


async def test_mail_waits_while_there_is_no_server_for_it(telling: Telling, settings: Settings) -> None:
    await want(await telling.shopper(), product := await telling.shop.product("100.00"))
    await telling.price(product, "80.00")
    queue = Queue(settings)
    await deliver_notifications(JobContext(settings, telling.database, queue), channel="email")
    await queue.close()
    assert [status for _, status, _ in await telling.states()] == ["due"]


async def test_what_was_finished_long_ago_is_forgotten_and_nothing_else(telling: Telling) -> None:
    await telling.factory.execute(
        "INSERT INTO delivery (channel, kind, address, dedupe_key, status, created_at, finished_at, due_at)"
        " SELECT 'email', 'confirm_alert', 'a@example.com', status || age || n, status,"
        "  now() - age * interval '1 day', CASE WHEN status <> 'due' THEN now() - age * interval '1 day' END,"
        "  now() - age * interval '1 day'"
        " FROM unnest(ARRAY['sent', 'dead', 'dropped', 'due', 'sending']) AS status, unnest(ARRAY[91, 89]) AS age,"
        "  generate_series(1, 300) AS n ORDER BY age DESC"
    )
    await forget_deliveries(telling.database)
    left = await telling.factory.scalar(
        "SELECT jsonb_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM delivery GROUP BY 1) AS s"
    )
    assert left == {"sent": 300, "dead": 300, "dropped": 300, "due": 300, "sending": 600}


async def test_wishes_of_favourites_that_are_gone_are_forgotten(telling: Telling) -> None:
    shopper = await telling.shopper()
    products = [await telling.shop.product() for _ in range(2)]
    for product in products:
        await telling.wish(shopper, product, mute=True)
    await shopper.delete(f"/wishlists/favourite-products/{products[0].id}/")
    await forget_deliveries(telling.database)
    assert await telling.factory.scalar("SELECT count(*) FROM favourite_alert") == 1
