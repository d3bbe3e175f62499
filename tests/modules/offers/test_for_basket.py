"""Which offers a basket is judged by."""

from typing import Any

import pytest

from src.modules.offers import NOTHING_OF_ONES_OWN, OfferQuery, ProductFacts, Use
from tests.modules.offers.shop import BENEFITS, FUTURE, OFFERS, PAST, Shop, uses
from tests.statements import Statements

CODE_TYPES = ["coupon_code", "voucher_code"]
BULK_TYPES = ["bulk_voucher_code", "bulk_coupon"]


async def test_sitewide_offers_are_for_everybody_while_they_are_in_force(shop: Shop) -> None:
    user = await shop.user()
    plain = await shop.campaign()
    running = await shop.campaign(start_datetime=PAST, end_datetime=FUTURE)
    await shop.campaign(end_datetime=PAST)
    await shop.campaign(start_datetime=FUTURE)
    await shop.campaign(status="passive")
    await shop.campaign(status="used")
    await shop.feed_one(OFFERS, id=9001, offer_type="sitewide")
    assert await shop.ids() == await shop.ids(user) == [plain, running]


async def test_offers_that_one_user_or_a_code_has_are_nobody_elses(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    coupon = await shop.campaign(offer_type="coupon", user=user)
    personal = await shop.campaign(offer_type="sitewide", user=user)
    shared = await shop.campaign(offer_type="bulk_coupon")
    await shop.code(shared, "MINE", user=user)
    await shop.code(shared, "ANYBODYS")
    await shop.campaign(offer_type="coupon")
    for offer_type in (*CODE_TYPES, *BULK_TYPES):
        await shop.campaign(offer_type=offer_type, voucher_code=offer_type)
    await shop.campaign(offer_type="coupon", user=user, end_datetime=PAST)
    await shop.campaign(offer_type="coupon", user=user, status="used")
    assert await shop.ids(user) == [coupon, personal, shared]
    assert await shop.ids() == await shop.ids(other) == []


@pytest.mark.parametrize("offer_type", CODE_TYPES)
async def test_code_of_an_offer_adds_it(shop: Shop, offer_type: str) -> None:
    everybodys = await shop.campaign()
    coded = await shop.campaign(offer_type=offer_type, voucher_code="ten")
    for user in (None, await shop.user()):
        found = await shop.for_basket(user, "ten")
        assert (sorted(found.by_id), found.refusal) == ([everybodys, coded], None)
        assert (found.voucher_offers, found.bulk_codes) == (frozenset({coded}), {})
        assert [offer.id for offer in found.offers] == [campaign.id for campaign in found.campaigns]


@pytest.mark.parametrize("offer_type", BULK_TYPES)
async def test_bulk_code_adds_its_offer(shop: Shop, offer_type: str) -> None:
    offer = await shop.campaign(offer_type=offer_type)
    first, second = [await shop.code(offer, code) for code in ("A", "B")]
    for code, row in (("A", first), ("B", second)):
        found = await shop.for_basket(None, code)
        assert (found.refusal, found.voucher_offers, found.bulk_codes) == (None, frozenset({offer}), {offer: row})


async def test_one_code_may_stand_for_several_offers(shop: Shop) -> None:
    lira = await shop.campaign(offer_type="voucher_code", voucher_code="x", currencies=["try"])
    dollar = await shop.campaign(offer_type="voucher_code", voucher_code="x", currencies=["usd"])
    assert [await shop.ids(code="x", currency=currency) for currency in ("try", "usd", "eur")] == [[lira], [dollar], []]
    assert await shop.refusal(None, "x") is None
    assert await shop.refusal(None, "x", "eur") == "basket_113"


async def test_own_coupon_that_is_entered_as_well_counts_once(shop: Shop) -> None:
    user = await shop.user()
    offer = await shop.campaign(offer_type="bulk_coupon")
    first, second = [await shop.code(offer, code, user=user) for code in ("A", "B")]
    assert (await shop.for_basket(user)).bulk_codes == {offer: first}
    found = await shop.for_basket(user, "B")
    assert (len(found.campaigns), found.bulk_codes, found.voucher_offers) == (1, {offer: second}, frozenset({offer}))


async def test_currencies_sift_everything(shop: Shop) -> None:
    user = await shop.user()
    either = await shop.campaign(currencies=["try", "usd"])
    await shop.campaign(currencies=["eur"])
    await shop.campaign(offer_type="coupon", user=user, currencies=["eur"])
    assert await shop.ids(user) == [either]
    assert await shop.ids(user, currency="gbp") == []


async def test_refusals_say_what_is_in_the_way(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()

    async def campaign(code: str, **offer: Any) -> int:
        return await shop.campaign(offer_type="voucher_code", voucher_code=code, **offer)

    await campaign("passive", status="passive")
    await campaign("over", end_datetime=PAST)
    await campaign("ahead", start_datetime=FUTURE)
    await campaign("spent", status="used")
    await campaign("euro", currencies=["eur"])
    await campaign("his", user=user)
    await campaign("his-spent", user=user, status="used")
    await campaign("his-passive", user=user, status="passive")
    limited = await campaign("limited", max_stock_limit=1)
    per_user = await campaign("per-user", max_usage_per_user=1)
    sitewide = await shop.campaign(voucher_code="sitewide")
    bulk = await shop.campaign(offer_type="bulk_voucher_code", voucher_code="bulk")
    for code in ("passive", "used"):
        await shop.code(bulk, f"bulk-{code}", status=code)
    await shop.code(bulk, "bulk-his", user=user)
    told = {
        code: await shop.refusal(other, code)
        for code in (
            "unknown",
            "passive",
            "over",
            "ahead",
            "spent",
            "euro",
            "his",
            "his-spent",
            "his-passive",
            "limited",
            "per-user",
            "sitewide",
            "bulk",
            "bulk-passive",
            "bulk-used",
            "bulk-his",
        )
    }
    assert told == {
        "unknown": "basket_110",
        "passive": "basket_110",
        "over": "basket_111",
        "ahead": "basket_111",
        "spent": "basket_112",
        "euro": "basket_113",
        "his": "basket_113",
        "his-spent": "basket_113",
        "his-passive": "basket_110",
        "limited": None,
        "per-user": None,
        "sitewide": "basket_110",
        "bulk": "basket_110",
        "bulk-passive": "basket_110",
        "bulk-used": "basket_112",
        "bulk-his": "basket_113",
    }
    assert [await shop.refusal(user, code) for code in ("his", "his-spent", "bulk-his")] == [None, "basket_112", None]
    assert [await shop.refusal(None, code) for code in ("his", "bulk-his", "per-user")] == ["basket_113"] * 3
    await shop.redeem(await shop.basket(other), other, *uses([limited, per_user]))
    assert [await shop.refusal(other, code) for code in ("limited", "per-user")] == ["basket_112"] * 2
    assert [await shop.refusal(user, code) for code in ("limited", "per-user")] == ["basket_112", None]
    assert await shop.ids(other, "limited") == [sitewide]


async def test_offers_with_a_limit_go_when_it_is_reached(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    in_all = await shop.campaign(max_stock_limit=2)
    per_user = await shop.campaign(max_usage_per_user=2)
    coupon = await shop.campaign(offer_type="coupon", user=user, max_stock_limit=1)
    assert [await shop.ids(who) for who in (user, other, None)] == [
        [in_all, per_user, coupon],
        [in_all, per_user],
        [in_all],
    ]
    await shop.redeem(await shop.basket(user), user, *uses([in_all, per_user, coupon]))
    assert [await shop.ids(who) for who in (user, other, None)] == [[in_all, per_user], [in_all, per_user], [in_all]]
    await shop.hold(await shop.basket(user), user, *uses([in_all, per_user]))
    assert [await shop.ids(who) for who in (user, other, None)] == [[], [per_user], []]


async def test_bulk_code_that_a_basket_holds_is_used_up_for_others(shop: Shop) -> None:
    offer = await shop.campaign(offer_type="bulk_voucher_code")
    code, basket = await shop.code(offer, "A"), await shop.basket()
    await shop.hold(basket, None, Use(offer, code))
    assert await shop.refusal(None, "A") == "basket_112"
    await shop.release(basket)
    assert await shop.refusal(None, "A") is None


async def test_campaign_that_says_nonsense_is_left_out(shop: Shop) -> None:
    good, bad = await shop.campaign(), await shop.campaign()
    coded = await shop.campaign(offer_type="voucher_code", voucher_code="x")
    for offer in (bad, coded):
        await shop.factory.execute("UPDATE offer_benefit SET kwargs = '{\"amount\": 900}' WHERE id = %s", offer)
    assert await shop.ids(code="x") == [good]
    assert await shop.refusal(None, "x") == "basket_110"


async def test_texts_are_told_in_the_shoppers_language(shop: Shop) -> None:
    labelled = await shop.campaign(label="Ten off", translations={"tr-tr": {"label": "Yüzde on"}})
    named = await shop.campaign(
        condition={"upsell_message": "Nearly {remaining}", "translations": {"ar": {"upsell_message": "تقريبا"}}}
    )
    found = (await shop.for_basket()).by_id
    assert [found[labelled].description(language) for language in ("tr", "en")] == ["Yüzde on", "Ten off"]
    assert found[named].description("tr") == f"Promotion {named}"
    assert [found[named].upsell(language) for language in ("ar", "en")] == ["تقريبا", "Nearly {remaining}"]
    assert found[labelled].upsell("en") is None


async def test_collections_hold_what_is_listed_or_fulfils_their_terms(shop: Shop) -> None:
    product = await shop.factory.product()
    listed = await shop.collection(product)
    dynamic = await shop.collection(collection_type="dynamic", query=[["attributes__color", "red"]])
    gone = await shop.collection(product, is_active=False)
    gone_too = await shop.collection(collection_type="dynamic", query=[], expiration_date=PAST)
    unnamed = await shop.collection(product)
    for first, second in ((listed, dynamic), (gone, gone_too)):
        await shop.campaign(
            condition={"product_collection": first},
            benefit={"benefit_type": "shipping_free", "kwargs": {}, "product_collection": second},
        )
    offers = await shop.for_basket()
    red = ProductFacts(sku="A", base_code=None, categories=frozenset(), attributes={"color": "red"})
    blue = ProductFacts(sku="A", base_code=None, categories=frozenset(), attributes={"color": "blue"})
    assert offers.collections_of(red, [listed, gone, unnamed]) == {listed, dynamic}
    assert offers.collections_of(blue, [listed, gone]) == {listed}
    assert offers.collections_of(blue, None) == frozenset()


async def test_campaign_that_did_not_change_stays_the_same_object(shop: Shop) -> None:
    same, changed = await shop.campaign(), await shop.campaign()
    before = await shop.for_basket()
    await shop.feed_one(BENEFITS, id=changed, kwargs={"amount": 20})
    after = await shop.for_basket()
    assert after.by_id[same] is before.by_id[same]
    assert after.by_id[changed] is not before.by_id[changed]
    assert await shop.for_basket() is after


async def test_who_has_nothing_of_his_own_is_not_asked_for(shop: Shop, statements: Statements) -> None:
    user = await shop.user()
    await shop.campaign(max_usage_per_user=1)
    await shop.for_basket()
    stamp = await shop.stamp()
    async with shop.database.read() as connection:
        statements.sent.clear()
        for who, shopper_stamp in ((None, None), (user, NOTHING_OF_ONES_OWN)):
            await shop.offers.for_basket(connection, OfferQuery(stamp, who, None, "try", shopper_stamp))
        assert statements.sent == []
        await shop.offers.for_basket(connection, OfferQuery(stamp, user, "x", "try"))
        assert len(statements.sent) == 2
