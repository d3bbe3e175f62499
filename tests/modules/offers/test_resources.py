"""Campaigns as they are fed: in the shape of the documents, judged on the way in."""

from typing import Any

import pytest

from src.modules.integration.errors import StillInUse
from src.platform.errors import NotFound
from tests.modules.integration.feeds import counts, faults
from tests.modules.offers.shop import BENEFITS, CODES, COLLECTIONS, CONDITIONS, ITEMS, OFFERS, PROMOTIONS, Shop

TIMES = {"created_date": "2022-06-20T07:35:14.467162Z", "modified_date": "2022-09-26T12:20:48.037487Z"}
PROMOTION = {"id": 68, "translations": None, **TIMES, "name": "test coupon 1", "slug": "test-coupon-1"}
EMAILS = [["email_in", ["xxx@example.com", "yyy@example.com"]]]
CONDITION = {
    "id": 366,
    "condition_type": "quantity",
    "translations": None,
    **TIMES,
    "upsell_message": "",
    "kwargs": {
        "price_type": "unit_price",
        "value": 3,
        "consume_type": "locally",
        "query": EMAILS,
        "distinct_by": "sku",
        "sub_conditions": EMAILS,
    },
    "product_collection": 172,
}
BENEFIT = {
    "id": 68,
    "benefit_type": "sample_product",
    **TIMES,
    "kwargs": {
        "price_type": "unit_price",
        "allowed_quantity": 100,
        "amount": 50,
        "share_benefit_on_conditions": True,
        "consume_type": "locally",
    },
    "product_collection": None,
}
OFFER: dict[str, Any] = {
    "id": 68,
    "status": "used",
    "offer_type": "coupon",
    "currencies": ["eur"],
    "translations": None,
    **TIMES,
    "label": "test coupon 1",
    "voucher_code": None,
    "is_visible": True,
    "is_visible_on_list": False,
    "start_datetime": "2022-01-17T10:04:29.208000Z",
    "end_datetime": "2023-03-30T10:04:33.353000Z",
    "priority": 1,
    "allowed_quantity_per_basket": 1,
    "is_mergable": True,
    "max_usage_per_user": 0,
    "kwargs": {},
    "is_available_for_data_sources": False,
    "max_stock_limit": 0,
    "promotion": 68,
    "condition": 366,
    "benefit": 68,
    "user": 2247,
}
CODE = {
    "id": 34,
    "status": "active",
    **TIMES,
    "code": "EA1C07BB3C",
    "basket_offer": 68,
    "order": None,
    "discount_item": None,
    "user": None,
}
COLLECTION = {
    "id": 172,
    "collection_type": "static",
    **TIMES,
    "name": "Çok sevilenler",
    "is_active": True,
    "expiration_date": None,
    "uuid": "6e4b5598-6a4b-45cb-8443-5c71fc330f86",
    "slug": "cok-sevilenler",
    "sort_option": 298,
}
ITEM = {"id": 2708, **TIMES, "uuid": "284b3a0a-d358-4480-9525-0564d3caf1a3e", "product": 598, "collection": 172}
DOCUMENTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (COLLECTIONS, COLLECTION, {"is_active": False}),
    (ITEMS, ITEM, {"uuid": "x"}),
    (PROMOTIONS, PROMOTION, {"translations": {"tr": {"name": "Deneme"}}}),
    (CONDITIONS, CONDITION, {"upsell_message": None}),
    (BENEFITS, BENEFIT, {"kwargs": {"amount": 20}}),
    (OFFERS, OFFER, {"status": "passive"}),
    (CODES, CODE, {"status": "used", "order": 77}),
]


async def feed_documented(shop: Shop) -> None:
    """Feed the rows of the documents, and what they name."""
    await shop.feed_one("users", id=2247, email="u@example.com")
    await shop.feed.product("A", id=598)
    for path, row, _ in DOCUMENTED:
        assert counts(await shop.feed.rows(path, row)) == (1, 0, 0)


async def test_documented_rows_are_made_changed_and_left_alone(shop: Shop) -> None:
    await feed_documented(shop)
    for path, row, change in DOCUMENTED:
        assert counts(await shop.feed.rows(path, row)) == (0, 0, 1)
        assert counts(await shop.feed.rows(path, {"id": row["id"], **change})) == (0, 1, 0)
        assert counts(await shop.feed.rows(path, {**row, **change})) == (0, 1, 0), "the owner's modified_date"


async def test_rows_are_deleted_from_the_top_down_only(shop: Shop) -> None:
    await feed_documented(shop)
    for path, row in ((COLLECTIONS, 172), (PROMOTIONS, 68), (CONDITIONS, 366), (BENEFITS, 68), (OFFERS, 68)):
        with pytest.raises(StillInUse):
            await shop.feed.delete(path, row)
    for path, told in ((path, row["id"]) for path, row, _ in reversed(DOCUMENTED)):
        await shop.feed.delete(path, told)
        with pytest.raises(NotFound):
            await shop.feed.delete(path, told)
    tombstones = await shop.feed.query(
        "SELECT app_label, model, object_id FROM deleted_item JOIN content_type ON content_type_id = content_type.id"
    )
    models = ("productcollection", "productcollectionitem", "promotion", "condition", "benefit", "basketoffer")
    assert [row[:2] for row in sorted(tombstones)] == sorted(
        ("campaigns", model) for model in (*models, "bulkvouchercode")
    )


