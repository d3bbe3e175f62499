"""The commerce list: its order, its pages and links, its filters, and conditional reads of it."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.factories import Client, Factory, Product
from tests.modules.favourites.shapes import CommercePage, CommerceRefusal, Detail, read
from tests.modules.favourites.shop import COMMERCE, add, many_favourites, page, product_ids


async def some(shopper: Client, factory: Factory, *columns: dict[str, Any]) -> list[Product]:
    """Products with these columns, favourited in reverse order."""
    products = [await factory.product(**told) for told in columns]
    for product in reversed(products):
        await add(shopper, product)
    return products


async def test_list_is_in_the_order_of_product_ids(shopper: Client, factory: Factory) -> None:
    products = await some(shopper, factory, *({"base_code": code} for code in "dbca"))
    assert await product_ids(shopper) == [product.id for product in products]


async def test_links_lead_through_all_pages_and_back(shopper: Client, factory: Factory) -> None:
    ids = await many_favourites(factory, shopper, 7)
    seen: list[list[int]] = []
    url: str | None = f"{COMMERCE}?limit=3&unknown=kept"
    last = await page(shopper)
    while url:
        last = read(await shopper.get(url), CommercePage)
        assert last.count == 7
        seen.append([row.product.pk for row in last.results])
        url = last.next
        for link in (last.next, last.previous):
            if link:
                parts = urlsplit(link)
                assert (parts.scheme, parts.netloc, parts.path) == ("http", "shop.test", COMMERCE)
                assert parse_qs(parts.query).keys() == {"limit", "unknown", "page"}
    assert seen == [ids[0:3], ids[3:6], ids[6:]]
    assert last.previous
    assert [row.product.pk for row in read(await shopper.get(last.previous), CommercePage).results] == ids[3:6]


async def test_default_is_twenty_and_the_most_a_thousand(shopper: Client, factory: Factory) -> None:
    ids = await many_favourites(factory, shopper, 1003)
    assert await product_ids(shopper) == ids[:20]
    for limit in (1000, 1001, 10**9):
        first = await page(shopper, limit=limit)
        assert (first.count, [row.product.pk for row in first.results]) == (1003, ids[:1000])
    assert first.next
    assert [row.product.pk for row in read(await shopper.get(first.next), CommercePage).results] == ids[1000:]


@pytest.mark.parametrize(
    "params", [{"page": 2}, {"page": 4, "limit": 1}, {"page": "9" * 30}, {"page": "9" * 6000}], ids=str
)
async def test_page_past_the_end_is_not_found(shopper: Client, factory: Factory, params: dict[str, Any]) -> None:
    await some(shopper, factory, {}, {}, {})
    read(await shopper.get(COMMERCE, params=params), Detail, 404)
    filtered = await shopper.get(COMMERCE, params={**params, "product__name": "product"})
    read(filtered, Detail, 404)


async def test_first_page_is_there_even_of_nothing(shopper: Client) -> None:
    assert (await page(shopper, page=1, limit=12)).results == []
    assert (await page(shopper, page="001")).results == []
    assert (await page(shopper, page=1, product__name="nothing")).count == 0


async def test_page_that_is_far_away_does_not_disturb_who_reads_at_the_same_time(
    shopper: Client, other: Client, factory: Factory
) -> None:
    """They share a statement; what one of them asks for must never fail it."""
    product = (await some(shopper, factory, {}))[0]
    far = [other.get(COMMERCE, params={"page": "9" * digits, "limit": "1000"}) for digits in (15, 16, 17, 18, 19, 40)]
    near = [shopper.get(COMMERCE) for _ in range(6)]
    answers = await asyncio.gather(*(one for pair in zip(far, near, strict=True) for one in pair))
    assert [answer.status_code for answer in answers] == [404, 200] * 6
    assert answers[1].json()["results"][0]["product"]["pk"] == product.id


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "all", "%00"])
@pytest.mark.parametrize("name", ["page", "limit"])
async def test_page_or_limit_that_is_no_positive_number_is_refused(shopper: Client, name: str, value: str) -> None:
    answer = await shopper.get(f"{COMMERCE}?{name}={value}")
    assert answer.status_code == 400
    assert answer.json() == {name: ["Must be a positive whole number"]}


async def test_filter_by_product_id_takes_one_or_several(shopper: Client, factory: Factory) -> None:
    a, b, c, d = [product.id for product in await some(shopper, factory, {}, {}, {}, {})]
    assert await product_ids(shopper, product_id=b) == [b]
    assert await product_ids(shopper, product_id=f"{c},{a}") == [a, c]
    assert await product_ids(shopper, product_id=[b, d]) == [b, d]
    assert await product_ids(shopper, product_id=[f"{a},{b}", d]) == [a, b, d]
    assert await product_ids(shopper, product_id=f"{a},,") == [a]
    assert await product_ids(shopper, product_id=f"000{a}") == [a]
    assert await product_ids(shopper, product_id="") == [a, b, c, d]
    for nobody in (10**12, 10**18, 2**63 - 1, 2**63, 10**40, "0" * 20 + "9" * 5000, 0):
        assert await product_ids(shopper, product_id=f"{nobody},{b}") == [b]


@pytest.mark.parametrize("value", ["abc", "1.5", "1,x", "-1", "٣", "1;drop", "%00", "1%002"])
async def test_filter_by_something_that_is_no_id_is_refused(shopper: Client, value: str) -> None:
    answer = await shopper.get(f"{COMMERCE}?product_id={value}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["product_id"]


async def test_filter_by_base_code_takes_one_or_several(shopper: Client, factory: Factory) -> None:
    x, y, z, twin = await some(
        shopper, factory, {"base_code": "1KX"}, {"base_code": "1KY"}, {"base_code": "1kz"}, {"base_code": "1KX"}
    )
    await add(shopper, await factory.product(base_code=None))
    assert await product_ids(shopper, base_code__in="1KX") == [x.id, twin.id]
    assert await product_ids(shopper, base_code__in="1KY,1kz,none") == [y.id, z.id]
    assert await product_ids(shopper, base_code__in=["1KY", "1KX"]) == [x.id, y.id, twin.id]
    assert await product_ids(shopper, base_code__in="1KZ") == []
    assert await product_ids(shopper, base_code__in="1KX", product_id=twin.id) == [twin.id]
    assert await product_ids(shopper, base_code__in="1KY", product_id=x.id) == []


async def test_filter_by_name_finds_a_part_in_any_case(shopper: Client, factory: Factory) -> None:
    a, b, c = await some(shopper, factory, {"name": "Leonce NEVRESIM 100%_x"}, {"name": "Gitar"}, {"name": "C:\\ÖRTÜ"})
    for text, found in (
        ("nevresim", [a]),
        ("GITAR", [b]),
        ("örtü", [c]),
        ("%", [a]),
        ("_", [a]),
        ("100%_x", [a]),
        ("\\", [c]),
        ("e_n", []),
        ("no such", []),
        ("\N{REPLACEMENT CHARACTER}", []),
        ("", [a, b, c]),
    ):
        assert await product_ids(shopper, product__name=text) == [product.id for product in found], text
    assert (await page(shopper, product__name="t", limit=1)).next is not None


async def test_example_of_the_document_filters_by_all_three(shopper: Client, factory: Factory) -> None:
    wanted, *_ = await some(
        shopper,
        factory,
        {"base_code": "1KCICK0860", "name": "A Test"},
        {"base_code": "1KCICK0860", "name": "A Test"},
        {"base_code": "1KCICK0860", "name": "other"},
    )
    query = {"product_id": wanted.id, "base_code__in": "1KCICK0860", "product__name": "test"}
    assert await product_ids(shopper, **query) == [wanted.id]


@pytest.mark.parametrize("name", ["base_code__in", "product__name", "product_id"])
async def test_filter_that_can_not_be_compared_is_refused(shopper: Client, name: str) -> None:
    assert (await shopper.get(f"{COMMERCE}?{name}=a%00b")).status_code == 400
    assert (await shopper.get(f"{COMMERCE}?{name}=%ff%fe")).status_code in (200, 400)
    many = await shopper.get(COMMERCE, params={name: ",".join(["1"] * 1001)})
    assert many.status_code == (200 if name == "product__name" else 400)


async def test_pages_of_a_filtered_list_keep_its_filters(shopper: Client, factory: Factory) -> None:
    products = await some(shopper, factory, *({"name": f"Zebra {n}"} for n in range(3)), {"name": "other"})
    second = await page(shopper, product__name="zebra", limit=1, page=2)
    assert second.count == 3
    assert [row.product.pk for row in second.results] == [products[1].id]
    for link in (second.next, second.previous):
        assert link
        assert "product__name=zebra" in link
        assert "limit=1" in link


async def test_list_that_did_not_change_is_not_sent_again(shopper: Client, factory: Factory) -> None:
    product = (await some(shopper, factory, {}))[0]
    whole = await shopper.get(COMMERCE)
    tag = whole.headers["etag"]
    assert tag.startswith('"')
    assert whole.headers["cache-control"] == "private, no-cache"
    for header in (tag, f'"x", W/{tag}', "*"):
        unchanged = await shopper.get(COMMERCE, headers={"If-None-Match": header})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    for change in (
        factory.price(product, "5.00"),
        factory.stock(product, 0),
        factory.execute("UPDATE product SET name = 'New' WHERE id = %s", product.id),
        add(shopper, await factory.product()),
    ):
        await change
        await factory.touch(product.id)
        changed = await shopper.get(COMMERCE, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        tag = changed.headers["etag"]


async def test_tag_is_that_of_one_shopper_one_query_and_one_currency(
    shopper: Client, other: Client, factory: Factory
) -> None:
    product = await factory.product()
    await factory.price(product, "1.00", currency_type="usd")
    for one in (shopper, other):
        await add(one, product)
    tag = (await shopper.get(COMMERCE)).headers["etag"]
    for another in (
        await other.get(COMMERCE, headers={"If-None-Match": tag}),
        await shopper.get(COMMERCE, params={"product_id": 7}, headers={"If-None-Match": tag}),
        await shopper.get(COMMERCE, headers={"If-None-Match": tag, "X-Currency": "usd"}),
    ):
        assert another.status_code == 200


async def test_refusals_carry_no_tag(shopper: Client) -> None:
    answer = await shopper.get(COMMERCE, params={"page": 2})
    assert answer.status_code == 404
    assert "etag" not in answer.headers
    assert read(await shopper.post(COMMERCE, content=b"{"), CommerceRefusal, 400).error_code == "invalid"
