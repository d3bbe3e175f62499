"""What GET /storefront/favorites/updates can be narrowed to, and what it refuses."""

from typing import Any

import pytest

from tests.factories import Client
from tests.modules.favourites.shapes import Invalid, read
from tests.modules.updates.shop import UPDATES, Shop, kinds, updates, want


async def test_since_is_strictly_after(shop: Shop, shopper: Client) -> None:
    products = [await shop.product() for _ in range(3)]
    favourites = [await want(shopper, product) for product in products]
    for product in products:
        await shop.price(product, "1.00")
    told = (await updates(shopper)).price_changed
    times = [element.price_change.changed_at for element in told]
    assert await kinds(shopper, since=times[1]) == {"price_changed": [favourites[2]]}
    assert (await updates(shopper, since=times[1])).summary.total_updates == 1
    assert await kinds(shopper, since=times[0]) == {}
    assert len((await kinds(shopper, since="1999-01-01T00:00:00+03:00"))["price_changed"]) == 3


async def test_kinds_that_are_not_asked_for_are_empty(shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    favourite = await want(shopper, product)
    await shop.price(product, "1.00")
    await shop.stock(product, 0)
    assert await kinds(shopper, kinds="out_of_stock") == {"out_of_stock": [favourite]}
    told = await updates(shopper, kinds="newly_available,price_changed")
    assert told.summary.price_changed_count == told.summary.total_updates == 1
    assert await kinds(shopper, kinds="price_changed,out_of_stock,newly_available") == await kinds(shopper)


async def test_limit_is_per_list_and_the_summary_counts_all(shop: Shop, shopper: Client) -> None:
    favourites = []
    for _ in range(4):
        product = await shop.product()
        favourites.append(await want(shopper, product))
        await shop.price(product, "1.00")
        await shop.stock(product, 0)
    told = await updates(shopper, limit=2)
    assert [element.id for element in told.price_changed] == [favourites[3], favourites[2]]
    assert [element.id for element in told.out_of_stock] == [favourites[3], favourites[2]]
    assert (told.summary.price_changed_count, told.summary.out_of_stock_count) == (4, 4)
    assert told.summary.total_updates == 8
    assert len((await updates(shopper, limit=500)).price_changed) == 4


async def test_answers_to_different_questions_are_kept_apart(shop: Shop, shopper: Client) -> None:
    product = await shop.product()
    await want(shopper, product)
    await shop.price(product, "1.00")
    for _ in range(2):
        assert await kinds(shopper, kinds="out_of_stock") == {}
        assert len(await kinds(shopper)) == 1
        assert await kinds(shopper, since="2999-01-01T00:00:00Z") == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("limit", value) for value in ("0", "501", "-1", "x", "", "1.0", "9" * 40, "\N{ARABIC-INDIC DIGIT ONE}")),
        *(("kinds", value) for value in ("", "price", "price_changed,", "PRICE_CHANGED", "\0")),
        *(("since", value) for value in ("", "x", "2023-12-01", "2023-12-01T14:00:00", "1701439200")),
        *(("since", value) for value in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\0")),
    ],
)
async def test_what_makes_no_sense_is_refused(shopper: Client, field: str, value: Any) -> None:
    refused = read(await shopper.get(UPDATES, params={field: value}), Invalid, 400)
    assert [fault.field for fault in refused.errors] == [field]


async def test_unknown_parameters_are_ignored(shopper: Client) -> None:
    assert (await shopper.get(f"{UPDATES}?page=2&x=y")).status_code == 200
