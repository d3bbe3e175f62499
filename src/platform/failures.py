"""From an exception to an answer: one mapping for the whole application."""

from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from src.platform.dialects import render
from src.platform.errors import (
    AppError,
    Forbidden,
    Invalid,
    InvalidFields,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMedia,
)
from src.platform.i18n import negotiate

log = structlog.get_logger(__name__)
AnyRequest = Request[Any, Any, Any]
Answer = Response[dict[str, Any]]
BY_STATUS: dict[int, type[AppError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
}


def answer_failure(request: AnyRequest, error: AppError) -> Answer:
    """The failure in the dialect of the request's path and the language of its reader."""
    locale = negotiate(request.headers.get("accept-language"))
    content, media_type = render(error, request.scope["path"], locale)
    return Response(content, status_code=error.status, media_type=media_type, headers=error.headers)


def _http_exception(request: AnyRequest, error: HTTPException) -> Answer:
    """What the framework itself refuses: no such path, wrong method, a parameter that does not fit."""
    if error.status_code >= 500:
        return _unexpected(request, error)
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        faults = {str(fault.get("key", "body")): "Not a valid value" for fault in error.extra}
        return answer_failure(request, InvalidFields(faults) if faults else Invalid())
    kind = BY_STATUS.get(error.status_code, Invalid)
    failure = kind()
    if error.headers and "allow" in error.headers:
        failure.headers["Allow"] = error.headers["allow"]
    return answer_failure(request, failure)


def _undecodable(request: AnyRequest, _: Exception) -> Answer:
    return answer_failure(request, Invalid())


def _unexpected(request: AnyRequest, error: Exception) -> Answer:
    """A bug: the log has everything, the client only the id of the request (in X-Request-ID)."""
    # The route and not the path, which may hold ids of people.
    route = request.scope.get("path_template", "unmatched")
    log.error("request.failed", route=route, method=request.method, exc_info=error)
    return answer_failure(request, AppError())


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    AppError: answer_failure,
    HTTPException: _http_exception,
    msgspec.MsgspecError: _undecodable,
    # Text or numbers that PostgreSQL can't hold; whatever was sent, it made no sense.
    psycopg.DataError: _undecodable,
    Exception: _unexpected,
}
