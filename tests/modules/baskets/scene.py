"""Baskets and campaigns put straight into the database, as writes and feeds would leave them."""

from typing import Any

import httpx
from psycopg.types.json import Jsonb

from src.modules.identity import session_digest
from src.platform.security import new_session_id
from tests.factories import Client, Factory, Product


class Guest:
    """A shopper known by a cookie only."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.session_id = new_session_id()

    @property
    def digest(self) -> bytes:
        """What the database knows the cookie by."""
        digest = session_digest(self.session_id)
        assert digest is not None
        return digest

    async def get(self, url: str, *, headers: dict[str, str] | None = None, **kw: Any) -> httpx.Response:
        """GET with the cookie."""
        return await self.request("GET", url, headers=headers, **kw)

    async def post(self, url: str, **kw: Any) -> httpx.Response:
        """POST with the cookie, as the shop's own page."""
        return await self.request("POST", url, **kw)

    async def request(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **kw: Any
    ) -> httpx.Response:
        """Send a request with the cookie."""
        own = {"Cookie": f"osessionid={self.session_id}", "X-Requested-With": "XMLHttpRequest"}
        return await self._client.request(method, url, headers={**own, **(headers or {})}, **kw)


class Scene:
    """Makes what baskets are about."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory

    async def basket(self, owner: Client | Guest, **columns: Any) -> int:
        """An active basket; its id."""
        if isinstance(owner, Guest):
            return await self.factory.insert("basket", guest_digest=owner.digest, **columns)
        return await self.factory.insert("basket", user_id=await self.factory.user_id(owner), **columns)

    async def line(self, basket: int, product: Product, quantity: int = 1, **columns: Any) -> int:
        """A line; its id. The basket's version moves."""
        reference = f"{product.id}{columns.get('attributes') or ''}"
        values = {"reference": reference, "attributes": {}, **columns}
        line = await self.factory.insert(
            "basket_item", basket_id=basket, product_id=product.id, quantity=quantity, **values
        )
        await self.move(basket)
        return line

    async def move(self, basket: int) -> None:
        """Move the basket's version, as every write does."""
        await self.factory.execute("UPDATE basket SET version = version + 1 WHERE id = %s", basket)

    async def offer(
        self,
        benefit_type: str = "percentage",
        amount: int | str | None = 10,
        *,
        benefit: dict[str, Any] | None = None,
        condition_type: str = "amount",
        condition: dict[str, Any] | None = None,
        upsell_message: str | None = None,
        benefit_products: int | None = None,
        condition_products: int | None = None,
        **columns: Any,
    ) -> int:
        """A campaign for everybody unless `columns` say otherwise; its id."""
        benefit_kwargs = {"amount": amount, **(benefit or {})} if amount is not None else benefit or {}
        number = await self.factory.insert("promotion", name=columns.get("label") or "Promotion")
        columns = {
            "promotion_id": number,
            "condition_id": await self.factory.insert(
                "offer_condition",
                condition_type=condition_type,
                kwargs={"value": 0, **(condition or {})},
                upsell_message=upsell_message,
                product_collection_id=condition_products,
            ),
            "benefit_id": await self.factory.insert(
                "offer_benefit",
                benefit_type=benefit_type,
                kwargs=benefit_kwargs,
                product_collection_id=benefit_products,
            ),
            "currencies": Jsonb([]),
            **columns,
        }
        offer = await self.factory.insert("basket_offer", **columns)
        await self.moved()
        return offer

    async def coupon(self, code: str, **columns: Any) -> int:
        """An offer that a code stands for, five off; its id."""
        columns = {"offer_type": "coupon_code", "voucher_code": code, "allowed_quantity_per_basket": 1, **columns}
        return await self.offer("fixed", 5, **columns)

    async def moved(self) -> None:
        """Move the epoch of offers, as every feed of campaigns does."""
        await self.factory.execute("UPDATE offer_epoch SET version = version + 1")

    async def collection(self, *products: Product) -> int:
        """A list of products; its id."""
        collection = await self.factory.insert("product_collection", name="Collection")
        for product in products:
            await self.factory.insert("product_collection_item", product_id=product.id, collection_id=collection)
        return collection
