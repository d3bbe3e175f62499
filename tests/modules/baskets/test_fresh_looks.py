"""Whatever changed before a look is in it, cached bytes or not; what did not matter to it changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from src.platform.settings import Settings
from tests.caches import flush
from tests.factories import Factory
from tests.modules.baskets.buying import look
from tests.modules.baskets.kept import Kept
from tests.modules.baskets.scene import Scene


def soon() -> datetime:
    """A moment that comes before the test is over."""
    return datetime.now(UTC) + timedelta(seconds=0.5)


async def changed_segment(kept: Kept) -> None:
    """The shopper comes into a segment with a cheaper list."""
    prices = await kept.factory.insert("price_list", name="Cheap")
    await kept.factory.price(kept.one, "1.00", price_list_id=prices)
    await kept.remember()
    segment = await kept.factory.insert("segment", name="Friends", price_list_id=prices)
    await kept.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, kept.shopper.email)


async def changed_segment_without_lists(kept: Kept) -> None:
    """The shopper comes into a segment that has no lists, which the basket shows."""
    segment = await kept.factory.insert("segment", name="Strangers")
    await kept.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, kept.shopper.email)


async def changed_prices_of_segment(kept: Kept) -> None:
    """The price list of the shopper's segment becomes another."""
    prices = await kept.factory.insert("price_list", name="Cheap")
    await kept.factory.price(kept.one, "1.00", price_list_id=prices)
    segment = await kept.factory.insert("segment", name="Friends")
    await kept.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, kept.shopper.email)
    await kept.remember()
    await kept.factory.execute("UPDATE segment SET price_list_id = %s WHERE id = %s", prices, segment)


async def changed_setting(kept: Kept) -> None:
    """The default currency becomes another."""
    await kept.factory.execute("""INSERT INTO setting (name, value) VALUES ('DEFAULT_CURRENCY', '"usd"')""")


async def changed_voucher(kept: Kept) -> None:
    """A code is entered."""
    await kept.scene.offer("fixed", 5, label="Five", offer_type="voucher_code", voucher_code="FIVE")
    await kept.remember()
    await kept.factory.execute("UPDATE basket SET voucher_code = 'FIVE' WHERE id = %s", kept.basket)
    await kept.scene.move(kept.basket)


async def changed_bulk_code(kept: Kept) -> None:
    """A bulk code in the basket is withdrawn, which moves no epoch."""
    offer = await kept.scene.offer("fixed", 5, label="Five", offer_type="bulk_voucher_code")
    code = await kept.factory.insert("bulk_voucher_code", code="BULK", basket_offer_id=offer)
    await kept.factory.execute("UPDATE basket SET voucher_code = 'BULK' WHERE id = %s", kept.basket)
    await kept.scene.move(kept.basket)
    await kept.remember()
    assert b"Five" in kept.body
    await kept.factory.execute("UPDATE bulk_voucher_code SET status = 'used' WHERE id = %s", code)


async def changed_own_coupon(kept: Kept) -> None:
    """The shopper gets a coupon, which moves only the shopper's own state."""
    user = await kept.factory.user_id(kept.shopper)
    await kept.scene.offer("fixed", 5, label="Mine", offer_type="coupon", user_id=user)
    await kept.remember()
    await kept.factory.execute("INSERT INTO shopper_offer_state (user_id, version) VALUES (%s, 7)", user)


async def changed_group(kept: Kept) -> None:
    """The shopper comes into a group that an offer is for."""
    await kept.scene.offer("fixed", 5, label="Group", condition={"query": [["user_group_in", ["vip"]]]})
    await kept.remember()
    await kept.factory.execute("""UPDATE users SET groups = '["vip"]' WHERE email = %s""", kept.shopper.email)


async def changed_stocks_of_segment(kept: Kept) -> None:
    """The stock list of the shopper's segment becomes another."""
    stocks = await kept.factory.insert("stock_list", name="Few")
    await kept.factory.stock(kept.one, 1, stock_list_id=stocks)
    segment = await kept.factory.insert("segment", name="Friends")
    await kept.factory.execute("UPDATE users SET segment_id = %s WHERE email = %s", segment, kept.shopper.email)
    await kept.remember()
    await kept.factory.execute("UPDATE segment SET stock_list_id = %s WHERE id = %s", stocks, segment)


