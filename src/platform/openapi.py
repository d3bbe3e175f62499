"""What the OpenAPI document says beyond what Litestar reads from handlers: failures, raw bodies, security.

A controller uses it like this:

    @post(
        "/favourite-products",
        operation_id="addFavouriteProduct",
        responses={**answers(FavouriteAdded), **commerce_errors(*BODY, *IDEMPOTENT, 406)},
        operation_class=documented(fields=AddFavourite, headers=[IDEMPOTENCY_KEY]),
    )

Paths are documented without their trailing slash; every one of them answers with it too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias, cast

import msgspec
from litestar.datastructures import ResponseHeader
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    License,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.router import Router

from src.platform.dialects import JSON, PROBLEM_JSON
from src.platform.openapi_page import CONTENT_SECURITY_POLICY, SwaggerPage
from src.platform.openapi_schemas import TEXT, query_parameters, schema_of

Responses: TypeAlias = dict[int, ResponseSpec]
Struct: TypeAlias = type[msgspec.Struct]

# What any operation that knows its shopper may answer; the helpers below always include it.
ALWAYS = (400, 401, 403, 429, 503)
# Add these to an operation that reads a body, and to a POST, which takes an Idempotency-Key.
BODY = (408, 413, 415)
IDEMPOTENT = (409, 422)

NDJSON = "application/x-ndjson"
CSV = "text/csv"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

PUBLIC: list[dict[str, list[str]]] = [{}]  # `security=PUBLIC`: no credentials needed.


class Detail(msgspec.Struct):
    """A failure in one sentence."""

    detail: str


class ParameterErrors(Detail):
    """What is wrong in one sentence; beside it stand the messages of each parameter, a list under its name."""


class CommerceRefusal(msgspec.Struct):
    """A request that was understood and declined."""

    non_field_errors: str
    error_code: str


FieldErrors: TypeAlias = dict[str, list[str]]


class FieldFault(msgspec.Struct):
    """What is wrong with one field."""

    field: str
    message: str


class StorefrontFailure(msgspec.Struct):
    """A failure in one sentence."""

    success: Literal[False]
    message: str


class StorefrontInvalid(StorefrontFailure):
    """A request with fields that make no sense."""

    errors: list[FieldFault]


class Problem(msgspec.Struct):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    error_code: str
    errors: list[FieldFault] | msgspec.UnsetType = msgspec.UNSET


def commerce_errors(*statuses: int) -> Responses:
    """The failures of a commerce operation: `statuses` and those that any of them may answer."""
    shapes = {400: FieldErrors | CommerceRefusal, 406: CommerceRefusal}
    return _failures(statuses, shapes, Detail, JSON)


def storefront_errors(*statuses: int) -> Responses:
    """The failures of a storefront operation: `statuses` and those that any of them may answer."""
    return _failures(statuses, {400: StorefrontInvalid}, StorefrontFailure, JSON)


def warehouse_errors(*statuses: int) -> Responses:
    """The failures of a warehouse operation: `statuses` and those that any of them may answer."""
    return _failures(statuses, {400: ParameterErrors}, Detail, JSON)


def problem_errors(*statuses: int) -> Responses:
    """The failures of an operation under /api/v1: `statuses` and those that any of them may answer."""
    return _failures(statuses, {}, Problem, PROBLEM_JSON)


def _failures(statuses: Sequence[int], shapes: Mapping[int, Any], other: Struct, media_type: str) -> Responses:
    return {
        status: ResponseSpec(
            data_container=shapes.get(status, other),
            description=HTTPStatus(status).phrase,
            media_type=media_type,
            generate_examples=False,
        )
        for status in sorted({*ALWAYS, *statuses})
    }


def answers(content: Any, status: int = 200, *, media_type: str = JSON, description: str | None = None) -> Responses:
    """The success of a handler that returns a ready Response: `content` is a type, None for no body."""
    described = description or HTTPStatus(status).phrase
    return {status: ResponseSpec(content, description=described, media_type=media_type, generate_examples=False)}


NOT_MODIFIED: Responses = answers(None, 304, description="The client already holds this answer")


def header(name: str, description: str, kind: Any = str) -> Parameter:
    """An optional request header, for `documented(headers=…)`."""
    return Parameter(name=name, param_in="header", schema=schema_of(kind), description=description)


IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "A replay under the same key within 24 hours returns the first successful answer.",
    # Visible ASCII; anything else can't travel in a header unharmed.
    Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern="^[!-~]+$")],
)
IF_NONE_MATCH = header("If-None-Match", "The ETag of the answer that the client holds: 304 when it is still the same.")


def documented(
    *,
    fields: Struct | None = None,
    json: Any = None,
    rows: Struct | None = None,
    media_types: Sequence[str] = (),
    query: Struct | None = None,
    headers: Sequence[Parameter] = (),
    tells: Mapping[str, str] | None = None,
    also: Iterable[str] = (),
) -> type[Operation]:
    """The `operation_class` of a handler that reads the raw request itself.

    The body is any of: `fields`, a struct as JSON, URL-encoded or multipart (`bodies.read_fields`); `json`,
    any type as JSON; `rows`, structs as a JSON array, NDJSON or CSV; text of the `media_types`. Each field of
    the struct `query` is a query parameter, optional when it has a default. `tells` are the headers of a 200 answer
    and what they mean, `also` the media types that it may have besides the one of the handler's `responses`.
    """
    content: dict[str, Schema] = dict.fromkeys(media_types, TEXT)
    if fields is not None:
        content |= dict.fromkeys((JSON, FORM, MULTIPART), schema_of(fields, numbers_as_text=True))
    if json is not None:
        content[JSON] = schema_of(json)
    if rows is not None:
        content |= {JSON: schema_of(list[rows]), NDJSON: TEXT, CSV: TEXT}  # type: ignore[valid-type]
    body = RequestBody(required=True, content={m: OpenAPIMediaType(schema=s) for m, s in content.items()})
    parameters = [*query_parameters(query), *headers]

    @dataclass
    class DocumentedOperation(Operation):
        def __post_init__(self) -> None:
            if content:
                self.request_body = body
            if parameters:
                self.parameters = [*(self.parameters or []), *parameters]
            success = cast("OpenAPIResponse | None", (self.responses or {}).get("200"))
            if success and tells:
                told = {name: OpenAPIHeader(schema=TEXT, description=meaning) for name, meaning in tells.items()}
                success.headers = dict(told)
            if success and also:
                success.content = {**(success.content or {}), **{m: OpenAPIMediaType(schema=TEXT) for m in also}}

    return DocumentedOperation


@dataclass
class _Security(Components):
    """The three ways a client says who it is."""

    security_schemes: Any = field(
        default_factory=lambda: {
            "bearer": SecurityScheme(
                type="http", scheme="Bearer", description="An opaque token of this service, or a JWT."
            ),
            "token": SecurityScheme(
                type="apiKey",
                name="Authorization",
                security_scheme_in="header",
                description="`Token <opaque token>`, as the commerce documents show it.",
            ),
            "session": SecurityScheme(
                type="apiKey",
                name="osessionid",
                security_scheme_in="cookie",
                description="The shop's session cookie; writes then need X-Requested-With or X-CSRFToken.",
            ),
        }
    )


def openapi_config(version: str) -> OpenAPIConfig:
    """The document at /schema/openapi.json and the page at /schema, which loads nothing from elsewhere."""
    return OpenAPIConfig(
        title="Wishkeep",
        version=version,
        description=(
            "Favourites, collections and baskets for shops: one service, several HTTP dialects.\n\n"
            "Every path answers with and without a trailing slash. Messages follow Accept-Language."
        ),
        license=License(name="MIT", identifier="MIT"),
        components=_Security(),
        security=[{"bearer": []}, {"token": []}, {"session": []}],
        use_handler_docstrings=True,
        render_plugins=[SwaggerPage(), JsonRenderPlugin(media_type=MediaType.JSON)],
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            include_in_schema=False,
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=CONTENT_SECURITY_POLICY)],
        ),
    )
