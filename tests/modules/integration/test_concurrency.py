"""Feeds that meet: nobody waits in a circle, nothing is lost, the log tells every step."""

import asyncio
import json
import resource
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from litestar import Litestar

from src.modules.integration.feed_imports import import_feed
from src.modules.integration.registry import RESOURCES
from src.modules.integration.services import import_rows
from src.modules.integration.spool import IN_MEMORY_BYTES, spooled
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable, TooLarge
from src.platform.openapi import NDJSON
from tests.factories import Client
from tests.modules.integration.bodies import chunks
from tests.modules.integration.feeds import PRICES, PRODUCTS, STOCKS, Feed

URL = "/api/v1/integration/"


async def push(feeder: Client, path: str, *rows: dict[str, Any]) -> dict[str, Any]:
    answer = await feeder.post(URL + path, json=rows)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["rejected"] == []
    return told


async def test_twelve_feeds_of_one_price_leave_one_winner_and_a_whole_log(feeder: Client, feed: Feed) -> None:
    await feed.product("A")
    await asyncio.gather(*(push(feeder, PRICES, {"sku": "A", "price": f"{n}.00"}) for n in range(12)))
    steps = await feed.query("SELECT old_price, new_price FROM catalogue_change ORDER BY id")
    assert [old for old, _ in steps] == [None, *(new for _, new in steps[:-1])]
    assert {new for _, new in steps} == {Decimal(n) for n in range(12)}
    assert await feed.query("SELECT price FROM product_price") == [steps[-1][1]]
    assert await feed.versions() == {"A": 13}


async def test_feeds_in_opposite_orders_do_not_wait_in_a_circle(feeder: Client, feed: Feed) -> None:
    skus = [f"S{n}" for n in range(40)]
    await feed.rows(PRODUCTS, *({"sku": sku, "name": sku} for sku in skus))
    bodies = [
        (path, [{"sku": sku, **told} for sku in order])
        for path, told in ((PRICES, {"price": "1.00"}), (STOCKS, {"stock": 1}), (PRICES, {"price": "2.00"}))
        for order in (skus, skus[::-1])
    ]
    await asyncio.gather(*(push(feeder, path, *rows) for path, rows in bodies * 2))
    assert len(await feed.query("SELECT DISTINCT price FROM product_price")) == 1
    assert await feed.query("SELECT count(*) FROM product_stock WHERE stock = 1") == [40]


async def test_product_that_all_feeds_make_is_made_once(feeder: Client, feed: Feed) -> None:
    told = await asyncio.gather(*(push(feeder, PRODUCTS, {"sku": "A", "name": f"n{n}"}) for n in range(8)))
    assert sum(one["created"] for one in told) == 1
    assert sum(one["updated"] for one in told) == 7
    assert await feed.query("SELECT count(*) FROM product") == [1]


async def test_slow_client_holds_nothing_up(feeder: Client, feed: Feed) -> None:
    await feed.product("A")
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"sku": "A", "price": "1.00"}\n'
        halfway.set()
        await go_on.wait()
        yield b'{"sku": "A", "price": "3.00"}\n'

    slow = asyncio.create_task(
        feeder.post(URL + PRICES, content=slowly(), headers={"Content-Type": "application/x-ndjson"})
    )
    await halfway.wait()
    # More of them than there are connections or turns.
    others = [asyncio.create_task(push(feeder, PRICES, {"sku": "A", "price": "2.00"})) for _ in range(15)]
    await asyncio.gather(*others)
    assert await feed.query("SELECT price FROM product_price") == [Decimal("2.00")]
    assert not slow.done()
    go_on.set()
    assert (await slow).json()["updated"] == 1
    assert await feed.query("SELECT price FROM product_price") == [Decimal("3.00")]


async def test_client_that_goes_away_leaves_nothing(app: Litestar, feeder: Client, feed: Feed) -> None:
    received = iter(
        [
            {"type": "http.request", "body": b'{"sku": "A", "name": "a"}\n', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"authorization": f"Token {feeder.token}", "content-type": NDJSON}
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": URL + PRODUCTS,
        "raw_path": (URL + PRODUCTS).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
        "state": {},
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert await feed.query("SELECT count(*) FROM product") == [0]
    await push(feeder, PRODUCTS, {"sku": "A", "name": "a"})


async def many_products(count: int) -> AsyncIterator[bytes]:
    for n in range(count):
        told = {"sku": f"S{n}", "name": f"Linen trousers no. {n}", "attributes": {"color": "red", "size": str(n)}}
        yield json.dumps({**told, "translations": {"en": {"description": "two pockets " * 50}}}).encode() + b"\n"


async def many_items(count: int) -> AsyncIterator[bytes]:
    yield b"id\ttitle\tdescription\tprice\tproduct_type\titem_group_id\n"
    for n in range(count):
        yield f"I{n}\tTrousers {n}\t{'two pockets ' * 50}\t{n}.00 EUR\tA > B\tg{n // 3}\n".encode()


async def feed_products(database: Database, count: int) -> int:
    async with spooled(many_products(count)) as body, database.transaction() as work:
        return (await import_rows(work.connection, RESOURCES[PRODUCTS], body, NDJSON)).created


async def feed_items(database: Database, count: int) -> int:
    return (await import_feed(database, many_items(count))).received


@pytest.mark.parametrize("run", [feed_products, feed_items])
async def test_memory_does_not_grow_with_the_body(database: Database, run: Any) -> None:
    await run(database, 10)
    peaks = []
    tracemalloc.start()
    try:
        for count in (1_000, 5_000):
            tracemalloc.clear_traces()
            assert await run(database, count) > 0
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + IN_MEMORY_BYTES + 500_000


async def test_body_is_spooled_whole_with_its_digest_or_refused() -> None:
    content = b"x" * 3_000_000
    async with (
        spooled(chunks(content, 99_999), digested=True) as one,
        spooled(chunks(content, 7_777), digested=True) as other,
        spooled(chunks(content)) as plain,
    ):
        assert plain.digest is None
        assert one.size == 3_000_000 == sum(map(len, one.pieces(1000)))
        assert one.digest == other.digest
    async with spooled(chunks(b"xx"), max_bytes=2):
        pass
    with pytest.raises(TooLarge):
        async with spooled(chunks(b"xxx", 1), max_bytes=2):
            pass


async def test_body_that_the_disk_can_not_hold_is_refused_for_now() -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (IN_MEMORY_BYTES + 1, limits[1]))
    try:
        with pytest.raises(ServiceUnavailable):
            async with spooled(chunks(b"x" * 3 * IN_MEMORY_BYTES, 100_000)):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
