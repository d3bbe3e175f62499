"""A shop as outsiders meet it: a catalogue team that feeds, shoppers with browsers, an order system."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

import src.demo
from tests.acceptance.basket_browser import Browser, Fed, http_client
from tests.running import Service

ORDERS = "/api/v1/baskets"
INTEGRATION = "/api/v1/integration"
# With gaps, because the shop goes on from the last one where it gives ids by itself.
IDS = itertools.count(7_000_000, 1000)
DEMO = msgspec.json.decode((Path(src.demo.__file__).parent / "campaigns.json").read_bytes())


def token_of(service: Service, scope: str) -> str:
    """The token of a scope that the service printed when it started."""
    found = re.search(rf"^  {scope} +(\S+)$", service.printed, re.MULTILINE)
    assert found is not None
    return found[1]


class Shop:
    """A running service and those who run it; what they fed is withdrawn by `close`."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.address = service.wait_until_ready()
        self.ops = self._client("ops")
        self.feeder = self._client("integration")
        self.offers: list[int] = [offer["id"] for offer in DEMO["campaigns/basket-offers"]]
        self.browsers: list[Browser] = []
        self.withdraw()

    def _client(self, scope: str) -> httpx.Client:
        return http_client(self.address, {"Authorization": f"Token {token_of(self.service, scope)}"})

    def withdraw(self) -> None:
        """End every campaign."""
        self.feed("campaigns/basket-offers", *({"id": offer, "status": "passive"} for offer in self.offers))

    def close(self) -> None:
        """End every campaign, restore every setting, close every connection."""
        self.withdraw()
        self.setting("DEFAULT_CURRENCY", "try")
        for client in (self.ops, self.feeder, *(browser.http for browser in self.browsers)):
            client.close()

    def feed(self, resource: str, *rows: Mapping[str, Any]) -> None:
        """Feed rows, all of which go in."""
        answer = self.feeder.post(f"{INTEGRATION}/{resource}", json=rows)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == [], (rows, answer.text)

    def rejected(self, resource: str, row: Mapping[str, Any]) -> str:
        """Why a row does not go in."""
        answer = self.feeder.post(f"{INTEGRATION}/{resource}", json=[row])
        assert answer.status_code == 200, answer.text
        (refusal,) = answer.json()["rejected"]
        return str(refusal["errors"])

    def setting(self, name: str, value: object) -> None:
        """Change a setting."""
        answer = self.ops.put(f"/api/v1/settings/{name}", json={"value": value})
        assert answer.status_code == 200, answer.text

    def product(
        self,
        price: str | None = "100.00",
        *,
        stock: int | None = 50,
        retail_price: str | None = None,
        usd: str | None = None,
        **columns: Any,
    ) -> Fed:
        """A product with a price and a stock."""
        number = next(IDS)
        fed = Fed(number, columns.pop("sku", f"B-{number}"), columns.pop("base_code", f"BASE-{number}"))
        row = {"id": fed.id, "sku": fed.sku, "base_code": fed.base_code, "name": f"Thing {number}", **columns}
        self.feed("products/products", row)
        prices = [{"price": price, "retail_price": retail_price or price}] if price else []
        prices += [{"price": usd, "retail_price": usd, "currency_type": "usd"}] if usd else []
        if prices:
            self.feed("catalogs/product-prices", *({"product": fed.id, "tax_rate": "18.00", **p} for p in prices))
        self.stock(fed, stock)
        return fed

    def price(self, product: Fed, price: str, **columns: Any) -> None:
        """Change a price."""
        self.feed("catalogs/product-prices", {"product": product.id, "price": price, **columns})

    def stock(self, product: Fed, stock: int | None, **columns: Any) -> None:
        """Change a stock."""
        known: dict[str, Any] = {"stock": stock} if stock is not None else {"in_stock": True}
        self.feed("catalogs/product-stocks", {"product": product.id, **known, **columns})

    def activity(self, product: Fed, *, active: bool) -> None:
        """Take a product out of the shop, or put it back."""
        self.feed("products/products", {"id": product.id, "sku": product.sku, "is_active": active})

    def collection(self, *products: Fed, **columns: Any) -> int:
        """A collection of these products."""
        number = next(IDS)
        self.feed("campaigns/product-collections", {"id": number, "name": f"Collection {number}", **columns})
        if products:
            rows = ({"product": product.id, "collection": number} for product in products)
            self.feed("campaigns/product-collection-items", *rows)
        return number

    def offer(
        self,
        benefit: str = "percentage",
        amount: object = 10,
        *,
        condition: str = "quantity",
        value: object = 1,
        when: Mapping[str, Any] | None = None,
        gives: Mapping[str, Any] | None = None,
        on: int | None = None,
        gives_on: int | None = None,
        upsell_message: str = "",
        **columns: Any,
    ) -> int:
        """A campaign in force: the promotion, condition, benefit and offer have one id, the offer's name is its id."""
        number = next(IDS)
        local = {"price_type": "unit_price", "consume_type": "locally"}
        conditions = {
            "condition_type": condition,
            "kwargs": {**local, "value": value, **(when or {})},
            "product_collection": on,
            "upsell_message": upsell_message,
        }
        benefits = {
            "benefit_type": benefit,
            "kwargs": {**local, **({} if amount is None else {"amount": amount}), **(gives or {})},
            "product_collection": gives_on,
        }
        name = columns.get("label", str(number))
        self.feed("campaigns/promotions", {"id": number, "name": name, "slug": f"promotion-{number}"})
        self.feed("campaigns/conditions", {"id": number, **conditions})
        self.feed("campaigns/benefits", {"id": number, **benefits})
        self.offers.append(number)
        offers = {"promotion": number, "condition": number, "benefit": number, "currencies": ["try"], "label": name}
        self.feed("campaigns/basket-offers", {"id": number, **offers, **columns})
        return number

    def coupon(self, code: str | None = None, benefit: str = "percentage", amount: object = 10, **columns: Any) -> str:
        """A campaign that needs its code; the code."""
        code = code or f"CODE-{next(IDS)}"
        self.offer(benefit, amount, **{"offer_type": "coupon_code", "voucher_code": code, **columns})
        return code

    def bulk_codes(self, offer: int, count: int, **columns: Any) -> list[str]:
        """Codes of an offer, each good for one redemption."""
        codes = [f"BULK-{next(IDS)}" for _ in range(count)]
        self.feed("campaigns/bulk-voucher-codes", *({"code": c, "basket_offer": offer, **columns} for c in codes))
        return codes

    def shopper(self, *, address: str | None = None, **columns: Any) -> Browser:
        """Somebody who is signed in."""
        number = next(IDS)
        email = columns.pop("email", f"buyer{number}@example.com")
        self.feed("users", {"id": number, "email": email, **columns})
        token = self.token(email)
        return self._browser(Browser(address or self.address, token, user=number, email=email))

    def token(self, email: str, *scopes: str) -> str:
        """A token of a user."""
        answer = self.ops.post("/api/v1/tokens", json={"email": email, "scopes": scopes or ("storefront",)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def guest(self, address: str | None = None) -> Browser:
        """Somebody whom only a cookie will know."""
        return self._browser(Browser(address or self.address))

    def signed_in(self, guest: Browser, user: Browser) -> Browser:
        """A browser that carries a user's token and a guest's cookie."""
        browser = Browser(self.address, user.token, user=user.user, email=user.email)
        browser.http.cookies.update(guest.http.cookies)
        return self._browser(browser)

    def _browser(self, browser: Browser) -> Browser:
        self.browsers.append(browser)
        return browser

    def order(self, basket: int | None, step: str, **kw: Any) -> httpx.Response:
        """Freeze, release or submit a basket."""
        answer = self.feeder.post(f"{ORDERS}/{basket}/{step}", **kw)
        assert answer.status_code < 500, answer.text
        return answer

    def moved(self, basket: int | None, step: str) -> dict[str, Any]:
        """Freeze, release or submit a basket, with success."""
        answer = self.order(basket, step)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert set(told) >= {"id", "status", "version"}
        assert told["id"] == basket
        return told

    def conflict(self, basket: int | None, step: str) -> str:
        """The error code of a step that can't be made."""
        answer = self.order(basket, step)
        assert answer.status_code == 409, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["status"] == 409
        return str(answer.json()["error_code"])


@contextmanager
def opened(service: Service) -> Iterator[Shop]:
    """A shop for the time of the block."""
    shop = Shop(service)
    try:
        yield shop
    finally:
        shop.close()
