"""Baskets and their lines that a shop brings along."""

import asyncio
from typing import Any

import pytest

from src.modules.baskets.cart import Part, reference_of
from src.modules.integration.errors import StillInUse
from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import BASKET, read
from tests.modules.baskets.scene import Guest, Scene
from tests.modules.integration.feeds import Feed, counts, faults

BASKETS = "baskets/baskets"
ITEMS = "baskets/basket-items"
TIMES = {"created_date": "2022-01-17T06:39:41.093938Z", "modified_date": "2022-01-17T06:39:41.093962Z"}
VERSION = 1_642_400_634_409_187


def line(number: int, basket: int, product: Product, **fields: Any) -> dict[str, Any]:
    """A line as the warehouse shows it."""
    return {
        "id": number,
        "currency_type": None,
        **TIMES,
        "attributes": {},
        "attributes_kwargs": {},
        "localized_attributes": {},
        "localized_attributes_kwargs": {},
        "version": VERSION,
        "reference": str(product.id),
        "quantity": 1,
        "tax_rate": None,
        "unit_price": None,
        "image": None,
        "basket": basket,
        "product": product.id,
        "extra_product_price": None,
        "extra_product_stock": None,
        "parent": None,
        "datasource": None,
        **fields,
    }


@pytest.fixture
async def basket(factory: Factory, feed: Feed, shopper: Client) -> dict[str, Any]:
    """An active basket of the shopper that was fed."""
    fed = {
        "id": 397,
        "status": "active",
        **TIMES,
        "version": VERSION,
        "voucher_code": None,
        "namespace": None,
        "user": await factory.user_id(shopper),
    }
    assert counts(await feed.rows(BASKETS, fed)) == (1, 0, 0)
    return fed


async def quantities(shopper: Client) -> list[tuple[int, int]]:
    """Products and units of the shopper's basket."""
    shown = read(await shopper.get(BASKET))
    return [(item.product.pk, item.quantity) for item in shown.basketitem_set]


async def versions(feed: Feed) -> list[int]:
    """The versions of baskets in the order of their ids."""
    return list(await feed.query("SELECT version FROM basket ORDER BY id"))


async def test_basket_comes_in_as_it_was_and_is_the_shoppers_at_once(
    factory: Factory, feed: Feed, shopper: Client, basket: dict[str, Any]
) -> None:
    products = [await factory.product(), await factory.product()]
    assert counts(await feed.rows(BASKETS, basket)) == (0, 0, 1)
    assert await versions(feed) == [VERSION]
    assert await quantities(shopper) == []
    rows = [line(11, 397, products[0], quantity=3), line(12, 397, products[1], unit_price="9.50", currency_type="TRY")]
    assert counts(await feed.rows(ITEMS, *rows)) == (2, 0, 0)
    assert counts(await feed.rows(ITEMS, *rows)) == (0, 0, 2)
    assert await quantities(shopper) == [(products[0].id, 3), (products[1].id, 1)]
    # It is an ordinary basket from now on.
    added = await shopper.post(BASKET, json={"product": products[0].id, "quantity": 2})
    assert [item.quantity for item in read(added).basketitem_set] == [5, 1]


async def test_every_change_is_seen_in_the_answers_that_were_kept(
    factory: Factory, feed: Feed, shopper: Client, basket: dict[str, Any]
) -> None:
    product = await factory.product()
    await feed.rows(ITEMS, line(11, 397, product))
    assert await quantities(shopper) == [(product.id, 1)]
    # With the version that it had, as whoever has read it would send it back.
    assert counts(await feed.rows(ITEMS, line(11, 397, product, quantity=4))) == (0, 1, 0)
    assert await quantities(shopper) == [(product.id, 4)]
    assert await feed.query("SELECT version > %s FROM basket_item", VERSION) == [True]
    before = await versions(feed)
    assert counts(await feed.rows(BASKETS, {**basket, "external_offer_code": "X"})) == (0, 1, 0)
    assert read(await shopper.get(BASKET)).external_offer_code == "X"
    assert (await versions(feed))[0] > before[0]
    await feed.delete(ITEMS, 11)
    assert await quantities(shopper) == []


async def test_version_that_is_newer_is_kept(feed: Feed, basket: dict[str, Any]) -> None:
    assert counts(await feed.rows(BASKETS, {**basket, "version": VERSION + 1})) == (0, 1, 0)
    assert await versions(feed) == [VERSION + 1]


async def test_history_stays_as_it_was_told(factory: Factory, feed: Feed, shopper: Client) -> None:
    fed: list[dict[str, Any]] = [
        {"id": number, "status": status, **TIMES, "version": VERSION, "user": await factory.user_id(shopper)}
        for number, status in enumerate(("submitted", "submitted", "expired", "merged", "inactive"), 1)
    ]
    product = await factory.product()
    assert counts(await feed.rows(BASKETS, *fed)) == (5, 0, 0)
    assert counts(await feed.rows(ITEMS, *(line(row["id"], row["id"], product) for row in fed))) == (5, 0, 0)
    assert counts(await feed.rows(BASKETS, *fed)) == (0, 0, 5)
    assert await quantities(shopper) == []


