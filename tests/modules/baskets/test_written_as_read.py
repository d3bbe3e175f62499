"""What a write answers is what the next look reads: the same bytes under the same tag, without any cache."""

from typing import Any

import pytest
from litestar import Litestar

from src.platform.settings import Settings
from tests.caches import forget
from tests.factories import Client, Factory, Product
from tests.modules.baskets.buying import BASKET, ITEMS, look
from tests.modules.baskets.scene import Scene

# As the database writes them they look otherwise: other spaces, another order, other numbers.
ODD: dict[str, Any] = {"long": 1.0, "a": "é\u2028\\", "b": {"z": 1e2, "y": [1.50, None, True]}, "n": 10**20, "e": 1e-7}


@pytest.fixture
async def products(factory: Factory, scene: Scene) -> list[Product]:
    """What is for sale, with something off everything, one thing and three of another."""
    products = [await factory.product(stock=50) for _ in range(3)]
    await scene.offer("percentage", 10)
    await scene.offer("fixed", 1, condition={"query": [["sku_in", [products[1].sku]]]})
    await scene.offer("fixed", 2, condition={"value": 3}, condition_type="quantity", upsell_message="{remaining} more")
    return products


@pytest.fixture
def steps(products: list[Product]) -> list[tuple[str, dict[str, Any]]]:
    """Every way to change a basket; `line` in a body is the place of the line that is meant."""
    one, two, three = (product.id for product in products)
    parts = [{"product": two, "quantity": 2, "attributes": ODD}, {"product": three}]
    return [
        ("POST", {"product": one}),
        ("POST", {"product": one, "quantity": 2}),
        ("POST", {"product": two, "quantity": 2, "attributes": ODD, "inquiry": {"b": 1.0, "a": None}}),
        ("POST", {"product": three, "sub_items": parts, "attributes": {"x": 1}}),
        ("POST", {"product": three, "sub_items": parts, "attributes": {"x": 1}}),
        ("PATCH", {"line": 1, "is_all": False, "attributes": {"long": 2.0, "a": 1}}),
        ("PATCH", {"line": 0, "is_all": False, "attributes": {"long": 2.0, "a": 1}}),
        ("PATCH", {"line": 0, "is_all": True, "attributes": {"long": 3.0, "a": 1}}),
        ("PUT", {"product": one, "quantity": 1, "attributes": {"long": 2.0, "a": 1}}),
        ("PUT", {"product": two, "quantity": 1, "attributes": ODD}),
        ("PUT", {"product": two, "quantity": 0, "attributes": ODD}),
        ("PATCH", {"external_offer_code": "X\u2028"}),
        ("PATCH", {"remove_voucher_code": True}),
        ("DELETE", {}),
        ("POST", {"product": two}),
    ]


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}], ids=["shared", "alone"])
async def test_every_write_answers_what_is_read_afterwards(
    shopper: Client,
    app: Litestar,
    settings: Settings,
    steps: list[tuple[str, dict[str, Any]]],
    headers: dict[str, str],
) -> None:
    basket = await look(shopper)
    for method, body in steps:
        place = body.pop("line", None)
        url = BASKET if place is None else ITEMS
        told = body if place is None else {**body, "id": basket.basketitem_set[place].id}
        answer = await shopper.request(method, url, json=told, headers=headers)
        assert answer.status_code == 200, answer.text
        await forget(app, settings)
        again = await shopper.get(BASKET)
        assert again.headers["etag"] == answer.headers["etag"], (method, told)
        if place is None:
            assert again.content == answer.content, (method, told)
        basket = await look(shopper)
