"""What a basket costs, as a pure function of its lines and the offers."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.baskets.dtos import SegmentView
from src.modules.baskets.lines import LineRow
from src.modules.baskets.pricing import judge, price
from src.modules.baskets.views import Head, envelope, view
from src.modules.offers import Benefit, Campaign, Collection, Condition
from tests.acceptance.basket_shapes import Answer, Basket, check
from tests.modules.baskets.rows import SHOPPER, campaign, offers, row

HEAD = Head(1, 1, "active", None, None, None, None, None, SegmentView(None, None, None))
PRODUCT = {
    "pk": 0,
    "name": "",
    "sku": "",
    "base_code": None,
    "attributes": {},
    "attribute_set": None,
    "attributes_kwargs": {},
    "extra_attributes": {},
    "productimage_set": [],
    "price": None,
    "in_stock": True,
    "currency_type": None,
    "retail_price": None,
    "unit_type": None,
    "absolute_url": "/product/0/",
    "productvideo_set": [],
    "product_type": "0",
    "price_type": None,
    "form_schema": None,
    "is_ready_to_basket": True,
    "stock": None,
    "data_source": None,
}


def shown(rows: list[LineRow], *campaigns: Campaign) -> Basket:
    """What a shopper is told of it, checked for its sums."""
    products = {known.product_id: msgspec.json.encode({**PRODUCT, "pk": known.product_id}) for known in rows}
    told = view(HEAD, price(rows, offers(*campaigns), SHOPPER), products, "en")
    basket = msgspec.json.decode(envelope(told), type=Answer).basket
    # The example is a basket that is there, but nobody knows since when.
    basket.pk = None
    check(basket)
    return basket


def test_basket_without_lines_costs_nothing() -> None:
    assert shown([], campaign(1)).sums == ("0.00", "0.00", "0.00")


def test_offers_take_off_lines_what_they_take_off_the_basket() -> None:
    basket = shown([row(1, 1000, 2), row(2, 333)], campaign(1), campaign(2, Benefit("fixed", Decimal("1.01"))))
    assert basket.sums == ("23.33", "3.34", "19.99")
    assert basket.given == {"Offer 1": Decimal("2.33"), "Offer 2": Decimal("1.01")}
    assert basket.line(101).discounts.keys() == {"Offer 1", "Offer 2"}


def test_free_shipping_and_points_are_told_and_take_nothing_off() -> None:
    basket = shown([row(1)], campaign(1, Benefit("shipping_free")), campaign(2, Benefit("point", Decimal(7))))
    assert (basket.shipping_free, basket.points, basket.discounts) == (True, 7, [])
    assert basket.line(101).shipping_discount == "0.00"
    assert basket.sums == ("10.00", "0.00", "10.00")


def test_retail_price_falls_back_to_the_price() -> None:
    basket = shown([row(1, 1000), row(2, 1000, retail_price=1500)])
    assert [line.retail_price for line in basket.basketitem_set] == ["10.00", "15.00"]


def test_offer_of_a_collection_sees_the_products_that_are_in_it() -> None:
    listed = Collection(5, live=True, terms=None)
    offer = campaign(1, Benefit("percentage", Decimal(50), collection=5), collections=(listed,))
    basket = shown([row(1, 1000, collections=(5, 6)), row(2, 1000, collections=(6,)), row(3)], offer)
    assert basket.line(101).discount_amount == "5.00"
    assert basket.total_discount_amount == "5.00"
    ended = campaign(1, offer.offer.benefit, collections=(Collection(5, live=False, terms=None),))
    assert shown([row(1, 1000, collections=(5,))], ended).total_discount_amount == "0.00"


def test_line_that_can_not_be_bought_is_neither_counted_nor_discounted() -> None:
    basket = shown([row(1), row(2, is_for_sale=False)], campaign(1, condition=Condition("quantity", 2)), campaign(2))
    assert basket.sums == ("10.00", "1.00", "9.00")
    assert basket.total_quantity == 1
    assert basket.reasons == {102: "inactive"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"stock": 3}, None),
        ({"stock": 2}, "over_stock"),
        ({"stock": 0}, "out_of_stock"),
        ({"stock": 0, "in_stock": False}, "out_of_stock"),
        ({"stock": 9, "in_stock": False}, "out_of_stock"),
        ({"price": None}, "no_price"),
        ({"price": None, "stock": 2}, "no_price"),
        ({"price": None, "stock": 0}, "out_of_stock"),
        ({"is_for_sale": False, "price": None, "stock": 0}, "inactive"),
        ({"price": 0}, None),
    ],
)
def test_reason_is_the_first_that_there_is(changed: dict[str, Any], reason: str | None) -> None:
    line = row(1, **{"quantity": 3, **changed})
    assert judge([line]) == ({} if reason is None else {1: reason})


def test_lines_of_a_product_share_its_stock_and_the_younger_falls_short() -> None:
    lines = [row(number, quantity=2, product_id=9, stock=5) for number in (3, 1, 2)]
    assert judge(lines) == {3: "over_stock"}


def test_line_that_is_too_much_leaves_the_stock_to_a_younger_one() -> None:
    assert judge([row(1, quantity=6, product_id=9, stock=5), row(2, quantity=5, product_id=9, stock=5)]) == {
        1: "over_stock"
    }


def test_bundle_is_bought_as_a_whole_or_not_at_all() -> None:
    bundle = [row(1), row(4, parent_id=1), row(5, parent_id=1, in_stock=False)]
    assert judge([*bundle, row(2)]) == {1: "out_of_stock", 4: "out_of_stock", 5: "out_of_stock"}
    # What a bundle does not take, another line may.
    shared = [row(1, stock=1, product_id=9), row(3, parent_id=1, is_for_sale=False), row(2, stock=1, product_id=9)]
    assert judge(shared) == {1: "inactive", 3: "inactive"}
    assert judge([row(1, stock=1, product_id=9), row(2, stock=1, product_id=9, parent_id=1)]) == {
        1: "over_stock",
        2: "over_stock",
    }


ROWS = st.lists(
    st.builds(
        lambda number, **changed: row(number, **changed),
        number=st.integers(1, 10**6),
        price=st.none() | st.integers(0, 10**18),
        quantity=st.integers(1, 9999),
        product_id=st.integers(1, 5),
        retail_price=st.none() | st.integers(0, 10**18),
        in_stock=st.sampled_from([True, True, True, False]),
        is_for_sale=st.sampled_from([True, True, True, False]),
        from_data_source=st.booleans(),
        seen_price=st.none() | st.integers(0, 10**18),
        seen_currency=st.sampled_from([None, "try", "usd"]),
        seen_offers=st.lists(st.integers(1, 4)).map(tuple),
    ),
    max_size=6,
    unique_by=lambda known: known.id,
)
AMOUNTS = st.decimals(0, 200, places=2)
BENEFITS = st.builds(
    Benefit,
    type=st.sampled_from(["percentage", "fixed", "multibuy", "sample_product", "shipping_free", "point", "coupon"]),
    amount=AMOUNTS,
    price_type=st.sampled_from(["unit_price", "discount_unit_price", "retail_price"]),
    consumes_globally=st.booleans(),
    allowed_quantity=st.none() | st.integers(0, 5),
    shared_with_condition=st.booleans(),
)
CONDITIONS = st.builds(
    Condition,
    type=st.sampled_from(["amount", "quantity", "distinct"]),
    value=st.integers(0, 20_000),
    consumes_globally=st.booleans(),
)
CAMPAIGNS = st.lists(st.tuples(BENEFITS, CONDITIONS, st.booleans()), max_size=4)


@given(rows=ROWS, told=CAMPAIGNS)
def test_sums_add_up_to_the_cent_whatever_the_order_of_rows(
    rows: list[LineRow], told: list[tuple[Benefit, Condition, bool]]
) -> None:
    campaigns = [
        campaign(number, benefit, condition, is_mergable=mergable, upsell_message="{remaining}")
        for number, (benefit, condition, mergable) in enumerate(told, 1)
    ]
    basket = shown(rows, *campaigns)
    assert len(basket.basketitem_set) + len(basket.unavailable_basket_products) == len(rows)
    assert Decimal(basket.total_amount) >= 0
    again = shown(rows[::-1], *campaigns[::-1])
    assert (again.sums, again.quantities, again.given) == (basket.sums, basket.quantities, basket.given)


STOCKS = st.dictionaries(st.integers(1, 3), st.integers(0, 12), min_size=3, max_size=3)


@given(rows=ROWS, stocks=STOCKS, parents=st.lists(st.booleans(), min_size=6, max_size=6))
def test_never_more_is_sold_than_there_is(rows: list[LineRow], stocks: dict[int, int], parents: list[bool]) -> None:
    first = min((known.id for known in rows), default=0)
    lines = [
        msgspec.structs.replace(
            known,
            quantity=known.quantity % 12 + 1,
            stock=stocks.get(known.product_id),
            parent_id=first if hangs_on and known.id != first else None,
        )
        for known, hangs_on in zip(rows, parents, strict=False)
    ]
    reasons = judge(lines)
    assert judge(lines[::-1]) == reasons
    for product, stock in stocks.items():
        assert (
            sum(known.quantity for known in lines if known.product_id == product and known.id not in reasons) <= stock
        )
    bundle = {known.id for known in lines if known.parent_id is not None}
    assert not bundle or len({first, *bundle} & set(reasons)) in (0, len(bundle) + 1)