async def changed_data_source(kept: Kept) -> None:
    """The seller of a product gets a price list, which moves the catalogue's epoch and no product."""
    prices = await kept.factory.insert("price_list", name="Seller's")
    source = await kept.factory.insert("data_source", name="Seller", slug="seller")
    await kept.factory.execute("UPDATE product SET data_source_id = %s WHERE id = %s", source, kept.one.id)
    await kept.factory.price(kept.one, "1.00", price_list_id=prices)
    await kept.remember()
    await kept.factory.execute("UPDATE data_source SET price_list_id = %s WHERE id = %s", prices, source)
    await kept.factory.execute("UPDATE catalogue_epoch SET version = version + 1")


async def changed_address(kept: Kept) -> None:
    """The shopper gets the e-mail address that an offer is for."""
    await kept.scene.offer("fixed", 5, label="Address", condition={"query": [["email_in", ["new@example.com"]]]})
    await kept.remember()
    await kept.factory.execute("UPDATE users SET email = 'new@example.com' WHERE email = %s", kept.shopper.email)


async def new_variant(kept: Kept) -> None:
    """A product becomes one that only stands for its variants."""
    await kept.factory.product(parent_id=kept.one.id)
    await kept.factory.touch(kept.one.id)


CHANGES: dict[str, Callable[[Kept], Awaitable[object]]] = {
    "line": lambda kept: kept.factory.execute("UPDATE basket_item SET quantity = 5 WHERE id = %s", kept.line),
    "price": lambda kept: kept.factory.price(kept.one, "11.00"),
    "stock": lambda kept: kept.factory.stock(kept.one, 1),
    "activity": lambda kept: kept.factory.execute("UPDATE product SET is_active = false WHERE id = %s", kept.one.id),
    "new offer": lambda kept: kept.scene.offer("fixed", 5, label="Five"),
    "changed offer": lambda kept: kept.factory.execute("UPDATE basket_offer SET label = 'X' WHERE id = %s", kept.offer),
    "withdrawn offer": lambda kept: kept.factory.execute(
        "UPDATE basket_offer SET status = 'passive' WHERE id = %s", kept.offer
    ),
    "voucher": changed_voucher,
    "bulk code": changed_bulk_code,
    "own coupon": changed_own_coupon,
    "setting": changed_setting,
    "segment": changed_segment,
    "segment without lists": changed_segment_without_lists,
    "prices of segment": changed_prices_of_segment,
    "stocks of segment": changed_stocks_of_segment,
    "data source": changed_data_source,
    "address": changed_address,
    "group": changed_group,
    "variant": new_variant,
}
# What a write moves beside the rows that it changes.
MOVED: dict[str, Callable[[Kept], Awaitable[object]]] = {
    "line": lambda kept: kept.scene.move(kept.basket),
    "activity": lambda kept: kept.factory.touch(kept.one.id),
    "changed offer": lambda kept: kept.scene.moved(),
    "withdrawn offer": lambda kept: kept.scene.moved(),
}


@pytest.mark.parametrize("flushed", [False, True], ids=["warm", "flushed"])
@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changed_before_is_in_the_next_look(
    kept: Kept, settings: Settings, change: str, flushed: bool
) -> None:
    await CHANGES[change](kept)
    if change in MOVED:
        await MOVED[change](kept)
    if flushed:
        await flush(settings)
    assert await kept.notices()
    await look(kept.shopper)


async def test_campaign_that_begins_by_the_clock_is_in_the_next_look(kept: Kept) -> None:
    begin = soon()
    await kept.scene.offer("fixed", 5, label="Later", start_datetime=begin)
    await kept.remember()
    assert b"Later" not in kept.body
    await asyncio.sleep((begin - datetime.now(UTC)).total_seconds() + 0.05)
    assert list((await look(kept.shopper)).given) == ["Ten", "Later"]
    assert await kept.notices()


async def test_campaign_that_ends_by_the_clock_is_not_in_the_next_look(kept: Kept) -> None:
    end = soon()
    await kept.scene.offer("fixed", 5, label="Brief", end_datetime=end)
    await kept.remember()
    assert b"Brief" in kept.body
    await asyncio.sleep((end - datetime.now(UTC)).total_seconds() + 0.05)
    assert list((await look(kept.shopper)).given) == ["Ten"]
    assert await kept.notices()


async def test_nothing_else_moves_the_tag(kept: Kept, factory: Factory, scene: Scene) -> None:
    other = await factory.shopper()
    product = await factory.product()
    await scene.line((await look(other)).pk or 0, product)
    await factory.price(product, "1.00")
    await factory.execute("UPDATE users SET first_name = 'New' WHERE email = %s", kept.shopper.email)
    assert await kept.is_unchanged()