async def test_codes_and_items_are_found_by_what_they_are_about(shop: Shop) -> None:
    await feed_documented(shop)
    same = {"product": 598, "collection": 172}
    assert counts(await shop.feed.rows(ITEMS, same, {"sku": "A", "collection": 172})) == (0, 0, 2)
    assert counts(await shop.feed.rows(CODES, {"code": "EA1C07BB3C", "status": "passive"})) == (0, 1, 0)
    report = await shop.feed.rows(
        ITEMS, {"sku": "A", "product": 598, "collection": 172}, {"sku": "B", "collection": 172}
    )
    assert faults(report) == {0: ["sku"], 1: ["product"]}


async def test_currencies_are_lower_case_and_an_empty_code_is_none(shop: Shop) -> None:
    await shop.feed_one(OFFERS, id=1, currencies=["TRY", "usd"], voucher_code="")
    assert await shop.feed.query("SELECT currencies, voucher_code FROM basket_offer") == [(["try", "usd"], None)]


@pytest.mark.parametrize(
    ("path", "row", "fields"),
    [
        (CONDITIONS, {"kwargs": {}}, ["condition_type"]),
        (CONDITIONS, {"condition_type": "amounts", "kwargs": {}}, ["condition_type"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": {"value": -1}}, ["kwargs"]),
        (CONDITIONS, {"condition_type": "quantity", "kwargs": {"value": 1.5}}, ["kwargs"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": {"query": [["moon_phase", 1]]}}, ["kwargs"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": []}, ["kwargs"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": None}, ["kwargs"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": {}, "product_collection": 9}, ["product_collection"]),
        (CONDITIONS, {"condition_type": "amount", "kwargs": {}, "translations": "x"}, ["translations"]),
        (BENEFITS, {"benefit_type": "percentage"}, ["kwargs"]),
        (BENEFITS, {"benefit_type": "percentage", "kwargs": {}}, ["kwargs"]),
        (BENEFITS, {"benefit_type": "percentage", "kwargs": {"amount": 101}}, ["kwargs"]),
        (BENEFITS, {"benefit_type": "fixed", "kwargs": {"amount": "ten"}}, ["kwargs"]),
        (BENEFITS, {"benefit_type": "fixed", "kwargs": {"amount": 1, "price_type": "x"}}, ["kwargs"]),
        (BENEFITS, {"benefit_type": "gift", "kwargs": {}}, ["benefit_type"]),
        (OFFERS, {"status": "on"}, ["status"]),
        (OFFERS, {"offer_type": "secret"}, ["offer_type"]),
        (OFFERS, {"currencies": ["lira"]}, ["currencies"]),
        (OFFERS, {"currencies": "try"}, ["currencies"]),
        (OFFERS, {"currencies": None}, ["currencies"]),
        (OFFERS, {"priority": -1}, ["priority"]),
        (OFFERS, {"max_stock_limit": -1}, ["max_stock_limit"]),
        (OFFERS, {"max_usage_per_user": 2**31}, ["max_usage_per_user"]),
        (OFFERS, {"allowed_quantity_per_basket": 0.5}, ["allowed_quantity_per_basket"]),
        (
            OFFERS,
            {"promotion": 9, "condition": 9, "benefit": 9, "user": 9},
            ["promotion", "condition", "benefit", "user"],
        ),
        (CODES, {"code": "", "basket_offer": 1}, ["basket_offer", "code"]),
        (CODES, {"code": "x"}, ["basket_offer"]),
        (COLLECTIONS, {"collection_type": "magic"}, ["collection_type"]),
        (COLLECTIONS, {"query": [["basket__total_quantity__gte", 1]]}, ["query"]),
        (COLLECTIONS, {"query": [["sku_in", "A"]]}, ["query"]),
        (COLLECTIONS, {"query": {}}, ["query"]),
    ],
    ids=str,
)
async def test_bad_row_is_rejected(shop: Shop, path: str, row: dict[str, Any], fields: list[str]) -> None:
    good = {CONDITIONS: {"condition_type": "amount"}, BENEFITS: {"benefit_type": "shipping_free"}}.get(path, {})
    if path in (CODES, ITEMS):
        report = await shop.feed.rows(path, row)
        assert (counts(report), faults(report)) == ((0, 0, 0), {0: fields})
    else:
        report = await shop.feed.rows(path, good, row, good)
        assert (counts(report), faults(report)) == ((2, 0, 0), {1: fields})


async def test_type_and_kwargs_change_together(shop: Shop) -> None:
    await shop.feed_one(BENEFITS, id=1, benefit_type="shipping_free", kwargs={})
    assert faults(await shop.feed.rows(BENEFITS, {"id": 1, "benefit_type": "percentage"})) == {0: ["benefit_type"]}
    assert faults(await shop.feed.rows(BENEFITS, {"id": 1, "kwargs": {"price_type": "x"}})) == {0: ["kwargs"]}
    await shop.feed_one(BENEFITS, id=1, benefit_type="percentage", kwargs={"amount": 5})
    await shop.feed_one(BENEFITS, id=1, kwargs={"amount": 7})
    assert await shop.feed.query("SELECT benefit_type, kwargs FROM offer_benefit") == [("percentage", {"amount": 7})]


async def test_campaigns_come_as_csv_too(shop: Shop) -> None:
    body = 'id,condition_type,kwargs\n1,amount,"{""value"": 100}"\n2,amount,"{""value"": -1}"\n'
    report = await shop.feed.body(CONDITIONS, body, "text/csv")
    assert (counts(report), faults(report)) == ((1, 0, 0), {1: ["kwargs"]})
