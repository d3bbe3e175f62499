"""Somebody with a basket, as a browser or an app is: requests, and what their answers hold."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from tests.acceptance.basket_shapes import Answer, Basket, check

BASKET = "/baskets/basket/"
ITEMS = "/baskets/basket_items/"
PAGE = {"X-Requested-With": "XMLHttpRequest"}
# Never used, and costly to make for every client.
_NO_TLS = ssl.create_default_context()


@dataclass(frozen=True)
class Fed:
    """A product that was fed."""

    id: int
    sku: str
    base_code: str


def http_client(address: str, headers: Mapping[str, str] | None = None, **kw: Any) -> httpx.Client:
    """A client of the service."""
    return httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False, verify=_NO_TLS, **kw)


class Browser:
    """Somebody with a basket. Every basket that is shown is checked for its shape and its sums."""

    def __init__(self, address: str, token: str | None = None, *, user: int = 0, email: str = "") -> None:
        headers = PAGE if token is None else {"Authorization": f"Token {token}"}
        self.http = http_client(address, headers)
        self.token = token
        self.user = user
        self.email = email
        self.answer: httpx.Response

    def send(self, method: str, path: str = BASKET, **kw: Any) -> httpx.Response:
        """Send a request, and keep its answer as `answer`."""
        self.answer = self.http.request(method, path, **kw)
        assert self.answer.status_code < 500, f"{method} {path} {kw}: {self.answer.text}"
        return self.answer

    def told(self, method: str, status: int = 200, **kw: Any) -> Answer:
        """The basket that a request is answered with, in its envelope."""
        answer = self.send(method, **kw)
        assert answer.status_code == status, f"{method} {kw}: {answer.status_code} {answer.text}"
        read = msgspec.json.decode(answer.content, type=Answer)
        check(read.basket)
        return read

    def get(self, headers: Mapping[str, str] | None = None, **params: str) -> Basket:
        """GET."""
        return self.told("GET", headers=headers, params=params or None).basket

    def add(self, product: Fed, quantity: int = 1, headers: Mapping[str, str] | None = None, **more: Any) -> Basket:
        """POST a product."""
        return self.told("POST", json={"product": product.id, "quantity": quantity, **more}, headers=headers).basket

    def put(self, product: Fed, quantity: int, **more: Any) -> Basket:
        """PUT a quantity."""
        return self.told("PUT", json={"product": product.id, "quantity": quantity, **more}).basket

    def patch(self, **body: Any) -> Basket:
        """PATCH."""
        return self.told("PATCH", json=body).basket

    def apply(self, code: str) -> Basket:
        """PATCH a voucher, which must then be shown."""
        basket = self.patch(voucher_code=code)
        assert basket.voucher_code == code
        return basket

    def empty(self) -> Basket:
        """DELETE everything, as the published client does it."""
        return self.told("DELETE", content="{}", headers={"Content-Type": "text/plain"}).basket

    def refused(self, method: str, status: int = 406, path: str = BASKET, **kw: Any) -> str:
        """The error code of a refusal; it is repeatable and changes nothing."""
        before = self.http.get(BASKET)
        first = self.send(method, path, **kw)
        assert first.status_code == status, f"{method} {kw}: {first.status_code} {first.text}"
        again = self.send(method, path, **kw)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        after = self.http.get(BASKET)
        assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
        told = first.json()
        assert isinstance(told["non_field_errors"], str)
        return str(told["error_code"])

    def invalid(self, method: str, path: str = BASKET, **kw: Any) -> set[str]:
        """The fields of a 400."""
        answer = self.send(method, path, **kw)
        assert answer.status_code == 400, f"{method} {kw}: {answer.status_code} {answer.text}"
        told = answer.json()
        if "non_field_errors" in told:
            assert isinstance(told["non_field_errors"], str)
            return {"non_field_errors"}
        assert all(isinstance(text, str) for texts in told.values() for text in texts), told
        return set(told)

    @property
    def version(self) -> int:
        """The version part of the last answer's ETag."""
        found = re.fullmatch(r'"(\d+)-[^"]+"', self.answer.headers["etag"])
        assert found is not None, self.answer.headers["etag"]
        return int(found[1])
