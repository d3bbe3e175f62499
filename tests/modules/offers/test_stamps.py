"""Stamps change with what they stand for, by a write or by the clock, and with nothing else."""

from typing import Any

import psycopg
import pytest

from src.modules.offers import NOTHING_OF_ONES_OWN, Use
from tests.modules.offers.shop import (
    BENEFITS,
    CODES,
    COLLECTIONS,
    CONDITIONS,
    FUTURE,
    ITEMS,
    OFFERS,
    PAST,
    PROMOTIONS,
    Shop,
)


async def pass_time(shop: Shop, table: str, column: str, row: int) -> None:
    """Let a moment that lay ahead be in the past, as the clock would: without a write that anybody announces."""
    await shop.factory.execute(f"UPDATE {table} SET {column} = now() - interval '1 second' WHERE id = %s", row)


async def test_stamp_changes_with_every_change_of_a_campaign(shop: Shop) -> None:
    product = await shop.factory.product()
    collection = await shop.collection(product)
    offer = await shop.campaign(condition={"product_collection": collection})
    changes: list[tuple[str, dict[str, Any]]] = [
        (PROMOTIONS, {"id": offer, "name": "Renamed"}),
        (CONDITIONS, {"id": offer, "upsell_message": "Nearly"}),
        (BENEFITS, {"id": offer, "kwargs": {"amount": 11}}),
        (OFFERS, {"id": offer, "priority": 3}),
        (COLLECTIONS, {"id": collection, "is_active": False}),
        (ITEMS, {"collection": collection, "product": (await shop.factory.product()).id}),
    ]
    for path, row in changes:
        before = await shop.stamp()
        await shop.feed_one(path, **row)
        after = await shop.stamp()
        assert after != before, path
        await shop.feed_one(path, **row)
        assert await shop.stamp() == after, path
    before = await shop.stamp()
    await shop.feed.delete(OFFERS, offer)
    assert await shop.stamp() != before


async def test_stamp_stands_still_for_what_nobody_names_yet_and_for_what_is_ones_own(shop: Shop) -> None:
    user = await shop.user()
    offer = await shop.campaign(offer_type="bulk_voucher_code")
    before = await shop.stamp()
    await shop.feed_one(PROMOTIONS, id=1001, name="x")
    await shop.feed_one(CONDITIONS, id=1001, condition_type="amount", kwargs={})
    await shop.feed_one(BENEFITS, id=1001, benefit_type="shipping_free", kwargs={})
    await shop.collection()
    await shop.code(offer, "A")
    await shop.code(offer, "B", user=user)
    await shop.campaign(offer_type="coupon", user=user, end_datetime=PAST)
    assert await shop.stamp() == before


@pytest.mark.parametrize("column", ["start_datetime", "end_datetime"])
async def test_stamp_changes_when_an_offer_begins_and_when_it_ends(shop: Shop, column: str) -> None:
    times: list[dict[str, Any]] = [{column: time} for time in (PAST, FUTURE, FUTURE)]
    *_, offer = [await shop.campaign(**told) for told in times]
    before, offers = await shop.stamp(), await shop.ids()
    await pass_time(shop, "basket_offer", column, offer)
    assert await shop.stamp() != before
    assert set(await shop.ids()) ^ set(offers) == {offer}


async def test_stamp_changes_when_a_collection_expires(shop: Shop) -> None:
    product = await shop.factory.product()
    collection = await shop.collection(product, expiration_date=FUTURE)
    offer = await shop.campaign(condition={"product_collection": collection})
    assert (await shop.for_basket()).by_id[offer].collections[0].live
    before = await shop.stamp()
    await pass_time(shop, "product_collection", "expiration_date", collection)
    assert await shop.stamp() != before
    assert not (await shop.for_basket()).by_id[offer].collections[0].live


async def test_stamp_of_a_shopper_changes_with_what_is_the_shoppers_own(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    stamps = [await shop.shopper_stamp(user)]
    assert stamps == [NOTHING_OF_ONES_OWN]

    async def changed() -> None:
        stamps.append(await shop.shopper_stamp(user))

    coupon = await shop.campaign(offer_type="coupon", user=user, start_datetime=FUTURE)
    await changed()
    await pass_time(shop, "basket_offer", "start_datetime", coupon)
    await changed()
    shared = await shop.campaign(offer_type="bulk_coupon", end_datetime=FUTURE)
    await shop.code(shared, "A", user=user)
    await changed()
    await pass_time(shop, "basket_offer", "end_datetime", shared)
    await changed()
    await shop.feed_one(CODES, code="A", user=other)
    await changed()
    await shop.feed_one(OFFERS, id=coupon, user=other)
    await changed()
    sitewide = await shop.campaign()
    await shop.redeem(await shop.basket(user), user, Use(sitewide))
    await changed()
    # Somebody else takes the last use of what both have codes for.
    scarce = await shop.campaign(offer_type="bulk_coupon", max_stock_limit=1)
    await shop.code(scarce, "B", user=user)
    await changed()
    await shop.redeem(await shop.basket(other), other, Use(scarce, await shop.code(scarce, "C", user=other)))
    await changed()
    assert len(set(stamps)) == len(stamps), stamps
    assert await shop.shopper_stamp(await shop.user()) == NOTHING_OF_ONES_OWN
    assert await shop.shopper_stamp(other) != NOTHING_OF_ONES_OWN


async def test_stamp_of_a_voucher_code_changes_with_what_it_stands_for(shop: Shop) -> None:
    bulk = await shop.campaign(offer_type="bulk_voucher_code", end_datetime=FUTURE)
    coded = await shop.campaign(offer_type="voucher_code", voucher_code="V", start_datetime=FUTURE, max_stock_limit=1)
    assert [await shop.voucher_stamp(code) for code in (None, "B", "V ")] == ["", "", ""]
    code = await shop.code(bulk, "B")
    stamps = [await shop.voucher_stamp("B"), await shop.voucher_stamp("V")]
    for table, column, row, seen in (
        ("basket_offer", "end_datetime", bulk, "B"),
        ("basket_offer", "start_datetime", coded, "V"),
    ):
        await pass_time(shop, table, column, row)
        stamps.append(await shop.voucher_stamp(seen))
    epoch = await shop.stamp()
    await shop.feed_one(CODES, code="B", user=await shop.user())
    stamps.append(await shop.voucher_stamp("B"))
    basket = await shop.basket()
    await shop.hold(basket, None, Use(bulk, code), Use(coded))
    stamps += [await shop.voucher_stamp("B"), await shop.voucher_stamp("V")]
    await shop.redeem(basket, None)
    stamps.append(await shop.voucher_stamp("B"))
    assert len(set(stamps)) == len(stamps), stamps
    assert await shop.stamp() == epoch, "what only a code stands for is nobody else's business"


async def test_version_of_a_transaction_that_was_taken_back_never_comes_again(shop: Shop) -> None:
    offer = await shop.campaign(max_stock_limit=1)
    basket = await shop.basket()
    seen = []
    for _ in range(3):
        async with shop.database.transaction() as work:
            await shop.redeem_in(work.connection, basket, Use(offer))
            seen.append(await shop.stamp_in(work.connection))
            raise psycopg.Rollback
    seen.append(await shop.stamp())
    assert len(set(seen)) == 4