async def test_basket_that_ended_elsewhere_is_no_longer_the_shoppers(
    factory: Factory, feed: Feed, shopper: Client, basket: dict[str, Any]
) -> None:
    await feed.rows(ITEMS, line(11, 397, await factory.product()))
    assert counts(await feed.rows(BASKETS, {**basket, "status": "submitted"})) == (0, 1, 0)
    assert await quantities(shopper) == []


async def test_bad_baskets_are_rejected(
    factory: Factory, feed: Feed, scene: Scene, shopper: Client, guest: Guest, basket: dict[str, Any]
) -> None:
    user = basket["user"]
    guests, other = await scene.basket(guest), await factory.user_id(await factory.shopper())
    await feed.rows(BASKETS, {"id": 5001, "user": user, "status": "submitted"})
    report = await feed.rows(
        BASKETS,
        {"id": 5002, "user": user},
        {"id": 5003, "user": user, "namespace": ""},
        {"id": 5004, "user": user, "namespace": "b2b"},
        {"id": 5005, "user": user, "namespace": "b2b"},
        {"id": 5006, "user": other, "status": "frozen"},
        {"id": 5007, "user": other, "status": "gone"},
        {"id": 5008, "user": 10**9},
        {"id": 5009, "currency_type": "money"},
        {"id": 5001, "status": "active"},
        {"id": guests, "user": other},
        {"id": 397, "user": other},
        {"id": 5010, "version": 2**60},
        {"id": 5011, "guest_digest": "00"},
        {"id": 5012, "namespace": "n" * 65},
    )
    assert faults(report) == {
        0: ["user"],
        1: ["user"],
        3: ["user"],
        4: ["status"],
        5: ["status"],
        6: ["user"],
        7: ["currency_type"],
        8: ["status"],
        9: ["user"],
        10: ["user"],
        11: ["version"],
        12: ["guest_digest"],
        13: ["namespace"],
    }
    assert counts(report) == (1, 0, 0)


async def test_basket_that_is_paid_for_stays_as_it_is(
    factory: Factory, feed: Feed, shopper: Client, system: Client, basket: dict[str, Any]
) -> None:
    product = await factory.product()
    await feed.rows(ITEMS, line(11, 397, product))
    assert (await system.post("/api/v1/baskets/397/freeze")).status_code == 200
    assert faults(await feed.rows(BASKETS, {"id": 397, "status": "active"})) == {0: ["id"]}
    report = await feed.rows(ITEMS, {"id": 11, "quantity": 2}, {"basket": 397, "product": product.id, "quantity": 1})
    assert faults(report) == {0: ["basket"], 1: ["basket"]}
    for path, number in ((BASKETS, 397), (ITEMS, 11)):
        with pytest.raises(StillInUse):
            await feed.delete(path, number)
    assert await quantities(shopper) == [(product.id, 1)]


async def test_bad_lines_are_rejected(factory: Factory, feed: Feed, basket: dict[str, Any]) -> None:
    product, other = await factory.product(), await factory.product()
    await feed.rows(BASKETS, {"id": 398, "status": "submitted"})
    await feed.rows(
        ITEMS, line(11, 397, product, quantity=2), line(12, 398, product), line(13, 397, product, parent=11, quantity=4)
    )
    report = await feed.rows(
        ITEMS,
        line(21, 397, other, quantity=0),
        line(22, 397, other, quantity=10_000),
        line(23, 99_999, other),
        {**line(24, 397, other), "product": 10**9},
        line(25, 397, product),
        {"id": 26, "basket": 397, "product": product.id, "quantity": 1},
        line(27, 397, other, unit_price="-1.00"),
        line(28, 397, other, attributes=[]),
        line(29, 397, other, parent=99_999),
        line(30, 397, other, parent=12, quantity=2),
        line(31, 397, other, parent=13, quantity=4),
        line(32, 397, other, parent=11, quantity=3),
        line(10, 397, other, parent=11, quantity=2),
        {"id": 11, "quantity": 3},
        {"id": 12, "basket": 397},
        {"id": 12, "attributes": {"a": 1}},
        {"id": 13, "product": other.id},
        line(33, 397, other, offer_ids=[1]),
        {"id": 34, "basket": 397, "product": other.id},
    )
    assert faults(report) == {
        0: ["quantity"],
        1: ["quantity"],
        2: ["basket"],
        3: ["product"],
        4: ["basket"],
        5: ["basket"],
        6: ["unit_price"],
        7: ["attributes"],
        8: ["parent"],
        9: ["parent"],
        10: ["parent"],
        11: ["quantity"],
        12: ["parent"],
        13: ["quantity"],
        14: ["basket"],
        15: ["product"],
        16: ["product"],
        17: ["offer_ids"],
        18: ["quantity"],
    }
    assert counts(report) == (0, 0, 0)


