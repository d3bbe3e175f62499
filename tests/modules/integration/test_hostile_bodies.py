"""Bodies that somebody made to hurt: each has a clear answer, soon."""

import pytest

from tests.factories import Client, Factory

FEEDS = "/api/v1/integration/feeds/merchant"
PRICES = "/api/v1/integration/catalogs/product-prices"
MANY = 30_000


@pytest.fixture
async def feeder(factory: Factory) -> Client:
    return await factory.shopper("integration")


@pytest.mark.parametrize("encoding", ["nonsense", "shift_jis", "idna", "hex"])
async def test_xml_in_an_encoding_that_is_not_known_is_no_feed(feeder: Client, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss></rss>'
    answer = await feeder.post(FEEDS, content=body.encode(), headers={"Content-Type": "application/xml"})
    assert answer.status_code == 400


async def test_quantity_of_very_many_digits_loses_only_its_item(feeder: Client) -> None:
    digits = "0" * 5000 + "1" + "0" * 30
    head = "id\ttitle\tavailability\tprice\tquantity\n"
    body = f"{head}A\tx\tin_stock\t1 TRY\t{digits}\nB\ty\tin_stock\t1 TRY\t2\n"
    answer = await feeder.post(FEEDS, content=body.encode(), headers={"Content-Type": "text/tab-separated-values"})
    assert [rejection["line"] for rejection in answer.json()["rejected"]] == [2]
    assert answer.json()["created"] >= 1


async def test_one_key_very_many_times_is_merged_in_one_pass(feeder: Client, factory: Factory) -> None:
    product = await factory.product()
    rows = "".join(f'{{"product": {product.id}, "price": "{number}.00"}}\n' for number in range(1, MANY + 1))
    answer = await feeder.post(PRICES, content=rows.encode(), headers={"Content-Type": "application/x-ndjson"})
    assert (answer.json()["received"], answer.json()["updated"], answer.json()["rejected"]) == (MANY, 1, [])
    assert await factory.scalar("SELECT price FROM product_price WHERE product_id = %s", product.id) == MANY
    body = "id\ttitle\tavailability\tprice\n" + "".join(
        f"SAME\tx{n}\tin_stock\t{n}.00 TRY\n" for n in range(1, MANY + 1)
    )
    answer = await feeder.post(FEEDS, content=body.encode(), headers={"Content-Type": "text/tab-separated-values"})
    assert answer.json()["rejected"] == []
    assert await factory.scalar("SELECT name FROM product WHERE sku = 'SAME'") == f"x{MANY}"


@pytest.mark.parametrize("number", ["1_0", "+1", "\u0663", "-1", "x", "9" * 30])
async def test_id_that_is_written_in_another_way_names_nothing(feeder: Client, number: str) -> None:
    assert (await feeder.delete(f"/api/v1/integration/products/products/{number}")).status_code == 404


@pytest.mark.parametrize("path", ["/wishlists/favourite-products", "/storefront/favorites"])
async def test_deeply_nested_json_is_refused(factory: Factory, path: str) -> None:
    shopper = await factory.shopper()
    for field in ("product", "variant_id"):
        body = f'{{"{field}":{"[" * 900}{"]" * 900}}}'
        answer = await shopper.post(path, content=body.encode(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


@pytest.mark.parametrize(("depth", "accepted"), [(100, True), (101, False)])
async def test_json_that_is_nested_too_deep_is_rejected(feeder: Client, depth: int, accepted: bool) -> None:
    nested = '{"a": ' * depth + '"[[{"' + "}" * depth
    body = f'[{{"sku": "A", "name": "a", "attributes": {nested}}}]'
    json = {"Content-Type": "application/json"}
    answer = await feeder.post("/api/v1/integration/products/products", content=body.encode(), headers=json)
    assert (answer.json()["created"], len(answer.json()["rejected"])) == ((1, 0) if accepted else (0, 1)), answer.text
