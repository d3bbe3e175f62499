"""JSON, forms and multipart bodies are as good as each other, and numbers may be texts."""

from typing import Any

import pytest

from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, ITEMS, add, quantities, read, send

WAYS: dict[str, Any] = {
    "json": lambda fields: {"json": fields},
    "form": lambda fields: {"data": fields},
    "multipart": lambda fields: {"files": {name: (None, value) for name, value in fields.items()}},
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_change_may_come_in_any_kind_of_body(shopper: Client, factory: Factory, way: str) -> None:
    product, part = await factory.product(stock=90), await factory.product(stock=90)
    form = WAYS[way]
    basket = read(
        await shopper.post(
            BASKET,
            **form(
                {
                    "product": str(product.id),
                    "quantity": "2",
                    "attributes": '{"size": "L"}',
                    "inquiry": '{"ask": 1}',
                    "sub_items": f'[{{"product": "{part.id}"}}]',
                }
            ),
        )
    )
    assert quantities(basket) == {product.id: 2, part.id: 2}
    assert basket.basketitem_set[0].attributes == {"size": "L"}
    assert await factory.scalar("SELECT inquiry FROM basket_item WHERE parent_id IS NULL") == {"ask": 1}
    fields = {"product": str(product.id), "quantity": "3", "attributes": ""}
    assert quantities(read(await shopper.request("PUT", BASKET, **form(fields)))) == {product.id: 3, part.id: 3}
    fields = {"product": str(product.id), "quantity": "1"}
    basket = read(await shopper.request("PATCH", BASKET, **form(fields)))
    assert quantities(basket) == {product.id: 1, part.id: 1}
    line = str(basket.basketitem_set[0].id)
    changed = await shopper.request(
        "PATCH", ITEMS, **form({"id": line, "is_all": "true", "attributes": '{"size": "M"}'})
    )
    assert changed.status_code == 200
    assert changed.json()["attributes"] == {"size": "M"}
    removed = read(await shopper.request("PATCH", BASKET, **form({"remove_voucher_code": "true"})))
    assert removed.voucher_code is None


async def test_the_published_clients_requests_work(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    assert (await shopper.get(BASKET, headers={"Content-Type": "application/json"})).status_code == 200
    basket = await send(shopper, "PUT", {"product": product.id, "quantity": 2, "attributes": {}})
    assert quantities(basket) == {product.id: 2}
    for _ in range(4):
        gone = await send(shopper, "PUT", {"product": product.id, "quantity": 0, "attributes": {}})
        assert gone.basketitem_set == []
    await add(shopper, product)
    for _ in range(4):
        answer = await shopper.request("DELETE", BASKET, content="{}", headers={"Content-Type": "text/plain"})
        assert read(answer).basketitem_set == []
    for content in (b"", b"[", b"\0" * 100):
        assert (await shopper.request("DELETE", BASKET, content=content)).status_code == 200


async def test_paths_answer_with_and_without_a_slash(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    for url in (BASKET, BASKET.rstrip("/")):
        assert (await shopper.post(url, json={"product": product.id})).status_code == 200
    assert (await shopper.request("PATCH", ITEMS.rstrip("/"), json={"id": 1})).status_code == 400
