"""The helpers by which controllers document what Litestar can't see, and the page that shows the document."""

import re
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath
from openapi_spec_validator import validate

from src.platform.failures import EXCEPTION_HANDLERS
from src.platform.openapi import (
    BODY,
    IDEMPOTENCY_KEY,
    IDEMPOTENT,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    PUBLIC,
    answers,
    commerce_errors,
    documented,
    header,
    openapi_config,
    problem_errors,
    storefront_errors,
    warehouse_errors,
)

AnyRequest = Request[Any, Any, Any]


class Nested(msgspec.Struct, forbid_unknown_fields=True):
    depth: int


class Add(msgspec.Struct, forbid_unknown_fields=True):
    product: int
    nested: Nested | None = None


class Added(msgspec.Struct):
    pk: int


class Filters(msgspec.Struct):
    since: Annotated[str, msgspec.Meta(description="Only later ones.")]
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    base_code__in: str | None = None


@post(
    "/wishlists/things",
    operation_id="addThing",
    responses={**answers(Added), **commerce_errors(*BODY, *IDEMPOTENT, 406)},
    operation_class=documented(fields=Add, headers=[IDEMPOTENCY_KEY]),
)
async def add(request: AnyRequest) -> Response[bytes]:
    """Add a thing."""
    return Response(b"")


@get(
    "/wishlists/things/{pk:int}",
    operation_id="getThing",
    responses={**answers(list[Added]), **NOT_MODIFIED, **commerce_errors(404)},
    operation_class=documented(query=Filters, headers=[IF_NONE_MATCH, header("X-Currency", "Which.")]),
)
async def read(pk: FromPath[int], request: AnyRequest) -> Response[bytes]:
    return Response(b"")


@post("/api/v1/rows", operation_id="feed", operation_class=documented(rows=Add, media_types=["text/xml"]))
async def feed(request: AnyRequest) -> Response[bytes]:
    return Response(b"")


@get("/health", operation_id="health", security=PUBLIC)
async def health() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def small() -> Any:
    return Litestar(
        [add, read, feed, health],
        openapi_config=openapi_config("1.2.3"),
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


@pytest.fixture(scope="module")
def document(small: Any) -> Any:
    return small.openapi_schema.to_schema()


@pytest.fixture
async def page(small: Any) -> Any:
    transport = httpx.ASGITransport(app=small, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened:
        yield opened


def test_document_is_valid(document: Any) -> None:
    validate(document)
    assert document["info"]["version"] == "1.2.3"


def test_raw_body_is_documented_in_all_its_media_types(document: Any) -> None:
    body = document["paths"]["/wishlists/things"]["post"]["requestBody"]
    assert set(body["content"]) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    schema = body["content"]["application/json"]["schema"]
    assert schema["required"] == ["product"]
    assert schema["additionalProperties"] is False
    # Numbers may come as texts, at any depth.
    assert schema["properties"]["product"]["type"] == ["integer", "string"]
    nested = next(choice for choice in schema["properties"]["nested"]["anyOf"] if choice.get("type") == "object")
    assert nested["properties"]["depth"]["type"] == ["integer", "string"]


def test_rows_are_documented_as_array_and_streams(document: Any) -> None:
    content = document["paths"]["/api/v1/rows"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson", "text/csv", "text/xml"}
    assert content["application/json"]["schema"]["type"] == "array"
    assert content["application/json"]["schema"]["items"]["properties"]["product"] == {"type": "integer"}


def test_query_and_headers_stand_beside_path_parameters(document: Any) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/wishlists/things/{pk}"]["get"]["parameters"]}
    assert {name: p["in"] for name, p in parameters.items()} == {
        "pk": "path",
        "since": "query",
        "page": "query",
        "base_code__in": "query",
        "If-None-Match": "header",
        "X-Currency": "header",
    }
    assert parameters["since"]["required"] is True
    assert parameters["since"]["description"] == "Only later ones."
    assert parameters["page"]["schema"] == {"type": "integer", "minimum": 1, "default": 1}
    assert parameters["base_code__in"]["schema"] == {"type": "string"}


def test_success_is_the_declared_type_and_failures_are_the_dialects(document: Any) -> None:
    responses = document["paths"]["/wishlists/things/{pk}"]["get"]["responses"]
    assert set(responses) == {"200", "304", "400", "401", "403", "404", "429", "503"}
    shown = responses["200"]["content"]["application/json"]["schema"]
    assert shown == {"type": "array", "items": {"$ref": "#/components/schemas/Added"}}
    assert "content" not in responses["304"]
    assert responses["404"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Detail"}


@pytest.mark.parametrize(
    ("errors", "media_type"),
    [
        (commerce_errors, "application/json"),
        (storefront_errors, "application/json"),
        (warehouse_errors, "application/json"),
        (problem_errors, "application/problem+json"),
    ],
)
def test_each_dialect_has_its_media_type_and_what_any_operation_may_answer(errors: Any, media_type: str) -> None:
    told = errors(404, 409)
    assert list(told) == [400, 401, 403, 404, 409, 429, 503]
    assert {spec.media_type for spec in told.values()} == {media_type}


def test_operations_need_credentials_unless_they_are_public(document: Any) -> None:
    assert document["security"] == [{"bearer": []}, {"token": []}, {"session": []}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "token", "session"}
    assert "security" not in document["paths"]["/wishlists/things"]["post"]
    assert document["paths"]["/health"]["get"]["security"] == [{}]


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
async def test_page_and_all_its_files_come_from_us(page: httpx.AsyncClient, path: str) -> None:
    shown = await page.get(path)
    assert shown.headers["Content-Type"].startswith("text/html")
    urls = re.findall(r'(?:src|href)="([^"]+)"', shown.text)
    files = [url for url in urls if not url.startswith("data:")]
    assert len(files) == 3
    for file in files:
        answer = await page.get(file)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].split(";")[0] in ("text/css", "text/javascript")
        assert len(answer.content) > 50
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


async def test_document_is_served_as_json(page: httpx.AsyncClient, document: Any) -> None:
    answer = await page.get("/schema/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == document


@pytest.mark.parametrize("name", ["nothing.js", "..%2f__init__.py", "url.json"])
async def test_no_other_files_are_served(page: httpx.AsyncClient, name: str) -> None:
    assert (await page.get(f"/schema/assets/{name}")).status_code == 404
