"""What tests of changing baskets do again and again, in the words of a shop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from tests.acceptance import basket_shapes
from tests.acceptance.basket_shapes import Session, check
from tests.factories import Client, Factory, Product
from tests.modules.baskets.scene import Guest

BASKET = "/baskets/basket/"
ITEMS = "/baskets/basket_items/"


class Basket(basket_shapes.Basket, kw_only=True):
    """A basket as it answers to writes."""

    version: int
    status: str | None
    currency_type: str
    namespace: str | None


class Answer(msgspec.Struct):
    """A basket in its envelope."""

    basket: Basket
    osessionid: Session | None = None
    merge_report: Any = None


class Browser:
    """A shopper without a token, whose cookies are kept from answer to answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @property
    def session_id(self) -> str | None:
        """The cookie `osessionid`."""
        return self.client.cookies.get("osessionid")

    async def request(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **kw: Any
    ) -> httpx.Response:
        """Send a request as a page of the shop does."""
        own = {"X-Requested-With": "XMLHttpRequest", **(headers or {})}
        return await self.client.request(method, url, headers=own, **kw)

    async def get(self, url: str, **kw: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", url, **kw)

    async def post(self, url: str, **kw: Any) -> httpx.Response:
        """POST."""
        return await self.request("POST", url, **kw)


@asynccontextmanager
async def browsing(app: Litestar) -> AsyncIterator[Browser]:
    """A browser that was never here before."""
    application: Any = app  # httpx types ASGI more loosely than Litestar
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield Browser(client)


def envelope(answer: httpx.Response) -> Answer:
    """A good answer, checked for its shape, sums and headers."""
    assert answer.status_code == 200, answer.text
    told = msgspec.json.decode(answer.content, type=Answer)
    check(told.basket)
    assert answer.headers["etag"].startswith(f'"{told.basket.version}-')
    assert answer.headers["cache-control"] == "private, no-cache"
    return told


def read(answer: httpx.Response) -> Basket:
    """The basket of a good answer."""
    return envelope(answer).basket


async def look(shopper: Client | Browser | Guest, **kw: Any) -> Basket:
    """The shopper's basket."""
    return read(await shopper.get(BASKET, **kw))


async def send(shopper: Client | Browser, method: str, body: Any, **kw: Any) -> Basket:
    """Change the basket; the answer."""
    return read(await shopper.request(method, BASKET, json=body, **kw))


async def add(shopper: Client | Browser, product: Product, quantity: int = 1, **fields: Any) -> Basket:
    """Put units of a product in."""
    return await send(shopper, "POST", {"product": product.id, "quantity": quantity, **fields})


async def put(shopper: Client | Browser, product: Product, quantity: int, **fields: Any) -> Basket:
    """Set the quantity of a line."""
    return await send(shopper, "PUT", {"product": product.id, "quantity": quantity, **fields})


async def refused(shopper: Client | Browser, method: str, body: Any, *, url: str = BASKET, **kw: Any) -> str:
    """The code of a refusal, whose shape is the published client's, and which changed nothing."""
    before = (await shopper.get(BASKET)).content
    answer = await shopper.request(method, url, json=body, **kw)
    assert answer.status_code == 406, answer.text
    told = answer.json()
    assert set(told) == {"non_field_errors", "error_code"}
    assert isinstance(told["non_field_errors"], str)
    assert told["non_field_errors"]
    again = await shopper.request(method, url, json=body, **kw)
    assert (again.status_code, again.json()) == (406, told)
    assert (await shopper.get(BASKET)).content == before
    return str(told["error_code"])


async def invalid(shopper: Client | Browser, method: str, body: Any, *, url: str = BASKET, **kw: Any) -> set[str]:
    """The fields that a request was refused for, which changed nothing."""
    before = (await shopper.get(BASKET)).content
    answer = await shopper.request(method, url, json=body, **kw)
    assert answer.status_code == 400, answer.text
    assert (await shopper.get(BASKET)).content == before
    return set(answer.json())


def quantities(basket: Basket) -> dict[int, int]:
    """How many units of each product the lines hold that can be bought."""
    held: dict[int, int] = {}
    for line in basket.basketitem_set:
        held[line.product.pk] = held.get(line.product.pk, 0) + line.quantity
    return held


async def stored(factory: Factory, product: Product) -> int:
    """How many units of a product there are in all current baskets."""
    return int(
        await factory.scalar(
            """
            SELECT coalesce(sum(quantity), 0) FROM basket_item JOIN basket ON basket.id = basket_id
            WHERE product_id = %s AND status IN ('active', 'frozen')
            """,
            product.id,
        )
    )


async def tombstones(factory: Factory) -> list[str]:
    """The ids of lines that were removed."""
    found = await factory.scalar(
        """
        SELECT coalesce(array_agg(object_id ORDER BY deleted_item.id), '{}') FROM deleted_item
        JOIN content_type ON content_type.id = content_type_id
        WHERE app_label = 'baskets' AND model = 'basketitem'
        """
    )
    return list(found)
