"""How a failure is told in each dialect; the path of the request decides which (docs/architecture.md, Dialects)."""

from collections.abc import Callable
from typing import Any

from src.platform.errors import AppError, Invalid, Refused
from src.platform.i18n import translate

Renderer = Callable[[AppError, str], dict[str, Any]]
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


def _sentence(error: AppError, locale: str) -> str:
    return translate(error.text, locale, error.params)


def _commerce(error: AppError, locale: str) -> dict[str, Any]:
    if isinstance(error, Refused) or (isinstance(error, Invalid) and not error.fields):
        return {"non_field_errors": _sentence(error, locale), "error_code": error.code}
    if isinstance(error, Invalid):
        return {field: [translate(text, locale, error.params)] for field, text in error.fields.items()}
    return {"detail": _sentence(error, locale), **error.extra}


def _storefront(error: AppError, locale: str) -> dict[str, Any]:
    if not isinstance(error, Invalid):
        return {"success": False, "message": _sentence(error, locale), **error.extra}
    fields = error.fields or {"body": error.text}
    return {
        "success": False,
        "message": translate(Invalid.message, locale),
        "errors": [{"field": f, "message": translate(t, locale, error.params)} for f, t in fields.items()],
    }


def _warehouse(error: AppError, locale: str) -> dict[str, Any]:
    told = {field: translate(text, locale, error.params) for field, text in error.fields.items()}
    if not told:
        return {"detail": _sentence(error, locale), **error.extra}
    # For programs by the parameter's name, and for people in one sentence, as this dialect tells everything else.
    sentence = "; ".join(f"{field}: {text}" for field, text in told.items())
    return {**{field: [text] for field, text in told.items()}, "detail": sentence}


def _problem(error: AppError, locale: str) -> dict[str, Any]:
    """RFC 9457."""
    told: dict[str, Any] = {
        "type": f"urn:wishkeep:problem:{error.code}",
        "title": translate(type(error).message, locale),
        "status": error.status,
        "detail": _sentence(error, locale),
        "error_code": error.code,
    }
    if error.fields:
        told["errors"] = [{"field": f, "message": translate(t, locale, error.params)} for f, t in error.fields.items()]
    return {**told, **error.extra}


# The first prefix that fits decides; everything else is ours.
DIALECTS: tuple[tuple[str, Renderer], ...] = (
    ("/wishlists", _commerce),
    ("/baskets", _commerce),
    ("/storefront", _storefront),
    ("/api/v1/data-warehouse", _warehouse),
    ("/api/v1/remote", _warehouse),
)


def render(error: AppError, path: str, locale: str) -> tuple[dict[str, Any], str]:
    """The body and the media type that tell `error` to a client of `path`."""
    for prefix, renderer in DIALECTS:
        if path.startswith(prefix):
            return renderer(error, locale), JSON
    return _problem(error, locale), PROBLEM_JSON