async def test_line_is_told_apart_as_if_the_shopper_had_added_it(
    factory: Factory, feed: Feed, shopper: Client, basket: dict[str, Any]
) -> None:
    plain, chosen = await factory.product(stock=99), await factory.product(stock=99)
    engraved, bundle = {"engraving": "A"}, reference_of(chosen.id, {}, [Part(plain.id, 2, {})])
    report = await feed.rows(
        ITEMS,
        {"basket": 397, "sku": plain.sku, "quantity": 1},
        line(12, 397, chosen, attributes=engraved, reference="f00"),
        line(13, 397, chosen, reference=bundle),
        line(14, 397, plain, parent=13, quantity=2),
    )
    assert counts(report) == (4, 0, 0)
    stored = await feed.query("SELECT reference FROM basket_item ORDER BY parent_id NULLS FIRST, id")
    assert set(stored) == {str(plain.id), "f00", bundle}
    for body in (
        {"product": plain.id},
        {"product": chosen.id, "attributes": engraved},
        {"product": chosen.id, "sub_items": [{"product": plain.id, "quantity": 2}]},
    ):
        assert (await shopper.post(BASKET, json=body)).status_code == 200
    assert sorted(quantity for _, quantity in await quantities(shopper)) == [2, 2, 2, 4]


async def test_basket_holds_only_so_many_lines(factory: Factory, feed: Feed, basket: dict[str, Any]) -> None:
    product = await factory.product()
    rows = [line(1000 + n, 397, product, attributes={"n": n}, reference=f"x{n}") for n in range(203)]
    assert counts(await feed.rows(ITEMS, *rows[:2])) == (2, 0, 0)
    assert faults(await feed.rows(ITEMS, *rows[1:])) == {199: ["basket"], 200: ["basket"], 201: ["basket"]}
    await feed.rows(BASKETS, {"id": 5000, "status": "submitted"})
    assert counts(await feed.rows(ITEMS, *({**row, "id": row["id"] + 500, "basket": 5000} for row in rows))) == (
        203,
        0,
        0,
    )


async def test_deleted_basket_and_line_leave_tombstones(
    factory: Factory, feed: Feed, shopper: Client, basket: dict[str, Any]
) -> None:
    product = await factory.product()
    await feed.rows(
        ITEMS, line(11, 397, product), line(12, 397, product, parent=11), line(13, 397, await factory.product())
    )
    await feed.delete(ITEMS, 11)
    assert sorted(await feed.query("SELECT object_id FROM deleted_item")) == ["11", "12"]
    await feed.delete(BASKETS, 397)
    assert sorted(await feed.query("SELECT object_id FROM deleted_item")) == ["11", "12", "13", "397"]
    assert await quantities(shopper) == []


async def test_basket_that_used_offers_up_is_not_deleted(
    factory: Factory, feed: Feed, scene: Scene, shopper: Client, system: Client, basket: dict[str, Any]
) -> None:
    await scene.offer()
    await feed.rows(ITEMS, line(11, 397, await factory.product()))
    assert (await system.post("/api/v1/baskets/397/submit")).status_code == 200
    with pytest.raises(StillInUse):
        await feed.delete(BASKETS, 397)


async def test_feed_and_shoppers_never_wait_for_each_other_in_a_circle(
    factory: Factory, feed: Feed, basket: dict[str, Any]
) -> None:
    product = await factory.product(stock=None, price="1.00")
    await factory.stock(product, None, in_stock=True)
    shoppers = [await factory.shopper() for _ in range(4)]
    numbers = [read(await each.post(BASKET, json={"product": product.id})).pk for each in shoppers]
    lines = await feed.query("SELECT id, basket_id FROM basket_item ORDER BY id DESC")

    async def fed(quantity: int) -> int:
        rows = [{"id": line_id, "basket": basket_id, "quantity": quantity} for line_id, basket_id in lines]
        baskets = [{"id": number, "external_offer_code": str(quantity)} for number in reversed(numbers)]
        return (await feed.rows(ITEMS, *rows)).updated + (await feed.rows(BASKETS, *baskets)).updated

    async def bought(shopper: Client) -> list[int]:
        answers = [await shopper.post(BASKET, json={"product": product.id}) for _ in range(6)]
        return [answer.status_code for answer in answers]

    *statuses, _ = await asyncio.gather(*map(bought, shoppers), fed(20), fed(30), fed(40))
    assert {status for each in statuses if isinstance(each, list) for status in each} == {200}
