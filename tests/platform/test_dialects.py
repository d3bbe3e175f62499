"""One failure, told in each dialect's shape and the reader's language, on paths of every kind."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from litestar import get
from litestar.params import FromPath

from src.platform.dialects import render
from src.platform.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    InvalidFields,
    NotFound,
    Refused,
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unprocessable,
)
from tests.platform.probes import serving

COMMERCE = ("/wishlists/favourite-products", "/baskets/basket/")
STOREFRONT = "/storefront/favorites"
WAREHOUSE = ("/api/v1/data-warehouse/users", "/api/v1/remote/1/data-warehouse/users")
OURS = ("/api/v1/tokens", "/health/live", "/", "/nope")
FIELDS = InvalidFields({"product": "Field is required", "limit": "Must be between 1 and %(maximum)s"}, {"maximum": 9})


class OutOfFavour(Refused):
    code, message = "favourite_product_100", "The product is already in your favourites list."


def told(error: AppError, path: str, locale: str = "en") -> dict[str, Any]:
    """The body, as it is after a trip through JSON."""
    body: dict[str, Any] = json.loads(json.dumps(render(error, path, locale)[0]))
    return body


@pytest.mark.parametrize("path", COMMERCE)
def test_commerce(path: str) -> None:
    assert told(FIELDS, path) == {"product": ["Field is required"], "limit": ["Must be between 1 and 9"]}
    assert told(OutOfFavour(), path, "tr") == {
        "non_field_errors": "Ürün zaten favori listenizde mevcut.",
        "error_code": "favourite_product_100",
    }
    assert told(Invalid(), path) == {"non_field_errors": "Validation failed", "error_code": "invalid"}
    for error in (NotFound(), Unauthenticated(), Forbidden(), Conflict(), Unprocessable(), ServiceUnavailable()):
        assert told(error, path) == {"detail": error.message}
    assert render(NotFound(), path, "en")[1] == "application/json"


def test_storefront() -> None:
    assert told(FIELDS, STOREFRONT) == {
        "success": False,
        "message": "Validation failed",
        "errors": [
            {"field": "product", "message": "Field is required"},
            {"field": "limit", "message": "Must be between 1 and 9"},
        ],
    }
    assert told(Invalid("The body is not valid JSON"), STOREFRONT) == {
        "success": False,
        "message": "Validation failed",
        "errors": [{"field": "body", "message": "The body is not valid JSON"}],
    }
    for error in (NotFound(), Unauthenticated(), Forbidden(), Conflict(), OutOfFavour(), ServiceUnavailable()):
        assert told(error, STOREFRONT) == {"success": False, "message": error.text}
    assert render(NotFound(), STOREFRONT, "en")[1] == "application/json"


@pytest.mark.parametrize("path", WAREHOUSE)
def test_warehouse(path: str) -> None:
    assert told(NotFound(), path) == {"detail": "Not found"}
    assert told(FIELDS, path) == {
        "product": ["Field is required"],
        "limit": ["Must be between 1 and 9"],
        "detail": "product: Field is required; limit: Must be between 1 and 9",
    }


@pytest.mark.parametrize("path", OURS)
def test_ours_are_problem_details(path: str) -> None:
    body, media_type = render(FIELDS, path, "en")
    assert media_type == "application/problem+json"
    assert body["status"] == 400
    assert body["title"] == "Validation failed"
    assert body["error_code"] == "invalid"
    assert {error["field"]: error["message"] for error in body["errors"]}["limit"] == "Must be between 1 and 9"
    assert told(Unprocessable("Not found", extra={"rejected": [1]}), path)["rejected"] == [1]


def test_codes_do_not_follow_the_language() -> None:
    assert {told(OutOfFavour(), COMMERCE[0], locale)["error_code"] for locale in ("en", "tr", "ar", "ku")} == {
        "favourite_product_100"
    }


@get("/storefront/probe/{number:int}")
async def storefront_probe(number: FromPath[int]) -> None:
    raise NotFound if number else RuntimeError("a secret of ours")


@get(["/wishlists/probe", "/api/v1/probe"])
async def failing_probe() -> None:
    raise RuntimeError("a secret of ours")


@get("/wishlists/kinds/{kind:str}")
async def kinds_probe(kind: FromPath[str]) -> None:
    kinds: dict[str, Exception] = {
        "slow-down": TooManyRequests(headers={"Retry-After": "7"}),
        "away": ServiceUnavailable(retry_after_s=3),
        "unreadable": msgspec.ValidationError("a secret of ours"),
        "unstorable": psycopg.DataError("a secret of ours"),
        "nobody": Unauthenticated(),
    }
    raise kinds[kind]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that fails."""
    async with serving([storefront_probe, failing_probe, kinds_probe]) as opened:
        yield opened


NOT_FOUND = "Bulunamad\N{LATIN SMALL LETTER DOTLESS I}"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/wishlists/nope", {"detail": NOT_FOUND}),
        ("/storefront/nope", {"success": False, "message": NOT_FOUND}),
        ("/api/v1/data-warehouse/nope", {"detail": NOT_FOUND}),
        ("/storefront/probe/7", {"success": False, "message": NOT_FOUND}),
        ("/storefront/probe/abc", {"success": False, "message": NOT_FOUND}),
    ],
)
async def test_missing_path_is_told_in_its_dialect_and_language(
    client: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    response = await client.get(path, headers={"Accept-Language": "tr"})
    assert (response.status_code, response.json()) == (404, body)


async def test_wrong_method_says_which_ones_there_are(client: httpx.AsyncClient) -> None:
    response = await client.delete("/wishlists/probe")
    assert (response.status_code, response.json()) == (405, {"detail": "Method not allowed"})
    assert "GET" in response.headers["allow"]
    unknown = await client.delete("/nope")
    assert unknown.status_code == 404
    assert unknown.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/storefront/probe/0", "/wishlists/probe", "/api/v1/probe"])
async def test_bug_is_a_500_that_tells_nothing(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Internal server error" in response.text


@pytest.mark.parametrize(
    ("kind", "status", "header"),
    [
        ("slow-down", 429, ("retry-after", "7")),
        ("away", 503, ("retry-after", "3")),
        ("nobody", 401, ("www-authenticate", 'Bearer realm="wishkeep"')),
        ("unreadable", 400, None),
        ("unstorable", 400, None),
    ],
)
async def test_failure_keeps_its_status_and_headers(
    client: httpx.AsyncClient, kind: str, status: int, header: tuple[str, str] | None
) -> None:
    response = await client.get(f"/wishlists/kinds/{kind}")
    assert response.status_code == status
    assert "secret" not in response.text
    if header:
        assert response.headers[header[0]] == header[1]
