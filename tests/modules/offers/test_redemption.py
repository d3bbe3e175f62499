"""Uses are taken in turn: never more than there are, whatever arrives at once."""

import asyncio
from collections.abc import Awaitable, Iterable
from decimal import Decimal
from itertools import pairwise

import pytest

from src.modules.integration.errors import StillInUse
from src.modules.offers import Use, VoucherUsedUp
from tests.modules.offers.shop import OFFERS, Shop, uses


async def outcomes(attempts: Iterable[Awaitable[None]]) -> list[bool]:
    """Which of these attempts went well; the others must have found nothing left."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(result is None or isinstance(result, VoucherUsedUp) for result in results), results
    return [result is None for result in results]


async def redemptions(shop: Shop, state: str) -> int:
    """How many uses there are in a state."""
    return int(await shop.factory.scalar("SELECT count(*) FROM offer_redemption WHERE state = %s", state))


async def test_code_of_twenty_uses_is_redeemed_twenty_times(shop: Shop) -> None:
    offer = await shop.campaign(offer_type="voucher_code", voucher_code="x", max_stock_limit=20)
    baskets = [await shop.basket() for _ in range(50)]
    won = await outcomes(shop.redeem(basket, None, Use(offer)) for basket in baskets)
    assert (sum(won), await shop.used(offer), await redemptions(shop, "redeemed")) == (20, 20, 20)
    assert await shop.refusal(None, "x") == "basket_112"


async def test_holds_and_redemptions_share_the_limit(shop: Shop) -> None:
    offer = await shop.campaign(max_stock_limit=5)
    baskets = [await shop.basket() for _ in range(20)]
    won = await outcomes(
        (shop.hold if place % 2 else shop.redeem)(basket, None, Use(offer)) for place, basket in enumerate(baskets)
    )
    assert (sum(won), await shop.used(offer)) == (5, 5)
    held = [basket for place, basket in enumerate(baskets) if won[place] and place % 2]
    await asyncio.gather(*(shop.release(basket) for basket in held))
    assert await shop.used(offer) == 5 - len(held)
    late = [await shop.basket() for _ in range(10)]
    won = await outcomes(shop.redeem(basket, None, Use(offer)) for basket in late)
    assert (sum(won), await shop.used(offer), await redemptions(shop, "redeemed")) == (len(held), 5, 5)


async def test_limit_of_a_user_holds_across_his_baskets(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    offer = await shop.campaign(max_usage_per_user=3)
    baskets = [(await shop.basket(owner), owner) for owner in (user, other) for _ in range(10)]
    won = await outcomes(shop.redeem(basket, owner, Use(offer)) for basket, owner in baskets)
    assert (sum(won[:10]), sum(won[10:])) == (3, 3)
    with pytest.raises(VoucherUsedUp) as refused:
        await shop.redeem(await shop.basket(), None, Use(offer))
    assert refused.value.offer_id == offer


async def test_bulk_code_is_redeemed_once(shop: Shop) -> None:
    offer = await shop.campaign(offer_type="bulk_voucher_code")
    code, other = await shop.code(offer, "A"), await shop.code(offer, "B")
    baskets = [await shop.basket() for _ in range(20)]
    won = await outcomes(shop.redeem(basket, None, Use(offer, code)) for basket in baskets)
    assert sum(won) == 1
    assert [await shop.status("bulk_voucher_code", row) for row in (code, other)] == ["used", "active"]
    with pytest.raises(VoucherUsedUp):
        await shop.hold(await shop.basket(), None, Use(offer, code))
    await shop.redeem(await shop.basket(), None, Use(offer, other))


async def test_bulk_code_is_held_by_one_basket(shop: Shop) -> None:
    offer = await shop.campaign(offer_type="bulk_voucher_code")
    code = await shop.code(offer, "A")
    baskets = [await shop.basket() for _ in range(20)]
    won = await outcomes(
        (shop.redeem if place == 10 else shop.hold)(basket, None, Use(offer, code))
        for place, basket in enumerate(baskets)
    )
    assert sum(won) == 1
    assert await redemptions(shop, "held") + await redemptions(shop, "redeemed") == 1


async def test_baskets_with_the_same_offers_never_wait_in_a_circle(shop: Shop) -> None:
    offers = [await shop.campaign(max_stock_limit=1000, max_usage_per_user=1000) for _ in range(6)]
    users = [await shop.user() for _ in range(3)]
    baskets = [(await shop.basket(user), user) for user in users for _ in range(12)]
    won = await outcomes(
        shop.redeem(basket, user, *uses(offers if place % 2 else reversed(offers)))
        for place, (basket, user) in enumerate(baskets)
    )
    assert all(won)
    assert [await shop.used(offer) for offer in offers] == [36] * 6


async def test_one_use_that_is_not_to_be_had_leaves_all_where_they_were(shop: Shop) -> None:
    user = await shop.user()
    plenty, scarce = await shop.campaign(max_stock_limit=10), await shop.campaign(max_stock_limit=1)
    await shop.redeem(await shop.basket(), None, Use(scarce))
    with pytest.raises(VoucherUsedUp) as refused:
        await shop.redeem(await shop.basket(user), user, *uses([plenty, scarce]))
    assert refused.value.offer_id == scarce
    assert (await shop.used(plenty) or 0, await redemptions(shop, "redeemed")) == (0, 1)
    with pytest.raises(VoucherUsedUp):
        await shop.hold(await shop.basket(user), user, Use(404))


async def test_everything_may_be_said_twice(shop: Shop) -> None:
    user = await shop.user()
    offer = await shop.campaign(max_stock_limit=2, max_usage_per_user=2)
    bulk = await shop.campaign(offer_type="bulk_coupon")
    code, basket = await shop.code(bulk, "A"), await shop.basket(user)
    wanted = (Use(offer), Use(bulk, code, coupon=500, currency="try"))
    for _ in range(2):
        await shop.hold(basket, user, *wanted)
        assert (await shop.used(offer), await redemptions(shop, "held")) == (1, 2)
    for _ in range(2):
        await shop.release(basket)
        assert (await shop.used(offer), await redemptions(shop, "held")) == (0, 0)
    await shop.hold(basket, user, *wanted)
    for again in (wanted, (), wanted):
        await shop.redeem(basket, user, *again)
        assert (await shop.used(offer), await redemptions(shop, "redeemed")) == (1, 2)
    await shop.hold(basket, user, *wanted)
    await shop.release(basket)
    assert (await shop.used(offer), await redemptions(shop, "redeemed")) == (1, 2), "what is redeemed stays so"
    coupons = "SELECT count(*) FROM basket_offer WHERE offer_type = 'coupon' AND user_id = %s"
    assert await shop.factory.scalar(coupons, user) == 1


async def test_epoch_moves_when_a_limit_is_reached_or_left_and_only_then(shop: Shop) -> None:
    offer = await shop.campaign(max_stock_limit=2)
    first, second = await shop.basket(), await shop.basket()
    stamps = [await shop.stamp()]
    for step in (
        shop.hold(first, None, Use(offer)),
        shop.hold(second, None, Use(offer)),
        shop.redeem(second, None),
        shop.release(first),
        shop.redeem(await shop.basket(), None, Use(offer)),
    ):
        await step
        stamps.append(await shop.stamp())
    moved = [before != after for before, after in pairwise(stamps)]
    assert moved == [False, True, False, True, True]


async def test_only_those_with_a_limit_wait_for_each_other(shop: Shop) -> None:
    offer = await shop.campaign()
    first, second = await shop.basket(), await shop.basket()
    async with shop.database.transaction() as work:
        await shop.redeem_in(work.connection, first, Use(offer))
        await asyncio.wait_for(shop.redeem(second, None, Use(offer)), 5)
    assert (await shop.used(offer), await redemptions(shop, "redeemed")) == (None, 2)


async def test_limit_that_comes_later_counts_what_was_used_before(shop: Shop) -> None:
    offer = await shop.campaign()
    for _ in range(2):
        await shop.redeem(await shop.basket(), None, Use(offer))
    await shop.feed_one(OFFERS, id=offer, max_stock_limit=3)
    assert await shop.ids() == [offer]
    await shop.redeem(await shop.basket(), None, Use(offer))
    assert (await shop.used(offer), await shop.ids()) == (3, [])
    await shop.feed_one(OFFERS, id=offer, max_stock_limit=0)
    await shop.redeem(await shop.basket(), None, Use(offer))
    await shop.feed_one(OFFERS, id=offer, max_stock_limit=4)
    assert (await shop.used(offer), await shop.ids()) == (4, [])


async def test_limit_that_is_lowered_below_what_was_used_lets_nobody_in(shop: Shop) -> None:
    offer = await shop.campaign(max_stock_limit=5)
    held = await shop.basket()
    await shop.hold(held, None, Use(offer))
    for _ in range(2):
        await shop.redeem(await shop.basket(), None, Use(offer))
    await shop.feed_one(OFFERS, id=offer, max_stock_limit=1)
    assert await shop.ids() == []
    with pytest.raises(VoucherUsedUp):
        await shop.redeem(await shop.basket(), None, Use(offer))
    await shop.redeem(held, None)
    await shop.release(held)
    assert await shop.used(offer) == 3


async def test_coupon_that_is_used_up_says_so(shop: Shop) -> None:
    user = await shop.user()
    once = await shop.campaign(offer_type="coupon", user=user, max_stock_limit=1)
    always = await shop.campaign(offer_type="coupon", user=user)
    basket = await shop.basket(user)
    epoch = await shop.stamp()
    await shop.hold(basket, user, *uses([once, always]))
    assert await shop.status("basket_offer", once) == "active"
    await shop.redeem(basket, user)
    assert [await shop.status("basket_offer", row) for row in (once, always)] == ["used", "active"]
    assert await shop.ids(user) == [always]
    assert await shop.stamp() == epoch


async def test_coupon_that_comes_with_a_use_is_the_users_own(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    offer = await shop.campaign(label="Come again", translations={"tr": {"label": "Yine gel"}}, max_stock_limit=9)
    basket = await shop.basket(user)
    await shop.hold(basket, user, Use(offer, coupon=1250, currency="try"))
    assert await shop.ids(user) == [offer], "not before it is paid for"
    await shop.redeem(basket, user)
    found = await shop.for_basket(user)
    (coupon,) = set(found.by_id) - {offer}
    given = found.by_id[coupon]
    assert (given.offer_type, given.user_id, given.currencies) == ("coupon", user, frozenset({"try"}))
    assert (given.offer.benefit.type, given.offer.benefit.amount) == ("fixed", Decimal("12.50"))
    assert (given.description("tr"), given.offer.max_applications) == ("Yine gel", 1)
    assert [await shop.ids(who) for who in (other, None)] == [[offer], [offer]]
    assert await shop.ids(user, currency="usd") == [offer]
    await shop.redeem(await shop.basket(user), user, Use(coupon))
    assert await shop.ids(user) == [offer]
    assert await shop.status("basket_offer", coupon) == "used"


async def test_guest_gets_no_coupon(shop: Shop) -> None:
    offer = await shop.campaign()
    await shop.redeem(await shop.basket(), None, Use(offer, coupon=1250, currency="try"))
    assert await shop.factory.scalar("SELECT count(*) FROM basket_offer") == 1


async def test_feeding_and_redeeming_at_once_come_to_an_end(shop: Shop) -> None:
    user = await shop.user()
    coupons = [await shop.campaign(offer_type="coupon", user=user, max_stock_limit=50) for _ in range(5)]
    baskets = [await shop.basket(user) for _ in range(20)]
    rows = [{"id": coupon, "priority": 4} for coupon in coupons]

    async def feed() -> None:
        for place in range(10):
            await shop.feed.rows(OFFERS, *(row | {"priority": place + 1} for row in rows))

    await asyncio.gather(feed(), *(shop.redeem(basket, user, *uses(coupons)) for basket in baskets))
    assert [await shop.used(coupon) for coupon in coupons] == [20] * 5


async def test_limit_that_comes_amid_uses_counts_all_of_them(shop: Shop) -> None:
    offer = await shop.campaign()
    early, late = [await shop.basket() for _ in range(2)], [await shop.basket() for _ in range(8)]
    async with shop.database.transaction() as work:
        for basket in early:
            await shop.redeem_in(work.connection, basket, Use(offer))
        limit = asyncio.create_task(shop.feed_one(OFFERS, id=offer, max_stock_limit=5))
        await asyncio.sleep(0.2)
        assert not limit.done(), "the limit has not waited for uses that are under way"
    await limit
    won = await outcomes(shop.redeem(basket, None, Use(offer)) for basket in late)
    assert (sum(won), await shop.used(offer), await redemptions(shop, "redeemed")) == (3, 5, 5)


async def test_offer_that_was_used_is_not_deleted(shop: Shop) -> None:
    offer = await shop.campaign(max_usage_per_user=1)
    await shop.redeem(await shop.basket(), await shop.user(), Use(offer))
    with pytest.raises(StillInUse):
        await shop.feed.delete(OFFERS, offer)
    assert await redemptions(shop, "redeemed") == 1
